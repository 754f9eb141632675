package remediation

import (
	"encoding/json"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// The status of an object that the operator never wrote may be as long as the API server takes it, and hold anything.
func TestARecordIsBoundedWhateverTheStatusHolds(t *testing.T) {
	for name, character := range map[string]string{"letters": "x", "controls": "\x01", "quotes": "'", "wide": "→"} {
		g := NewWithT(t)
		long := func(n int) string { return strings.Repeat(character, n) }
		var fields []v1alpha1.Field
		for range 16 {
			fields = append(fields, v1alpha1.Field{Name: long(64), Value: ptr.To(long(256))})
		}
		call := v1alpha1.Call{Operation: long(128), ResourceARN: long(512), Writes: fields}
		rem := &v1alpha1.Remediation{}
		rem.DeletionTimestamp = ptr.To(metav1.NewTime(dawn))
		rem.Status.Plan = &v1alpha1.Plan{Summary: long(128)}
		for range 8 {
			rem.Status.Plan.Calls = append(rem.Status.Plan.Calls, v1alpha1.PlannedCall{Call: call, Before: fields, Inverse: call})
		}
		for range 32 {
			rem.Status.Intents = append(rem.Status.Intents, v1alpha1.Intent{Before: fields, Message: long(512), Outcome: v1alpha1.OutcomeUnknown})
		}
		record := orphanOf(rem)
		total := 0
		for key, value := range record.Data {
			g.Expect(len(value)).To(BeNumerically("<=", maxRecord), "%s of %s", key, name)
			g.Expect(value).NotTo(BeEmpty())
			total += len(value)
		}
		g.Expect(total).To(BeNumerically("<", 256<<10))
		var o orphan
		g.Expect(json.Unmarshal([]byte(record.Data[recordJSON]), &o)).To(Succeed())
		g.Expect(o.Truncated).To(BeTrue())
	}
}

func TestARecordWithoutAPlanSaysThatNobodyKnows(t *testing.T) {
	g := NewWithT(t)
	rem := &v1alpha1.Remediation{}
	rem.UID = "u"
	rem.Status.Intents = []v1alpha1.Intent{{Outcome: v1alpha1.OutcomeUnknown}}
	record := orphanOf(rem)
	g.Expect(record.Data[recordText]).To(ContainSubstring("nobody knows what was done"))
	g.Expect(record.Data[recordJSON]).To(ContainSubstring(`"plan": null`))
}

func TestARecordWarnsOfAPlanThatNobodyApproved(t *testing.T) {
	g := NewWithT(t)
	s := &scope{rem: &v1alpha1.Remediation{}, now: dawn}
	s.adopt(v1alpha1.Plan{Calls: make([]v1alpha1.PlannedCall, 1)}, "")
	g.Expect(orphanOf(s.rem).Data[recordText]).NotTo(ContainSubstring("WARNING"))
	s.rem.Status.Plan.Calls[0].Inverse.ResourceARN = "another"
	g.Expect(orphanOf(s.rem).Data[recordText]).To(ContainSubstring("WARNING"))
}
