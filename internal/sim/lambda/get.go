package lambda

import (
	"context"
	"fmt"
	"maps"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
)

// lastModifiedFormat is ISO 8601 with milliseconds and a numeric zone, as FunctionConfiguration.LastModified has it.
const lastModifiedFormat = "2006-01-02T15:04:05.000+0000"

// configuration is a version as the API shows it.
func (s *Service) configuration(f *function, v *version, arn string) types.FunctionConfiguration {
	status := types.LastUpdateStatusSuccessful
	if v == f.latest && f.updating() {
		status = types.LastUpdateStatusInProgress
	}
	c := types.FunctionConfiguration{
		FunctionName:     aws.String(f.name),
		FunctionArn:      aws.String(arn),
		Version:          aws.String(v.number),
		Description:      aws.String(v.description),
		Runtime:          v.runtime,
		Handler:          aws.String(v.handler),
		Role:             aws.String(v.role),
		CodeSha256:       aws.String(v.codeSHA256),
		CodeSize:         v.codeSize,
		ConfigSha256:     aws.String(sha256Base64([]byte(v.config()))),
		MemorySize:       aws.Int32(v.memory),
		Timeout:          aws.Int32(v.timeout),
		EphemeralStorage: &types.EphemeralStorage{Size: aws.Int32(v.ephemeral)},
		TracingConfig:    &types.TracingConfigResponse{Mode: v.tracing},
		Architectures:    []types.Architecture{v.architecture},
		PackageType:      types.PackageTypeZip,
		LastModified:     aws.String(v.modified.UTC().Format(lastModifiedFormat)),
		RevisionId:       aws.String(v.revisionID),
		State:            types.StateActive,
		LastUpdateStatus: status,
		LoggingConfig: &types.LoggingConfig{
			LogFormat: types.LogFormatText,
			LogGroup:  aws.String("/aws/lambda/" + f.name),
		},
		SnapStart: &types.SnapStartResponse{ApplyOn: types.SnapStartApplyOnNone, OptimizationStatus: types.SnapStartOptimizationStatusOff},
	}
	if v == f.latest && !f.updating() && f.failed != (faults.UpdateFailure{}) {
		c.LastUpdateStatus = types.LastUpdateStatusFailed
		c.LastUpdateStatusReason = aws.String(f.failed.Reason)
		c.LastUpdateStatusReasonCode = types.LastUpdateStatusReasonCode(f.failed.Code)
	}
	if status == types.LastUpdateStatusInProgress {
		c.LastUpdateStatusReason = aws.String("The function is being created.")
		c.LastUpdateStatusReasonCode = types.LastUpdateStatusReasonCode("Creating")
	}
	if v.capacityProvider != "" {
		c.CapacityProviderConfig = &types.CapacityProviderConfig{
			LambdaManagedInstancesCapacityProviderConfig: &types.LambdaManagedInstancesCapacityProviderConfig{CapacityProviderArn: aws.String(v.capacityProvider)},
		}
	}
	if len(v.environment) > 0 {
		c.Environment = &types.EnvironmentResponse{Variables: maps.Clone(v.environment)}
	}
	return c
}

// into copies a configuration into one of the outputs that repeat its members (GetFunctionConfigurationOutput,
// UpdateFunctionConfigurationOutput, UpdateFunctionCodeOutput, PublishVersionOutput).
func into[O any](c types.FunctionConfiguration) *O {
	out := new(O)
	from, to := reflect.ValueOf(c), reflect.ValueOf(out).Elem()
	for i := range from.NumField() {
		field := from.Type().Field(i)
		if target := to.FieldByName(field.Name); field.IsExported() && target.IsValid() {
			target.Set(from.Field(i))
		}
	}
	return out
}

// lookup finds what a read names.
func (s *Service) lookup(ctx context.Context, functionName, qualifier *string) (*function, *version, reference, error) {
	ref, err := s.parse(functionName, qualifier)
	if err != nil {
		return nil, nil, ref, err
	}
	f, err := s.view(ctx, ref)
	if err != nil {
		return nil, nil, ref, err
	}
	v := f.resolve(ref.qualifier)
	if v == nil {
		return nil, nil, ref, s.functionNotFound(ref)
	}
	return f, v, ref, nil
}

// GetFunction answers the configuration, a presigned URL of the code, the tags and the reserved concurrency. "Lambda
// returns tag data only if you have explicit allow permissions for lambda:ListTags" (AWS Lambda API Reference,
// GetFunction); in their place then stands TagsError. A reservation is the function's and no version's: "If Qualifier is
// specified, GetFunction will return nil for Concurrency" (hashicorp/terraform-provider-aws,
// internal/service/lambda/function.go; AWS does not document it).
func (s *Service) GetFunction(ctx context.Context, in *api.GetFunctionInput) (*api.GetFunctionOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, v, ref, err := s.lookup(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	c := s.configuration(f, v, s.arn(ref))
	out := &api.GetFunctionOutput{
		Configuration: &c,
		Code: &types.FunctionCodeLocation{
			RepositoryType: aws.String("S3"),
			Location:       aws.String(s.presigned(f, v)),
		},
		Tags: maps.Clone(f.tags),
	}
	if denied := s.mayListTags(ctx, s.ARN(f.name)); denied != nil {
		out.Tags, out.TagsError = nil, &types.TagsError{ErrorCode: aws.String(wire.Code(denied)), Message: aws.String(denied.Error())}
	}
	if f.reserved != nil && ref.qualifier == "" {
		out.Concurrency = &types.Concurrency{ReservedConcurrentExecutions: aws.Int32(*f.reserved)}
	}
	return out, nil
}

func (s *Service) mayListTags(ctx context.Context, arn string) error {
	if s.o.MayListTags == nil {
		return nil
	}
	return s.o.MayListTags(ctx, arn)
}

// presigned is a URL like the one that GetFunction returns, valid for ten minutes; it lets its bearer download the
// code, so callers must treat it as a secret.
func (s *Service) presigned(f *function, v *version) string {
	return fmt.Sprintf("https://awslambda-%[1]s-tasks.s3.%[1]s.amazonaws.com/snapshots/%[2]s/%[3]s-%[4]s"+
		"?versionId=%[5]s&X-Amz-Security-Token=SIMULATEDPRESIGNEDTOKEN&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=%[6]s"+
		"&X-Amz-SignedHeaders=host&X-Amz-Expires=600&X-Amz-Credential=ASIASIMULATEDPRESIGN%%2F%[7]s%%2F%[1]s%%2Fs3%%2Faws4_request"+
		"&X-Amz-Signature=%[8]x",
		s.o.Region, s.o.AccountID, f.name, v.revisionID, v.revisionID[:8],
		s.o.Now().UTC().Format("20060102T150405Z"), s.o.Now().UTC().Format("20060102"), []byte(v.codeSHA256)[:32])
}

// GetFunctionConfiguration answers the configuration of $LATEST, a version or the version of an alias.
func (s *Service) GetFunctionConfiguration(ctx context.Context, in *api.GetFunctionConfigurationInput) (*api.GetFunctionConfigurationOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, v, ref, err := s.lookup(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	return into[api.GetFunctionConfigurationOutput](s.configuration(f, v, s.arn(ref))), nil
}

// GetAccountSettings answers the account's limits and usage. No API answers the unreserved floor.
func (s *Service) GetAccountSettings(ctx context.Context, _ *api.GetAccountSettingsInput) (*api.GetAccountSettingsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	size, a := int64(0), s.seen(ctx)
	for _, f := range a.functions {
		size += f.latest.codeSize
		for _, v := range f.published {
			size += v.codeSize
		}
	}
	return &api.GetAccountSettingsOutput{
		AccountLimit: &types.AccountLimit{
			// Code size limits: Lambda Developer Guide, "Lambda quotas".
			TotalCodeSize: 80530636800, CodeSizeUnzipped: 262144000, CodeSizeZipped: 52428800,
			ConcurrentExecutions:           int32(a.limit),
			UnreservedConcurrentExecutions: aws.Int32(int32(a.unreserved(""))),
		},
		AccountUsage: &types.AccountUsage{FunctionCount: int64(len(a.functions)), TotalCodeSize: size},
	}, nil
}
