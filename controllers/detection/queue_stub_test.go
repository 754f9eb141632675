package detection_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/utils/clock"
)

// queueURL is that of the queue as SQS shows it; the stub is reached by another address.
const queueURL = "https://sqs.us-east-1.amazonaws.com/123456789012/runbook-operator-alarms"

// visibility is how long a message that was received is hidden.
const visibility = 30 * time.Second

// queue is a standard queue on the wire (SQS API reference, AWS JSON 1.0): what was received and not deleted comes again
// after the visibility timeout. It keeps no order, and says nothing of when a message comes.
type queue struct {
	mu        sync.Mutex
	address   string
	clock     clock.PassiveClock
	messages  []*queued
	number    int
	received  int    // messages, counted by delivery
	refuse    string // code of an error that answers every receive
	loseNext  bool   // the next deletion fails for every entry
	afterNext func() // called when the next receive was answered
}

type queued struct {
	id, body string
	hidden   time.Time
	receipt  string
}

// serveQueue serves an empty queue.
func serveQueue() *queue {
	GinkgoHelper()
	q := &queue{}
	server := httptest.NewServer(q)
	DeferCleanup(server.Close)
	q.address = strings.TrimPrefix(server.URL, "http://")
	return q
}

// route sends the calls of SQS to the queue, in place of the simulated AWS.
func (q *queue) route() func(*config.LoadOptions) error {
	return config.WithAPIOptions([]func(*middleware.Stack) error{func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("TestQueue",
			func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
				if request, ok := in.Request.(*smithyhttp.Request); ok && awsmiddleware.GetServiceID(ctx) == sqs.ServiceID {
					request.URL.Host = q.address
				}
				return next.HandleDeserialize(ctx, in)
			}), middleware.After)
	}})
}

// send puts messages into the queue.
func (q *queue) send(bodies ...string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, body := range bodies {
		q.number++
		q.messages = append(q.messages, &queued{id: fmt.Sprintf("message-%d", q.number), body: body})
	}
}

// left is how many messages are not deleted.
func (q *queue) left() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.messages)
}

func (q *queue) deliveries() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.received
}

func (q *queue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var in struct {
		QueueUrl            string
		MaxNumberOfMessages int
		Entries             []struct{ Id, ReceiptHandle string }
	}
	if json.NewDecoder(r.Body).Decode(&in) != nil || in.QueueUrl != queueURL {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	var out any
	switch _, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); {
	case q.refuse != "" && operation == "ReceiveMessage":
		w.WriteHeader(http.StatusBadRequest)
		out = map[string]string{"__type": "com.amazonaws.sqs#" + q.refuse, "message": "canary-text-of-aws"}
	case operation == "ReceiveMessage":
		out = q.receive(in.MaxNumberOfMessages)
	case operation == "DeleteMessageBatch":
		var done []map[string]any
		var failed []map[string]any
		for _, e := range in.Entries {
			if q.loseNext {
				failed = append(failed, map[string]any{"Id": e.Id, "Code": "InternalError", "SenderFault": false})
				continue
			}
			q.remove(e.ReceiptHandle)
			done = append(done, map[string]any{"Id": e.Id})
		}
		q.loseNext = false
		out = map[string]any{"Successful": done, "Failed": failed}
	default:
		w.WriteHeader(http.StatusBadRequest)
	}
	_ = json.NewEncoder(w).Encode(out)
}

func (q *queue) receive(most int) any {
	now := q.clock.Now()
	var list []map[string]string
	for i := len(q.messages) - 1; i >= 0 && len(list) < most; i-- { // the newest first
		m := q.messages[i]
		if now.Before(m.hidden) {
			continue
		}
		q.received++
		m.hidden, m.receipt = now.Add(visibility), fmt.Sprintf("receipt-%d", q.received)
		list = append(list, map[string]string{"MessageId": m.id, "ReceiptHandle": m.receipt, "Body": m.body})
	}
	if after := q.afterNext; after != nil && len(list) > 0 {
		q.afterNext = nil
		after()
	}
	return map[string]any{"Messages": list}
}

func (q *queue) remove(receipt string) {
	for i, m := range q.messages {
		if m.receipt == receipt {
			q.messages = append(q.messages[:i], q.messages[i+1:]...)
			return
		}
	}
}

// event is what EventBridge sends when an alarm came to a state.
func event(arn, name, state string, at time.Time) string {
	body, err := json.Marshal(map[string]any{
		"version": "0", "id": "x", "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch",
		"account": "123456789012", "region": "us-east-1", "time": at.UTC().Format(time.RFC3339), "resources": []string{arn},
		"detail": map[string]any{"alarmName": name, "state": map[string]any{
			"value": state, "timestamp": at.UTC().Format("2006-01-02T15:04:05.000-0700"),
		}},
	})
	Expect(err).NotTo(HaveOccurred())
	return string(body)
}
