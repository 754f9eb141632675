package ssm

import (
	"context"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// PutParameter creates a parameter, or with Overwrite adds a version to it. Without Overwrite the name must be new:
// of two callers exactly one succeeds (API Reference, PutParameter).
func (s *Service) PutParameter(ctx context.Context, in *ssm.PutParameterInput) (*ssm.PutParameterOutput, error) {
	name := strings.TrimSpace(aws.ToString(in.Name))
	if err := s.checkName(name); err != nil {
		return nil, err
	}
	v, err := newVersion(in)
	if err != nil {
		return nil, err
	}
	p, exists := s.parameters[name]
	switch {
	case exists && !aws.ToBool(in.Overwrite):
		return nil, &types.ParameterAlreadyExists{
			Message: aws.String("The parameter already exists. To overwrite this value, set the overwrite option in the request to true."),
		}
	case exists && len(in.Tags) > 0:
		return nil, invalid("Invalid request: tags and overwrite can't be used together. To create a parameter with tags, " +
			"please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.")
	case !exists && v.kind == "":
		return nil, invalid("A parameter type is required when you create a parameter.")
	}
	v.number, v.at, v.by = 1, s.o.Now(), s.o.Caller(ctx)
	if !exists {
		p = &parameter{name: name, tags: map[string]string{}}
		for _, t := range in.Tags {
			p.tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
		s.parameters[name] = p
	} else if err := v.follow(p.latest()); err != nil {
		return nil, err
	}
	p.versions = append(p.versions, v)
	if len(p.versions) > maxVersions {
		p.versions = p.versions[1:]
	}
	return &ssm.PutParameterOutput{Version: v.number, Tier: v.tier}, nil
}

// Limits of values (API Reference, PutParameter, Value).
const (
	standardSize = 4 << 10
	advancedSize = 8 << 10
)

// newVersion checks what does not depend on what is stored.
func newVersion(in *ssm.PutParameterInput) (version, error) {
	value := aws.ToString(in.Value)
	v := version{value: value, kind: in.Type, tier: in.Tier, description: in.Description, pattern: in.AllowedPattern}
	limit := standardSize
	switch in.Tier {
	case "", types.ParameterTierStandard:
		v.tier = types.ParameterTierStandard
	case types.ParameterTierIntelligentTiering:
		v.tier, limit = types.ParameterTierStandard, advancedSize
		if len(value) > standardSize {
			v.tier = types.ParameterTierAdvanced
		}
	case types.ParameterTierAdvanced:
		limit = advancedSize
	default:
		return v, invalid("The parameter tier %s is not one of Standard, Advanced, Intelligent-Tiering.", in.Tier)
	}
	switch {
	case in.Type == types.ParameterTypeSecureString || in.KeyId != nil:
		return v, &types.UnsupportedParameterType{Message: aws.String("The simulator does not encrypt: SecureString is not supported.")}
	case in.Type != "" && in.Type != types.ParameterTypeString && in.Type != types.ParameterTypeStringList:
		return v, &types.UnsupportedParameterType{Message: aws.String("The parameter type " + string(in.Type) + " is not supported.")}
	case in.Policies != nil:
		return v, invalid("The simulator does not carry out parameter policies.")
	case in.DataType != nil && *in.DataType != "text":
		return v, invalid("The simulator stores the data type text only, not %s.", *in.DataType)
	case value == "":
		return v, invalid("1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1.")
	case strings.Contains(value, "{{"):
		return v, invalid("Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.")
	case len(value) > limit:
		return v, invalid("Standard tier parameters support a maximum parameter value of %d characters. To create a larger parameter value, "+
			"upgrade the parameter to use the advanced-parameter tier. For more information, see the parameter tiers.", limit)
	}
	if in.AllowedPattern != nil {
		pattern, err := regexp.Compile(*in.AllowedPattern)
		if err != nil {
			return v, &types.InvalidAllowedPatternException{Message: aws.String("The allowed pattern is not a regular expression.")}
		}
		if !pattern.MatchString(value) {
			return v, &types.ParameterPatternMismatchException{Message: aws.String("Parameter value, cannot be validated against allowedPattern: " + *in.AllowedPattern)}
		}
	}
	return v, nil
}

// follow makes the version the next of a parameter.
func (v *version) follow(before version) error {
	v.number = before.number + 1
	switch {
	case v.kind == "":
		v.kind = before.kind
	case v.kind != before.kind:
		return &types.HierarchyTypeMismatchException{
			Message: aws.String("The parameter type of " + string(before.kind) + " can't be changed to " + string(v.kind) + "; delete the parameter and create it anew."),
		}
	}
	if before.tier == types.ParameterTierAdvanced && v.tier == types.ParameterTierStandard {
		return invalid("This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier.")
	}
	if v.description == nil {
		v.description = before.description
	}
	return nil
}

// DeleteParameter deletes a parameter with all versions.
func (s *Service) DeleteParameter(_ context.Context, in *ssm.DeleteParameterInput) (*ssm.DeleteParameterOutput, error) {
	name := strings.TrimSpace(aws.ToString(in.Name))
	if _, ok := s.parameters[name]; !ok {
		return nil, notFound()
	}
	delete(s.parameters, name)
	return &ssm.DeleteParameterOutput{}, nil
}
