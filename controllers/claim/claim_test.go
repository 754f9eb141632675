package claim_test

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/detection"
	"github.com/runbook-operator/runbook-operator/internal/claim"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var _ = Describe("The claim of an account", func() {
	It("is taken by the first cluster with something to act for, and renewed every two minutes", func() {
		c := one()
		c.install(func(a *v1alpha1.AWSAccount) { a.Spec.Grants[0].MaxMode = v1alpha1.ModeObserve })
		Expect(c.account()).To(HaveCondition(v1alpha1.ConditionClaimed, metav1.ConditionFalse, v1alpha1.ReasonNothingToActFor))
		Expect(c.parameter()).To(BeEmpty())

		account := c.account()
		account.Spec.Grants[0].MaxMode = v1alpha1.ModePropose
		c.edit(account)
		c.settle()
		Expect(c.account()).To(HaveCondition(v1alpha1.ConditionClaimed, metav1.ConditionTrue, v1alpha1.ReasonClaimed))
		Expect(c.application().Status.Mode).To(Equal(v1alpha1.ModePropose))
		Expect(c.holds()).To(BeTrue())
		Expect(c.account().Status.Claim.Holder).To(Equal(c.Deps.Cluster.UID))
		ExpectEvents(c.ctx, c.Admin, c.account(), v1alpha1.ReasonNothingToActFor)
		ExpectEvents(c.ctx, c.Admin, c.account(), v1alpha1.ReasonClaimed)
		Expect(c.writes()).To(Equal(1))
		c.pass(20 * time.Minute)
		Expect(c.writes()).To(Equal(11))
	})

	It("costs the API server one write an hour while nothing happens", func() {
		c := one()
		c.install()
		c.pass(time.Minute)
		version := c.account().ResourceVersion
		c.pass(55 * time.Minute)
		Expect(c.account().ResourceVersion).To(Equal(version))
		c.pass(time.Hour)
		Expect(c.account().ResourceVersion).NotTo(Equal(version))
		Expect(c.account().Status.Claim.Heartbeat.Time).To(BeTemporally("~", c.Clock.Now(), time.Hour))
		Expect(c.World.Ledger().Entries(ledger.Changed())).To(BeEmpty(), "it is not part of any application")
	})

	It("is not taken again by a process that starts anew", func() {
		c := one()
		c.install()
		c.pass(10 * time.Minute)
		since := c.account().Status.Claim.Since
		c.Driver.Restart(controllers(c.Deps))
		c.pass(10 * time.Minute)
		Expect(c.claimed()).To(Equal(v1alpha1.ReasonClaimed))
		Expect(c.account().Status.Claim.Since).To(Equal(since))
	})

	It("keeps a second cluster observing, which says who has it and what to write", func() {
		blue, green := two()
		blue.install()
		green.install()
		Expect(green.account()).To(HaveCondition(v1alpha1.ConditionClaimed, metav1.ConditionFalse, v1alpha1.ReasonClaimedByAnotherCluster))
		Expect(green.application().Status.Mode).To(Equal(v1alpha1.ModeObserve))
		Expect(green.application().Status.Conditions[0].Message).To(ContainSubstring("the mode would be Act, but this cluster does not hold the claim of AWSAccount prod"))
		Expect(blue.application().Status.Mode).To(Equal(v1alpha1.ModeAct))
		uid := blue.Deps.Cluster.UID
		Expect(green.says()).To(HavePrefix("cluster " + uid + " holds the claim since 2026-11-23T03:00:00Z; its last heartbeat is less than 10 minutes old"))
		Expect(green.says()).To(ContainSubstring("\nspec:\n  claim:\n    takeOverFrom: " + uid + "\n"))
		Expect(green.says()).To(ContainSubstring(`kubectl patch awsaccount prod --type=merge -p '{"spec":{"claim":{"takeOverFrom":"` + uid + `"}}}'`))
		ExpectEvents(green.ctx, green.Admin, green.account(), v1alpha1.ReasonClaimedByAnotherCluster)

		rem := green.asks()
		green.approves(rem)
		blue.pass(20 * time.Minute)
		Expect(green.reason(rem, v1alpha1.ConditionApplied)).To(Equal(v1alpha1.ReasonAccountNotClaimed))
		Expect(blue.changes()).To(BeEmpty())
		Expect(green.claimed()).To(Equal(v1alpha1.ReasonClaimedByAnotherCluster))
	})

	It("is that of the messages about alarms too: a second cluster leaves them in the queue", func() {
		blue, green := two()
		blue.install()
		blue.Driver.Restart(nil)
		green.Driver.Restart(append(controllers(green.Deps), detection.New(green.Deps)...))
		green.install(func(a *v1alpha1.AWSAccount) {
			a.Spec.Queues = []v1alpha1.AlarmQueue{{Region: reactstocks.Region, URL: reactstocks.AlarmQueueURL}}
		})
		green.beside = nil
		green.pass(time.Minute)
		Expect(green.account()).To(HaveCondition(v1alpha1.ConditionReceiving, metav1.ConditionFalse, v1alpha1.ReasonClaimedByAnotherCluster))
		Expect(green.account()).To(HaveCondition(v1alpha1.ConditionDetecting, metav1.ConditionTrue, v1alpha1.ReasonAlarmsRead))
		received := green.World.Ledger().Count(ledger.ByAction("sqs:ReceiveMessage"))
		green.pass(5 * time.Minute)
		Expect(green.World.Ledger().Count(ledger.ByAction("sqs:ReceiveMessage"))).To(Equal(received))

		green.takesOverFrom(blue.Deps.Cluster.UID)
		green.pass(time.Minute)
		Expect(green.account()).To(HaveCondition(v1alpha1.ConditionReceiving, metav1.ConditionTrue, v1alpha1.ReasonQueuesRead))
	})

	It("is one cluster's when two take it at once", func() {
		blue, green := two()
		blue.at = func(moment string) {
			if moment == "before PutParameter" {
				blue.at = nil
				green.install()
			}
		}
		blue.install()
		blue.pass(time.Minute)
		Expect(green.claimed()).To(Equal(v1alpha1.ReasonClaimed))
		Expect(blue.claimed()).To(Equal(v1alpha1.ReasonClaimedByAnotherCluster))
		Expect(blue.application().Status.Mode).To(Equal(v1alpha1.ModeObserve))
	})

	It("is never taken over by time", func() {
		blue, green := two()
		blue.install()
		green.install()
		blue.Driver.Restart(nil) // blue is gone
		blue.pass(45 * time.Minute)
		Expect(green.says()).To(ContainSubstring("its last heartbeat was at 2026-11-23T03:00:00Z, more than 40 minutes ago: it may be gone, which only a person can tell"))
		green.Wall.Step(5 * 24 * time.Hour)
		green.Clock.Step(5 * 24 * time.Hour)
		green.World.AdvanceTo(green.Clock.Now())
		blue.pass(10 * time.Minute)
		Expect(green.claimed()).To(Equal(v1alpha1.ReasonClaimedByAnotherCluster))
		Expect(green.says()).To(ContainSubstring("more than 5 days ago"))
		Expect(green.writes()).To(Equal(1))
		Expect(green.account().Status.Claim.Heartbeat.Time).To(BeTemporally("==", blue.account().Status.Claim.Heartbeat.Time))

		green.takesOverFrom(blue.Deps.Cluster.UID)
		green.settle()
		Expect(green.claimed()).To(Equal(v1alpha1.ReasonTakenOver))
	})

	It("of a cluster that was rebuilt is taken over by one line, which may stay in Git", func() {
		blue, green := two()
		blue.install()
		green.install()
		blue.takesOverFrom(blue.Deps.Cluster.UID)
		blue.settle()
		Expect(blue.claimed()).To(Equal(v1alpha1.ReasonClaimed), "nobody takes over from itself")

		uid := blue.Deps.Cluster.UID
		green.takesOverFrom(uid)
		green.settle()
		Expect(green.account()).To(HaveCondition(v1alpha1.ConditionClaimed, metav1.ConditionTrue, v1alpha1.ReasonTakenOver))
		Expect(green.says()).To(HaveSuffix("taken over from cluster " + uid))
		Expect(green.application().Status.Mode).To(Equal(v1alpha1.ModeAct))
		ExpectEvents(green.ctx, green.Admin, green.account(), v1alpha1.ReasonTakenOver)
		blue.pass(3 * time.Minute)
		Expect(blue.claimed()).To(Equal(v1alpha1.ReasonClaimedByAnotherCluster))
		Expect(blue.application().Status.Mode).To(Equal(v1alpha1.ModeObserve))
		blue.pass(15 * time.Minute)
		Expect(green.claimed()).To(Equal(v1alpha1.ReasonTakenOver))
		Expect(green.holds()).To(BeTrue(), "both have the line of the same Git, and it says nothing any more")
	})

	It("goes back by a later order, and an older one that is still there does not take it again until it is written anew", func() {
		blue, green := two()
		blue.install()
		green.install()
		green.takesOverFrom(blue.Deps.Cluster.UID)
		green.settle()
		Expect(green.holds()).To(BeTrue())
		blue.takesOverFrom(green.Deps.Cluster.UID)
		blue.pass(tick) // it wrote a moment ago, and keeps below the quota
		Expect(blue.claimed()).To(Equal(v1alpha1.ReasonTakenOver))
		blue.pass(15 * time.Minute)
		Expect(blue.holds()).To(BeTrue())
		Expect(green.claimed()).To(Equal(v1alpha1.ReasonClaimedByAnotherCluster))
		Expect(green.says()).To(HaveSuffix("remove it, and write it anew"))

		account := green.account()
		account.Spec.Claim = nil
		green.edit(account)
		green.settle()
		Expect(green.holds()).To(BeFalse())
		green.takesOverFrom(blue.Deps.Cluster.UID)
		green.settle()
		Expect(green.holds()).To(BeTrue())
	})

	It("stays where it is when another cluster is named than the one that holds it", func() {
		blue, green := two()
		blue.install()
		const other = "11111111-2222-4333-8444-555555555555"
		green.install(func(a *v1alpha1.AWSAccount) { a.Spec.Claim = &v1alpha1.AccountClaim{TakeOverFrom: other} })
		blue.pass(10 * time.Minute)
		Expect(green.claimed()).To(Equal(v1alpha1.ReasonClaimedByAnotherCluster))
		Expect(green.says()).To(HaveSuffix("spec.claim.takeOverFrom is " + other + ": that cluster does not hold the claim, so nothing follows from it"))
		Expect(blue.holds()).To(BeTrue())
	})

	It("is taken again when a person deletes it", func() {
		c := one()
		c.install()
		c.pass(time.Minute)
		c.deletes()
		c.pass(3 * time.Minute)
		Expect(c.claimed()).To(Equal(v1alpha1.ReasonClaimed))
		Expect(c.holds()).To(BeTrue())
		Expect(c.account().Status.Claim.Since.Time).To(BeTemporally(">", c.Clock.Now().Add(-3*time.Minute)))
	})

	It("is left alone where it is none, and a person is told", func() {
		c := one()
		c.puts("hands off, " + strings.Repeat("x", 100))
		c.install()
		c.pass(time.Hour)
		Expect(c.account()).To(HaveCondition(v1alpha1.ConditionClaimed, metav1.ConditionFalse, v1alpha1.ReasonClaimUnreadable))
		Expect(c.says()).To(ContainSubstring("parameter " + claim.ParameterName + " in us-east-1 holds something that is no claim"))
		Expect(c.says()).NotTo(ContainSubstring("hands off"))
		Expect(c.parameter()).To(HavePrefix("hands off"))
		Expect(c.application().Status.Mode).To(Equal(v1alpha1.ModeObserve))
		c.deletes()
		c.pass(3 * time.Minute)
		Expect(c.claimed()).To(Equal(v1alpha1.ReasonClaimed))
	})

	It("is not held by who may not read it", func() {
		c := one()
		policy := iam.Allow("cloudwatch:*", "sqs:*", "ssm:PutParameter")
		c.World.IAM().SetRolePolicy(reactstocks.AccountRoleARN, &policy)
		c.install()
		Expect(c.account()).To(HaveCondition(v1alpha1.ConditionClaimed, metav1.ConditionFalse, v1alpha1.ReasonAccessDenied))
		Expect(c.says()).To(ContainSubstring("ssm:GetParameter"))
		Expect(c.application().Status.Mode).To(Equal(v1alpha1.ModeObserve))
		c.World.IAM().SetRolePolicy(reactstocks.AccountRoleARN, nil)
		c.pass(3 * time.Minute)
		Expect(c.claimed()).To(Equal(v1alpha1.ReasonClaimed))
		c.World.IAM().SetRolePolicy(reactstocks.AccountRoleARN, &policy)
		c.pass(3 * time.Minute)
		Expect(c.claimed()).To(Equal(v1alpha1.ReasonAccessDenied), "at once: only a person can change that")
	})

	It("is believed for five minutes in which Parameter Store is away, and is back with it", func() {
		c := one()
		c.install()
		c.pass(time.Minute)
		c.World.Faults().Add(faults.Rule{Action: "ssm:*", Until: c.Clock.Now().Add(12 * time.Minute), Effect: faults.Effect{ResetBefore: true}})
		before := c.World.Ledger().Count(ledger.ByAction("ssm:GetParameter"))
		c.pass(4 * time.Minute)
		Expect(c.claimed()).To(Equal(v1alpha1.ReasonClaimed))
		c.pass(5 * time.Minute)
		Expect(c.claimed()).To(Equal(v1alpha1.ReasonAWSUnavailable))
		Expect(c.application().Status.Mode).To(Equal(v1alpha1.ModeObserve))
		Expect(c.World.Ledger().Count(ledger.ByAction("ssm:GetParameter")) - before).To(BeNumerically("<", 30))
		c.pass(4 * time.Minute)
		Expect(c.claimed()).To(Equal(v1alpha1.ReasonClaimed))
		Expect(c.application().Status.Mode).To(Equal(v1alpha1.ModeAct))
	})

	It("is shared by two AWSAccounts of one account in one cluster", func() {
		c := one()
		c.install()
		c.pass(time.Minute)
		ExpectApplied(c.ctx, c.Admin, again(c)...)
		c.pass(30 * time.Minute)
		Expect(c.claimed()).To(Equal(v1alpha1.ReasonClaimed))
		Expect(c.writes()).To(BeNumerically("<=", 17), "they do not renew it twice")
		Expect(ExpectExists(c.ctx, c.Admin, again(c)[0].(*v1alpha1.AWSAccount))).To(HaveCondition(v1alpha1.ConditionClaimed, metav1.ConditionTrue, v1alpha1.ReasonClaimed))
	})
})
