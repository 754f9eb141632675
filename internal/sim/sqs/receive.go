package sqs

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Limits of a receive (API Reference, ReceiveMessage and ChangeMessageVisibility).
const (
	maxReceived   = 10
	maxWait       = 20
	maxVisibility = 43200
	maxInFlight   = 120_000
)

// ReceiveMessage takes up to ten messages, one by default, and hides each for the visibility timeout. It answers at
// once; Wait says how long the caller is willing to wait instead for messages.
func (s *Service) ReceiveMessage(_ context.Context, in *sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error) {
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	limit := int(in.MaxNumberOfMessages)
	switch {
	case limit < 0 || limit > maxReceived:
		return nil, invalid(limit, "MaxNumberOfMessages", "Must be between 1 and 10, if provided")
	case in.WaitTimeSeconds < 0 || in.WaitTimeSeconds > maxWait:
		return nil, invalid(in.WaitTimeSeconds, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided")
	case in.VisibilityTimeout < 0 || in.VisibilityTimeout > maxVisibility:
		return nil, invalid(in.VisibilityTimeout, "VisibilityTimeout", "Must be between 0 and 43200, if provided")
	case in.ReceiveRequestAttemptId != nil:
		return nil, invalid(*in.ReceiveRequestAttemptId, "ReceiveRequestAttemptId", "The request includes a parameter that is not valid for this queue type")
	case limit == 0:
		limit = 1
	}
	names, err := attributeNames(in)
	if err != nil {
		return nil, err
	}
	now := s.o.Now()
	if q.counts(now).InFlight >= maxInFlight {
		return nil, &types.OverLimit{Message: new("Too many messages in flight.")}
	}
	hide := q.VisibilityTimeout
	if in.VisibilityTimeout > 0 {
		hide = time.Duration(in.VisibilityTimeout) * time.Second
	}
	out := &sqs.ReceiveMessageOutput{}
	for _, m := range s.choose(q, limit, now) {
		m.received++
		if m.received == 1 {
			m.first = now
		}
		m.hidden, m.receipt = now.Add(hide), s.newHandle(q, m)
		q.receipts[m.receipt] = m
		out.Messages = append(out.Messages, types.Message{
			MessageId: &m.id, Body: &m.body, MD5OfBody: new(digest(m.body)), ReceiptHandle: new(m.receipt), Attributes: m.attributes(names),
		})
	}
	return out, nil
}

// choose takes visible messages, the oldest first unless the queue reorders.
func (s *Service) choose(q *queue, limit int, now time.Time) []*message {
	var found []*message
	for _, m := range q.messages {
		if len(found) == limit && !q.delivery.Reorder {
			break
		}
		if m.visible(now) {
			found = append(found, m)
		}
	}
	if q.delivery.Reorder {
		s.rand.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	}
	return found[:min(limit, len(found))]
}

// Wait is how long a receive wants to wait for messages: its own WaitTimeSeconds, or the queue's where it names none,
// which on the wire is the same as 0.
func (s *Service) Wait(in *sqs.ReceiveMessageInput) time.Duration {
	if in.WaitTimeSeconds > 0 {
		return time.Duration(in.WaitTimeSeconds) * time.Second
	}
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return 0
	}
	return q.ReceiveWait
}

// attributeNames are the names of the system attributes asked for, by the current or the older member.
func attributeNames(in *sqs.ReceiveMessageInput) ([]string, error) {
	var names []string
	for _, n := range in.MessageSystemAttributeNames {
		names = append(names, string(n))
	}
	for _, n := range in.AttributeNames { //nolint:staticcheck // older clients still send it
		names = append(names, string(n))
	}
	for _, n := range names {
		if !slices.Contains(types.MessageSystemAttributeName("").Values(), types.MessageSystemAttributeName(n)) {
			return nil, &types.InvalidAttributeName{Message: new("Unknown Attribute " + n + ".")}
		}
	}
	return names, nil
}

// attributes are those that a standard queue keeps and that were asked for.
func (m *message) attributes(names []string) map[string]string {
	all := map[types.MessageSystemAttributeName]string{
		types.MessageSystemAttributeNameApproximateReceiveCount:          strconv.Itoa(m.received),
		types.MessageSystemAttributeNameApproximateFirstReceiveTimestamp: milliseconds(m.first),
		types.MessageSystemAttributeNameSentTimestamp:                    milliseconds(m.sent),
		types.MessageSystemAttributeNameSenderId:                         m.sender,
	}
	out := map[string]string{}
	for name, value := range all {
		if slices.Contains(names, string(types.MessageSystemAttributeNameAll)) || slices.Contains(names, string(name)) {
			out[string(name)] = value
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func milliseconds(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// queue is the queue of a URL. Only its path counts, unless the host is that of another Region.
func (s *Service) queue(address *string) (*queue, error) {
	if aws.ToString(address) == "" {
		return nil, missing("QueueUrl")
	}
	region, account, name, ok := split(*address)
	if !ok || region != "" && region != s.o.Region {
		return nil, &types.InvalidAddress{Message: new("The address " + *address + " is not valid for this endpoint.")}
	}
	q, ok := s.queues[name]
	if !ok || account != s.o.AccountID {
		return nil, nonexistent()
	}
	return q, nil
}
