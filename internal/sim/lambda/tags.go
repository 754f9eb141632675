package lambda

import (
	"context"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/lambda"
)

// maxTags is the number of user tags a function may have (Lambda Developer Guide, "Using tags").
const maxTags = 50

// tagged reads the ARN of a function.
func (s *Service) tagged(resource *string) (reference, error) {
	if !strings.HasPrefix(aws.ToString(resource), "arn:") {
		return reference{}, validation(aws.ToString(resource), "resource", "Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*):lambda:.*")
	}
	ref, err := s.parse(resource, nil)
	if err != nil {
		return ref, err
	}
	if ref.qualifier != "" {
		return ref, invalidParameter("Tags on function aliases and versions are not supported. Please specify either a function ARN or an event source mapping ARN.")
	}
	return ref, nil
}

// ListTags answers a function's tags.
func (s *Service) ListTags(ctx context.Context, in *api.ListTagsInput) (*api.ListTagsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ref, err := s.tagged(in.Resource)
	if err != nil {
		return nil, err
	}
	f, err := s.view(ctx, ref)
	if err != nil {
		return nil, err
	}
	return &api.ListTagsOutput{Tags: maps.Clone(f.tags)}, nil
}

// TagResource adds tags to a function. Keys that begin with "aws:" belong to AWS.
func (s *Service) TagResource(_ context.Context, in *api.TagResourceInput) (*api.TagResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ref, err := s.tagged(in.Resource)
	if err != nil {
		return nil, err
	}
	f, err := s.find(ref)
	if err != nil {
		return nil, err
	}
	next := maps.Clone(f.tags)
	if next == nil {
		next = map[string]string{}
	}
	for k, v := range in.Tags {
		if strings.HasPrefix(k, "aws:") {
			return nil, invalidParameter("aws: prefixed tag key names are not allowed for external use.")
		}
		next[k] = v
	}
	own := 0
	for k := range next {
		if !strings.HasPrefix(k, "aws:") {
			own++
		}
	}
	if own > maxTags {
		return nil, invalidParameter("The number of tags exceeds the limit of %d.", maxTags)
	}
	f.tags = next
	s.remember(f, s.o.Now())
	return &api.TagResourceOutput{}, nil
}

// UntagResource removes tags from a function.
func (s *Service) UntagResource(_ context.Context, in *api.UntagResourceInput) (*api.UntagResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ref, err := s.tagged(in.Resource)
	if err != nil {
		return nil, err
	}
	f, err := s.find(ref)
	if err != nil {
		return nil, err
	}
	for _, k := range in.TagKeys {
		delete(f.tags, k)
	}
	s.remember(f, s.o.Now())
	return &api.UntagResourceOutput{}, nil
}
