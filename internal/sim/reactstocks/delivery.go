package reactstocks

import (
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/cloudwatch"
	"github.com/runbook-operator/runbook-operator/internal/sim/eventbridge"
)

// Delivery is a way in which alarms tell AlarmQueue of their states.
type Delivery string

const (
	// EventBridge is a rule for the state changes of all alarms of the account. A new world has it.
	EventBridge Delivery = "EventBridge"
	// SNS is a subscription to AlarmTopicARN, which alarms have among their actions or not.
	SNS Delivery = "SNS"
	// Both is EventBridge and SNS: every transition is told twice, in two forms.
	Both Delivery = "Both"
	// Nothing is neither.
	Nothing Delivery = "Nothing"
)

// rule is the rule of EventBridge.
const rule = "runbook-operator-alarms"

// Deliver chooses how alarms tell AlarmQueue of their states from now on.
func Deliver(w *sim.World, d Delivery) {
	w.DeleteRule(rule)
	w.Unsubscribe(AlarmTopicARN, AlarmQueue)
	if d == EventBridge || d == Both {
		w.PutRule(eventbridge.Rule{Name: rule, DetailType: cloudwatch.StateChange, Queue: AlarmQueue})
	}
	if d == SNS || d == Both {
		w.Subscribe(AlarmTopicARN, AlarmQueue)
	}
}
