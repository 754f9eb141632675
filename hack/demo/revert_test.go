package main

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/hack/world"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// The story of a change that does not help: what its lines say is compared with the objects, read anew, with the ledger
// and with Lambda.
func TestAChangeThatDoesNotHelpIsNarratedAsReverted(t *testing.T) {
	t.Parallel()
	s := hear(t, 3, reactstocks.WrongFix)
	g := NewWithT(t)
	var incidents v1alpha1.IncidentList
	var remediations v1alpha1.RemediationList
	g.Expect(s.world.Cluster.Admin.List(t.Context(), &incidents)).To(Succeed())
	g.Expect(s.world.Cluster.Admin.List(t.Context(), &remediations)).To(Succeed())
	g.Expect(incidents.Items).To(HaveLen(1))
	g.Expect(remediations.Items).To(HaveLen(1))
	inc, rem := incidents.Items[0], remediations.Items[0]
	changes := s.world.AWS.Ledger().Entries(ledger.ByClass(ledger.Change), ledger.ByRole(reactstocks.GrantRole))

	t.Run("what was proposed, and what becomes of it where it does not help", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(s.texts("alarm")).To(ConsistOf(ContainSubstring("%q of %s", reactstocks.TimeoutAlarm, reactstocks.NewsSyncFunction)))
		g.Expect(s.texts("diagnosis")).To(HaveExactElements(HavePrefix("TimeoutTooShort ")))
		g.Expect(s.texts("planned")).To(ConsistOf(HaveSuffix("if it does not help, it is reverted")))
		g.Expect(s.texts("refused")).To(ConsistOf(And(HavePrefix(world.Platform().UserName), ContainSubstring(`cannot create resource "approvals"`))))
		g.Expect(s.texts("approved")).To(HaveLen(1))
	})
	t.Run("the change and its inverse", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(changes).To(HaveLen(2))
		for i, topic := range []string{"change", "inverse"} {
			g.Expect(s.texts(topic)).To(HaveLen(1))
			n := numbers(g, s.texts(topic)[0], `AWS call (\d+): lambda:UpdateFunctionConfiguration on `)
			g.Expect(int(n[0])).To(Equal(changes[i].Sequence))
			g.Expect(changes[i].Changed).To(BeTrue())
			g.Expect(s.texts("signed")[i]).To(ContainSubstring(changes[i].Principal))
			g.Expect(s.texts("read back")[i]).To(Equal(string(rem.Status.Intents[i].Outcome) + ": " + rem.Status.Intents[i].Message))
		}
		g.Expect(rem.Status.Intents[1].Inverse).To(BeTrue())
	})
	t.Run("the observations that were bad, and why", func(t *testing.T) {
		g := NewWithT(t)
		said := s.texts("verifying")
		g.Expect(said[len(said)-1]).To(HavePrefix("%s: ", v1alpha1.ReasonNotFixed))
		g.Expect(numbers(g, said[len(said)-1], `(\d+) bad observations in a row`)).To(Equal([]float64{float64(rem.Status.Plan.Verification.FailureLimit)}))
		g.Expect(said).To(ContainElement(ContainSubstring("alarm %q is in ALARM", reactstocks.TimeoutAlarm)))
		g.Expect(s.texts("reverting")).To(ConsistOf(HavePrefix("%s: ", v1alpha1.RevertVerificationFailed)))
	})
	t.Run("the revert is proved", func(t *testing.T) {
		g := NewWithT(t)
		v := rem.Status.Revert.Verification
		observed := 0
		for _, text := range s.texts("watching") {
			if strings.Contains(text, " observations so far: ") {
				observed++
			}
		}
		g.Expect(observed).To(Equal(int(v.Observations)-1), "one line for each observation but the last, which ends it")
		g.Expect(s.texts("reverted")).To(ConsistOf(condition(rem.Status.Conditions, v1alpha1.ConditionReverted).Message))
		g.Expect(condition(rem.Status.Conditions, v1alpha1.ConditionReverted).Status).To(Equal(metav1.ConditionTrue))
		out, err := s.world.Lambda().GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(reactstocks.NewsSyncFunction)})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(numbers(g, s.texts("measured")[0], `has a timeout of (\d+) s`)).To(Equal([]float64{float64(aws.ToInt32(out.Timeout))}))
		g.Expect(*rem.Status.Plan.Calls[0].Before[0].Value).To(Equal("10"))
		g.Expect(aws.ToInt32(out.Timeout)).To(BeEquivalentTo(10))
	})
	t.Run("the end", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(s.texts("not resolved")).To(ConsistOf(And(HavePrefix("Incident %s: %s, ", inc.Name, v1alpha1.ReasonHeldForPerson), ContainSubstring("was reverted"))))
		g.Expect(conditions.IsTrue(inc.Status.Conditions, v1alpha1.ConditionResolved)).To(BeFalse())
		g.Expect(s.texts("resolved")).To(BeEmpty())
		g.Expect(s.texts("drift debt")).To(BeEmpty(), "the template and the function agree again")
		totals := s.texts("total")
		g.Expect(numbers(g, totals[1], `(\d+) change; AWS differs after (\d+)`)).To(Equal([]float64{2, 2}))
		g.Expect(numbers(g, totals[len(totals)-1], `changes of AWS: (\d+), of which (\d+) undid`)).To(Equal([]float64{2, 1}))
	})
	t.Run("evidence is in its unit", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(s.texts("evidence")).To(ContainElements(MatchRegexp(`^slowest: Duration p99 [\d.]+ ms over 15 min`), MatchRegexp(`^errors: Errors Sum \d+ over 15 min`)))
	})
	t.Run("each step needs its facts", func(t *testing.T) { eachStepNeeds(t, s, append(ofEveryStory(), ofARevert()...)) })
}
