package sim_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	lm "github.com/aws/aws-sdk-go-v2/service/lambda"
	lmtypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
)

// code is the AWS error code of an error, status its HTTP status.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func status(err error) int {
	var resp *awshttp.ResponseError
	if errors.As(err, &resp) {
		return resp.HTTPStatusCode()
	}
	return 0
}

func TestErrorsArriveAsTheTypesOfTheSDK(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	_, err := h.lambda.GetFunction(t.Context(), &lm.GetFunctionInput{FunctionName: aws.String("nobody")})
	var missing *lmtypes.ResourceNotFoundException
	h.g.Expect(errors.As(err, &missing)).To(BeTrue())
	h.g.Expect(status(err)).To(Equal(http.StatusNotFound))
	h.g.Expect(aws.ToString(missing.Message)).To(Equal("Function not found: arn:aws:lambda:us-east-1:123456789012:function:nobody"))
	h.g.Expect(aws.ToString(missing.Type)).To(Equal("User"))

	err = h.reserve(950)
	var invalid *lmtypes.InvalidParameterValueException
	h.g.Expect(errors.As(err, &invalid)).To(BeTrue())
	h.g.Expect(aws.ToString(invalid.Message)).To(Equal("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100]."))

	_, err = h.cloudwatch.SetAlarmState(t.Context(), &cw.SetAlarmStateInput{
		AlarmName: aws.String("nothing"), StateValue: cwtypes.StateValueOk, StateReason: aws.String("test"),
	})
	var noAlarm *cwtypes.ResourceNotFound
	h.g.Expect(errors.As(err, &noAlarm)).To(BeTrue())
	h.g.Expect(status(err)).To(Equal(http.StatusNotFound))
}

func TestAThrottledLambdaCallCarriesReasonTypeAndRetryAfter(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	h.Faults().Add(faults.Rule{Action: "lambda:GetFunction", Effect: faults.Effect{Throttle: true}})
	_, err := h.lambda.GetFunction(t.Context(), &lm.GetFunctionInput{FunctionName: aws.String(function)})
	var throttled *lmtypes.TooManyRequestsException
	h.g.Expect(errors.As(err, &throttled)).To(BeTrue())
	h.g.Expect(status(err)).To(Equal(http.StatusTooManyRequests))
	h.g.Expect(throttled.Reason).To(Equal(lmtypes.ThrottleReasonCallerRateLimitExceeded))
	h.g.Expect(aws.ToString(throttled.Type)).To(Equal("User"))
	h.g.Expect(aws.ToString(throttled.RetryAfterSeconds)).To(Equal("1"))
	var resp *awshttp.ResponseError
	h.g.Expect(errors.As(err, &resp)).To(BeTrue())
	h.g.Expect(resp.RequestID).NotTo(BeEmpty())
	h.g.Expect(resp.Response.Header.Get("X-Amzn-ErrorType")).To(Equal("TooManyRequestsException"))
	h.g.Expect(resp.Response.Header.Get("Retry-After")).To(Equal("1"))
}

func TestAThrottledCloudWatchCallCarriesTheCodeOfTheQueryProtocol(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	h.Faults().Add(faults.Rule{Action: "cloudwatch:*", Effect: faults.Effect{Throttle: true}})
	_, err := h.cloudwatch.DescribeAlarms(t.Context(), &cw.DescribeAlarmsInput{})
	h.g.Expect(code(err)).To(Equal("Throttling"))
	h.g.Expect(status(err)).To(Equal(http.StatusBadRequest))
	var resp *awshttp.ResponseError
	h.g.Expect(errors.As(err, &resp)).To(BeTrue())
	h.g.Expect(resp.Response.Header.Get("Smithy-Protocol")).To(Equal("rpc-v2-cbor"))
	h.g.Expect(resp.Response.Header.Get("X-Amzn-Query-Error")).To(Equal("Throttling;Sender"))
	h.g.Expect(resp.RequestID).NotTo(BeEmpty())
}

func TestOperationsThatAreNotServedAreRefusedInEveryProtocol(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	_, err := h.lambda.GetPolicy(t.Context(), &lm.GetPolicyInput{FunctionName: aws.String(function)})
	h.g.Expect(code(err)).To(Equal("UnknownOperationException"))
	h.g.Expect(status(err)).To(Equal(http.StatusNotFound))
	_, err = h.cloudwatch.ListDashboards(t.Context(), &cw.ListDashboardsInput{})
	h.g.Expect(code(err)).To(Equal("UnknownOperationException"))
	_, err = h.overJSON().ListDashboards(t.Context(), &cw.ListDashboardsInput{})
	h.g.Expect(code(err)).To(Equal("UnknownOperationException"))
	_, err = sts.NewFromConfig(h.cfg).GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
	h.g.Expect(code(err)).To(Equal("InvalidAction"))
	h.g.Expect(h.Ledger().Count(ledger.ByClass(ledger.Unknown))).To(Equal(4))
}

// overJSON is a CloudWatch client that speaks awsJson 1.0, as the AWS CLI does.
func (h *harness) overJSON() *cw.Client {
	return cw.NewFromConfig(h.cfg, func(o *cw.Options) { o.Protocol = awsjson.New10(schemas.GraniteServiceVersion20100801) })
}

func TestCloudWatchAnswersTheSameOverJSON(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	h.pass(2 * time.Minute)
	overJSON, err := h.overJSON().DescribeAlarms(t.Context(), &cw.DescribeAlarmsInput{AlarmNames: []string{alarm}})
	h.g.Expect(err).NotTo(HaveOccurred())
	overCBOR, err := h.cloudwatch.DescribeAlarms(t.Context(), &cw.DescribeAlarmsInput{AlarmNames: []string{alarm}})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(overJSON.MetricAlarms).To(HaveLen(1))
	h.g.Expect(cmp.Diff(overCBOR.MetricAlarms, overJSON.MetricAlarms,
		cmpopts.IgnoreUnexported(cwtypes.MetricAlarm{}, cwtypes.Dimension{}))).To(BeEmpty())
	_, err = h.overJSON().SetAlarmState(t.Context(), &cw.SetAlarmStateInput{
		AlarmName: aws.String("nothing"), StateValue: cwtypes.StateValueOk, StateReason: aws.String("test"),
	})
	var noAlarm *cwtypes.ResourceNotFound
	h.g.Expect(errors.As(err, &noAlarm)).To(BeTrue())
}

func TestCompressedRequestsAreRead(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	compressed := ""
	client := cw.NewFromConfig(h.cfg, func(o *cw.Options) {
		o.DisableRequestCompression, o.RequestMinCompressSizeBytes = false, 0
		inner := o.HTTPClient
		o.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
			compressed = r.Header.Get("Content-Encoding")
			return inner.Do(r)
		})
	})
	_, err := client.PutMetricData(t.Context(), &cw.PutMetricDataInput{
		Namespace:  aws.String("Stocks"),
		MetricData: []cwtypes.MetricDatum{{MetricName: aws.String("Quotes"), Value: aws.Float64(42), Timestamp: aws.Time(start)}},
	})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(compressed).To(Equal("gzip"))
	h.pass(time.Minute)
	out, err := h.cloudwatch.GetMetricStatistics(t.Context(), &cw.GetMetricStatisticsInput{
		Namespace: aws.String("Stocks"), MetricName: aws.String("Quotes"), Period: aws.Int32(60),
		StartTime: aws.Time(start), EndTime: aws.Time(start.Add(time.Minute)), Statistics: []cwtypes.Statistic{cwtypes.StatisticSum},
	})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(out.Datapoints).To(HaveLen(1))
	h.g.Expect(aws.ToFloat64(out.Datapoints[0].Sum)).To(Equal(42.0))
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

func TestCallersWithoutAKnownKeyAreRefused(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	stranger := h.as("AKIANOBODY0000000000", "")
	_, err := lm.NewFromConfig(stranger).ListFunctions(t.Context(), &lm.ListFunctionsInput{})
	h.g.Expect(code(err)).To(Equal("UnrecognizedClientException"))
	h.g.Expect(status(err)).To(Equal(http.StatusForbidden))
	_, err = cw.NewFromConfig(stranger).DescribeAlarms(t.Context(), &cw.DescribeAlarmsInput{})
	h.g.Expect(code(err)).To(Equal("InvalidClientTokenId"))
	_, err = sts.NewFromConfig(stranger).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	h.g.Expect(code(err)).To(Equal("InvalidClientTokenId"))

	_, err = lm.NewFromConfig(h.as(key, "bogus")).ListFunctions(t.Context(), &lm.ListFunctionsInput{})
	h.g.Expect(code(err)).To(Equal("UnrecognizedClientException"), "a static key has no session token")

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.endpoint+"/2015-03-31/functions/", nil)
	h.g.Expect(err).NotTo(HaveOccurred())
	resp, err := http.DefaultClient.Do(req)
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(resp.Body.Close()).To(Succeed())
	h.g.Expect(resp.StatusCode).To(Equal(http.StatusForbidden))
	h.g.Expect(resp.Header.Get("X-Amzn-ErrorType")).To(Equal("MissingAuthenticationTokenException"))
	h.g.Expect(resp.Header.Get("X-Amzn-RequestId")).NotTo(BeEmpty())
}

func TestARoleMayDoOnlyWhatItsPolicyAllows(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	p := iam.Allow("lambda:Get*", "cloudwatch:DescribeAlarms")
	h.g.Expect(h.IAM().SetRolePolicy(h.IAM().RoleARN(role), &p)).To(BeTrue())
	_, err := h.lambda.GetFunctionConcurrency(t.Context(), &lm.GetFunctionConcurrencyInput{FunctionName: aws.String(function)})
	h.g.Expect(err).NotTo(HaveOccurred())
	_, err = h.cloudwatch.DescribeAlarms(t.Context(), &cw.DescribeAlarmsInput{})
	h.g.Expect(err).NotTo(HaveOccurred())
	err = h.reserve(10)
	h.g.Expect(code(err)).To(Equal("AccessDeniedException"))
	h.g.Expect(status(err)).To(Equal(http.StatusForbidden))
	h.g.Expect(err).To(MatchError(ContainSubstring("User: arn:aws:sts::123456789012:assumed-role/person/test is not authorized to perform: " +
		"lambda:PutFunctionConcurrency on resource: arn:aws:lambda:us-east-1:123456789012:function:orders because no identity-based policy allows the lambda:PutFunctionConcurrency action")))
	_, err = h.cloudwatch.GetMetricData(t.Context(), &cw.GetMetricDataInput{
		StartTime: aws.Time(start), EndTime: aws.Time(start), MetricDataQueries: []cwtypes.MetricDataQuery{},
	})
	h.g.Expect(code(err)).To(Equal("AccessDenied"))
	_, err = sts.NewFromConfig(h.cfg).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(h.Ledger().Count(ledger.Changed())).To(BeZero())
}

func TestALambdaFunctionIsFoundByEveryFormOfItsName(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{Name: function, MemorySize: 512, Timeout: 30, Code: "v1", Alias: "live"})
	get := func(name, qualifier string) (*lm.GetFunctionConfigurationOutput, error) {
		in := &lm.GetFunctionConfigurationInput{FunctionName: aws.String(name)}
		if qualifier != "" {
			in.Qualifier = aws.String(qualifier)
		}
		return h.lambda.GetFunctionConfiguration(t.Context(), in)
	}
	arn := h.FunctionARN(function)
	for _, name := range []string{function, arn, "123456789012:function:" + function, function + ":$LATEST"} {
		out, err := get(name, "")
		h.g.Expect(err).NotTo(HaveOccurred(), name)
		h.g.Expect(aws.ToString(out.Version)).To(Equal("$LATEST"), name)
		h.g.Expect(strings.TrimSuffix(aws.ToString(out.FunctionArn), ":$LATEST")).To(Equal(arn))
	}
	for _, name := range []string{function + ":live", arn + ":live", arn + ":1"} {
		out, err := get(name, "")
		h.g.Expect(err).NotTo(HaveOccurred(), name)
		h.g.Expect(aws.ToString(out.Version)).To(Equal("1"), name)
	}
	out, err := get(function, "live")
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(aws.ToString(out.FunctionArn)).To(Equal(arn + ":live"))
	_, err = get(arn+":live", "1")
	h.g.Expect(code(err)).To(Equal("InvalidParameterValueException"))
	_, err = get(function, "99")
	h.g.Expect(code(err)).To(Equal("ResourceNotFoundException"))
	_, err = get("arn:aws:lambda:eu-west-1:123456789012:function:"+function, "")
	h.g.Expect(err).To(MatchError(ContainSubstring("not reachable in this region")))
	_, err = get("arn:aws:lambda:us-east-1:999999999999:function:"+function, "")
	h.g.Expect(code(err)).To(Equal("AccessDeniedException"))
}

// dropped says that the caller saw a transport error and no answer.
func dropped(err error) bool {
	var sent *smithyhttp.RequestSendError
	return errors.As(err, &sent) && !errors.Is(err, context.Canceled)
}
