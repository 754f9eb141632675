package approval

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

const (
	planUID     = "5f0c2a4e-7f4b-4c1e-9a55-0d6f5b1c2d3e"
	functionARN = "arn:aws:lambda:us-east-1:123456789012:function:react-stocks-api"
)

var planned = time.Date(2026, 3, 2, 14, 30, 0, 0, time.UTC)

// examplePlan returns a plan in which every field and every list has something.
func examplePlan() v1alpha1.Plan {
	perMinute := v1alpha1.Number("1200.5")
	return v1alpha1.Plan{
		Number:    3,
		Digest:    "sha256:0000000000000000000000000000000000000000000000000000000000000000",
		Summary:   "reserved concurrency 10 → 20",
		AccountID: "123456789012", Region: "us-east-1",
		RoleARN: "arn:aws:iam::123456789012:role/runbook-operator",
		Calls: []v1alpha1.PlannedCall{{
			Call: v1alpha1.Call{
				Operation: "lambda:PutFunctionConcurrency", ResourceARN: functionARN,
				Writes: []v1alpha1.Field{{Name: "ReservedConcurrentExecutions", Value: ptr.To("20")}},
			},
			Before: []v1alpha1.Field{
				{Name: "ReservedConcurrentExecutions", Value: ptr.To("10")},
				{Name: "UnreservedConcurrentExecutions", Value: ptr.To("<990>&")},
			},
			Inverse: v1alpha1.Call{
				Operation: "lambda:PutFunctionConcurrency", ResourceARN: functionARN,
				Writes: []v1alpha1.Field{{Name: "ReservedConcurrentExecutions", Value: ptr.To("10")}},
			},
			Observe: "GetFunctionConcurrency",
		}},
		Verification: v1alpha1.PlannedVerification{
			Alarms: []string{"react-stocks-errors", "react-stocks-throttles"}, SettleSeconds: 120,
			WindowSeconds: 900, PeriodSeconds: 60, FailureLimit: 2,
		},
		OnFailure: v1alpha1.OnFailureHold, ExpiresAfterSeconds: 7200, RevertUntilSeconds: 86400,
		PolicyDigest: "sha256:1111111111111111111111111111111111111111111111111111111111111111",
		Warnings:     []string{"the account has 40 executions left"},
		Cost:         "no charge for reserved concurrency",
		BlastRadius:  &v1alpha1.BlastRadius{RequestsPerMinute: &perMinute, Message: "nobody else"},
		Replaces:     "plan 2 expired at 2026-03-02T14:30:00Z",
		PlannedAt:    metav1.NewTime(planned), ExpiresAt: metav1.NewTime(planned.Add(30 * time.Minute)),
	}
}
