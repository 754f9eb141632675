package detection

import (
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

func TestWhileMessagesAreNotReceivedItIsSaidWhetherAlarmsAreRead(t *testing.T) {
	g := NewWithT(t)
	detecting := func(status metav1.ConditionStatus, reason string) []metav1.Condition {
		return []metav1.Condition{{Type: v1alpha1.ConditionDetecting, Status: status, Reason: reason}}
	}
	g.Expect(meanwhile(detecting(metav1.ConditionTrue, v1alpha1.ReasonAlarmsRead))).To(Equal("; alarms are read every 30s meanwhile"))
	g.Expect(meanwhile(detecting(metav1.ConditionFalse, v1alpha1.ReasonAccessDenied))).To(Equal("; alarms are not read everywhere either: see the condition Detecting"))
	g.Expect(meanwhile(detecting(metav1.ConditionTrue, v1alpha1.ReasonNothingToWatch))).To(BeEmpty())
	g.Expect(meanwhile(nil)).To(BeEmpty(), "nobody knows yet")
}
