package aws

import (
	"context"
	"regexp"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// Values of Function.LastUpdateStatus (Lambda API reference, FunctionConfiguration).
const (
	// UpdateSuccessful says that the configuration read is the one in force.
	UpdateSuccessful = "Successful"
	// UpdateInProgress says that an update goes on: nothing else can be changed meanwhile.
	UpdateInProgress = "InProgress"
	// UpdateFailed says that the last update did not take effect.
	UpdateFailed = "Failed"
)

const (
	maxEnvironmentNames = 64
	maxNameLength       = 256
)

// Lambda reads and changes functions. Answers of Lambda hold the values of environment variables and a signed URL of
// the code: they are dropped here, and the client that sees them is not exported.
type Lambda struct {
	client   *lambda.Client
	access   Access
	settings *settings
}

// Function is the configuration of $LATEST of a function and its reserved concurrency.
type Function struct {
	// Name of the function.
	Name string
	// ARN without a qualifier.
	ARN string
	// MemoryMB is its memory size in MB.
	MemoryMB int32
	// TimeoutSeconds is its timeout in seconds.
	TimeoutSeconds int32
	// ReservedConcurrency of the function. Nil: none is reserved. 0: it is switched off.
	ReservedConcurrency *int32
	// LastUpdateStatus is UpdateSuccessful, UpdateInProgress or UpdateFailed.
	LastUpdateStatus string
	// RevisionID changes with every update, and once more when the update ends.
	RevisionID string
	// CodeSHA256 is the hash of its code, as Lambda gives it.
	CodeSHA256 string
	// ModifiedAt is when code or configuration was last updated, as Lambda gives it. It does not move with the
	// reserved concurrency.
	ModifiedAt string
	// Architecture is x86_64 or arm64.
	Architecture string
	// EnvironmentNames are the names of its environment variables, sorted, at most 64.
	EnvironmentNames []string
	// StackName and StackLogicalID say which CloudFormation stack owns it, from the tags that only CloudFormation
	// can set. Empty: none does.
	StackName, StackLogicalID string
	// ManagedInstances says that it runs on Lambda Managed Instances, where a call without a qualifier is served by the
	// version $LATEST.PUBLISHED and not by $LATEST (Lambda Developer Guide, Lambda Managed Instances, version publishing).
	ManagedInstances bool
	// TagsDenied says that the role may not call lambda:ListTags, so that it is not known whether a stack owns it.
	TagsDenied bool
}

// Alias of a function.
type Alias struct {
	// Name of the alias.
	Name string
	// Version that the alias points to.
	Version string
	// RevisionID changes with every update of the alias, also of its routing weights.
	RevisionID string
}

// AccountSettings are the limits of Lambda in one account and Region.
type AccountSettings struct {
	// ConcurrentExecutions is the account's limit.
	ConcurrentExecutions int32
	// UnreservedConcurrentExecutions is the limit less all reservations.
	UnreservedConcurrentExecutions int32
	// FunctionCount is how many functions the account has in the Region.
	FunctionCount int64
}

// Function reads a function (GetFunction, which has a quota of its own).
func (l Lambda) Function(ctx context.Context, name string) (Function, error) {
	doing := "reading function " + name
	out, err := l.client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &name})
	if err != nil {
		return Function{}, Fault(err, doing)
	}
	c := out.Configuration
	if c == nil || c.FunctionArn == nil || c.MemorySize == nil || c.Timeout == nil {
		return Function{}, Fault(errNoAnswer, doing)
	}
	f := Function{
		Name:             name,
		ARN:              *c.FunctionArn,
		MemoryMB:         *c.MemorySize,
		TimeoutSeconds:   *c.Timeout,
		LastUpdateStatus: updateStatus(c.LastUpdateStatus),
		RevisionID:       awssdk.ToString(c.RevisionId),
		CodeSHA256:       token(c.CodeSha256),
		ModifiedAt:       token(c.LastModified),
		Architecture:     architecture(c.Architectures),
		EnvironmentNames: environmentNames(c.Environment),
		StackName:        tag(out.Tags, "aws:cloudformation:stack-name", stackName),
		StackLogicalID:   tag(out.Tags, "aws:cloudformation:logical-id", logicalID),
		ManagedInstances: c.CapacityProviderConfig != nil,
		TagsDenied:       out.TagsError != nil,
	}
	if out.Concurrency != nil {
		f.ReservedConcurrency = out.Concurrency.ReservedConcurrentExecutions
	}
	return f, nil
}

// Alias reads an alias of a function (GetAlias).
func (l Lambda) Alias(ctx context.Context, function, alias string) (Alias, error) {
	doing := "reading alias " + alias + " of function " + function
	out, err := l.client.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &function, Name: &alias})
	if err != nil {
		return Alias{}, Fault(err, doing)
	}
	if out.FunctionVersion == nil {
		return Alias{}, Fault(errNoAnswer, doing)
	}
	return Alias{Name: alias, Version: *out.FunctionVersion, RevisionID: token(out.RevisionId)}, nil
}

// PublishedAliases returns the aliases of a function that serve a published version, and not $LATEST: those of the first
// page that has any (ListAliases). An alias of $LATEST cannot share its traffic with a version (Lambda Developer Guide,
// alias routing).
func (l Lambda) PublishedAliases(ctx context.Context, function string) ([]Alias, error) {
	doing := "listing the aliases of function " + function
	in := &lambda.ListAliasesInput{FunctionName: &function}
	for range maxPages {
		out, err := l.client.ListAliases(ctx, in)
		if err != nil {
			return nil, Fault(err, doing)
		}
		var published []Alias
		for _, a := range out.Aliases {
			version := awssdk.ToString(a.FunctionVersion)
			if version == latest {
				continue
			}
			if !versionNumber.MatchString(version) || !aliasName.MatchString(awssdk.ToString(a.Name)) {
				return nil, Fault(errNoAnswer, doing)
			}
			published = append(published, Alias{Name: *a.Name, Version: version, RevisionID: token(a.RevisionId)})
		}
		if len(published) > 0 || awssdk.ToString(out.NextMarker) == "" {
			return published, nil
		}
		in.Marker = out.NextMarker
	}
	return nil, Fault(errNoAnswer, doing)
}

// latest is the version of a function that is not published.
const latest = "$LATEST"

// Formats of Lambda (API reference, AliasConfiguration). Anything else is no answer.
var (
	versionNumber = regexp.MustCompile(`^[0-9]{1,19}$`)
	aliasName     = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,128}$`)
)

// AccountSettings reads the account's limits (GetAccountSettings).
func (l Lambda) AccountSettings(ctx context.Context) (AccountSettings, error) {
	doing, asked := "reading the Lambda limits of the account", l.settings.clock.Now()
	out, err := l.client.GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
	if err != nil {
		return AccountSettings{}, Fault(err, doing)
	}
	if out.AccountLimit == nil || out.AccountLimit.UnreservedConcurrentExecutions == nil || out.AccountLimit.ConcurrentExecutions == 0 {
		return AccountSettings{}, Fault(errNoAnswer, doing)
	}
	s := AccountSettings{
		ConcurrentExecutions:           out.AccountLimit.ConcurrentExecutions,
		UnreservedConcurrentExecutions: *out.AccountLimit.UnreservedConcurrentExecutions,
	}
	if out.AccountUsage != nil {
		s.FunctionCount = out.AccountUsage.FunctionCount
	}
	l.settings.keep(l.access, asked, s)
	return s, nil
}

// PutFunctionConcurrency reserves executions for a function.
func (l Lambda) PutFunctionConcurrency(ctx context.Context, function string, reserved int32) error {
	_, err := l.client.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{
		FunctionName:                 &function,
		ReservedConcurrentExecutions: &reserved,
	})
	return Fault(err, "setting the reserved concurrency of function "+function)
}

// DeleteFunctionConcurrency takes a function's reservation away.
func (l Lambda) DeleteFunctionConcurrency(ctx context.Context, function string) error {
	_, err := l.client.DeleteFunctionConcurrency(ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: &function})
	return Fault(err, "removing the reserved concurrency of function "+function)
}

// SetTimeout sets a function's timeout in seconds (UpdateFunctionConfiguration), if its RevisionId is still the one
// given. The update goes on after the call: look at LastUpdateStatus.
func (l Lambda) SetTimeout(ctx context.Context, function string, seconds int32, revisionID string) error {
	_, err := l.client.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &function,
		Timeout:      &seconds,
		RevisionId:   &revisionID,
	})
	return Fault(err, "setting the timeout of function "+function)
}

func updateStatus(s types.LastUpdateStatus) string {
	switch s {
	case types.LastUpdateStatusSuccessful, types.LastUpdateStatusInProgress, types.LastUpdateStatusFailed:
		return string(s)
	}
	return "Unknown"
}

func architecture(a []types.Architecture) string {
	if len(a) == 1 && a[0] == types.ArchitectureArm64 {
		return string(types.ArchitectureArm64)
	}
	return string(types.ArchitectureX8664) // the default (Lambda API reference, CreateFunction)
}

// environmentNames keeps the names and drops the values.
func environmentNames(e *types.EnvironmentResponse) []string {
	if e == nil {
		return nil
	}
	var names []string
	for name := range e.Variables {
		if len(name) <= maxNameLength {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names[:min(len(names), maxEnvironmentNames)]
}

// Formats of CloudFormation (CloudFormation User Guide, stack names and logical IDs). Anything else is no stack.
var (
	stackName = regexp.MustCompile(`^[A-Za-z][-A-Za-z0-9]{0,127}$`)
	logicalID = regexp.MustCompile(`^[A-Za-z0-9]{1,255}$`)
)

// maxToken is the longest hash, time or revision that is kept: Lambda's are shorter.
const maxToken = 64

// token keeps what identifies a state of a function, and nothing that is longer than such a thing can be.
func token(s *string) string {
	text := awssdk.ToString(s)
	if len(text) > maxToken {
		return ""
	}
	return text
}

func tag(tags map[string]string, key string, format *regexp.Regexp) string {
	if v := tags[key]; format.MatchString(v) {
		return v
	}
	return ""
}

// assumedFloor is the unreserved concurrency that Lambda refuses to go below in most accounts; new accounts have less.
const assumedFloor = 100

// UnreservedFloor returns the unreserved concurrency that Lambda refuses to go below: what an administrator configured,
// else 100 or the account's limit if that is lower. configured says which: no API of AWS returns it.
func (s AccountSettings) UnreservedFloor(configured *int32) (floor int32, isConfigured bool) {
	if configured != nil {
		return *configured, true
	}
	return min(assumedFloor, s.ConcurrentExecutions), false
}
