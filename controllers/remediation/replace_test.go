package remediation

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

func TestAPlanSaysWhichOneItReplacedAndWhy(t *testing.T) {
	planned := time.Date(2026, time.November, 23, 3, 0, 0, 0, time.UTC)
	plan := func(edit func(*v1alpha1.Plan)) v1alpha1.Plan {
		of := func(value string) []v1alpha1.Field {
			return []v1alpha1.Field{{Name: "ReservedConcurrentExecutions", Value: ptr.To(value)}}
		}
		p := v1alpha1.Plan{
			Number: 1, Summary: "reserved concurrency 100 → 200", AccountID: "123456789012",
			Calls:        []v1alpha1.PlannedCall{{Call: v1alpha1.Call{ResourceARN: "f", Writes: of("200")}, Before: of("100"), Inverse: v1alpha1.Call{Writes: of("100")}}},
			Verification: v1alpha1.PlannedVerification{Alarms: []string{"a"}, WindowSeconds: 900}, PolicyDigest: "p",
			ExpiresAt: metav1.NewTime(planned.Add(30 * time.Minute)),
		}
		if edit != nil {
			edit(&p)
		}
		return p
	}
	for name, c := range map[string]struct {
		edit func(*v1alpha1.Plan)
		at   time.Duration
		want string
	}{
		"it expired": {nil, 30 * time.Minute, "plan 1 expired at 2026-11-23T03:30:00Z, and nothing else changed"},
		"the function moved": {func(p *v1alpha1.Plan) {
			p.Calls[0].Before[0].Value, p.Calls[0].Inverse.Writes[0].Value = ptr.To("110"), ptr.To("110")
		}, 0, "plan 1 does not hold any more: ReservedConcurrentExecutions of the function moved from 100 to 110"},
		"somebody removed the setting, and the time was over too": {func(p *v1alpha1.Plan) {
			p.Calls[0].Before[0].Value, p.Calls[0].Inverse.Writes[0].Value = nil, nil
		}, time.Hour, "plan 1 does not hold any more: ReservedConcurrentExecutions of the function moved from 100 to not set"},
		"another inverse":  {func(p *v1alpha1.Plan) { p.Calls[0].Inverse.Operation = "other" }, 0, "plan 1 does not hold any more: it is made of other calls"},
		"another function": {func(p *v1alpha1.Plan) { p.Calls[0].Call.ResourceARN = "g" }, 0, "plan 1 does not hold any more: it is made of other calls"},
		"another alarm":    {func(p *v1alpha1.Plan) { p.Verification.Alarms = []string{"a", "b"} }, 0, `plan 1 does not hold any more: the change would be proved by the alarms ["a" "b"] instead of ["a"]`},
		"a longer proof, under a stricter policy": {func(p *v1alpha1.Plan) { p.Verification.WindowSeconds, p.PolicyDigest = 1800, "q" }, 0,
			"plan 1 does not hold any more: the ChangePolicy became stricter; the change would be watched for another time"},
		"another role": {func(p *v1alpha1.Plan) { p.RoleARN = "r" }, 0, "plan 1 does not hold any more: the grant's account, Region or role is another one"},
		"another end":  {func(p *v1alpha1.Plan) { p.OnFailure = v1alpha1.OnFailureRevert }, 0, "plan 1 does not hold any more: it would be undone under other conditions"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			fresh := plan(c.edit)
			fresh.Replaces = replaced(plan(nil), fresh, planned.Add(c.at))
			g.Expect(fresh.Replaces).To(Equal(c.want))
			fresh.Number = 2
			g.Expect(planText(&fresh)).To(And(HavePrefix("plan 2: reserved concurrency"), HaveSuffix(". It replaces an earlier one: "+c.want)))
		})
	}
}
