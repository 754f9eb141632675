package remediation_test

import (
	"encoding/json"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

// records returns the records in the operator's namespace.
func (s *story) records() []corev1.ConfigMap {
	GinkgoHelper()
	var list corev1.ConfigMapList
	Expect(s.Admin.List(s.ctx, &list, client.InNamespace(s.OperatorNamespace), client.MatchingLabels{"runbook-operator.io/record": "orphan"})).To(Succeed())
	return list.Items
}

// deadline of a record, from the deletion on.
const tenMinutes = 10 * time.Minute

// orphaned expects that a Remediation was let go, and returns the record.
func (s *story) orphaned(rem *v1alpha1.Remediation) (readme string, record map[string]any) {
	GinkgoHelper()
	s.until("it is gone", tenMinutes, func() bool { return s.gone(rem.Name) })
	records := s.records()
	Expect(records).To(HaveLen(1))
	Expect(records[0].Name).To(Equal("orphan-" + string(rem.UID)))
	ExpectEvents(s.ctx, s.Admin, rem, v1alpha1.ReasonOrphaned)
	ExpectEvents(s.ctx, s.Admin, &records[0], v1alpha1.ReasonOrphaned)
	Expect(s.leases()).To(BeZero())
	Expect(json.Unmarshal([]byte(records[0].Data["record.json"]), &record)).To(Succeed())
	return records[0].Data["README"], record
}

var _ = Describe("A Remediation that is deleted while AWS is dead", func() {
	It("is let go within ten minutes, with a record of the change and its inverse", func() {
		s := begin()
		rem := s.asks(func(r *v1alpha1.Remediation) { r.Spec.ExpiresAfter = "2h" })
		s.approves(rem)
		s.until("it is applied", patient, func() bool { return s.get(rem.Name).Status.AppliedAt != nil })
		s.World.Outage("*", 24*time.Hour, faults.Unavailable())
		Expect(s.Admin.Delete(s.ctx, rem)).To(Succeed())
		deleted := s.Clock.Now()
		s.pass(2 * time.Minute)
		Expect(s.get(rem.Name)).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonUnreachable))
		Expect(s.records()).To(BeEmpty())
		readme, record := s.orphaned(rem)
		Expect(s.Clock.Since(deleted)).To(BeNumerically("<=", tenMinutes))
		arn := s.World.FunctionARN(reactstocks.BackendFunction)
		Expect(readme).To(ContainSubstring("aws lambda put-function-concurrency --region us-east-1 --function-name " + arn + " --reserved-concurrent-executions 100"))
		Expect(readme).To(ContainSubstring("outcome Applied"))
		Expect(record).To(HaveKeyWithValue("reason", v1alpha1.ReasonOrphaned))
		Expect(record["plan"]).To(And(HaveKeyWithValue("accountID", reactstocks.AccountID), HaveKeyWithValue("digestMatches", true)))
		Expect(s.changed()).To(HaveLen(1))
	})

	It("and its outcome is open is let go, and the record says that it is not known", func() {
		s := begin()
		rem := s.asks()
		s.approves(rem)
		s.World.Faults().Add(faults.Rule{Action: put, Times: 1, Effect: faults.Effect{ResetAfter: true}})
		s.World.Faults().Add(faults.Rule{Action: "lambda:GetFunction*", Role: role, Effect: faults.Effect{Stale: 10 * time.Second}})
		s.until("the outcome is open", patient, func() bool { return s.reason(rem.Name, v1alpha1.ConditionApplied) == v1alpha1.ReasonOutcomeUnknown })
		s.World.Outage("*", 24*time.Hour, faults.Effect{ResetBefore: true})
		Expect(s.Admin.Delete(s.ctx, rem)).To(Succeed())
		readme, _ := s.orphaned(rem)
		Expect(readme).To(ContainSubstring("NOT KNOWN"))
		Expect(s.calls()).To(HaveLen(1))
	})

	It("is seen through when AWS comes back in time", func() {
		s := begin()
		rem := s.asks()
		s.approves(rem)
		s.until("it is applied", patient, func() bool { return s.get(rem.Name).Status.AppliedAt != nil })
		s.World.Outage("*", 5*time.Minute, faults.Unavailable())
		Expect(s.Admin.Delete(s.ctx, rem)).To(Succeed())
		s.pass(6 * time.Minute)
		Expect(s.get(rem.Name).Status.Unreachable).To(BeNil())
		s.until("it is gone", time.Hour, func() bool { return s.gone(rem.Name) })
		Expect(s.changed()).To(HaveLen(1))
		Expect(s.records()).To(BeEmpty())
	})

	It("is not let go for what nobody saw while the operator was down", func() {
		s := begin()
		rem := s.asks()
		s.approves(rem)
		s.until("it is applied", patient, func() bool { return s.get(rem.Name).Status.AppliedAt != nil })
		s.World.Outage("*", 24*time.Hour, faults.Unavailable())
		Expect(s.Admin.Delete(s.ctx, rem)).To(Succeed())
		s.pass(2 * time.Minute)
		s.Clock.Step(time.Hour)
		s.Wall.Step(time.Hour)
		s.Driver.Restart(s.controllers(s.Deps))
		s.pass(5 * time.Minute)
		Expect(s.gone(rem.Name)).To(BeFalse())
		s.orphaned(rem)
	})
})

var _ = Describe("A Remediation that is deleted in the middle of its change", func() {
	It("leaves a record also where AWS answers, and the change stays for a person to decide", func() {
		s, rem := wrong(expiring("1h"))
		s.setTimeout(60)
		Expect(s.Admin.Delete(s.ctx, rem)).To(Succeed())
		s.until("it is gone", 3*time.Hour, func() bool { return s.gone(rem.Name) })
		Expect(s.records()).To(HaveLen(1))
		Expect(s.timeout()).To(Equal(int32(60)))
	})

	It("is gone also where its call turns out not to have arrived", func() {
		s := begin()
		rem := s.asks()
		s.approves(rem)
		s.World.Faults().Add(faults.Rule{Action: put, Times: 1, Effect: faults.Effect{ResetBefore: true}})
		s.until("the outcome is open", patient, func() bool { return s.reason(rem.Name, v1alpha1.ConditionApplied) == v1alpha1.ReasonOutcomeUnknown })
		Expect(s.Admin.Delete(s.ctx, rem)).To(Succeed())
		s.until("it is gone", 3*time.Minute, func() bool { return s.gone(rem.Name) })
		Expect(s.changed()).To(BeEmpty())
		Expect(s.records()).To(BeEmpty())
		Expect(s.leases()).To(BeZero())
	})
})
