package main

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// firesWithin is how long the traffic may take until an alarm fires by itself, and is seen.
const firesWithin = 12 * time.Minute

// happens is what a scenario does to the traffic.
var happens = map[reactstocks.Scenario]string{
	reactstocks.Steady:           "stays as it is",
	reactstocks.Throttling:       "grows",
	reactstocks.RecoversByItself: "grows for a while",
	reactstocks.TrafficGone:      "grows, and stops",
	reactstocks.SlowDependency:   "stays as it is, and calls of the news worker take longer",
	reactstocks.WrongFix:         "stays as it is, and calls of the news worker wait for an answer that never comes",
}

// opened waits for the Incident. Nobody sets the alarm: traffic grows, metrics follow, and the alarm follows them. It is
// either a message that showed the alarm, and CloudWatch was asked about it by name, or a reading of all alarms.
func (s *story) opened(ctx context.Context) error {
	s.say("traffic", "%s; alarms follow the metrics, and the operator is told of them by a queue, and reads them every 30 s", happens[s.o.scenario])
	err := s.await(ctx, "an alarm that opens an Incident", firesWithin, func(seen *sight) bool {
		return seen.inc != nil && seen.inc.Status.OpenedAt != nil
	})
	if err != nil {
		return err
	}
	signal, inc, how := s.inc.Spec.Signal, s.inc, ""
	for _, e := range s.operatorCalls(ledger.ByAction("cloudwatch:DescribeAlarms")) {
		in, ok := e.Input.(*cloudwatch.DescribeAlarmsInput)
		if !ok || e.Error != "" || e.At.Before(signal.TransitionedAt.Time) {
			continue
		}
		if slices.Contains(in.AlarmNames, signal.AlarmName) {
			s.shown, how = e, "a message told of it, and CloudWatch confirmed it"
			break
		}
		if in.StateValue == types.StateValueAlarm {
			s.shown, how = e, "a reading of all alarms showed it"
			break
		}
	}
	s.say("alarm", "%q of %s changed to ALARM at %s", signal.AlarmName, signal.FunctionName, stamp(signal.TransitionedAt.Sub(s.began)))
	s.say("incident", "%s opened %.0f s after the alarm: %s", inc.Name, inc.Status.OpenedAt.Sub(signal.TransitionedAt.Time).Seconds(), how)
	s.say("operator", "needed %d ms on the wall from AWS call %d, which showed the alarm, to the Incident",
		s.at.Sub(s.shown.Wall).Milliseconds(), s.shown.Sequence)
	return nil
}

// operatorCalls are the calls of the operator: of its own role and of the roles that it assumes.
func (s *story) operatorCalls(filters ...ledger.Filter) []ledger.Entry {
	var out []ledger.Entry
	for _, e := range s.world.AWS.Ledger().Entries(filters...) {
		if ledger.ByRole(reactstocks.OperatorRole)(e) || ledger.ByRole(reactstocks.AccountRole)(e) || ledger.ByRole(reactstocks.GrantRole)(e) {
			out = append(out, e)
		}
	}
	return out
}
