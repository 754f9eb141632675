package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// firesWithin is how long the traffic may take until an alarm fires by itself.
const firesWithin = 12 * time.Minute

// alarmed waits for the Incident. Nobody sets the alarm: traffic changes, metrics follow, and the alarm follows them. It
// is either a message that showed the alarm, and CloudWatch was asked about it by name, or a reading of all alarms.
func (s *story) alarmed(ctx context.Context) error {
	open := func(seen *sight) bool { return seen.inc != nil }
	err := s.await(ctx, "an alarm that opens an Incident", firesWithin, open)
	if stuck := new(errStuck); errors.As(err, &stuck) {
		firing, failed := s.firing(ctx)
		if failed != nil {
			return failed
		}
		if len(firing) > 0 { // traffic did its part, and it is the operator's turn
			err = s.await(ctx, fmt.Sprintf("an Incident for the alarms %q", firing), s.work(2*time.Minute), open)
		}
	}
	if err != nil {
		return err
	}
	signal := s.inc.Spec.Signal
	if signal == nil {
		return fmt.Errorf("no alarm opened Incident %s", s.inc.Name)
	}
	how := ""
	if s.shown, how = s.showed(*signal); how == "" {
		return fmt.Errorf("no AWS call of the operator showed alarm %q", signal.AlarmName)
	}
	s.opened = s.first(func(*v1alpha1.Incident) bool { return true })
	s.say("alarm", "%q of %s changed to ALARM at %s", signal.AlarmName, signal.FunctionName, stamp(signal.TransitionedAt.Sub(s.began)))
	s.say("incident", "%s could be seen %.0f s after the alarm, by this clock: %s", s.inc.Name,
		s.opened.world.Sub(signal.TransitionedAt.Time).Seconds(), how)
	s.say("operator", "worked %d ms on the wall from AWS call %d, which showed the alarm, until the Incident could be seen",
		s.opened.wall.Sub(s.shown.Wall).Milliseconds(), s.shown.Sequence)
	return nil
}

// showed is the first call of the operator that showed an alarm, and how it came to make it.
func (s *story) showed(signal v1alpha1.Signal) (ledger.Entry, string) {
	for _, e := range s.operatorCalls(ledger.ByAction("cloudwatch:DescribeAlarms")) {
		in, ok := e.Input.(*cloudwatch.DescribeAlarmsInput)
		if !ok || e.Error != "" || e.At.Before(signal.TransitionedAt.Time) {
			continue
		}
		if slices.Contains(in.AlarmNames, signal.AlarmName) {
			return e, "a message told of it, and CloudWatch confirmed it"
		}
		if in.StateValue == types.StateValueAlarm {
			return e, "a reading of all alarms showed it"
		}
	}
	return ledger.Entry{}, ""
}

// firing are the alarms that fire now, as a person sees them who asks CloudWatch.
func (s *story) firing(ctx context.Context) ([]string, error) {
	out, err := s.world.CloudWatch().DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{StateValue: types.StateValueAlarm})
	if err != nil {
		return nil, fmt.Errorf("asking CloudWatch for the alarms that fire: %w", err)
	}
	var names []string
	for _, a := range out.MetricAlarms {
		names = append(names, aws.ToString(a.AlarmName))
	}
	return names, nil
}

// operatorCalls are the calls of the operator: of its own role and of the roles that it assumes.
func (s *story) operatorCalls(filters ...ledger.Filter) []ledger.Entry {
	var out []ledger.Entry
	for _, e := range s.book(filters...) {
		if ledger.ByRole(reactstocks.OperatorRole)(e) || ledger.ByRole(reactstocks.AccountRole)(e) || ledger.ByRole(reactstocks.GrantRole)(e) {
			out = append(out, e)
		}
	}
	return out
}
