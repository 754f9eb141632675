//go:build fault

package detection_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/sim/sqs"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

// room is how many signals an Incident has.
const room = 32

// staging makes an application of its own function in the story's namespace.
func (s *story) staging(name string) string {
	GinkgoHelper()
	function := reactstocks.Stack + "-" + name
	ExpectApplied(s.ctx, s.Admin, builder.ServerlessApplication(s.Namespace, func(a *v1alpha1.ServerlessApplication) {
		a.Name, a.Spec.Functions = name, []v1alpha1.ApplicationFunction{{Name: v1alpha1.FunctionName(function)}}
	}))
	return function
}

var _ = Describe("A thousand alarms in one second", func() {
	It("of twenty applications are twenty Incidents, and no message is left", func() {
		s := watched()
		applications, all := names("shop", 20), map[string][]string{}
		for _, name := range applications {
			s.staging(name)
		}
		s.pass(told)
		for _, name := range applications {
			all[name] = s.storm(name, 50, reactstocks.Stack+"-"+name, "Errors")
		}
		s.pass(3 * time.Minute)
		Expect(s.throttled()).To(BeZero())
		Expect(s.left()).To(BeZero())
		incidents := s.incidents()
		Expect(incidents).To(HaveLen(20))
		for _, incident := range incidents {
			Expect(incident.Status.Signals).To(HaveLen(room), incident.Name)
		}
		for _, name := range applications {
			Expect(s.application(s.Namespace, name).Status.UnmatchedAlarms.Count).To(BeEquivalentTo(50 - room))
		}
		s.expectJust(s.Namespace, "shop-0000", all["shop-0000"][:room]...)
		s.expectJust(s.Namespace, "shop-0019", all["shop-0019"][:room]...)
		Expect(s.ignored()).To(Equal(map[string]int64{"Unmatched": 20 * (50 - room)}))
	})

	It("of one application are one Incident, with those for which there is no room counted", func() {
		s := watched()
		s.storm("alarm", 1000, backend, "Throttles")
		s.pass(3 * time.Minute)
		Expect(s.left()).To(BeZero())
		Expect(s.incidents()).To(HaveLen(1))
		Expect(s.incidents()[0].Status.Signals).To(HaveLen(room))
		Expect(s.application(s.Namespace, builder.Application).Status.UnmatchedAlarms.Count).To(BeEquivalentTo(1000 - room))
		Expect(s.throttled()).To(BeZero())
	})
})

var _ = Describe("An alarm that flaps every few seconds for an hour", func() {
	It("is one Incident as long as that is open, and another for the first fire after it is resolved", func() {
		s := watched()
		reactstocks.Deliver(s.World, reactstocks.Both)
		Expect(s.World.SetDelivery(reactstocks.AlarmQueue, sqs.Delivery{Duplicate: 0.3, Reorder: true})).To(BeTrue())
		a := s.alarm("a flaps", backend, "Throttles")
		for i := range 120 {
			s.to(firing, a)
			s.pass(time.Duration(3+i%11) * time.Second)
			s.to(fine, a)
			s.pass(time.Duration(9+i%31) * time.Second)
			if i%12 == 11 {
				s.pass(shown)
				s.resolve()
			}
		}
		s.pass(time.Minute)
		s.expectJust(s.Namespace, builder.Application, a)
		Expect(s.incidents()).To(HaveLen(10))
		Expect(s.left()).To(BeZero())
		Expect(s.throttled()).To(BeZero())
	})
})

var _ = Describe("Neighbours", func() {
	It("with the same prefix have Incidents of their own", func() {
		s := watched()
		function := s.staging("react-stocks-staging")
		s.pass(told)
		ours, theirs := s.alarm("react-stocks throttled", backend, "Throttles"), s.alarm("react-stocks-staging throttled", function, "Throttles")
		s.to(firing, theirs)
		s.pass(told)
		Expect(s.incidents()).To(HaveLen(1))
		s.to(firing, ours)
		s.pass(told)
		s.expectJust(s.Namespace, builder.Application, ours)
		s.expectJust(s.Namespace, "react-stocks-staging", theirs)
		Expect(s.incidents()).To(HaveLen(2))
	})

	It("that share a function are shown, and opened by the one that stays", func() {
		s := watched()
		other := s.AddNamespace("other", map[string]string{"team": "react-stocks"})
		ExpectApplied(s.ctx, s.Admin, builder.Runbook(other), builder.ServerlessApplication(other))
		s.pass(told)
		a := s.alarm("a throttled", backend, "Throttles")
		s.to(firing, a)
		s.pass(shown)
		Expect(s.incidents()).To(BeEmpty())
		for _, namespace := range []string{s.Namespace, other} {
			Expect(s.application(namespace, builder.Application).Status.AmbiguousAlarms.Names).To(Equal([]string{a}))
		}
		Expect(s.ignored()).To(Equal(map[string]int64{"Ambiguous": 1}))
		ExpectDeleted(s.ctx, s.Admin, builder.ServerlessApplication(other))
		s.pass(shown)
		s.expectJust(s.Namespace, builder.Application, a)
	})

	It("whose alarms fire at the installation are listed, and opened only when they fire anew", func() {
		s := installed(detecting)
		a, b := s.alarm("a throttled", backend, "Throttles"), s.alarm("b failing", worker, "Errors")
		s.to(firing, a)
		s.pass(time.Minute)
		ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(withQueue), builder.Runbook(s.Namespace, forErrorsToo), builder.ServerlessApplication(s.Namespace))
		s.pass(shown)
		Expect(s.incidents()).To(BeEmpty())
		Expect(s.application(s.Namespace, builder.Application).Status.PreexistingAlarms).To(HaveLen(1))
		Expect(s.left()).To(BeZero())
		s.to(firing, b)
		s.pass(told)
		s.expectJust(s.Namespace, builder.Application, b)
		s.to(fine, a, b)
		s.pass(shown)
		s.resolve()
		s.to(firing, a)
		s.pass(told)
		Expect(s.incidents()).To(HaveLen(2))
	})
})
