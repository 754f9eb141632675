package sim_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lm "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/traffic"
)

func TestAnUpdateMayFailAfterItWasAccepted(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{Name: function, MemorySize: 512, Timeout: 5, Code: "v1"})
	h.arrive(traffic.Workload{Arrivals: traffic.Steady(10), Duration: traffic.Steady(8)})
	id := h.Faults().Add(faults.Rule{
		Action: "lambda:UpdateFunctionConfiguration", Times: 1,
		Effect: faults.UpdateFails("InsufficientRolePermissions", "The role has no permission."),
	})
	before := h.config("")
	h.g.Expect(h.update(&lm.UpdateFunctionConfigurationInput{Timeout: aws.Int32(60)})).To(Succeed())
	during := h.config("")
	h.g.Expect(during.LastUpdateStatus).To(Equal(types.LastUpdateStatusInProgress))
	h.g.Expect(h.Faults().Fired(id)).To(Equal(1))
	h.pass(5 * time.Second)
	after := h.config("")
	h.g.Expect(after.LastUpdateStatus).To(Equal(types.LastUpdateStatusFailed))
	h.g.Expect(after.LastUpdateStatusReasonCode).To(Equal(types.LastUpdateStatusReasonCodeInsufficientRolePermissions))
	h.g.Expect(aws.ToString(after.LastUpdateStatusReason)).To(Equal("The role has no permission."))
	h.g.Expect(after.State).To(Equal(types.StateActive), "the function is invoked as before")
	h.g.Expect(aws.ToInt32(after.Timeout)).To(BeEquivalentTo(60))
	h.g.Expect(after.RevisionId).NotTo(Or(Equal(before.RevisionId), Equal(during.RevisionId)))
	h.pass(10 * time.Minute)
	h.g.Expect(h.values("Duration", "Maximum", 1)).To(beEqualTo(5000), "it runs what it ran before")

	h.g.Expect(h.update(&lm.UpdateFunctionConfigurationInput{Timeout: aws.Int32(60)})).To(Succeed())
	h.pass(5 * time.Second)
	h.g.Expect(h.config("").LastUpdateStatus).To(Equal(types.LastUpdateStatusSuccessful))
	h.g.Expect(h.config("").LastUpdateStatusReason).To(BeNil())
	h.pass(10 * time.Minute)
	h.g.Expect(h.values("Duration", "Maximum", 1)).To(beEqualTo(8000))
}

func TestALateUpdateMayFailToo(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	h.Faults().Add(faults.Rule{Action: "lambda:Update*", Times: 1, Effect: faults.UpdateFails("InternalError", "An internal error occurred.")})
	h.abandon("lambda:Update*", time.Minute, func(ctx context.Context) error {
		_, err := h.lambda.UpdateFunctionConfiguration(ctx, &lm.UpdateFunctionConfigurationInput{FunctionName: aws.String(function), Timeout: aws.Int32(60)})
		return err
	})
	h.pass(time.Minute)
	h.g.Expect(h.config("").LastUpdateStatus).To(Equal(types.LastUpdateStatusInProgress))
	h.pass(10 * time.Second)
	h.g.Expect(h.config("").LastUpdateStatus).To(Equal(types.LastUpdateStatusFailed))
}
