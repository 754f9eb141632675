package lambda

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
)

// Ranges of the Lambda Developer Guide, "Lambda quotas". The API model allows more memory, for managed instances only.
const (
	minTimeout, maxTimeout     = 1, 900
	minMemory, maxMemory       = 128, 10240
	minEphemeral, maxEphemeral = 512, 10240
)

// servedConfiguration are the members of UpdateFunctionConfigurationInput that are served. Another one is refused: a
// setting that is accepted and ignored would teach a caller something false.
var servedConfiguration = []string{
	"FunctionName", "RevisionId", "Description", "Handler", "Role", "Runtime", "MemorySize", "Timeout", "Environment",
	"EphemeralStorage", "TracingConfig",
}

// servedCode are the members of UpdateFunctionCodeInput that are served.
var servedCode = []string{
	"FunctionName", "RevisionId", "ZipFile", "S3Bucket", "S3Key", "S3ObjectVersion", "DryRun", "Publish", "Architectures",
}

func onlyServed(in any, served []string) error {
	v := reflect.ValueOf(in).Elem()
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.IsExported() && !v.Field(i).IsZero() && !slices.Contains(served, field.Name) {
			return invalidParameter("%s is not simulated", field.Name)
		}
	}
	return nil
}

// changeable finds a function for an update and checks what every update checks: first whether one is in progress
// (409), then the RevisionId (412).
func (s *Service) changeable(functionName, revisionID *string) (*function, error) {
	ref, err := s.parseUnqualified(functionName)
	if err != nil {
		return nil, err
	}
	f, err := s.find(ref)
	if err != nil {
		return nil, err
	}
	if f.updating() {
		return nil, s.updateInProgress(f.name)
	}
	if revisionID != nil && *revisionID != f.latest.revisionID {
		return nil, staleRevision()
	}
	return f, nil
}

// begin starts an asynchronous update: the new values show at once with LastUpdateStatus InProgress, while the function
// runs what it ran before (Lambda Developer Guide, "Lambda function states"). It ends on a whole second.
func (s *Service) begin(ctx context.Context, f *function, next *version) {
	now := s.o.Now()
	next.modified = now
	next.revisionID = f.nextRevision(s.o.Seed)
	f.latest = next
	f.failing, f.failed = faults.UpdateFailureOf(ctx), faults.UpdateFailure{}
	f.updateDue = now.Add(s.o.UpdateDuration).Add(time.Second - time.Nanosecond).Truncate(time.Second)
	s.remember(f, now)
}

// UpdateFunctionConfiguration changes $LATEST, asynchronously. Published versions never change. Environment replaces
// the whole map.
func (s *Service) UpdateFunctionConfiguration(ctx context.Context, in *api.UpdateFunctionConfigurationInput) (*api.UpdateFunctionConfigurationOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := checkConfiguration(in); err != nil {
		return nil, err
	}
	f, err := s.changeable(in.FunctionName, in.RevisionId)
	if err != nil {
		return nil, err
	}
	next := f.latest.clone()
	set(&next.description, in.Description)
	set(&next.handler, in.Handler)
	set(&next.role, in.Role)
	set(&next.memory, in.MemorySize)
	set(&next.timeout, in.Timeout)
	if in.Runtime != "" {
		next.runtime = in.Runtime
	}
	if in.EphemeralStorage != nil {
		set(&next.ephemeral, in.EphemeralStorage.Size)
	}
	if in.TracingConfig != nil {
		next.tracing = in.TracingConfig.Mode
	}
	if in.Environment != nil {
		next.environment = maps.Clone(in.Environment.Variables)
	}
	s.begin(ctx, f, next)
	return into[api.UpdateFunctionConfigurationOutput](s.configuration(f, f.latest, s.ARN(f.name))), nil
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

func checkConfiguration(in *api.UpdateFunctionConfigurationInput) error {
	if err := onlyServed(in, servedConfiguration); err != nil {
		return err
	}
	if err := inRange(in.Timeout, "timeout", minTimeout, maxTimeout); err != nil {
		return err
	}
	if err := inRange(in.MemorySize, "memorySize", minMemory, maxMemory); err != nil {
		return err
	}
	if in.EphemeralStorage != nil {
		if err := inRange(in.EphemeralStorage.Size, "ephemeralStorage.size", minEphemeral, maxEphemeral); err != nil {
			return err
		}
	}
	if in.Environment != nil {
		return checkEnvironment(in.Environment.Variables)
	}
	return nil
}

// UpdateFunctionCode changes the code of $LATEST, asynchronously. Code from S3 is identified by its bucket, key and
// version; nothing is downloaded.
func (s *Service) UpdateFunctionCode(ctx context.Context, in *api.UpdateFunctionCodeInput) (*api.UpdateFunctionCodeOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := onlyServed(in, servedCode); err != nil {
		return nil, err
	}
	code := in.ZipFile
	if in.S3Key != nil {
		code = []byte("s3://" + aws.ToString(in.S3Bucket) + "/" + *in.S3Key + "?" + aws.ToString(in.S3ObjectVersion))
	}
	if len(code) == 0 {
		return nil, invalidParameter("Please provide a source for function code.")
	}
	f, err := s.changeable(in.FunctionName, in.RevisionId)
	if err != nil {
		return nil, err
	}
	next := f.latest.clone()
	next.codeSHA256, next.codeSize = sha256Base64(code), int64(len(code))
	if len(in.Architectures) > 0 {
		next.architecture = in.Architectures[0]
	}
	if in.DryRun {
		return into[api.UpdateFunctionCodeOutput](s.configuration(f, next, s.ARN(f.name))), nil
	}
	s.begin(ctx, f, next)
	v := f.latest
	arn := s.ARN(f.name)
	if in.Publish {
		v = f.publish("", s.o.Seed)
		arn = s.arn(reference{f.name, v.number})
	}
	s.remember(f, s.o.Now())
	return into[api.UpdateFunctionCodeOutput](s.configuration(f, v, arn)), nil
}

// PublishVersion freezes $LATEST, code and configuration, as a new version; the newest version is returned when
// nothing changed since. CodeSha256 and RevisionId make it conditional.
func (s *Service) PublishVersion(_ context.Context, in *api.PublishVersionInput) (*api.PublishVersionOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in.PublishTo != "" {
		return nil, invalidParameter("PublishTo is not simulated")
	}
	f, err := s.changeable(in.FunctionName, in.RevisionId)
	if err != nil {
		return nil, err
	}
	if in.CodeSha256 != nil && *in.CodeSha256 != f.latest.codeSHA256 {
		return nil, invalidParameter("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.", *in.CodeSha256, f.latest.codeSHA256)
	}
	var v *version
	if n := len(f.published); n > 0 && f.latest.sameAs(f.published[n-1]) {
		v = f.published[n-1]
	} else {
		v = f.publish(aws.ToString(in.Description), s.o.Seed)
		s.remember(f, s.o.Now())
	}
	return into[api.PublishVersionOutput](s.configuration(f, v, s.arn(reference{f.name, v.number}))), nil
}
