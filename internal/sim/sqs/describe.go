package sqs

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// maxListed is the most and the default number of queues in a page of ListQueues (API Reference, ListQueues).
const maxListed = 1000

// ListQueues lists the URLs of queues by the beginning of their names. The token of the next page is the last name.
func (s *Service) ListQueues(_ context.Context, in *sqs.ListQueuesInput) (*sqs.ListQueuesOutput, error) {
	limit := maxListed
	if in.MaxResults != nil {
		limit = int(*in.MaxResults)
	}
	if limit < 1 || limit > maxListed {
		return nil, invalid(limit, "MaxResults", "MaxResults must be an integer between 1 and 1000")
	}
	out := &sqs.ListQueuesOutput{QueueUrls: []string{}}
	last := ""
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		if !strings.HasPrefix(name, aws.ToString(in.QueueNamePrefix)) || name <= aws.ToString(in.NextToken) {
			continue
		}
		if len(out.QueueUrls) == limit {
			// "You must set MaxResults to receive a value for NextToken in the response" (the same).
			if in.MaxResults != nil {
				out.NextToken = &last
			}
			break
		}
		out.QueueUrls, last = append(out.QueueUrls, s.URL(name)), name
	}
	return out, nil
}

// GetQueueUrl returns the URL of a queue of this account.
func (s *Service) GetQueueUrl(_ context.Context, in *sqs.GetQueueUrlInput) (*sqs.GetQueueUrlOutput, error) {
	name := aws.ToString(in.QueueName)
	if name == "" {
		return nil, missing("QueueName")
	}
	owner := aws.ToString(in.QueueOwnerAWSAccountId)
	if _, ok := s.queues[name]; !ok || owner != "" && owner != s.o.AccountID {
		return nil, nonexistent()
	}
	return &sqs.GetQueueUrlOutput{QueueUrl: new(s.URL(name))}, nil
}

// GetQueueAttributes returns the attributes asked for, all with the name All, none without names.
func (s *Service) GetQueueAttributes(_ context.Context, in *sqs.GetQueueAttributesInput) (*sqs.GetQueueAttributesOutput, error) {
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	all := s.attributes(q)
	out := &sqs.GetQueueAttributesOutput{Attributes: map[string]string{}}
	for _, name := range in.AttributeNames {
		if !slices.Contains(name.Values(), name) {
			return nil, &types.InvalidAttributeName{Message: new("Unknown Attribute " + string(name) + ".")}
		}
		if name == types.QueueAttributeNameAll {
			out.Attributes = all
			break
		}
		if value, ok := all[string(name)]; ok {
			out.Attributes[string(name)] = value
		}
	}
	return out, nil
}

func (s *Service) attributes(q *queue) map[string]string {
	seconds := func(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }
	c := q.counts(s.o.Now())
	out := map[string]string{}
	for name, value := range map[types.QueueAttributeName]string{
		types.QueueAttributeNameApproximateNumberOfMessages:           strconv.Itoa(c.Visible),
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible: strconv.Itoa(c.InFlight),
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed:    strconv.Itoa(c.Delayed),
		types.QueueAttributeNameCreatedTimestamp:                      strconv.FormatInt(q.created.Unix(), 10),
		types.QueueAttributeNameLastModifiedTimestamp:                 strconv.FormatInt(q.created.Unix(), 10),
		types.QueueAttributeNameVisibilityTimeout:                     seconds(q.VisibilityTimeout),
		types.QueueAttributeNameDelaySeconds:                          seconds(q.Delay),
		types.QueueAttributeNameReceiveMessageWaitTimeSeconds:         seconds(q.ReceiveWait),
		types.QueueAttributeNameMessageRetentionPeriod:                seconds(q.Retention),
		types.QueueAttributeNameMaximumMessageSize:                    strconv.Itoa(q.MaximumMessageSize),
		types.QueueAttributeNameQueueArn:                              s.ARN(q.Name),
		types.QueueAttributeNameSqsManagedSseEnabled:                  "true",
	} {
		out[string(name)] = value
	}
	return out
}

// ResourceARN is the ARN of the queue that a call names by its URL, "*" for a URL of no queue.
func (s *Service) ResourceARN(address string) string {
	region, account, name, ok := split(address)
	if !ok {
		return "*"
	}
	if region == "" {
		region = s.o.Region
	}
	return "arn:aws:sqs:" + region + ":" + account + ":" + name
}

// split takes a queue URL apart: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME, or a URL of any other host with such a
// path, whose Region is "".
func split(address string) (region, account, name string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", "", "", false
	}
	account, name, ok = strings.Cut(strings.Trim(u.Path, "/"), "/")
	if rest, found := strings.CutPrefix(u.Host, "sqs."); found {
		region, _, _ = strings.Cut(rest, ".amazonaws.com")
	}
	return region, account, name, ok && name != "" && !strings.Contains(name, "/")
}
