// Package sns simulates the delivery of Amazon SNS: what is published to a topic goes, in an envelope, to the queues
// that subscribe to it. It must not know what a message says.
package sns

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// envelope is a message as SNS hands it to a queue without raw message delivery (SNS Developer Guide, "Message format:
// Notification"). The signature is no signature.
type envelope struct {
	Type             string `json:"Type"`
	MessageID        string `json:"MessageId"`
	TopicARN         string `json:"TopicArn"`
	Subject          string `json:"Subject"`
	Message          string `json:"Message"`
	Timestamp        string `json:"Timestamp"`
	SignatureVersion string `json:"SignatureVersion"`
	Signature        string `json:"Signature"`
	SigningCertURL   string `json:"SigningCertURL"`
	UnsubscribeURL   string `json:"UnsubscribeURL"`
}

// Options are what topics need of their world.
type Options struct {
	// Region is that of the topics.
	Region string
	// Seed decides about IDs.
	Seed int64
	// Deliver puts a message into a queue.
	Deliver func(queue, body string, at time.Time)
}

// Topics are the topics of an account and Region, with the queues that subscribe to them. They are not safe for
// concurrent use.
type Topics struct {
	o      Options
	queues map[string][]string // by the ARN of the topic
	last   int                 // messages so far
}

// New returns no topics.
func New(o Options) *Topics { return &Topics{o: o, queues: map[string][]string{}} }

// Subscribe lets a queue receive what is published to a topic; twice is once.
func (t *Topics) Subscribe(topicARN, queue string) {
	if !slices.Contains(t.queues[topicARN], queue) {
		t.queues[topicARN] = append(t.queues[topicARN], queue)
	}
}

// Unsubscribe ends that.
func (t *Topics) Unsubscribe(topicARN, queue string) {
	t.queues[topicARN] = slices.DeleteFunc(t.queues[topicARN], func(q string) bool { return q == queue })
}

// Publish hands a message to the queues that subscribe to a topic; an ARN of anything else reaches nobody.
func (t *Topics) Publish(topicARN, subject, message string, at time.Time) {
	t.last++
	sum := sha256.Sum256(fmt.Appendf(nil, "notification/%d/%d", t.o.Seed, t.last))
	h := fmt.Sprintf("%x", sum)
	for _, queue := range t.queues[topicARN] {
		var body bytes.Buffer
		encoder := json.NewEncoder(&body)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(envelope{
			Type: "Notification", MessageID: h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:32],
			TopicARN: topicARN, Subject: subject, Message: message, Timestamp: at.UTC().Format("2006-01-02T15:04:05.000Z"),
			SignatureVersion: "1", Signature: base64.StdEncoding.EncodeToString(sum[:]),
			SigningCertURL: "https://sns." + t.o.Region + ".amazonaws.com/SimpleNotificationService-" + h[:32] + ".pem",
			UnsubscribeURL: "https://sns." + t.o.Region + ".amazonaws.com/?Action=Unsubscribe&SubscriptionArn=" + topicARN + ":" + queue,
		}); err != nil {
			panic(fmt.Sprintf("encoding a notification: %v", err)) // strings always encode
		}
		t.o.Deliver(queue, string(bytes.TrimSpace(body.Bytes())), at)
	}
}
