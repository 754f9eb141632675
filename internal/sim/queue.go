package sim

import (
	"context"
	"fmt"
	"time"

	sqssdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/runbook-operator/runbook-operator/internal/sim/sqs"
)

// CreateQueue adds a queue or replaces one with its messages, past the API and the ledger.
func (w *World) CreateQueue(q sqs.Queue) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	w.sqs.CreateQueue(q)
}

// DeleteQueue removes a queue with its messages, past the API. AWS takes up to 60 s for it (API Reference, DeleteQueue);
// here it is gone at once.
func (w *World) DeleteQueue(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	w.sqs.DeleteQueue(name)
}

// QueueURL is the URL of a queue, as AWS writes it wherever the endpoint is.
func (w *World) QueueURL(name string) string { return w.sqs.URL(name) }

// QueueARN is the ARN of a queue.
func (w *World) QueueARN(name string) string { return w.sqs.ARN(name) }

// SetDelivery sets how the messages of a queue are delivered that are sent from now on. It reports whether the queue
// exists.
func (w *World) SetDelivery(queue string, d sqs.Delivery) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	return w.sqs.SetDelivery(queue, d)
}

// SendMessage sends a message to a queue, past the wire and the ledger but with the API's checks.
func (w *World) SendMessage(ctx context.Context, queue, body string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	if _, err := w.sqs.SendMessage(ctx, &sqssdk.SendMessageInput{QueueUrl: new(w.sqs.URL(queue)), MessageBody: &body}); err != nil {
		return fmt.Errorf("sending a message to queue %q: %w", queue, err)
	}
	return nil
}

// Queue counts the messages of a queue now.
func (w *World) Queue(name string) sqs.Counts {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	return w.sqs.Counts(name)
}

// pollInterval is how often a long poll lets time pass that nobody else lets pass, wall time.
const pollInterval = 100 * time.Millisecond

// poll is the rest of a long poll (Developer Guide, "Amazon SQS short and long polling"): a receive that found nothing
// waits, in wall time, until a message is there, its time is over or the caller is gone. Where time only passes when
// somebody lets it, nothing would come while it waits, so it answers at once.
func (w *World) poll(ctx context.Context, input, out any) (any, error) {
	in, ok := input.(*sqssdk.ReceiveMessageInput)
	got, _ := out.(*sqssdk.ReceiveMessageOutput)
	if !ok || got == nil {
		return out, nil
	}
	rest, arrived := w.patience(in)
	for len(got.Messages) == 0 && rest > 0 {
		pause := min(rest, pollInterval)
		select {
		case <-ctx.Done():
		case <-arrived:
		case <-w.o.Wall.After(pause):
			rest -= pause
		}
		if ctx.Err() != nil {
			break
		}
		var err error
		if got, arrived, err = w.receive(ctx, in); err != nil {
			return nil, err
		}
	}
	return got, nil
}

func (w *World) receive(ctx context.Context, in *sqssdk.ReceiveMessageInput) (*sqssdk.ReceiveMessageOutput, <-chan struct{}, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	out, err := w.sqs.ReceiveMessage(ctx, in)
	return out, w.sqs.Arrived(), err
}

// patience is how long a receive may wait, and what tells it of arrivals meanwhile.
func (w *World) patience(in *sqssdk.ReceiveMessageInput) (time.Duration, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.running() {
		return 0, nil
	}
	return w.sqs.Wait(in), w.sqs.Arrived()
}

// running says whether time passes by itself: there is a clock, and it is not one whose time is set by hand, as that of
// the fake clocks of k8s.io/utils/clock/testing is.
func (w *World) running() bool {
	_, stepped := w.o.Clock.(interface{ SetTime(t time.Time) })
	return w.o.Clock != nil && !stepped
}
