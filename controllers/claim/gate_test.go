package claim_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/claim"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

// again is React Stocks under another AWSAccount of the same account.
func again(c *cluster) []client.Object {
	return []client.Object{
		builder.AWSAccount(func(a *v1alpha1.AWSAccount) { a.Name = "again" }),
		builder.ServerlessApplication(c.Namespace, func(a *v1alpha1.ServerlessApplication) {
			a.Name, a.Spec.AWS.AccountRef.Name = "again", "again"
		}),
	}
}

// settled is a pair of clusters of which blue holds the claim for long enough to act.
func settled() (*cluster, *cluster) {
	GinkgoHelper()
	blue, green := two()
	blue.install()
	green.install()
	blue.pass(5 * time.Minute)
	Expect(blue.claimed()).To(Equal(v1alpha1.ReasonClaimed))
	return blue, green
}

// expires makes a change one that is undone after ten minutes.
func expires(r *v1alpha1.Remediation) { r.Spec.ExpiresAfter = "10m" }

var _ = Describe("A change", func() {
	It("is not made upon a claim that was lost a moment ago, whatever the status says", func() {
		blue, green := settled()
		rem := blue.asks()
		blue.approves(rem)
		blue.at = func(moment string) {
			if moment == "before GetParameter" {
				blue.at = nil
				green.takesOverFrom(blue.Deps.Cluster.UID)
				green.look()
			}
		}
		blue.settle()
		Expect(blue.at).To(BeNil(), "the gate looked")
		Expect(green.holds()).To(BeTrue())
		Expect(blue.claimed()).To(Equal(v1alpha1.ReasonClaimed), "as it was seen last")
		Expect(blue.get(rem)).To(HaveCondition(v1alpha1.ConditionApplied, metav1.ConditionFalse, v1alpha1.ReasonClaimedByAnotherCluster))
		Expect(blue.get(rem).Status.Intents).To(BeEmpty())
		blue.pass(20 * time.Minute)
		Expect(blue.changes()).To(BeEmpty())
		Expect(blue.reason(rem, v1alpha1.ConditionApplied)).To(Equal(v1alpha1.ReasonAccountNotClaimed))

		blue.takesOverFrom(green.Deps.Cluster.UID)
		blue.until("it is made", 20*time.Minute, func() bool { return blue.get(rem).Status.AppliedAt != nil })
		Expect(blue.changes()).To(HaveLen(1))
	})

	It("waits until nothing of the cluster before can be under way", func() {
		blue, green := settled()
		rem := green.asks()
		green.approves(rem)
		blue.pass(time.Minute)
		green.takesOverFrom(blue.Deps.Cluster.UID)
		taken := green.Clock.Now()
		Expect(green.Driver.RunUntil(green.ctx, 10*time.Second, func() bool { // a new holder's reads have a budget
			return green.reason(rem, v1alpha1.ConditionApplied) == v1alpha1.ReasonClaimSettling
		})).To(Succeed())
		blue.until("it is made", 20*time.Minute, func() bool { return green.get(rem).Status.AppliedAt != nil })
		Expect(green.get(rem).Status.Intents[0].At.Time).To(BeTemporally(">=", taken.Add(claim.Settle)))
		Expect(green.get(rem).Status.Intents[0].At.Time).To(BeTemporally("<", taken.Add(claim.Settle+2*time.Minute)))
	})

	DescribeTable("is not begun while the claim cannot be read, and is made when it can again",
		func(spoil func(*cluster) (mend func()), reason string) {
			c := one()
			c.install()
			c.pass(5 * time.Minute)
			rem := c.asks()
			mend := spoil(c)
			c.approves(rem)
			c.settle()
			Expect(c.get(rem).Status.Intents).To(BeEmpty())
			if reason != "" {
				Expect(c.reason(rem, v1alpha1.ConditionApplied)).To(Equal(reason))
			}
			Expect(c.changes()).To(BeEmpty())
			mend()
			c.until("it is made", 30*time.Minute, func() bool { return c.get(rem).Status.AppliedAt != nil })
			Expect(c.changes()).To(HaveLen(1))
		},
		Entry("as the role may not", func(c *cluster) func() {
			policy := iam.Allow("cloudwatch:*", "sqs:*")
			c.World.IAM().SetRolePolicy(reactstocks.AccountRoleARN, &policy)
			return func() { c.World.IAM().SetRolePolicy(reactstocks.AccountRoleARN, nil) }
		}, v1alpha1.ReasonAccessDenied),
		Entry("as Parameter Store is away", func(c *cluster) func() {
			id := c.World.Faults().Add(faults.Rule{Action: "ssm:*", Effect: faults.Effect{ResetBefore: true}})
			return func() { c.World.Faults().Remove(id) }
		}, v1alpha1.ReasonAWSUnavailable),
		Entry("as somebody deleted it", func(c *cluster) func() { c.deletes(); return func() {} }, v1alpha1.ReasonAccountNotClaimed),
		Entry("as somebody wrote something else", func(c *cluster) func() { c.puts("?"); return c.deletes }, v1alpha1.ReasonClaimUnreadable),
	)

	It("whose call would be over too late after the claim was read is not begun", func() {
		c := one()
		c.install()
		c.pass(5 * time.Minute)
		rem := c.asks()
		c.approves(rem)
		slow := 0
		c.at = func(moment string) {
			if moment == "after GetParameter" && slow < 3 { // the process was stopped, or AWS is slow
				slow++
				c.Wall.Step(claim.CallWindow - time.Second)
			}
		}
		c.settle()
		Expect(slow).To(BeNumerically(">", 0))
		Expect(c.get(rem).Status.Intents).To(BeEmpty())
		c.until("it is made", 20*time.Minute, func() bool { return c.get(rem).Status.AppliedAt != nil })
		Expect(c.changes()).To(HaveLen(1))
	})
})

var _ = Describe("A change that was made before the claim was lost", func() {
	It("is verified to the end", func() {
		blue, green := settled()
		rem := blue.asks()
		blue.approves(rem)
		blue.until("it is made", 20*time.Minute, func() bool { return blue.get(rem).Status.AppliedAt != nil })
		green.takesOverFrom(blue.Deps.Cluster.UID)
		green.settle()
		blue.until("it ends", time.Hour, func() bool { return blue.get(rem).Status.EndedAt != nil })
		Expect(blue.get(rem)).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionTrue, v1alpha1.ReasonSucceeded))
		Expect(blue.changes()).To(HaveLen(1))
	})

	It("is not undone by the cluster that made it: a person is asked", func() {
		blue, green := settled()
		rem := blue.asks(expires)
		blue.approves(rem)
		blue.until("it is made", 20*time.Minute, func() bool { return blue.get(rem).Status.AppliedAt != nil })
		green.takesOverFrom(blue.Deps.Cluster.UID)
		green.settle()
		blue.until("it ends", time.Hour, func() bool { return blue.get(rem).Status.EndedAt != nil })
		Expect(blue.get(rem)).To(HaveCondition(v1alpha1.ConditionReverted, metav1.ConditionFalse, v1alpha1.ReasonClaimedByAnotherCluster))
		Expect(blue.get(rem)).To(HaveCondition(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonClaimedByAnotherCluster))
		for _, condition := range blue.get(rem).Status.Conditions {
			if condition.Type == v1alpha1.ConditionReverted {
				Expect(condition.Message).To(ContainSubstring(green.Deps.Cluster.UID))
				Expect(condition.Message).To(HaveSuffix("nothing was reverted, status.plan.calls has the inverse: a person has to decide"))
			}
		}
		blue.pass(10 * time.Minute)
		Expect(blue.changes()).To(HaveLen(1))
	})

	It("is undone when the claim can be read again, and with it the application is gone", func() {
		c := one()
		c.install()
		c.pass(5 * time.Minute)
		rem := c.asks(expires)
		c.approves(rem)
		c.until("it is made", 20*time.Minute, func() bool { return c.get(rem).Status.AppliedAt != nil })
		ExpectDeleted(c.ctx, c.Admin, c.application())
		id := c.World.Faults().Add(faults.Rule{Action: "ssm:*", Effect: faults.Effect{ResetBefore: true}})
		c.until("it is to be undone", time.Hour, func() bool { return c.get(rem).Status.Revert != nil })
		c.pass(15 * time.Minute)
		Expect(c.get(rem)).To(HaveCondition(v1alpha1.ConditionReverted, metav1.ConditionFalse, v1alpha1.ReasonReverting))
		Expect(c.changes()).To(HaveLen(1))
		c.World.Faults().Remove(id)
		c.until("it is undone", time.Hour, func() bool { return c.get(rem).Status.EndedAt != nil })
		Expect(c.get(rem)).To(HaveCondition(v1alpha1.ConditionReverted, metav1.ConditionTrue, v1alpha1.ReasonReverted))
		Expect(c.changes()).To(HaveLen(2))
	})
})

// Every moment of one cluster's look at the claim at which the other one looks, and the other way round.
var _ = Describe("A heartbeat and a takeover at the same moment", func() {
	for _, late := range []string{"the heartbeat", "the takeover"} {
		for _, moment := range []string{"before GetParameter", "after GetParameter", "before PutParameter", "after PutParameter"} {
			It(fmt.Sprintf("leave one cluster that acts: %s is at it, and the other comes %s", late, moment), func() {
				blue, green := settled()
				rems := map[*cluster]*v1alpha1.Remediation{blue: blue.asks(), green: green.asks()}
				outer, inner := blue, green
				if late == "the takeover" {
					outer, inner = green, blue
				}
				blue.Wall.Step(claim.Interval)
				blue.Clock.Step(claim.Interval) // the heartbeat is due, and nobody has looked yet
				blue.World.AdvanceTo(blue.Clock.Now())
				green.takesOverFrom(blue.Deps.Cluster.UID)
				met := false
				outer.at = func(at string) {
					if at == moment && !met {
						met = true
						inner.look()
					}
				}
				outer.look()
				outer.at = nil
				Expect(met).To(BeTrue())
				for c, rem := range rems {
					c.approves(rem)
				}
				mark := blue.World.Ledger().Len()
				blue.pass(15 * time.Minute)
				Expect(green.claimed()).To(Equal(v1alpha1.ReasonTakenOver), "who was named gave it up in the end")
				Expect(blue.claimed()).To(Equal(v1alpha1.ReasonClaimedByAnotherCluster))
				Expect(blue.get(rems[blue]).Status.Intents).To(BeEmpty())
				Expect(green.get(rems[green]).Status.AppliedAt).NotTo(BeNil())
				Expect(blue.World.Ledger().Entries(ledger.After(mark), ledger.ByClass(ledger.Change), ledger.ByRole(reactstocks.GrantRole))).To(HaveLen(1))
			})
		}
	}

	It("makes the one that wrote over the other wait for longer than the other needs to look, also as a new process", func() {
		blue, green := settled()
		blue.Wall.Step(claim.Interval)
		blue.Clock.Step(claim.Interval)
		blue.World.AdvanceTo(blue.Clock.Now())
		green.takesOverFrom(blue.Deps.Cluster.UID)
		blue.at = func(moment string) {
			if moment == "before PutParameter" {
				blue.at = nil
				green.look()
			}
		}
		blue.look()
		Expect(blue.account()).To(HaveCondition(v1alpha1.ConditionClaimed, metav1.ConditionFalse, v1alpha1.ReasonClaimContended))
		Expect(blue.account().Status.Claim.HeldBackUntil.Time).To(BeTemporally("==", blue.Clock.Now().Add(claim.Quiet)))
		Expect(blue.holds()).To(BeTrue(), "it wrote over the other")
		blue.Driver.Restart(controllers(blue.Deps))
		writes := blue.writes()
		blue.settle()
		Expect(blue.writes()).To(Equal(writes))
		Expect(blue.application().Status.Mode).To(Equal(v1alpha1.ModeObserve))
		blue.pass(3 * time.Minute)
		Expect(green.holds()).To(BeTrue(), "it was named, and takes the claim again")
		blue.pass(10 * time.Minute)
		Expect(blue.claimed()).To(Equal(v1alpha1.ReasonClaimedByAnotherCluster))
		Expect(green.claimed()).To(Equal(v1alpha1.ReasonTakenOver))
	})

	It("is noticed although the answer was lost", func() {
		blue, green := settled()
		blue.Wall.Step(claim.Interval)
		blue.Clock.Step(claim.Interval)
		blue.World.AdvanceTo(blue.Clock.Now())
		green.takesOverFrom(blue.Deps.Cluster.UID)
		blue.World.Faults().Add(faults.Rule{Action: "ssm:PutParameter", Skip: 1, Times: 1, Effect: faults.Effect{ResetAfter: true}})
		blue.at = func(moment string) {
			if moment == "before PutParameter" {
				blue.at = nil
				green.look()
			}
		}
		blue.look()
		Expect(blue.holds()).To(BeTrue())
		blue.look()
		Expect(blue.claimed()).To(Equal(v1alpha1.ReasonClaimContended))
	})
})
