package aws

import (
	"context"
	"strconv"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	// longPoll is how long SQS keeps a receive open while the queue is empty, the longest that it does (SQS API
	// reference, ReceiveMessage: 20 seconds).
	longPoll = 20 * time.Second
	// longPollDeadline bounds one receive, wall time: the long poll and the exchange around it.
	longPollDeadline = longPoll + callDeadline
	// messagesPerCall is the most that one call receives or deletes (SQS API reference).
	messagesPerCall = 10
)

// QueuePermissions are the IAM actions that receiving and deleting messages need.
func QueuePermissions() []string { return []string{"sqs:DeleteMessage", "sqs:ReceiveMessage"} }

// SQS receives and deletes messages.
type SQS struct {
	client *sqs.Client
	long   sqs.HTTPClient // for long polls, which take longer than other calls may
}

// Message is one message of a queue.
type Message struct {
	// ID of the message, for the log. A message that is delivered twice has the same.
	ID string
	// Receipt by which this delivery is deleted.
	Receipt string
	// Body as it was sent.
	Body string
}

// LongPoll is how long Receive waits for a message.
func (q SQS) LongPoll() time.Duration { return longPoll }

// Receive returns up to ten messages. It stays open until there is one, as long as it is given, in whole seconds and at
// most LongPoll; the context ends it sooner. Every message becomes visible again unless it is deleted within the queue's
// visibility timeout.
func (q SQS) Receive(ctx context.Context, url string, wait time.Duration) ([]Message, error) {
	in := &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: messagesPerCall,
		WaitTimeSeconds: int32(max(0, min(wait, longPoll)) / time.Second),
	}
	out, err := q.client.ReceiveMessage(ctx, in, func(o *sqs.Options) { o.HTTPClient = q.long })
	if err != nil {
		return nil, Fault(err, "receiving from queue "+url)
	}
	messages := make([]Message, 0, len(out.Messages))
	for _, m := range out.Messages {
		messages = append(messages, Message{
			ID: awssdk.ToString(m.MessageId), Receipt: awssdk.ToString(m.ReceiptHandle), Body: awssdk.ToString(m.Body),
		})
	}
	return messages, nil
}

// Delete deletes up to ten messages, and returns how many were not: those will be delivered again.
func (q SQS) Delete(ctx context.Context, url string, messages []Message) (int, error) {
	in := &sqs.DeleteMessageBatchInput{QueueUrl: &url}
	for i, m := range messages {
		in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: awssdk.String(strconv.Itoa(i)), ReceiptHandle: &m.Receipt})
	}
	out, err := q.client.DeleteMessageBatch(ctx, in)
	if err != nil {
		return len(messages), Fault(err, "deleting from queue "+url)
	}
	return len(out.Failed), nil
}
