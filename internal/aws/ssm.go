package aws

import (
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// ParameterPermissions are the IAM actions that reading and writing a parameter need.
func ParameterPermissions() []string { return []string{"ssm:GetParameter", "ssm:PutParameter"} }

// SSM reads and writes parameters of Parameter Store.
type SSM struct{ client *ssm.Client }

// Parameter is one version of a parameter.
type Parameter struct {
	// Value as it was stored: text from outside.
	Value string
	// Version counts from 1; every write is one more (Systems Manager API reference, PutParameter).
	Version int64
}

// Parameter reads the latest version of a parameter. The fault of one that does not exist is NotFound.
func (s SSM) Parameter(ctx context.Context, name string) (Parameter, error) {
	doing := "reading parameter " + name
	out, err := s.client.GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
	if err != nil {
		return Parameter{}, Fault(err, doing)
	}
	if out.Parameter == nil || out.Parameter.Value == nil || out.Parameter.Version == 0 {
		return Parameter{}, Fault(errNoAnswer, doing)
	}
	return Parameter{Value: *out.Parameter.Value, Version: out.Parameter.Version}, nil
}

// CreateParameter creates a parameter, if there is none of its name: of several who do so at once, one succeeds. For the
// others there is the fault ReasonExists.
func (s SSM) CreateParameter(ctx context.Context, name, value string) error {
	_, err := s.put(ctx, name, value, false)
	return err
}

// OverwriteParameter writes a parameter, whoever wrote it before, and returns the version that this made. AWS offers no
// condition: a version that is not the next after the one that was read says that somebody else wrote in between.
func (s SSM) OverwriteParameter(ctx context.Context, name, value string) (int64, error) {
	return s.put(ctx, name, value, true)
}

func (s SSM) put(ctx context.Context, name, value string, overwrite bool) (int64, error) {
	doing := "writing parameter " + name
	out, err := s.client.PutParameter(ctx, &ssm.PutParameterInput{
		Name: &name, Value: &value, Type: types.ParameterTypeString, Overwrite: awssdk.Bool(overwrite),
	})
	if err != nil {
		return 0, Fault(err, doing)
	}
	if out.Version == 0 {
		return 0, Fault(errNoAnswer, doing)
	}
	return out.Version, nil
}
