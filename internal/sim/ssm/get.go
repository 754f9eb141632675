package ssm

import (
	"context"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// maxNames is how many names GetParameters takes (API Reference, GetParameters).
const maxNames = 10

// GetParameter returns the latest version of a parameter, or the one that "name:version" selects. The parameter can be
// named by its ARN.
func (s *Service) GetParameter(ctx context.Context, in *ssm.GetParameterInput) (*ssm.GetParameterOutput, error) {
	p, err := s.get(ctx, aws.ToString(in.Name))
	if err != nil {
		return nil, err
	}
	return &ssm.GetParameterOutput{Parameter: p}, nil
}

// GetParameters returns up to ten parameters; names without one are listed as invalid.
func (s *Service) GetParameters(ctx context.Context, in *ssm.GetParametersInput) (*ssm.GetParametersOutput, error) {
	if len(in.Names) == 0 || len(in.Names) > maxNames {
		return nil, invalid("1 validation error detected: 'names' must have 1 to %d members.", maxNames)
	}
	out := &ssm.GetParametersOutput{Parameters: []types.Parameter{}, InvalidParameters: []string{}}
	for _, name := range in.Names {
		p, err := s.get(ctx, name)
		if err != nil {
			out.InvalidParameters = append(out.InvalidParameters, name)
			continue
		}
		out.Parameters = append(out.Parameters, *p)
	}
	return out, nil
}

func (s *Service) get(ctx context.Context, asked string) (*types.Parameter, error) {
	name := strings.TrimSpace(asked)
	name = strings.TrimPrefix(name, s.ARN(""))
	if name != strings.TrimSpace(asked) {
		// An ARN does not tell whether the name began with a slash.
		if base, _, _ := strings.Cut(name, ":"); s.parameters[base] == nil {
			name = "/" + name
		}
	}
	name, selector, selected := strings.Cut(name, ":")
	p, ok := s.parameters[name]
	if !ok {
		return nil, notFound()
	}
	v, ok := s.seen(ctx, p)
	if !ok {
		return nil, notFound()
	}
	out := &types.Parameter{Name: &p.name, ARN: new(s.ARN(p.name)), DataType: new("text")}
	if selected {
		if v, ok = p.selected(selector, v.number); !ok {
			return nil, &types.ParameterVersionNotFound{Message: ptr("Systems Manager could not find version %s of %s. Verify the version and try again.", selector, name)}
		}
		out.Selector = new(":" + selector)
	}
	out.Type, out.Value, out.Version, out.LastModifiedDate = v.kind, &v.value, v.number, &v.at
	return out, nil
}

// seen is the latest version that a read sees: with a staleness the one of so long ago, none if the parameter is newer.
func (s *Service) seen(ctx context.Context, p *parameter) (version, bool) {
	at := s.o.Now().Add(-s.o.Staleness(ctx))
	for i := len(p.versions) - 1; i >= 0; i-- {
		if !p.versions[i].at.After(at) {
			return p.versions[i], true
		}
	}
	return version{}, false
}

// selected is the version of a selector; labels are not simulated.
func (p *parameter) selected(selector string, latest int64) (version, bool) {
	n, err := strconv.ParseInt(selector, 10, 64)
	if err != nil || n > latest {
		return version{}, false
	}
	for _, v := range p.versions {
		if v.number == n {
			return v, true
		}
	}
	return version{}, false
}
