package sqs

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// ChangeMessageVisibility hides a message in flight for so long from now on; 0 shows it again. A message is hidden for
// 12 hours at most from its first receive (Developer Guide, "Amazon SQS visibility timeout").
func (s *Service) ChangeMessageVisibility(_ context.Context, in *sqs.ChangeMessageVisibilityInput) (*sqs.ChangeMessageVisibilityOutput, error) {
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := s.hide(q, in.ReceiptHandle, in.VisibilityTimeout); err != nil {
		return nil, err
	}
	return &sqs.ChangeMessageVisibilityOutput{}, nil
}

func (s *Service) hide(q *queue, handle *string, seconds int32) error {
	switch {
	case aws.ToString(handle) == "":
		return missing("ReceiptHandle")
	case seconds < 0 || seconds > maxVisibility:
		return invalid(seconds, "VisibilityTimeout", fmt.Sprintf("VisibilityTimeout must be an integer between 0 and %d", maxVisibility))
	}
	now := s.o.Now()
	q.expire(now)
	m, err := q.byHandle(*handle)
	switch {
	case err != nil:
		return err
	case m == nil || m.receipt != *handle:
		return invalid(*handle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change")
	case !m.inFlight(now):
		return &types.MessageNotInflight{}
	}
	until := now.Add(time.Duration(seconds) * time.Second)
	if until.Sub(m.first) > maxVisibility*time.Second {
		return invalid(seconds, "VisibilityTimeout", fmt.Sprintf("Total VisibilityTimeout for the message is beyond the limit [%d seconds]", maxVisibility))
	}
	m.hidden = until
	return nil
}

// ChangeMessageVisibilityBatch does so for up to ten messages and says of each whether that went well.
func (s *Service) ChangeMessageVisibilityBatch(
	_ context.Context, in *sqs.ChangeMessageVisibilityBatchInput,
) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	id := func(e types.ChangeMessageVisibilityBatchRequestEntry) *string { return e.Id }
	if err := checkBatch("ChangeMessageVisibilityBatchRequestEntry", in.Entries, id); err != nil {
		return nil, err
	}
	out := &sqs.ChangeMessageVisibilityBatchOutput{
		Successful: []types.ChangeMessageVisibilityBatchResultEntry{}, Failed: []types.BatchResultErrorEntry{},
	}
	for _, e := range in.Entries {
		if err := s.hide(q, e.ReceiptHandle, e.VisibilityTimeout); err != nil {
			out.Failed = append(out.Failed, failed(e.Id, err))
			continue
		}
		out.Successful = append(out.Successful, types.ChangeMessageVisibilityBatchResultEntry{Id: e.Id})
	}
	return out, nil
}
