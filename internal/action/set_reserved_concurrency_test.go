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
	p := w.plan(t, setReservedConcurrency{}, example{want: reserve(200), target: where})
	arn := w.FunctionARN(reactstocks.BackendFunction)
	before, after := "100", "200"
	g.Expect(p.Summary).To(Equal("reserved concurrency 100 → 200"))
	g.Expect(p.Calls).To(Equal([]v1alpha1.PlannedCall{{
		Call:    v1alpha1.Call{Operation: "lambda:PutFunctionConcurrency", ResourceARN: arn, Writes: []v1alpha1.Field{{Name: "ReservedConcurrentExecutions", Value: &after}}},
		Before:  []v1alpha1.Field{{Name: "ReservedConcurrentExecutions", Value: &before}},
		Inverse: v1alpha1.Call{Operation: "lambda:PutFunctionConcurrency", ResourceARN: arn, Writes: []v1alpha1.Field{{Name: "ReservedConcurrentExecutions", Value: &before}}},
		Observe: "lambda:GetFunction shows ReservedConcurrentExecutions 200 and LastUpdateStatus Successful",
	}}))
	g.Expect(setReservedConcurrency{}.UsesConcurrencyPool()).To(BeTrue())
	g.Expect(string(*p.BlastRadius.RequestsPerMinute)).To(MatchRegexp(`^\d+$`), "no more digits than a person reads")
	g.Expect(p.BlastRadius.Message).To(Equal("the concurrency that the functions without a reservation share (at most the 2 other functions of the account) shrinks from 900 to 800" +
		"; the requests a minute are the mean of the last 15 minutes, with those that were throttled"))
	g.Expect(p.TemplatePatch).To(Equal("Resources.ReactStocksFunction.Properties.ReservedConcurrentExecutions: 200 (stack react-stocks-backend-prod)"))
	g.Expect(p.Warnings).To(Equal([]string{"the unreserved concurrency that AWS keeps is assumed to be 100: no AWS API returns it; set spec.lambda.unreservedConcurrencyFloor of the AWSAccount"}))
	g.Expect(p.Cost).To(Equal("estimate: a reservation has no charge of its own; executions that are no longer throttled are billed like every other (AWS Lambda pricing, as of November 2026)"))
	g.Expect(w.Ledger().Count(ledger.ByAction("cloudwatch:GetMetricData"))).To(Equal(1), "all metrics in one call")
}

func TestAReservationThatIsNewIsRemovedByItsInverse(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	p := w.plan(t, setReservedConcurrency{}, example{want: reserve(50), target: target(reactstocks.NewsSyncFunction, "", "")})
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
		{"the present value", backend, n(100), 0, nil, 100, "NothingToChange", "is 100 already: if that is too little, ask for more in a new Remediation, at most 900"},
		{"the present value, with nothing left", backend, n(100), 0, n(900), 100, "NoHeadroom", "has 100 reserved, and nothing more can be reserved for it: 900 of the account's 1000 concurrent executions are unreserved, and AWS keeps 900 of them (spec.lambda.unreservedConcurrencyFloor of the AWSAccount); lower a reservation"},
		{"less than now", backend, n(100), 0, nil, 50, "NoHeadroom", "moves against its intent: ask for more than 100 in a new Remediation, at most 900"},
		{"less than now, with nothing left", backend, n(100), 0, n(901), 99, "NoHeadroom", "has 100 reserved, and nothing more can be reserved for it"},
		{"more than now, with nothing left", backend, n(900), 0, nil, 901, "NoHeadroom", "has 900 reserved, and nothing more can be reserved for it: 100 of the account's 1000 concurrent executions are unreserved, and AWS keeps 100 of them (assumed"},
		{"a cap below the use", news, nil, 0, nil, 2, "PeakDoesNotFit", "would cap it"},
		{"a reservation of a function that uses more than can be reserved", news, nil, 0, n(900), 10, "NoHeadroom", "and no more than 0 can be reserved for it"},
		{"beyond the assumed floor", backend, n(100), 0, nil, 901, "UnreservedFloor", "99 unreserved executions would be left of the account's 1000, below the 100 that AWS keeps (assumed, as no AWS API returns it: set spec.lambda.unreservedConcurrencyFloor of the AWSAccount if it is lower): ask for at most 900 in a new Remediation"},
		{"beyond the configured floor", backend, n(100), 0, n(300), 701, "UnreservedFloor", "below the 300 that AWS keeps (spec.lambda.unreservedConcurrencyFloor of the AWSAccount): ask for at most 700 in"},
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
	p := w.plan(t, a, example{want: reserve(950), target: where})
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

// thousand is an account of 1000 concurrent executions, of which 900 are unreserved and 100 the reserved function's.
func thousand(reserved *int32, seen use, floor int32) room {
	return room{
		fn: aws.Function{Name: "f", ReservedConcurrency: reserved}, seen: seen, configured: &floor,
		settings: aws.AccountSettings{ConcurrentExecutions: 1000, UnreservedConcurrentExecutions: 900, FunctionCount: 8},
	}
}

func TestACapNeedsToKnowTheUse(t *testing.T) {
	g := NewWithT(t)
	unreserved := func(seen use) room { return thousand(nil, seen, 0) }
	reserved := func(seen use) room { return thousand(n(100), seen, 0) }
	g.Expect(unreserved(use{}).guard(500)).To(MatchError("PeakDoesNotFit: function f has no reservation, so 500 would cap it, and there are no data about its use in the last hour to say that this is enough"))
	g.Expect(reserved(use{}).guard(500)).To(Succeed(), "raising a cap takes nothing away")
	g.Expect(unreserved(use{peak: n(500)}).guard(500)).To(Succeed())
	g.Expect(unreserved(use{peak: n(501)}).guard(500)).To(MatchError("PeakDoesNotFit: function f ran up to 501 executions at once in the last hour, so a reservation of 500 would cap it: ask for at least 501 in a new Remediation, at most 900"))
	g.Expect(fault.From(reserved(use{peak: n(501)}).guard(500)).Reason).To(Equal("PeakDoesNotFit"))
}

func TestThePoolKeepsWhatAWSKeepsAndWhatTheOtherFunctionsUse(t *testing.T) {
	// The pool was used by 700, of which 300 can have been of others where the function itself has no reservation.
	seen := use{peak: n(400), pool: n(700), others: n(300)}
	full := use{peak: n(100), pool: n(700), others: n(300)} // of a function that has 100 reserved
	for name, c := range map[string]struct {
		room  room
		value int32
		says  string // empty: it is let through
	}{
		"a new reservation leaves what others used": {thousand(nil, seen, 100), 600, ""},
		"and no more than that": {thousand(nil, seen, 100), 601,
			"UnreservedFloor: 299 unreserved executions would be left, but the other functions of the account used up to 300 of them at once in the last hour: they would be throttled; ask for at most 600 in a new Remediation, or for a higher concurrency quota"},
		"a higher one leaves what the whole pool used, which is others": {thousand(n(100), full, 100), 300, ""},
		"and no more than that either": {thousand(n(100), full, 100), 301,
			"UnreservedFloor: 699 unreserved executions would be left, but the other functions of the account used up to 700 of them at once in the last hour: they would be throttled; ask for at most 300 in a new Remediation, or for a higher concurrency quota"},
		"without data about others the floor is kept": {thousand(n(100), use{}, 100), 900, ""},
		"the floor": {thousand(n(100), use{}, 100), 901,
			"UnreservedFloor: 99 unreserved executions would be left of the account's 1000, below the 100 that AWS keeps (spec.lambda.unreservedConcurrencyFloor of the AWSAccount): ask for at most 900 in a new Remediation"},
		"below both, what is asked for instead keeps both": {thousand(n(100), full, 800), 900,
			"UnreservedFloor: 100 unreserved executions would be left of the account's 1000, below the 800 that AWS keeps (spec.lambda.unreservedConcurrencyFloor of the AWSAccount): ask for at most 200 in a new Remediation"},
		"a reservation that was set too low within the hour, and cannot be raised as far as the function ran": {thousand(n(100), seen, 100), 200,
			"NoHeadroom: function f ran up to 400 executions at once in the last hour, and no more than 300 can be reserved for it: 900 of the account's 1000 concurrent executions are unreserved, and the other functions used up to 700 at once in the last hour; lower a reservation that another function does not use, or have whoever administers the AWS account request more (Service Quotas, AWS Lambda, Concurrent executions; it can take 24 to 48 hours), then create a Remediation"},
		"others use all of it": {thousand(n(100), use{pool: n(900)}, 100), 150,
			"NoHeadroom: function f has 100 reserved, and nothing more can be reserved for it: 900 of the account's 1000 concurrent executions are unreserved, and the other functions used up to 900 at once in the last hour; lower a reservation that another function does not use, or have whoever administers the AWS account request more (Service Quotas, AWS Lambda, Concurrent executions; it can take 24 to 48 hours), then create a Remediation"},
		"others leave less than the function itself used": {thousand(nil, use{peak: n(400), others: n(600)}, 100), 400,
			"NoHeadroom: function f ran up to 400 executions at once in the last hour, and no more than 300 can be reserved for it: 900 of the account's 1000 concurrent executions are unreserved, and the other functions used up to 600 at once in the last hour; lower a reservation that another function does not use, or have whoever administers the AWS account request more (Service Quotas, AWS Lambda, Concurrent executions; it can take 24 to 48 hours), then create a Remediation"},
		"and that is said also where less was asked for": {thousand(nil, use{peak: n(400), others: n(600)}, 100), 300,
			"NoHeadroom: function f ran up to 400 executions at once in the last hour, and no more than 300 can be reserved for it: 900 of the account's 1000 concurrent executions are unreserved, and the other functions used up to 600 at once in the last hour; lower a reservation that another function does not use, or have whoever administers the AWS account request more (Service Quotas, AWS Lambda, Concurrent executions; it can take 24 to 48 hours), then create a Remediation"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			if err := c.room.guard(c.value); c.says == "" {
				g.Expect(err).NotTo(HaveOccurred())
			} else {
				g.Expect(err).To(MatchError(c.says))
			}
		})
	}
}

func TestWhoApprovesAReservationReadsWhatItTakesAndWhatIsNotKnown(t *testing.T) {
	g := NewWithT(t)
	offered := 90.0
	r := thousand(nil, use{peak: n(500), pool: n(700), others: n(200), offered: &offered, throttled: 3}, 0)
	g.Expect(r.warnings()).To(Equal([]string{
		"the function has no reservation now: this also caps it, and it no longer uses the account's unreserved concurrency",
		"requests were throttled in the last 15 minutes: the peak of 500 is what the function got, not what it needed",
	}))
	g.Expect(r.radius(550).Message).To(Equal("the concurrency that the functions without a reservation share (at most the 7 other functions of the account) shrinks from 900 to 350" + offeredMean))
	g.Expect(*r.radius(550).RequestsPerMinute).To(BeEquivalentTo("90"))
	r = thousand(n(100), use{}, 0)
	r.configured = nil
	g.Expect(r.warnings()).To(Equal([]string{
		"the unreserved concurrency that AWS keeps is assumed to be 100: no AWS API returns it; set spec.lambda.unreservedConcurrencyFloor of the AWSAccount",
		"there are no data about the use of the unreserved concurrency in the last hour",
	}))
	g.Expect(r.radius(550).Message).To(HaveSuffix("shrinks from 900 to 450"), "what the function has already is not taken again")
	g.Expect(r.radius(550).RequestsPerMinute).To(BeNil(), "no data are not zero")
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
