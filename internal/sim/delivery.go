package sim

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/runbook-operator/runbook-operator/internal/sim/cloudwatch"
	"github.com/runbook-operator/runbook-operator/internal/sim/eventbridge"
)

// PutRule adds or replaces an EventBridge rule, past the API: from now on, events of its kind go to its queue.
func (w *World) PutRule(r eventbridge.Rule) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	w.bus.PutRule(r)
}

// DeleteRule removes an EventBridge rule.
func (w *World) DeleteRule(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	w.bus.DeleteRule(name)
}

// Subscribe lets a queue receive what is published to an SNS topic from now on, past the API.
func (w *World) Subscribe(topicARN, queue string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	w.topics.Subscribe(topicARN, queue)
}

// Unsubscribe ends that.
func (w *World) Unsubscribe(topicARN, queue string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	w.topics.Unsubscribe(topicARN, queue)
}

// alarmChanged tells of an alarm's transition whoever is to hear of it: the rules of EventBridge always, the topics among
// the alarm's actions if it carries them out.
func (w *World) alarmChanged(t cloudwatch.Transition) {
	w.bus.Put(eventbridge.Event{
		DetailType: cloudwatch.StateChange, Source: "aws.cloudwatch", Time: t.At,
		Resources: []string{aws.ToString(t.After.AlarmArn)}, Detail: t.EventDetail(),
	})
	for _, arn := range t.Actions() {
		subject, message := t.Notification()
		w.topics.Publish(arn, subject, message, t.At)
	}
}

// deliver puts a message of AWS itself into a queue; without the queue it is lost, as for a target that is gone.
func (w *World) deliver(queue, body string, at time.Time) {
	// The SenderId of the SNS examples in the SQS Developer Guide.
	const sender = "AIDAIT2UOQQY3AUEKVGXU"
	w.sqs.Deliver(queue, body, sender, at)
}
