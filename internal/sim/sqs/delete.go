package sqs

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// DeleteMessage deletes a message by the handle of its latest receive, also when it is visible again. With an older
// handle "the request will succeed, but the message might not be deleted" (API Reference, DeleteMessage): here it is not.
func (s *Service) DeleteMessage(_ context.Context, in *sqs.DeleteMessageInput) (*sqs.DeleteMessageOutput, error) {
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := s.delete(q, in.ReceiptHandle); err != nil {
		return nil, err
	}
	return &sqs.DeleteMessageOutput{}, nil
}

func (s *Service) delete(q *queue, handle *string) error {
	if aws.ToString(handle) == "" {
		return missing("ReceiptHandle")
	}
	q.expire(s.o.Now())
	m, err := q.byHandle(*handle)
	if err != nil {
		return err
	}
	if m != nil && m.receipt == *handle {
		q.remove(func(other *message) bool { return other == m })
	}
	return nil
}

// DeleteMessageBatch deletes up to ten messages and says of each whether that went well.
func (s *Service) DeleteMessageBatch(_ context.Context, in *sqs.DeleteMessageBatchInput) (*sqs.DeleteMessageBatchOutput, error) {
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := checkBatch("DeleteMessageBatchRequestEntry", in.Entries, func(e types.DeleteMessageBatchRequestEntry) *string { return e.Id }); err != nil {
		return nil, err
	}
	out := &sqs.DeleteMessageBatchOutput{Successful: []types.DeleteMessageBatchResultEntry{}, Failed: []types.BatchResultErrorEntry{}}
	for _, e := range in.Entries {
		if err := s.delete(q, e.ReceiptHandle); err != nil {
			out.Failed = append(out.Failed, failed(e.Id, err))
			continue
		}
		out.Successful = append(out.Successful, types.DeleteMessageBatchResultEntry{Id: e.Id})
	}
	return out, nil
}

// purgeInterval is how long a queue cannot be purged again (API Reference, PurgeQueueInProgress).
const purgeInterval = time.Minute

// PurgeQueue deletes all messages of a queue. AWS takes up to 60 s for it; here they are gone at once.
func (s *Service) PurgeQueue(_ context.Context, in *sqs.PurgeQueueInput) (*sqs.PurgeQueueOutput, error) {
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	now := s.o.Now()
	if !q.purged.IsZero() && now.Sub(q.purged) < purgeInterval {
		return nil, &types.PurgeQueueInProgress{Message: new("Only one PurgeQueue operation on " + q.Name + " is allowed every 60 seconds.")}
	}
	q.purged = now
	q.remove(func(*message) bool { return true })
	return &sqs.PurgeQueueOutput{}, nil
}
