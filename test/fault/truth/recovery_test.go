//go:build fault

package truth_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

// expectOpen expects that the Incident is not over for half an hour, and what it says.
func (s *story) expectOpen(reason, words string) {
	GinkgoHelper()
	for range 6 {
		s.pass(5 * time.Minute)
		Expect(s.resolved()).To(BeFalse())
	}
	inc := s.incident()
	Expect(inc).To(HaveCondition(v1alpha1.ConditionResolved, "False", reason))
	Expect(message(inc.Status.Conditions, v1alpha1.ConditionResolved)).To(ContainSubstring(words))
	Expect(s.changes()).To(BeEmpty())
}

var _ = Describe("A recovery without a change", func() {
	It("is Resolved when the traffic that was too much is gone and users are served, or the specs below would prove nothing", func() {
		s := begin(reactstocks.RecoversByItself)
		s.proposed()
		s.until("the Incident is over", time.Hour, s.resolved)
		Expect(s.incident()).To(HaveCondition(v1alpha1.ConditionResolved, "True", v1alpha1.ReasonRecoveredWithoutChange))
	})

	It("is none when nobody calls the function any more, and is one when they do again", func() {
		s := begin(reactstocks.TrafficGone)
		s.proposed()
		s.until("the alarm is OK", time.Hour, func() bool { return s.incident().Status.RecoveredSince != nil })
		s.expectOpen(v1alpha1.ReasonNoData, "nobody calls function "+reactstocks.BackendFunction)
		s.offer(60)
		s.until("the Incident is over", patient, s.resolved)
		Expect(s.incident()).To(HaveCondition(v1alpha1.ConditionResolved, "True", v1alpha1.ReasonRecoveredWithoutChange))
	})

	It("is one while the alarm is muted: its state is as true as ever", func() {
		s := begin(reactstocks.RecoversByItself)
		s.proposed()
		s.mute("maintenance", 2*time.Hour)
		s.until("the Incident is over", time.Hour, s.resolved)
		Expect(s.incident()).To(HaveCondition(v1alpha1.ConditionResolved, "True", v1alpha1.ReasonRecoveredWithoutChange))
		Expect(s.incident().Status.Signals[0].Silenced).To(BeTrue())
	})

	It("is none when the alarm was deleted", func() {
		s := begin(reactstocks.Throttling)
		s.proposed()
		_, err := s.alarms().DeleteAlarms(s.ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{reactstocks.ThrottlesAlarm}})
		Expect(err).NotTo(HaveOccurred())
		s.pass(time.Minute)
		Expect(s.incident().Status.RecoveredSince).To(BeNil())
		s.expectOpen(v1alpha1.ReasonAwaitingApproval, "waits for people to approve plan")
	})

	It("is none when the alarm has no data any more", func() {
		s := begin(reactstocks.Throttling)
		s.proposed()
		s.redefine(func(in *cloudwatch.PutMetricAlarmInput) {
			in.Dimensions[0].Value, in.TreatMissingData = aws.String("nobody"), aws.String("missing")
		})
		s.pass(5 * time.Minute)
		Expect(s.incident().Status.RecoveredSince).To(BeNil())
		s.expectOpen(v1alpha1.ReasonAwaitingApproval, "waits for people to approve plan")
	})

	It("is none while CloudWatch cannot be asked, and is one when it can", func() {
		s := begin(reactstocks.RecoversByItself)
		s.proposed()
		s.until("the alarm is OK", time.Hour, func() bool { return s.incident().Status.RecoveredSince != nil })
		outage := s.World.Faults().Add(faults.Rule{Action: "cloudwatch:*", Effect: faults.InternalError()})
		s.expectOpen(v1alpha1.ReasonRecovering, "could not be read once more")
		s.World.Faults().Remove(outage)
		s.until("the Incident is over", patient, s.resolved)
	})

	It("is none when the alarm fires again within the time that it has to stay OK", func() {
		s := begin(reactstocks.RecoversByItself)
		s.proposed()
		s.until("the alarm is OK", time.Hour, func() bool { return s.incident().Status.RecoveredSince != nil })
		first := s.incident().Status.RecoveredSince.Time
		s.offer(150)
		s.pass(5 * time.Minute)
		Expect(s.resolved()).To(BeFalse())
		s.offer(60)
		s.until("the Incident is over", time.Hour, s.resolved)
		Expect(s.incident().Status.RecoveredSince.Time).To(BeTemporally(">", first))
	})
})
