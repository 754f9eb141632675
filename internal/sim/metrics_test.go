package sim_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	lm "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/traffic"
)

// total adds up a statistic of a metric of the REST API over the last minutes that have come in.
func (h *harness) total(metric string, minutes int) float64 {
	h.t.Helper()
	end := h.Now().Add(-traffic.IngestionDelay).Truncate(time.Minute)
	out, err := h.cloudwatch.GetMetricStatistics(h.t.Context(), &cw.GetMetricStatisticsInput{
		Namespace: aws.String("AWS/ApiGateway"), MetricName: aws.String(metric), Period: aws.Int32(60),
		Dimensions: []cwtypes.Dimension{{Name: aws.String("ApiName"), Value: aws.String("shop")}},
		StartTime:  aws.Time(end.Add(-time.Duration(minutes) * time.Minute)), EndTime: aws.Time(end), Statistics: []cwtypes.Statistic{cwtypes.StatisticSum},
	})
	h.g.Expect(err).NotTo(HaveOccurred())
	sum := 0.0
	for _, p := range out.Datapoints {
		sum += aws.ToFloat64(p.Sum)
	}
	return sum
}

// "Lambda emits a data point for Throttles for each invoke request. Throttles=0 means there is no invocation throttle"
// (CloudWatch User Guide of 2018, "AWS Lambda Metrics and Dimensions"). A REST API answers a throttled call with 500.
func TestEveryCallIsADataPointOfThrottlesAndAThrottledOneAnErrorOfTheAPI(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	h.g.Expect(h.reserve(100)).To(Succeed())
	h.arrive(traffic.Workload{
		Arrivals: traffic.Steady(500), Duration: traffic.Steady(0.4), API: &traffic.API{Name: "shop", Stage: "prod"},
	})
	h.pass(12 * time.Minute)
	throttled, ran := h.sum("Throttles", 10), h.sum("Invocations", 10)
	h.g.Expect(throttled).To(beWithin(ran, 0.01), "half of 200 wanted")
	h.g.Expect(h.values("Throttles", "SampleCount", 10)).To(beEqualTo(throttled + ran))
	h.g.Expect(h.values("Errors", "SampleCount", 10)).To(beEqualTo(ran))
	h.g.Expect(h.total("5XXError", 10)).To(beEqualTo(throttled))
	h.g.Expect(h.total("4XXError", 10)).To(beZero())
	h.g.Expect(h.total("Count", 10)).To(beEqualTo(throttled + ran))
}

func TestTheMainVersionOfAnAliasThatRoutesHasTheRestOfTheCalls(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{Name: function, MemorySize: 512, Timeout: 5, Code: "v1", Alias: "live"})
	h.g.Expect(h.update(&lm.UpdateFunctionConfigurationInput{Timeout: aws.Int32(60)})).To(Succeed())
	h.pass(5 * time.Second)
	_, err := h.lambda.PublishVersion(t.Context(), &lm.PublishVersionInput{FunctionName: aws.String(function)})
	h.g.Expect(err).NotTo(HaveOccurred())
	_, err = h.lambda.UpdateAlias(t.Context(), &lm.UpdateAliasInput{
		FunctionName: aws.String(function), Name: aws.String("live"),
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"2": 0.25}},
	})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.arrive(traffic.Workload{Qualifier: "live", Arrivals: traffic.Steady(20), Duration: traffic.Steady(10)})
	h.pass(12 * time.Minute)
	h.g.Expect(h.sum("Invocations", 10)).To(beWithin(20*600, 0.01))
	h.g.Expect(h.sum("Errors", 10)/h.sum("Invocations", 10)).To(beWithin(0.75, 0.01), "version 1 ends after 5 of 10 seconds")
	h.g.Expect(h.values("ConcurrentExecutions", "Maximum", 1)).To(beWithin(20*(0.75*5+0.25*10), 0.02))
}

func TestAnUpdateInProgressServesNothingYetAndLeavesPublishedVersionsAlone(t *testing.T) {
	h := newHarness(t, sim.Options{UpdateDuration: 10 * time.Minute}, lambda.Function{
		Name: function, MemorySize: 512, Timeout: 5, Code: "v1", Alias: "live",
	})
	h.arrive(traffic.Workload{Arrivals: traffic.Steady(10), Duration: traffic.Steady(8)})
	h.g.Expect(h.update(&lm.UpdateFunctionConfigurationInput{Timeout: aws.Int32(60)})).To(Succeed())
	h.pass(8 * time.Minute)
	h.g.Expect(h.values("Duration", "Maximum", 1)).To(beEqualTo(5000))
	h.g.Expect(h.config("").LastUpdateStatus).To(Equal(types.LastUpdateStatusInProgress))
	for _, qualifier := range []string{"1", "live"} {
		h.g.Expect(h.config(qualifier).LastUpdateStatus).To(Equal(types.LastUpdateStatusSuccessful), qualifier)
	}
	h.pass(8 * time.Minute)
	h.g.Expect(h.values("Duration", "Maximum", 1)).To(beEqualTo(8000))
}

func TestAReservationIsRaisedUpToTheFloorWithItsOwnCountedOnce(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	h.g.Expect(h.reserve(800)).To(Succeed())
	h.g.Expect(h.reserve(900)).To(Succeed(), "1000 without the 800 of before")
	h.g.Expect(code(h.reserve(901))).To(Equal("InvalidParameterValueException"))
	h.g.Expect(h.reserved()).To(BeEquivalentTo(900))
}
