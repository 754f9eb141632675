package action

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

func n(v int32) *int32 { return &v }

func TestReservedConcurrencyIsRaised(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Throttling, sim.Options{})
	w.clock.Step(8 * time.Minute)
	where := target(reactstocks.BackendFunction, reactstocks.Alias, "")
	where.Now = w.clock.Now()
	p := w.plan(t, setReservedConcurrency{}, example{reserve(200), where})
	arn := w.FunctionARN(reactstocks.BackendFunction)
	before, after := "100", "200"
	g.Expect(p.Summary).To(Equal("reserved concurrency 100 → 200"))
	g.Expect(p.Calls).To(Equal([]v1alpha1.PlannedCall{{
		Call:    v1alpha1.Call{Operation: "lambda:PutFunctionConcurrency", ResourceARN: arn, Writes: []v1alpha1.Field{{Name: "ReservedConcurrentExecutions", Value: &after}}},
		Before:  []v1alpha1.Field{{Name: "ReservedConcurrentExecutions", Value: &before}},
		Inverse: v1alpha1.Call{Operation: "lambda:PutFunctionConcurrency", ResourceARN: arn, Writes: []v1alpha1.Field{{Name: "ReservedConcurrentExecutions", Value: &before}}},
		Observe: "lambda:GetFunction shows ReservedConcurrentExecutions 200 and LastUpdateStatus Successful",
	}}))
	g.Expect(p.UsesConcurrencyPool).To(BeTrue())
	g.Expect(string(*p.BlastRadius.RequestsPerMinute)).To(MatchRegexp(`^\d+$`), "no more digits than a person reads")
	g.Expect(p.BlastRadius.Message).To(Equal("the concurrency that the functions without a reservation share (at most the 2 other functions of the account) shrinks from 900 to 800" +
		"; the requests a minute are the mean of the last 15 minutes, with those that were throttled"))
	g.Expect(p.TemplatePatch).To(Equal("Resources.ReactStocksFunction.Properties.ReservedConcurrentExecutions: 200 (stack react-stocks-backend-prod)"))
	g.Expect(p.Warnings).To(ConsistOf(ContainSubstring("assumed to be 100")))
	g.Expect(w.Ledger().Count(ledger.ByAction("cloudwatch:GetMetricData"))).To(Equal(1), "all metrics in one call")
}

func TestAReservationThatIsNewIsRemovedByItsInverse(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	p := w.plan(t, setReservedConcurrency{}, example{reserve(50), target(reactstocks.NewsSyncFunction, "", "")})
	c := p.Calls[0]
	g.Expect(p.Summary).To(Equal("reserved concurrency none → 50"))
	g.Expect(c.Before).To(Equal([]v1alpha1.Field{{Name: "ReservedConcurrentExecutions"}}))
	g.Expect(c.Inverse.Operation).To(Equal("lambda:DeleteFunctionConcurrency"))
	g.Expect(p.Warnings).To(ContainElement(ContainSubstring("this also caps it")))
	w.apply(t, setReservedConcurrency{}, c.Call)
	w.apply(t, setReservedConcurrency{}, c.Inverse)
	g.Expect(w.Ledger().Count(ledger.ByAction("lambda:DeleteFunctionConcurrency"), ledger.Changed())).To(Equal(1))
}

func TestTheGuardOfReservedConcurrencyRefuses(t *testing.T) {
	backend, news := reactstocks.BackendFunction, reactstocks.NewsSyncFunction
	for _, c := range []struct {
		name     string
		function string
		reserved *int32
		limit    int
		floor    *int32
		value    int32
		reason   string
		message  string
	}{
		{"an emergency stop", backend, n(0), 0, nil, 200, "EmergencyStop", "somebody switched it off"},
		{"the present value", backend, n(100), 0, nil, 100, "NothingToChange", "is 100 already"},
		{"less than now", backend, n(100), 0, nil, 50, "NoHeadroom", "moves against its intent"},
		{"a cap below the use", news, nil, 0, nil, 2, "PeakDoesNotFit", "would cap it"},
		{"beyond the assumed floor", backend, n(100), 0, nil, 901, "UnreservedFloor", "ask for at most 900"},
		{"beyond the configured floor", backend, n(100), 0, n(300), 701, "UnreservedFloor", "below the 300 that AWS keeps (spec.lambda.unreservedConcurrencyFloor"},
		{"what others use", backend, n(100), 0, n(0), 999, "UnreservedFloor", "the other functions of the account used up to"},
		{"what others use, without a reservation of its own", news, nil, 0, n(0), 895, "UnreservedFloor", "the other functions of the account used up to"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			w := newWorld(t, reactstocks.Steady, sim.Options{ConcurrentExecutions: c.limit})
			if c.reserved != nil {
				g.Expect(w.session.Lambda.PutFunctionConcurrency(t.Context(), c.function, *c.reserved)).To(Succeed())
			}
			before := w.StateHash()
			where := target(c.function, "", "")
			where.UnreservedFloor = c.floor
			_, err := setReservedConcurrency{}.Plan(t.Context(), w.session, where, reserve(c.value))
			f := fault.From(err)
			g.Expect(f.Class).To(Equal(fault.Terminal))
			g.Expect(f.Reason).To(Equal(c.reason))
			g.Expect(f.Message).To(ContainSubstring(c.message))
			g.Expect(w.StateHash()).To(Equal(before))
		})
	}
}

func TestTheFloorIsWhereAWSHasIt(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{UnreservedFloor: 50})
	where := target(reactstocks.BackendFunction, "", "")
	where.UnreservedFloor = n(50)
	a := setReservedConcurrency{}
	p := w.plan(t, a, example{reserve(950), where})
	g.Expect(p.Warnings).To(BeEmpty())
	w.apply(t, a, p.Calls[0].Call)

	where.UnreservedFloor = n(0) // wrong: AWS keeps 50, and its refusal is the last guard
	p, err := a.Plan(t.Context(), w.session, where, reserve(960))
	g.Expect(err).NotTo(HaveOccurred())
	f := fault.From(a.Apply(t.Context(), w.session, p.Calls[0].Call, ""))
	g.Expect(f.Reason).To(Equal("UnreservedFloor"))
	g.Expect(f.Refused).To(BeTrue())
	g.Expect(f.Message).To(ContainSubstring("at least 50 unreserved"))
}

func TestACapNeedsToKnowTheUse(t *testing.T) {
	g := NewWithT(t)
	unreserved, reserved := aws.Function{Name: "f"}, aws.Function{Name: "f", ReservedConcurrency: n(10)}
	g.Expect(fault.From(guardPeak(unreserved, use{}, 500)).Reason).To(Equal("PeakDoesNotFit"))
	g.Expect(guardPeak(reserved, use{}, 500)).To(Succeed(), "raising a cap takes nothing away")
	g.Expect(guardPeak(unreserved, use{peak: n(500)}, 500)).To(Succeed())
	g.Expect(fault.From(guardPeak(unreserved, use{peak: n(501)}, 500)).Reason).To(Equal("PeakDoesNotFit"))
	g.Expect(fault.From(guardPeak(reserved, use{peak: n(501)}, 500)).Reason).To(Equal("PeakDoesNotFit"))
	settings := aws.AccountSettings{ConcurrentExecutions: 1000, UnreservedConcurrentExecutions: 900}
	g.Expect(reservedWarnings(unreserved, settings, use{peak: n(500), throttled: 3, pool: n(1)}, n(0))).To(ContainElement(ContainSubstring("not what it needed")))
	g.Expect(reservedWarnings(reserved, settings, use{}, n(0))).To(ConsistOf(ContainSubstring("no data about the use of the unreserved concurrency")))
}

func TestOthersUseIsWhatTheFunctionCannotHaveUsed(t *testing.T) {
	g := NewWithT(t)
	at := func(minute int, v float64) aws.Datapoint {
		return aws.Datapoint{At: epoch.Add(time.Duration(minute) * time.Minute), Value: v}
	}
	rest := less(aws.Series{at(0, 300), at(1, 500), at(2, 80)}, aws.Series{at(0, 250), at(1, 400), at(2, 90)})
	g.Expect(rest).To(Equal(aws.Series{at(0, 50), at(1, 100), at(2, 0)}))
	g.Expect(*peakOf(rest)).To(BeEquivalentTo(100))
	g.Expect(*peakOf(less(aws.Series{at(0, 300)}, nil))).To(BeEquivalentTo(300), "without data nothing is taken off")
	g.Expect(peakOf(nil)).To(BeNil())
}

func TestAnUpdateInProgressWaitsAndAFailedOneIsRefused(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	fn, err := w.session.Lambda.Function(t.Context(), reactstocks.NewsSyncFunction)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(w.session.Lambda.SetTimeout(t.Context(), fn.Name, 20, fn.RevisionID)).To(Succeed())
	for _, want := range []v1alpha1.Action{reserve(50), timeout(45)} {
		a, ok := Get(want.Name())
		g.Expect(ok).To(BeTrue())
		_, err = a.Plan(t.Context(), w.session, target(fn.Name, "", "1m"), want)
		f := fault.From(err)
		g.Expect(f.Class).To(Equal(fault.Waiting))
		g.Expect(f.Reason).To(Equal("UpdateInProgress"))
		g.Expect(f.After).To(BeNumerically(">", 0))
	}
	fn.LastUpdateStatus = aws.UpdateFailed
	g.Expect(fault.From(settled(fn)).Class).To(Equal(fault.Terminal))
	g.Expect(fault.From(settled(fn)).Reason).To(Equal("UpdateFailed"))
	fn.LastUpdateStatus = "Unknown"
	g.Expect(fault.From(settled(fn)).Class).To(Equal(fault.Waiting), "what is not known to be settled is not")
}

func TestAFunctionWhoseTagsAreHiddenIsWarnedAbout(t *testing.T) {
	g := NewWithT(t)
	g.Expect(tagWarnings(aws.Function{TagsDenied: true})).To(ConsistOf(ContainSubstring("lambda:ListTags")))
	g.Expect(tagWarnings(aws.Function{})).To(BeEmpty())
	g.Expect(templatePatch(aws.Function{}, fieldTimeout, 5)).To(BeEmpty())
}
