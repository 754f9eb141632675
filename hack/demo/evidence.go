package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// investigated narrates each piece of evidence with its number.
func (s *story) investigated(ctx context.Context) error {
	err := s.await(ctx, "the investigation", s.work(5*time.Minute), func(seen *sight) bool {
		return conditions.IsTrue(seen.inc.Status.Conditions, v1alpha1.ConditionInvestigated)
	})
	if err != nil {
		return err
	}
	if len(s.inc.Status.Evidence) == 0 {
		return fmt.Errorf("there is no evidence, and Incident %s is investigated", s.inc.Name)
	}
	for _, r := range s.inc.Status.Evidence {
		text := ""
		switch {
		case r.Gap != nil:
			return fmt.Errorf("%s has no evidence, %s: %s", r.Step, r.Gap.Reason, r.Gap.Message)
		case r.Evidence != nil && r.Evidence.Metric != nil:
			if text, err = s.measuredBy(ctx, r); err != nil {
				return err
			}
		default:
			text = seenBy(r.Evidence)
		}
		if text == "" {
			return fmt.Errorf("%s has no evidence", r.Step)
		}
		s.say("evidence", "%s: %s", r.Step, text)
	}
	return nil
}

// measuredBy renders what a step saw of a metric: the Incident's own copy of the Runbook says which, and CloudWatch in
// which unit.
func (s *story) measuredBy(ctx context.Context, r v1alpha1.StepResult) (string, error) {
	metric, err := metricOf(s.inc, r)
	if err != nil {
		return "", err
	}
	m := r.Evidence.Metric
	if m.Value == nil {
		return "", nil
	}
	out, err := s.world.CloudWatch().GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String(metric.Namespace), MetricName: aws.String(metric.Name),
		Dimensions: []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String(string(r.FunctionName))}},
		StartTime:  aws.Time(m.Start.Time), EndTime: aws.Time(m.End.Time), Period: aws.Int32(60),
		Statistics: []types.Statistic{types.StatisticSampleCount},
	})
	if err != nil {
		return "", fmt.Errorf("asking CloudWatch for the unit of %s: %w", metric.Name, err)
	}
	if len(out.Datapoints) == 0 {
		return "", fmt.Errorf("%s saw %s of %s, and CloudWatch has no data of it", r.Step, *m.Value, metric.Name)
	}
	window, unit := m.End.Sub(m.Start.Time).Minutes(), out.Datapoints[0].Unit
	return fmt.Sprintf("%s %s %s over %.0f min, and %s over the %.0f min before",
		metric.Name, m.Statistic, amount(m.Value, unit), window, amount(m.Previous, unit), window), nil
}

// metricOf is the metric that a step reads.
func metricOf(inc *v1alpha1.Incident, r v1alpha1.StepResult) (*v1alpha1.MetricStep, error) {
	for _, pinned := range inc.Status.Runbooks {
		if pinned.Name != r.Runbook {
			continue
		}
		var spec v1alpha1.RunbookSpec
		if err := json.Unmarshal([]byte(pinned.Spec), &spec); err != nil {
			return nil, fmt.Errorf("reading the copy of Runbook %s: %w", pinned.Name, err)
		}
		for _, step := range spec.Investigate {
			if step.Name == r.Step && step.Metric != nil {
				return step.Metric, nil
			}
		}
	}
	return nil, fmt.Errorf("the Incident's copy of Runbook %s has no step %s that reads a metric", r.Runbook, r.Step)
}

// seenBy renders what a step saw that reads no metric; nothing where it saw nothing.
func seenBy(e *v1alpha1.Evidence) string {
	switch {
	case e == nil:
	case e.FunctionState != nil:
		f := e.FunctionState
		text := fmt.Sprintf("reserved concurrency %s, timeout %d s, %d MB, last update %s",
			count(f.ReservedConcurrency), f.TimeoutSeconds, f.MemoryMB, f.LastUpdateStatus)
		if f.Alias != nil && f.AliasVersion != nil {
			text += fmt.Sprintf(", alias %s at version %s", *f.Alias, *f.AliasVersion)
		}
		if f.StackName != nil {
			text += ", of stack " + *f.StackName
		}
		return text
	case e.AccountLimits != nil:
		l := e.AccountLimits
		return fmt.Sprintf("account concurrency %d, of which %d unreserved (at most %s in use in the last hour; Lambda keeps %d, %s)",
			l.ConcurrentExecutions, l.Unreserved, count(l.PeakUnreserved), l.UnreservedFloor, strings.ToLower(string(l.UnreservedFloorSource)))
	case e.TrafficPattern != nil:
		t := e.TrafficPattern
		kind := "too few data to tell its shape"
		if t.Kind != nil {
			kind = string(*t.Kind)
		}
		return fmt.Sprintf("%s, peak %s requests a second, average %s, over %s", kind,
			amount(t.PeakPerSecond, ""), amount(t.AveragePerSecond, ""), several(int(t.Datapoints), "minute"))
	}
	return ""
}

// amount is a number with one decimal at most, in the unit of CloudWatch. What is counted has none.
func amount(n *v1alpha1.Number, unit types.StandardUnit) string {
	if n == nil {
		return "no data"
	}
	text := string(*n)
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		text = strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
	}
	switch unit {
	case "", types.StandardUnitCount, types.StandardUnitNone:
		return text
	case types.StandardUnitMilliseconds:
		return text + " ms"
	}
	return text + " " + strings.ToLower(string(unit))
}

func count(n *int32) string {
	if n == nil {
		return "none"
	}
	return fmt.Sprint(*n)
}
