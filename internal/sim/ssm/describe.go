package ssm

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// maxResults is the largest page of DescribeParameters (API Reference, DescribeParameters).
const maxResults = 50

// DescribeParameters lists parameters by name, without values. The filters Name, Path, Type and Tier are served.
func (s *Service) DescribeParameters(_ context.Context, in *ssm.DescribeParametersInput) (*ssm.DescribeParametersOutput, error) {
	limit := maxResults
	if in.MaxResults != nil {
		limit = int(*in.MaxResults)
	}
	switch {
	case limit < 1 || limit > maxResults:
		return nil, invalid("1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must be 1 to %d.", limit, maxResults)
	case len(in.Filters) > 0 || aws.ToBool(in.Shared):
		return nil, invalid("The simulator serves ParameterFilters only.")
	}
	for _, f := range in.ParameterFilters {
		if err := checkFilter(f); err != nil {
			return nil, err
		}
	}
	out := &ssm.DescribeParametersOutput{Parameters: []types.ParameterMetadata{}}
	for _, name := range slices.Sorted(maps.Keys(s.parameters)) {
		p := s.parameters[name]
		if name <= aws.ToString(in.NextToken) || !p.matches(in.ParameterFilters) {
			continue
		}
		if len(out.Parameters) == limit {
			out.NextToken = out.Parameters[limit-1].Name
			break
		}
		v := p.latest()
		out.Parameters = append(out.Parameters, types.ParameterMetadata{
			Name: &p.name, ARN: new(s.ARN(name)), DataType: new("text"), Type: v.kind, Tier: v.tier, Version: v.number,
			LastModifiedDate: &v.at, LastModifiedUser: &v.by, Description: v.description, AllowedPattern: v.pattern,
			Policies: []types.ParameterInlinePolicy{},
		})
	}
	return out, nil
}

func checkFilter(f types.ParameterStringFilter) error {
	options := map[string][]string{
		"Name": {"", "Equals", "BeginsWith", "Contains"},
		"Path": {"", "Recursive", "OneLevel"},
		"Type": {"", "Equals"},
		"Tier": {"", "Equals"},
	}
	known, ok := options[aws.ToString(f.Key)]
	switch {
	case !ok:
		return &types.InvalidFilterKey{Message: ptr("The filter key %s is not served by the simulator: use Name, Path, Type or Tier.", aws.ToString(f.Key))}
	case !slices.Contains(known, aws.ToString(f.Option)):
		return &types.InvalidFilterOption{Message: ptr("The following filter option is not valid: %s.", aws.ToString(f.Option))}
	case len(f.Values) == 0:
		return &types.InvalidFilterValue{Message: ptr("The filter %s needs a value.", aws.ToString(f.Key))}
	}
	return nil
}

func (p *parameter) matches(filters []types.ParameterStringFilter) bool {
	for _, f := range filters {
		if !slices.ContainsFunc(f.Values, func(value string) bool { return p.matchesOne(f, value) }) {
			return false
		}
	}
	return true
}

func (p *parameter) matchesOne(f types.ParameterStringFilter, value string) bool {
	switch aws.ToString(f.Key) + "/" + aws.ToString(f.Option) {
	case "Name/BeginsWith":
		return strings.HasPrefix(p.name, value)
	case "Name/Contains":
		return strings.Contains(p.name, value)
	case "Path/Recursive":
		return strings.HasPrefix(p.name, strings.TrimSuffix(value, "/")+"/")
	case "Path/", "Path/OneLevel":
		rest, under := strings.CutPrefix(p.name, strings.TrimSuffix(value, "/")+"/")
		return under && !strings.Contains(rest, "/")
	case "Type/", "Type/Equals":
		return string(p.latest().kind) == value
	case "Tier/", "Tier/Equals":
		return string(p.latest().tier) == value
	default:
		return p.name == value
	}
}
