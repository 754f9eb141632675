package world

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/clock"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// course is what an account does by itself, told from the minute in which the scenario began.
type course struct {
	throttles   []float64     // of the first ten minutes
	concurrency float64       // at most, in the half hour before
	alarm       time.Duration // until the alarm
}

// play plays a scenario of a seed, in a world that starts at a second of a minute, without anybody who acts.
func play(t *testing.T, seed int64, second time.Duration) course {
	t.Helper()
	g := NewWithT(t)
	w := of(Options{Seed: seed})
	w.Clock = startingAt(second)
	g.Expect(w.simulate(t.Context())).To(Succeed())
	t.Cleanup(func() { g.Expect(w.Stop()).To(Succeed()) })
	began, err := w.Begin(t.Context(), reactstocks.Throttling)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(began.Truncate(time.Minute)).To(Equal(began))
	w.AWS.FollowClock(nil)
	w.AWS.AdvanceTo(began.Add(12 * time.Minute))

	c := course{throttles: w.minutes(t, "Throttles", types.StatisticSum, began, began.Add(10*time.Minute))}
	c.concurrency = slices.Max(w.minutes(t, "ConcurrentExecutions", types.StatisticMaximum, began.Add(-30*time.Minute), began))
	out, err := w.CloudWatch().DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{reactstocks.ThrottlesAlarm}})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(out.MetricAlarms[0].StateValue).To(Equal(types.StateValueAlarm))
	c.alarm = out.MetricAlarms[0].StateTransitionedTimestamp.Sub(began)
	return c
}

// startingAt is a fast clock that shows a second of a minute now.
func startingAt(second time.Duration) clock.Scaled {
	c := clock.Scaled{Epoch: time.Now(), Factor: 200}
	now := c.Now()
	c.Epoch = c.Epoch.Add(-(now.Truncate(time.Minute).Add(second).Sub(now)) / time.Duration(c.Factor-1))
	return c
}

// minutes are the values of a metric of the backend, the first minute first.
func (w *World) minutes(t *testing.T, metric string, statistic types.Statistic, from, to time.Time) []float64 {
	t.Helper()
	g := NewWithT(t)
	out, err := w.CloudWatch().GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("AWS/Lambda"), MetricName: &metric,
		Dimensions: []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String(reactstocks.BackendFunction)}},
		StartTime:  &from, EndTime: &to, Period: aws.Int32(60), Statistics: []types.Statistic{statistic},
	})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(out.Datapoints).To(HaveLen(int(to.Sub(from).Minutes())))
	slices.SortFunc(out.Datapoints, func(a, b types.Datapoint) int { return a.Timestamp.Compare(*b.Timestamp) })
	var values []float64
	for _, d := range out.Datapoints {
		value := d.Sum
		if statistic == types.StatisticMaximum {
			value = d.Maximum
		}
		g.Expect(value).NotTo(BeNil())
		values = append(values, *value)
	}
	return values
}

func TestEqualSeedsRepeatAndOtherSeedsDiffer(t *testing.T) {
	g := NewWithT(t)
	first, later, other := play(t, 7, 0), play(t, 7, 41*time.Second), play(t, 3, 0)

	g.Expect(later).To(Equal(first), "whenever the world starts")
	g.Expect(slices.Max(first.throttles)).To(BeNumerically(">", 1000))
	g.Expect(first.alarm).To(BeNumerically("~", 4*time.Minute, 90*time.Second))
	for i, throttles := range first.throttles {
		if throttles > 0 {
			g.Expect(other.throttles[i]).NotTo(Equal(throttles), "minute %d", i)
		}
	}
	g.Expect(other.concurrency).NotTo(Equal(first.concurrency))
	for _, c := range []course{first, other} {
		g.Expect(c.concurrency).To(BeNumerically("<", 0.7*reactstocks.BackendReserved), "an ordinary day is far from the reservation")
	}
}

// Whatever the seed, nothing but the traffic's course may decide how a scenario ends.
func TestThePeakOfEverySeedNeedsMoreThanTheReservationAndLessThanTwice(t *testing.T) {
	g := NewWithT(t)
	for seed := range int64(200) {
		peak := 0.0
		for _, p := range unevenly(arrivals(reactstocks.Throttling, seed), seed).Points {
			peak = max(peak, p.Value*reactstocks.BackendDuration)
		}
		g.Expect(peak).To(And(BeNumerically(">", 1.2*reactstocks.BackendReserved), BeNumerically("<", 1.9*reactstocks.BackendReserved)), "seed %d", seed)
	}
}

func TestAScenarioThatIsToldToStopBeforeItBeginsDoesNotBegin(t *testing.T) {
	g := NewWithT(t)
	w := &World{seed: 1, Clock: clock.Scaled{Epoch: time.Now(), Factor: 1}}
	g.Expect(w.simulate(t.Context())).To(Succeed())
	t.Cleanup(func() { g.Expect(w.Stop()).To(Succeed()) })
	stopped, stop := context.WithCancel(t.Context())
	stop()
	_, err := w.Begin(stopped, reactstocks.Throttling)
	g.Expect(errors.Is(err, stopped.Err())).To(BeTrue())
}
