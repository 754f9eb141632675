// Package quota owns the request rates that AWS allows per account and Region, as token buckets on the world's time.
// It must not know callers: quotas of the control plane are shared by everyone in the account.
package quota

import (
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
)

// Bucket is one quota: a rate and the operations that share it.
type Bucket struct {
	// Name names the quota in tests and documentation.
	Name string
	// Rate is requests per second of the world's time.
	Rate float64
	// Actions are the IAM actions that draw on it.
	Actions []string
}

// Defaults are the published quotas. Lambda: Developer Guide, "Lambda quotas", API requests: 15 per second in total
// for the control plane, GetFunction 100, GetPolicy 15, not increasable. CloudWatch: General Reference, "Amazon
// CloudWatch endpoints and quotas", the rate of requests of every operation; how many data points GetMetricData answers
// per second has quotas too, which are not simulated. Systems Manager: General Reference, "Systems Manager endpoints
// and quotas", Parameter Store standard throughput: 40 for the reads together, 3 for PutParameter; the others are not
// published and taken as 5. SQS: Developer Guide, "Amazon SQS message quotas": standard queues take a nearly unlimited
// number of calls per second; what is not about messages is not published and taken as 100. STS: IAM User Guide, "IAM
// and STS quotas": 600 per second. Bursts are not published; a bucket holds one second's worth.
func Defaults() []Bucket {
	return []Bucket{
		{Name: "lambda control plane", Rate: 15, Actions: []string{
			"lambda:GetAccountSettings", "lambda:GetFunctionConfiguration", "lambda:GetFunctionConcurrency", "lambda:GetAlias",
			"lambda:ListAliases", "lambda:ListFunctions", "lambda:ListVersionsByFunction", "lambda:ListTags",
			"lambda:UpdateFunctionConfiguration", "lambda:UpdateFunctionCode", "lambda:PublishVersion", "lambda:CreateAlias",
			"lambda:UpdateAlias", "lambda:PutFunctionConcurrency", "lambda:DeleteFunctionConcurrency", "lambda:TagResource",
			"lambda:UntagResource",
		}},
		{Name: "lambda GetFunction", Rate: 100, Actions: []string{"lambda:GetFunction"}},
		{Name: "cloudwatch DescribeAlarms", Rate: 9, Actions: []string{"cloudwatch:DescribeAlarms"}},
		{Name: "cloudwatch DescribeAlarmsForMetric", Rate: 9, Actions: []string{"cloudwatch:DescribeAlarmsForMetric"}},
		{Name: "cloudwatch DescribeAlarmHistory", Rate: 20, Actions: []string{"cloudwatch:DescribeAlarmHistory"}},
		{Name: "cloudwatch SetAlarmState", Rate: 3, Actions: []string{"cloudwatch:SetAlarmState"}},
		{Name: "cloudwatch PutMetricAlarm", Rate: 3, Actions: []string{"cloudwatch:PutMetricAlarm"}},
		{Name: "cloudwatch DeleteAlarms", Rate: 3, Actions: []string{"cloudwatch:DeleteAlarms"}},
		{Name: "cloudwatch EnableAlarmActions", Rate: 3, Actions: []string{"cloudwatch:EnableAlarmActions"}},
		{Name: "cloudwatch DisableAlarmActions", Rate: 3, Actions: []string{"cloudwatch:DisableAlarmActions"}},
		{Name: "cloudwatch GetMetricData", Rate: 500, Actions: []string{"cloudwatch:GetMetricData"}},
		{Name: "cloudwatch GetMetricStatistics", Rate: 400, Actions: []string{"cloudwatch:GetMetricStatistics"}},
		{Name: "cloudwatch ListMetrics", Rate: 25, Actions: []string{"cloudwatch:ListMetrics"}},
		{Name: "cloudwatch PutMetricData", Rate: 500, Actions: []string{"cloudwatch:PutMetricData"}},
		{Name: "cloudwatch PutAlarmMuteRule", Rate: 3, Actions: []string{"cloudwatch:PutAlarmMuteRule"}},
		{Name: "cloudwatch DeleteAlarmMuteRule", Rate: 3, Actions: []string{"cloudwatch:DeleteAlarmMuteRule"}},
		{Name: "cloudwatch GetAlarmMuteRule", Rate: 20, Actions: []string{"cloudwatch:GetAlarmMuteRule"}},
		{Name: "cloudwatch ListAlarmMuteRules", Rate: 50, Actions: []string{"cloudwatch:ListAlarmMuteRules"}},
		{Name: "cloudwatch ListTagsForResource", Rate: 10, Actions: []string{"cloudwatch:ListTagsForResource"}},
		{Name: "cloudwatch TagResource", Rate: 20, Actions: []string{"cloudwatch:TagResource"}},
		{Name: "cloudwatch UntagResource", Rate: 20, Actions: []string{"cloudwatch:UntagResource"}},
		{Name: "ssm read", Rate: 40, Actions: []string{"ssm:GetParameter", "ssm:GetParameters"}},
		{Name: "ssm PutParameter", Rate: 3, Actions: []string{"ssm:PutParameter"}},
		{Name: "ssm DescribeParameters", Rate: 5, Actions: []string{"ssm:DescribeParameters"}},
		{Name: "ssm DeleteParameter", Rate: 5, Actions: []string{"ssm:DeleteParameter"}},
		{Name: "sqs messages", Rate: math.Inf(1), Actions: []string{
			"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:DeleteMessageBatch", "sqs:ChangeMessageVisibility",
			"sqs:ChangeMessageVisibilityBatch",
		}},
		{Name: "sqs queues", Rate: 100, Actions: []string{
			"sqs:ListQueues", "sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:PurgeQueue",
		}},
		{Name: "sts", Rate: 600, Actions: []string{"sts:AssumeRole", "sts:GetCallerIdentity"}},
	}
}

type bucket struct {
	Bucket
	tokens float64
	filled time.Time
}

// Quotas admits requests. It is safe for concurrent use.
type Quotas struct {
	mu       sync.Mutex
	byAction map[string]*bucket
	byName   map[string]*bucket
	off      bool
}

// New returns the quotas of the given buckets, full.
func New(buckets []Bucket) *Quotas {
	q := &Quotas{byAction: map[string]*bucket{}, byName: map[string]*bucket{}}
	for _, b := range buckets {
		held := &bucket{Bucket: b, tokens: b.Rate}
		q.byName[b.Name] = held
		for _, a := range b.Actions {
			q.byAction[a] = held
		}
	}
	return q
}

// SetRate changes a quota by its name, as a granted increase does; it reports whether the quota exists.
func (q *Quotas) SetRate(name string, rate float64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	b, ok := q.byName[name]
	if ok {
		b.Rate, b.tokens = rate, min(b.tokens, rate)
	}
	return ok
}

// Disable lets every request through.
func (q *Quotas) Disable() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.off = true
}

// Admits says whether a bucket is declared for the action.
func (q *Quotas) Admits(action string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, ok := q.byAction[action]
	return ok
}

// Take draws one request at a moment of the world's time, or returns the service's throttling error.
func (q *Quotas) Take(service, action string, now time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	b, ok := q.byAction[action]
	if !ok || q.off {
		return nil
	}
	if b.filled.IsZero() {
		b.filled = now
	}
	if elapsed := now.Sub(b.filled); elapsed > 0 {
		b.tokens = min(b.Rate, b.tokens+elapsed.Seconds()*b.Rate)
		b.filled = now
	}
	if b.tokens < 1 {
		return Throttled(service)
	}
	b.tokens--
	return nil
}

// Throttled is how a service says that too many requests came. Lambda: TooManyRequestsException, 429 with Retry-After
// (API Reference, errors of every operation). SQS: RequestThrottled, 403 (the same). CloudWatch: Throttling, 400 (API Reference, "Common Errors"). STS:
// Throttling, 400.
func Throttled(service string) error {
	if service == "lambda" {
		return &types.TooManyRequestsException{
			Message:           aws.String("Rate exceeded"),
			Reason:            types.ThrottleReasonCallerRateLimitExceeded,
			Type:              aws.String("User"),
			RetryAfterSeconds: aws.String("1"),
		}
	}
	if service == "sqs" {
		return &sqstypes.RequestThrottled{Message: aws.String("Request is throttled.")}
	}
	return &wire.Error{Code: "ThrottlingException", QueryCode: "Throttling", Message: "Rate exceeded", Status: http.StatusBadRequest}
}
