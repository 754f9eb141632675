package action

import (
	"context"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go/middleware"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// span is a value of every minute from a number of minutes before the epoch until another.
type span struct {
	from, until int
	value       float64
}

// measured is a session whose CloudWatch has exactly these metrics, by name and statistic.
func measured(t *testing.T, metrics map[[2]string][]span) *aws.Session {
	t.Helper()
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	endpoint, stop, err := w.Start("127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(stop)
	answer := middleware.InitializeMiddlewareFunc("Measured", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		asked, ok := in.Parameters.(*cloudwatch.GetMetricDataInput)
		if !ok {
			return next.HandleInitialize(ctx, in)
		}
		return middleware.InitializeOutput{Result: &cloudwatch.GetMetricDataOutput{MetricDataResults: results(asked, metrics)}}, middleware.Metadata{}, nil
	})
	clients, err := aws.New(t.Context(), aws.Options{Clock: w.clock, Wall: clocktesting.NewFakeClock(epoch), Load: []func(*config.LoadOptions) error{
		config.WithBaseEndpoint(endpoint), config.WithRegion(reactstocks.Region),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(reactstocks.OperatorAccessKeyID, reactstocks.OperatorSecretAccessKey, "")),
		config.WithAPIOptions([]func(*middleware.Stack) error{func(s *middleware.Stack) error { return s.Initialize.Add(answer, middleware.After) }}),
	}})
	g.Expect(err).NotTo(HaveOccurred())
	session, err := clients.Session(t.Context(), aws.Access{
		AccountID: reactstocks.AccountID, Region: reactstocks.Region, RoleARN: reactstocks.GrantRoleARN, ExternalID: reactstocks.ExternalID,
	}, "test")
	g.Expect(err).NotTo(HaveOccurred())
	return session
}

// results are the datapoints in [StartTime, EndTime) of each query.
func results(asked *cloudwatch.GetMetricDataInput, metrics map[[2]string][]span) (list []types.MetricDataResult) {
	for _, q := range asked.MetricDataQueries {
		r := types.MetricDataResult{Id: q.Id, StatusCode: types.StatusCodeComplete}
		for _, s := range metrics[[2]string{awssdk.ToString(q.MetricStat.Metric.MetricName), awssdk.ToString(q.MetricStat.Stat)}] {
			for i := s.from; i > s.until; i-- {
				at := epoch.Add(-time.Duration(i) * time.Minute)
				if !at.Before(*asked.StartTime) && at.Before(*asked.EndTime) {
					r.Timestamps, r.Values = append(r.Timestamps, at), append(r.Values, s.value)
				}
			}
		}
		list = append(list, r)
	}
	return list
}

func TestUseIsThatOfTheLastHourAndRequestsThoseOfTheLastQuarter(t *testing.T) {
	g := NewWithT(t)
	session := measured(t, map[[2]string][]span{
		{"ConcurrentExecutions", "Maximum"}:           {{90, 60, 500}, {60, 59, 90}, {59, 0, 40}},
		{"ConcurrentExecutions", "Minimum"}:           {{90, 60, 0}, {60, 59, 30}, {59, 0, 10}},
		{"UnreservedConcurrentExecutions", "Maximum"}: {{90, 60, 900}, {60, 59, 640}, {59, 0, 80}},
		{"Invocations", "Sum"}:                        {{90, 15, 1200}, {15, 0, 300}},
		{"Throttles", "Sum"}:                          {{90, 15, 7}, {15, 0, 60}},
	})
	seen, err := readUse(t.Context(), session, "pay", epoch.Add(20*time.Second))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(seen.peak).To(HaveValue(BeEquivalentTo(90)), "an hour ago it needed so many")
	g.Expect(seen.pool).To(HaveValue(BeEquivalentTo(640)))
	g.Expect(seen.others).To(HaveValue(BeEquivalentTo(610)), "the pool without what was the function's own")
	g.Expect(seen.offered).To(HaveValue(Equal(360.0)), "15 minutes of 300 served and 60 turned away")
	g.Expect(seen.throttled).To(Equal(900.0))

	t.Run("and a person is told so", func(t *testing.T) {
		g := NewWithT(t)
		r := room{
			fn: aws.Function{Name: "pay"}, seen: seen,
			settings: aws.AccountSettings{ConcurrentExecutions: 1000, UnreservedConcurrentExecutions: 1000, FunctionCount: 3},
		}
		g.Expect(r.radius(100).RequestsPerMinute).To(HaveValue(BeEquivalentTo("360")))
		g.Expect(expectedConcurrency(r.fn, seen, 5)).To(HavePrefix("at 6.0 requests a second, up to 30 executions would run at once"))
		g.Expect(r.warnings()).To(ContainElement(
			"requests were throttled in the last 15 minutes: the peak of 90 is what the function got, not what it needed"))
		g.Expect(r.guardPeak(89)).To(MatchError(ContainSubstring("ran up to 90 executions at once in the last hour")))
		g.Expect(r.guardPeak(90)).To(Succeed())
		g.Expect(r.guardPool(391)).To(MatchError(ContainSubstring("used up to 610 of them at once in the last hour")))
		g.Expect(r.guardPool(390)).To(Succeed())
	})
}
