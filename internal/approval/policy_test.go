package approval

import (
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

func changePolicy() *v1alpha1.ChangePolicy {
	return &v1alpha1.ChangePolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "default"},
		Spec: v1alpha1.ChangePolicySpec{
			Approvals: []v1alpha1.ApprovalDemand{
				{Actions: []v1alpha1.ActionName{v1alpha1.ActionSetTimeout}, People: 2},
				{Actions: []v1alpha1.ActionName{v1alpha1.ActionSetTimeout, v1alpha1.ActionSetReservedConcurrency}, People: 3, AllowRequester: true},
			},
			PlanExpiresAfter: "2h",
			Verification:     v1alpha1.VerificationPolicy{Window: "20m", FailureLimit: 4},
			Recovery:         v1alpha1.RecoveryPolicy{StableFor: "10m"},
		},
	}
}

func TestWithoutAChangePolicyOnePersonWhoIsNotTheRequesterApproves(t *testing.T) {
	g := NewWithT(t)
	p := Pin(nil, v1alpha1.ActionSetTimeout)
	g.Expect(p.Digest).To(MatchRegexp(`^sha256:[0-9a-f]{64}$`))
	p.Digest = ""
	g.Expect(p).To(Equal(v1alpha1.PinnedPolicy{
		People: 1, PlanExpiresAfterSeconds: 1800, WindowSeconds: 900, FailureLimit: 2, StableForSeconds: 300,
	}))
	silent := Pin(&v1alpha1.ChangePolicy{}, v1alpha1.ActionSetTimeout)
	g.Expect(silent).To(Equal(Pin(nil, v1alpha1.ActionSetTimeout)))
}

func TestTheFirstDemandThatNamesTheActionHolds(t *testing.T) {
	g := NewWithT(t)
	p := Pin(changePolicy(), v1alpha1.ActionSetTimeout)
	g.Expect(p.People).To(BeEquivalentTo(2))
	g.Expect(p.AllowRequester).To(BeFalse())
	p = Pin(changePolicy(), v1alpha1.ActionSetReservedConcurrency)
	g.Expect(p.Name).To(Equal("default"))
	g.Expect(p.People).To(BeEquivalentTo(3))
	g.Expect(p.AllowRequester).To(BeTrue())
	g.Expect(p.PlanExpiresAfterSeconds).To(BeEquivalentTo(7200))
	g.Expect(p.WindowSeconds).To(BeEquivalentTo(1200))
	g.Expect(p.FailureLimit).To(BeEquivalentTo(4))
	g.Expect(p.StableForSeconds).To(BeEquivalentTo(600))
}

func TestThePolicyDigestSaysWhatIsDemandedAndNotUnderWhichName(t *testing.T) {
	g := NewWithT(t)
	renamed := changePolicy()
	renamed.Name = "other"
	g.Expect(Pin(renamed, v1alpha1.ActionSetTimeout).Digest).To(Equal(Pin(changePolicy(), v1alpha1.ActionSetTimeout).Digest))
	for name, edit := range map[string]func(*v1alpha1.ChangePolicySpec){
		"people":           func(s *v1alpha1.ChangePolicySpec) { s.Approvals[0].People++ },
		"allowRequester":   func(s *v1alpha1.ChangePolicySpec) { s.Approvals[0].AllowRequester = true },
		"planExpiresAfter": func(s *v1alpha1.ChangePolicySpec) { s.PlanExpiresAfter = "3h" },
		"window":           func(s *v1alpha1.ChangePolicySpec) { s.Verification.Window = "30m" },
		"failureLimit":     func(s *v1alpha1.ChangePolicySpec) { s.Verification.FailureLimit++ },
		"stableFor":        func(s *v1alpha1.ChangePolicySpec) { s.Recovery.StableFor = "11m" },
	} {
		edited := changePolicy()
		edit(&edited.Spec)
		g.Expect(Pin(edited, v1alpha1.ActionSetTimeout).Digest).NotTo(Equal(Pin(changePolicy(), v1alpha1.ActionSetTimeout).Digest), name)
	}
}

func TestTheStricterOfTwoPoliciesIsStricterInEveryMember(t *testing.T) {
	g := NewWithT(t)
	strict := v1alpha1.PinnedPolicy{People: 2, PlanExpiresAfterSeconds: 60, WindowSeconds: 900, FailureLimit: 1, StableForSeconds: 600}
	loose := v1alpha1.PinnedPolicy{People: 1, AllowRequester: true, PlanExpiresAfterSeconds: 3600, WindowSeconds: 300, FailureLimit: 5, StableForSeconds: 60}
	want := digested(strict)
	g.Expect(Stricter(strict, loose)).To(Equal(want))
	g.Expect(Stricter(loose, strict)).To(Equal(want))
	g.Expect(Stricter(loose, loose)).To(Equal(digested(loose)))
}

func TestAPolicyThatBecameLooserChangesNothing(t *testing.T) {
	g := NewWithT(t)
	pinned := Pin(changePolicy(), v1alpha1.ActionSetTimeout)
	g.Expect(Stricter(pinned, Pin(nil, v1alpha1.ActionSetTimeout)).Name).To(Equal("default"))
	loosened := changePolicy()
	loosened.Name = "loosened"
	loosened.Spec.Approvals[0] = v1alpha1.ApprovalDemand{Actions: []v1alpha1.ActionName{v1alpha1.ActionSetTimeout}, People: 1, AllowRequester: true}
	g.Expect(Stricter(pinned, Pin(loosened, v1alpha1.ActionSetTimeout))).To(Equal(pinned))
}
