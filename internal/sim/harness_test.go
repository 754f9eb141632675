package sim_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	lm "github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/traffic"
	"github.com/runbook-operator/runbook-operator/internal/transport"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

const (
	key      = "AKIASIMULATEDPERSON0"
	role     = "person"
	function = "orders"
	alarm    = "orders throttled"
)

// harness is a world of one function, one alarm and one person, with SDK clients that reach it over HTTP.
type harness struct {
	*sim.World
	t          *testing.T
	g          Gomega
	endpoint   string
	cfg        aws.Config
	lambda     *lm.Client
	cloudwatch *cw.Client
}

func newHarness(t *testing.T, o sim.Options, f lambda.Function) *harness {
	t.Helper()
	h := &harness{t: t, g: NewWithT(t)}
	if o.Start.IsZero() {
		o.Start = start
	}
	h.World = sim.New(o)
	h.IAM().PutRole(iam.Role{Name: role})
	h.IAM().PutAccessKey(key, role, "test")
	if f.Name == "" {
		f = lambda.Function{Name: function, MemorySize: 512, Timeout: 30, Runtime: "nodejs22.x", Code: "v1"}
	}
	h.PutFunction(f)
	h.g.Expect(h.PutMetricAlarm(t.Context(), &cw.PutMetricAlarmInput{
		AlarmName: aws.String(alarm), Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Throttles"),
		Dimensions: []cwtypes.Dimension{{Name: aws.String("FunctionName"), Value: aws.String(function)}},
		Statistic:  cwtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(3), DatapointsToAlarm: aws.Int32(2),
		Threshold: aws.Float64(0), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold,
		TreatMissingData: aws.String("notBreaching"),
	})).To(Succeed())
	endpoint, stop, err := h.Start("127.0.0.1:0")
	h.g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(stop)
	h.endpoint = endpoint
	h.cfg = h.as(key, "")
	h.lambda, h.cloudwatch = lm.NewFromConfig(h.cfg), cw.NewFromConfig(h.cfg)
	return h
}

// as is an SDK configuration with an access key and session token, without retries.
func (h *harness) as(accessKeyID, token string) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &h.endpoint, HTTPClient: transport.New(),
		Credentials: credentials.NewStaticCredentialsProvider(accessKeyID, "any", token),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// arrive lets calls arrive at the function.
func (h *harness) arrive(w traffic.Workload) {
	w.Function = function
	h.SetTraffic(w)
}

// pass lets time pass.
func (h *harness) pass(d time.Duration) { h.AdvanceTo(h.Now().Add(d)) }

// reserve changes the function's reserved concurrency through the SDK.
func (h *harness) reserve(n int32) error {
	_, err := h.lambda.PutFunctionConcurrency(h.t.Context(), &lm.PutFunctionConcurrencyInput{
		FunctionName: aws.String(function), ReservedConcurrentExecutions: aws.Int32(n),
	})
	return err
}

// alarmState reads the alarm's state through the SDK.
func (h *harness) alarmState() cwtypes.StateValue {
	out, err := h.cloudwatch.DescribeAlarms(h.t.Context(), &cw.DescribeAlarmsInput{AlarmNames: []string{alarm}})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(out.MetricAlarms).To(HaveLen(1))
	return out.MetricAlarms[0].StateValue
}

// sum reads the sum of a Lambda metric of the function over the last minutes through GetMetricData.
func (h *harness) sum(metric string, minutes int) float64 {
	return h.values(metric, "Sum", minutes)
}

// values adds up the data points of a statistic over the last whole minutes that are already ingested.
func (h *harness) values(metric, stat string, minutes int) float64 {
	end := h.Now().Add(-traffic.IngestionDelay).Truncate(time.Minute)
	out, err := h.cloudwatch.GetMetricData(h.t.Context(), &cw.GetMetricDataInput{
		StartTime: aws.Time(end.Add(-time.Duration(minutes) * time.Minute)), EndTime: aws.Time(end),
		MetricDataQueries: []cwtypes.MetricDataQuery{{
			Id: aws.String("m"),
			MetricStat: &cwtypes.MetricStat{
				Metric: &cwtypes.Metric{
					Namespace: aws.String("AWS/Lambda"), MetricName: aws.String(metric),
					Dimensions: []cwtypes.Dimension{{Name: aws.String("FunctionName"), Value: aws.String(function)}},
				},
				Period: aws.Int32(60), Stat: aws.String(stat),
			},
		}},
	})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(out.MetricDataResults).To(HaveLen(1))
	total := 0.0
	for _, v := range out.MetricDataResults[0].Values {
		total += v
	}
	return total
}
