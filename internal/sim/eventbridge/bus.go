// Package eventbridge simulates the delivery of Amazon EventBridge: events of AWS services on the default event bus go
// to the queues of its rules. It must not know what an event is about.
package eventbridge

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Event is an event of an AWS service (EventBridge User Guide, "Structure of AWS events").
type Event struct {
	// DetailType and Source are those that rules match, for example "CloudWatch Alarm State Change" and "aws.cloudwatch".
	DetailType, Source string
	// Time is when it happened.
	Time time.Time
	// Resources are the ARNs of what it happened to.
	Resources []string
	// Detail is the JSON of the service.
	Detail json.RawMessage
}

// document is an event as it is delivered.
type document struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// Rule delivers every event of one kind to one queue.
type Rule struct {
	// Name names the rule on its bus.
	Name string
	// DetailType is the kind of event.
	DetailType string
	// Queue is the name of the target queue.
	Queue string
}

// Options are what the bus needs of its world.
type Options struct {
	// Region and AccountID are those of the events.
	Region, AccountID string
	// Seed decides about IDs.
	Seed int64
	// Deliver puts a message into a queue.
	Deliver func(queue, body string, at time.Time)
}

// Bus is the default event bus of an account and Region. It is not safe for concurrent use.
type Bus struct {
	o     Options
	rules []Rule
	last  int // events so far
}

// New returns a bus without rules.
func New(o Options) *Bus { return &Bus{o: o} }

// PutRule adds a rule or replaces the one of that name.
func (b *Bus) PutRule(r Rule) {
	b.DeleteRule(r.Name)
	b.rules = append(b.rules, r)
}

// DeleteRule removes a rule, if there is one of that name.
func (b *Bus) DeleteRule(name string) {
	b.rules = slices.DeleteFunc(b.rules, func(r Rule) bool { return r.Name == name })
}

// Put delivers an event to the queues of all rules that match it, at the time of the event.
func (b *Bus) Put(e Event) {
	b.last++
	h := fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "event/%d/%d", b.o.Seed, b.last)))
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // EventBridge passes the detail on as it is
	if err := encoder.Encode(document{
		Version: "0", ID: h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:32],
		DetailType: e.DetailType, Source: e.Source, Account: b.o.AccountID, Time: e.Time.UTC().Format(time.RFC3339),
		Region: b.o.Region, Resources: e.Resources, Detail: e.Detail,
	}); err != nil {
		panic(fmt.Sprintf("encoding an event: %v", err)) // the detail is no JSON
	}
	for _, r := range b.rules {
		if r.DetailType == e.DetailType {
			b.o.Deliver(r.Queue, string(bytes.TrimSpace(body.Bytes())), e.Time)
		}
	}
}
