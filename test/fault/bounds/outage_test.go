//go:build fault

package bounds

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
)

const (
	// away is how long AWS does not answer.
	away = 10 * time.Minute
	// perMinute is how many calls a minute that costs at most, of all services together.
	perMinute = 60
	// moving is within what everything goes on after AWS answers again, world time.
	moving = 30 * time.Second
)

// The applications of an outage, by what becomes of them before and during it. Changes of one account come one after the
// other: of one call at a time nobody knows what became of it.
const (
	deciding = 6 // whose plans wait for people, who approve while AWS is away
	looking  = 8 // whose Incidents were opened and could not be investigated
	silent   = 4 // whose alarms fire while AWS is away
)

// stages are applications in every stage of an incident at the moment at which AWS goes away.
type stages struct {
	*fleet
	changing                  string
	deciding, looking, silent []string
}

// newStages brings a fleet so far that plans wait.
func newStages() *stages {
	GinkgoHelper()
	f := newFleet(1+deciding+looking+silent, env.Options{}, withQueue)
	s := &stages{fleet: f, changing: f.names[0], deciding: f.names[1 : 1+deciding]}
	s.looking = f.names[1+deciding : 1+deciding+looking]
	s.silent = f.names[1+deciding+looking:]
	first := f.names[:1+deciding]
	f.storm(first...)
	f.firing(first...)
	f.until("plans wait for approval", 10*time.Minute, func() bool { return f.waiting() == len(first) })
	return s
}

// open lets further Incidents be opened of which nobody can read the metrics.
func (s *stages) open() {
	GinkgoHelper()
	unread := s.World.Faults().Add(faults.Rule{Action: "cloudwatch:GetMetricData", Effect: faults.Effect{Throttle: true}})
	s.storm(s.looking...)
	s.firing(s.looking...)
	s.until("Incidents are open", 2*time.Minute, func() bool { return len(s.incidents()) == 1+deciding+looking })
	s.World.Faults().Remove(unread)
}

// lose lets a change take effect without an answer and without being seen, and returns when.
func (s *stages) lose() {
	GinkgoHelper()
	lost := s.World.Faults().Add(faults.Rule{Action: "lambda:PutFunctionConcurrency", Effect: faults.Effect{ResetAfter: true}})
	unseen := s.World.Faults().Add(faults.Rule{Action: "lambda:GetFunction", Effect: faults.Effect{Stale: time.Minute}})
	s.approve(*s.of(s.changing))
	s.until("a change was made of which nobody knows", 5*time.Minute, func() bool { return len(s.changed()) > 0 })
	s.World.Faults().Remove(lost)
	s.World.Faults().Remove(unseen)
	Expect(s.outcome()).To(Equal(v1alpha1.OutcomeUnknown))
}

// outcome is what is known of the change that was lost.
func (s *stages) outcome() v1alpha1.Outcome {
	GinkgoHelper()
	intents := s.of(s.changing).Status.Intents
	Expect(intents).To(HaveLen(1))
	return intents[0].Outcome
}

// unread returns the applications whose Incidents have gaps, and not enough beside them to propose a change, and which.
func (s *stages) unread() []string {
	GinkgoHelper()
	var out []string
	for _, inc := range s.incidents() {
		gaps := conditions.Reason(inc.Status.Conditions, v1alpha1.ConditionInvestigated) != v1alpha1.ReasonComplete
		if gaps && s.of(inc.Spec.ApplicationRef.Name) == nil {
			out = append(out, inc.Spec.ApplicationRef.Name+": "+meta.FindStatusCondition(inc.Status.Conditions, v1alpha1.ConditionInvestigated).Message)
		}
	}
	return out
}

// kept returns what Remediations say that AWS keeps back.
func (s *stages) kept() []string {
	GinkgoHelper()
	var out []string
	for _, rem := range s.remediations() {
		if c := meta.FindStatusCondition(rem.Status.Conditions, v1alpha1.ConditionApplied); c != nil && c.Reason == v1alpha1.ReasonAWSUnavailable {
			out = append(out, rem.Spec.ApplicationRef.Name+": "+c.Message)
		}
	}
	return out
}

// endure lets the outage pass: alarms fire meanwhile, people approve, and the calls are counted.
func (s *stages) endure(began time.Time) {
	GinkgoHelper()
	s.storm(s.silent...)
	mark := s.World.Ledger().Len()
	for minute := range int(away / time.Minute) {
		from := s.World.Ledger().Len()
		Expect(s.Driver.RunFor(s.ctx, began.Add(time.Duration(minute+1)*time.Minute).Sub(s.Clock.Now()))).To(Succeed())
		seen := s.World.Ledger().Entries(ledger.After(from), mine)
		GinkgoWriter.Printf("minute %d of the outage: %s\n", minute+1, tally(seen))
		Expect(len(seen)).To(BeNumerically("<=", perMinute), "calls in minute %d", minute+1)
		if minute == 2 {
			for _, name := range s.deciding {
				s.approve(*s.of(name))
			}
		}
	}
	Expect(s.World.Ledger().Entries(ledger.After(mark), ledger.Changed(), mine)).To(BeEmpty())
}

var _ = Describe("An outage of ten minutes", func() {
	It("of all of AWS costs few calls, and everything moves soon after it", func() {
		s := newStages()
		s.open()
		s.lose()
		Expect(s.unread()).NotTo(BeEmpty())
		s.World.Outage("*", away, faults.Unavailable())
		began := s.Clock.Now()
		s.endure(began)
		Expect(s.outcome()).To(Equal(v1alpha1.OutcomeUnknown))

		Expect(s.Driver.RunFor(s.ctx, moving)).To(Succeed())
		GinkgoWriter.Println("since it is over:", tally(s.World.Ledger().Entries(mine, func(e ledger.Entry) bool { return !e.At.Before(began.Add(away)) })))
		s.expectMoving()
		s.took("what was approved is changed", 15*time.Minute, func() bool { return s.applied() == 1+deciding })
		Expect(s.changed()).To(HaveLen(1+deciding), "each once")
	})

	It("of Lambda alone does not keep Incidents from being opened", func() {
		s := newStages()
		s.World.Outage("lambda", away, faults.Unavailable())
		s.storm(s.silent...)
		s.firing(s.silent...)
		s.took("Incidents are open", moving, func() bool { return len(s.incidents()) == 1+deciding+silent })
	})

	It("of CloudWatch alone does not keep an outcome from being read back", func() {
		s := newStages()
		s.lose()
		s.World.Outage("cloudwatch", away, faults.Effect{ResetBefore: true})
		s.took("the outcome is known", moving, func() bool { return s.outcome() == v1alpha1.OutcomeApplied })
	})

	It("of the queue alone does not keep Incidents from being opened", func() {
		s := newStages()
		s.World.Outage("sqs", away, faults.Unavailable())
		s.storm(s.silent...)
		s.firing(s.silent...)
		s.took("Incidents are open", moving, func() bool { return len(s.incidents()) == 1+deciding+silent })
	})
})

// expectMoving expects that everybody who waited for AWS has gone on.
func (s *stages) expectMoving() {
	GinkgoHelper()
	Expect(s.outcome()).To(Equal(v1alpha1.OutcomeApplied), "the outcome is read back")
	var opened []string
	for _, inc := range s.incidents() {
		opened = append(opened, inc.Spec.ApplicationRef.Name)
	}
	Expect(opened).To(ContainElements(s.silent), "for the alarms that fired while AWS was away")
	Expect(s.unread()).To(BeEmpty(), "every Incident is investigated")
	Expect(s.kept()).To(BeEmpty(), "no plan is kept back by an outage that is over")
	var account v1alpha1.AWSAccount
	Expect(s.Admin.Get(s.ctx, client.ObjectKey{Name: builder.Account}, &account)).To(Succeed())
	for _, typ := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionDetecting, v1alpha1.ConditionReceiving} {
		Expect(conditions.IsTrue(account.Status.Conditions, typ)).To(BeTrue(), "%s of the account", typ)
	}
}
