package sim_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	lm "github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
)

// seen is what every read of Lambda says of the function, and of the account.
type seen struct {
	Reserved, Concurrency, Unreserved, Limit, Timeout, Configured, Listed int32
	Tags, Owned                                                           map[string]string
	Functions                                                             int
}

func (h *harness) seen() seen {
	h.t.Helper()
	ctx, name := h.t.Context(), aws.String(function)
	f, err := h.lambda.GetFunction(ctx, &lm.GetFunctionInput{FunctionName: name})
	h.g.Expect(err).NotTo(HaveOccurred())
	account, err := h.lambda.GetAccountSettings(ctx, &lm.GetAccountSettingsInput{})
	h.g.Expect(err).NotTo(HaveOccurred())
	tags, err := h.lambda.ListTags(ctx, &lm.ListTagsInput{Resource: aws.String(h.FunctionARN(function))})
	h.g.Expect(err).NotTo(HaveOccurred())
	all, err := h.lambda.ListFunctions(ctx, &lm.ListFunctionsInput{})
	h.g.Expect(err).NotTo(HaveOccurred())
	s := seen{
		Reserved: -1, Concurrency: h.reserved(), Unreserved: aws.ToInt32(account.AccountLimit.UnreservedConcurrentExecutions),
		Limit: account.AccountLimit.ConcurrentExecutions, Timeout: aws.ToInt32(f.Configuration.Timeout),
		Configured: aws.ToInt32(h.config("").Timeout), Tags: f.Tags, Owned: tags.Tags, Functions: len(all.Functions),
	}
	if f.Concurrency != nil {
		s.Reserved = aws.ToInt32(f.Concurrency.ReservedConcurrentExecutions)
	}
	for _, f := range all.Functions {
		if aws.ToString(f.FunctionName) == function {
			s.Listed = aws.ToInt32(f.Timeout)
		}
	}
	h.g.Expect(account.AccountUsage.FunctionCount).To(BeEquivalentTo(len(all.Functions)))
	return s
}

func TestStaleReadsSeeOneMomentOfTheWholeAccount(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{
		Name: function, MemorySize: 512, Timeout: 30, Code: "v1", Tags: map[string]string{"app": "orders"},
	})
	h.pass(10 * time.Minute)
	before := h.seen()
	h.pass(time.Second)
	h.g.Expect(h.reserve(300)).To(Succeed())
	h.g.Expect(h.update(&lm.UpdateFunctionConfigurationInput{Timeout: aws.Int32(60)})).To(Succeed())
	_, err := h.lambda.TagResource(t.Context(), &lm.TagResourceInput{Resource: aws.String(h.FunctionARN(function)), Tags: map[string]string{"new": "tag"}})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.SetConcurrencyLimit(3000)
	h.PutFunction(lambda.Function{Name: "neighbour", MemorySize: 128, Timeout: 3, Code: "n", ReservedConcurrency: aws.Int32(7)})
	h.pass(time.Second)
	after := h.seen()
	h.g.Expect(after).NotTo(Equal(before))
	h.pass(time.Second)
	id := h.Faults().Add(faults.Rule{Action: "*", Effect: faults.Effect{Stale: time.Minute}})
	h.g.Expect(h.seen()).To(Equal(before))
	h.g.Expect(h.Faults().Fired(id)).To(Equal(6))
	h.pass(time.Minute)
	h.g.Expect(h.seen()).To(Equal(after))
}

func TestADeletedFunctionIsStillThereForStaleReads(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	h.pass(10 * time.Minute)
	h.RemoveFunction(function)
	h.pass(time.Second)
	get := func() error {
		_, err := h.lambda.GetFunction(t.Context(), &lm.GetFunctionInput{FunctionName: aws.String(function)})
		return err
	}
	id := h.Faults().Add(faults.Rule{Action: "lambda:Get*", Effect: faults.Effect{Stale: 10 * time.Second}})
	h.g.Expect(get()).To(Succeed())
	h.pass(time.Minute)
	h.PutFunction(lambda.Function{Name: function, MemorySize: 128, Timeout: 3, Code: "anew"})
	h.pass(time.Second)
	h.g.Expect(code(get())).To(Equal("ResourceNotFoundException"))
	h.Faults().Remove(id)
	h.g.Expect(get()).To(Succeed())
}

func TestStalenessCountsOnlyForCallsThatCanBeStale(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	id := h.Faults().Add(faults.Rule{Action: "*", Times: 1, Effect: faults.Effect{Stale: time.Minute}})
	h.g.Expect(h.reserve(50)).To(Succeed())
	_, err := h.cloudwatch.DescribeAlarms(t.Context(), &cw.DescribeAlarmsInput{})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(h.Faults().Fired(id)).To(BeZero(), "neither a change nor alarms are served stale")
	h.pass(time.Second)
	h.g.Expect(h.reserved()).To(BeEquivalentTo(-1))
	h.g.Expect(h.Faults().Fired(id)).To(Equal(1))
	h.g.Expect(h.reserved()).To(BeEquivalentTo(50))
}
