package cloudwatch

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Limits of tags: 50 on a resource (API reference, TagResource), lengths as in the data type Tag.
const (
	maxTags           = 50
	maxTagKeyLength   = 128
	maxTagValueLength = 256
)

// ListTagsForResource returns the tags of an alarm in the order of their keys.
func (s *Service) ListTagsForResource(_ context.Context, in *cw.ListTagsForResourceInput) (*cw.ListTagsForResourceOutput, error) {
	a, err := s.tagged(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	out := &cw.ListTagsForResourceOutput{Tags: []types.Tag{}}
	for _, key := range slices.Sorted(maps.Keys(a.tags)) {
		out.Tags = append(out.Tags, types.Tag{Key: new(key), Value: new(a.tags[key])})
	}
	return out, nil
}

// TagResource adds tags to an alarm and replaces the values of keys that it has.
func (s *Service) TagResource(_ context.Context, in *cw.TagResourceInput) (*cw.TagResourceOutput, error) {
	a, err := s.tagged(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	if a.tags, err = mergeTags(a.tags, in.Tags); err != nil {
		return nil, err
	}
	return &cw.TagResourceOutput{}, nil
}

// UntagResource removes tags from an alarm; keys that it does not have are ignored.
func (s *Service) UntagResource(_ context.Context, in *cw.UntagResourceInput) (*cw.UntagResourceOutput, error) {
	a, err := s.tagged(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys {
		delete(a.tags, key)
	}
	return &cw.UntagResourceOutput{}, nil
}

// tagged returns the alarm of an ARN "arn:aws:cloudwatch:Region:account-id:alarm:alarm-name".
func (s *Service) tagged(resource *string) (*alarm, error) {
	arn := aws.ToString(resource)
	parts := strings.SplitN(arn, ":", 7)
	if len(parts) != 7 || parts[0] != "arn" || parts[2] != "cloudwatch" || parts[5] != "alarm" {
		return nil, invalidParameterValue("The value %s for parameter ResourceARN is not the ARN of an alarm.", arn)
	}
	a, ok := s.alarms[parts[6]]
	if !ok || aws.ToString(a.description.AlarmArn) != arn {
		return nil, &types.ResourceNotFoundException{
			Message:           new("The resource " + arn + " does not exist."),
			ResourceType:      new("alarm"),
			ResourceId:        new(parts[6]),
			ErrorCodeOverride: new("ResourceNotFoundException"),
		}
	}
	return a, nil
}

// mergeTags returns the tags with the added ones, or an error and the tags unchanged.
func mergeTags(tags map[string]string, added []types.Tag) (map[string]string, error) {
	merged := maps.Clone(tags)
	if merged == nil {
		merged = map[string]string{}
	}
	for _, tag := range added {
		key, value := aws.ToString(tag.Key), aws.ToString(tag.Value)
		switch {
		case key == "" || len(key) > maxTagKeyLength:
			return tags, invalidParameterValue("The tag key %q must have 1 to %d characters.", key, maxTagKeyLength)
		case len(value) > maxTagValueLength:
			return tags, invalidParameterValue("The value of the tag %s must not be longer than %d characters.", key, maxTagValueLength)
		case strings.HasPrefix(key, "aws:"):
			return tags, invalidParameterValue("The tag key %s must not begin with aws:, which is reserved.", key)
		}
		merged[key] = value
	}
	if len(merged) > maxTags {
		return tags, invalidParameterValue("A resource must not have more than %d tags.", maxTags)
	}
	return merged, nil
}
