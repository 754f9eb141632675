package lambda

import (
	"github.com/aws/aws-sdk-go-v2/service/lambda/schemas"
	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
)

// Wire is the service's operations on restJson1.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name: "lambda", SigningName: "lambda", Schema: schemas.AWSGirApiService, REST: true,
		Operations: []wire.Operation{
			wire.Op(schemas.GetAccountSettings, s.GetAccountSettings),
			wire.Op(schemas.GetFunction, s.GetFunction),
			wire.Op(schemas.GetFunctionConfiguration, s.GetFunctionConfiguration),
			wire.Op(schemas.ListFunctions, s.ListFunctions),
			wire.Op(schemas.ListVersionsByFunction, s.ListVersionsByFunction),
			wire.Op(schemas.PublishVersion, s.PublishVersion),
			wire.Op(schemas.UpdateFunctionConfiguration, s.UpdateFunctionConfiguration),
			wire.Op(schemas.UpdateFunctionCode, s.UpdateFunctionCode),
			wire.Op(schemas.GetFunctionConcurrency, s.GetFunctionConcurrency),
			wire.Op(schemas.PutFunctionConcurrency, s.PutFunctionConcurrency),
			wire.Op(schemas.DeleteFunctionConcurrency, s.DeleteFunctionConcurrency),
			wire.Op(schemas.GetAlias, s.GetAlias),
			wire.Op(schemas.ListAliases, s.ListAliases),
			wire.Op(schemas.CreateAlias, s.CreateAlias),
			wire.Op(schemas.UpdateAlias, s.UpdateAlias),
			wire.Op(schemas.ListTags, s.ListTags),
			wire.Op(schemas.TagResource, s.TagResource),
			wire.Op(schemas.UntagResource, s.UntagResource),
		},
	}
}
