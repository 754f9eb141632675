// Package ssm simulates the Parameter Store of AWS Systems Manager: named values with versions, and the condition on
// which two writers can agree who was first. It must not know who stores what, and answers what it does not simulate
// with an error.
package ssm

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm/schemas"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
)

// maxVersions is how many versions of a parameter are kept: "Parameter Store retains 100 versions" (Systems Manager
// User Guide, "Working with parameter versions"). The oldest goes then.
const maxVersions = 100

// Options are what the service needs of its world.
type Options struct {
	// Region and AccountID are those of the parameters' ARNs.
	Region, AccountID string
	// Now is the world's time.
	Now func() time.Time
	// Caller is the ARN of who makes the call of a context.
	Caller func(context.Context) string
	// Staleness is how old the state is that a read of a context sees; 0 for the latest.
	Staleness func(context.Context) time.Duration
}

// Service is the Parameter Store of one account and Region. It is not safe for concurrent use: the caller holds one
// mutex around every method.
//
// Not simulated, and refused with an error: SecureString and KMS keys, policies, labels, parameters shared from other
// accounts, data types other than text.
type Service struct {
	o          Options
	parameters map[string]*parameter
}

// parameter is one parameter with its versions, oldest first.
type parameter struct {
	name     string
	versions []version
	tags     map[string]string
}

// version is what one PutParameter left.
type version struct {
	number      int64
	at          time.Time
	by          string
	value       string
	kind        types.ParameterType
	tier        types.ParameterTier
	description *string
	pattern     *string
}

func (p *parameter) latest() version { return p.versions[len(p.versions)-1] }

// New returns a store without parameters.
func New(o Options) *Service {
	return &Service{o: o, parameters: map[string]*parameter{}}
}

// Wire is the service's operations on awsJson1.1 (Systems Manager API Reference, version 2014-11-06).
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name: "ssm", SigningName: "ssm", Schema: schemas.AmazonSSM,
		Operations: []wire.Operation{
			wire.Op(schemas.GetParameter, s.GetParameter),
			wire.Op(schemas.GetParameters, s.GetParameters),
			wire.Op(schemas.DescribeParameters, s.DescribeParameters),
			wire.Op(schemas.PutParameter, s.PutParameter),
			wire.Op(schemas.DeleteParameter, s.DeleteParameter),
		},
	}
}

// ARN is the ARN of a parameter: the slash that begins the name of a hierarchy is not doubled.
func (s *Service) ARN(name string) string {
	if len(name) > 0 && name[0] == '/' {
		name = name[1:]
	}
	return fmt.Sprintf("arn:aws:ssm:%s:%s:parameter/%s", s.o.Region, s.o.AccountID, name)
}
