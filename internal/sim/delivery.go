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

// alarmChanged tells the rules of EventBridge of an alarm's transition, whether it carries out its actions or not.
func (w *World) alarmChanged(t cloudwatch.Transition) {
	w.bus.Put(eventbridge.Event{
		DetailType: cloudwatch.StateChange, Source: "aws.cloudwatch", Time: t.At,
		Resources: []string{aws.ToString(t.After.AlarmArn)}, Detail: t.EventDetail(),
	})
}

// alarmActs carries out an action of an alarm, if it is a topic.
func (w *World) alarmActs(t cloudwatch.Transition, action string, at time.Time) {
	subject, message := t.Notification()
	w.topics.Publish(action, subject, message, at)
}

// deliver puts a message of AWS itself into a queue; without the queue it is lost, as for a target that is gone.
func (w *World) deliver(queue, body string, at time.Time) {
	// The SenderId of the SNS examples in the SQS Developer Guide.
	const sender = "AIDAIT2UOQQY3AUEKVGXU"
	w.sqs.Deliver(queue, body, sender, at)
}
