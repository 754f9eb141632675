//go:build fault

package contract

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/transport"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
)

const (
	alice   = "alice@example.com" // may approve
	patient = 20 * time.Minute    // how long a stage may take, in world time
)

// walk is the way of an application through everything that the operator does in AWS.
type walk struct {
	*env.Fixture
	ctx context.Context
	// missing is the action of the grant that was removed; "" for none.
	missing string
}

// stage is one part of the walk: something happens, and something follows.
type stage struct {
	name   string
	begin  func(*walk)
	follow func(*walk) bool
}

// begin opens a world in which the roles have the generated policies, but for one grant.
func begin(mode v1alpha1.Mode, change bool, without grant) *walk {
	GinkgoHelper()
	w := &walk{ctx: context.Background(), missing: without.action, Fixture: environment.NewFixture(GinkgoTB(), env.Options{
		Controllers: controllers.All, Scenario: reactstocks.Throttling, Sim: sim.Options{Seed: 7},
	})}
	attach(w.World, change, without)
	w.putMuteRule()
	w.Bind(alice, "runbook-operator-approver")
	w.InstallLibrary()
	for _, o := range []client.Object{
		builder.AWSAccount(func(a *v1alpha1.AWSAccount) {
			a.Spec.Queues = []v1alpha1.AlarmQueue{{Region: reactstocks.Region, URL: reactstocks.AlarmQueueURL}}
		}),
		builder.ChangePolicy(w.Namespace, func(p *v1alpha1.ChangePolicy) {
			p.Spec.Verification.Window, p.Spec.Recovery.StableFor = "1m", "1m"
		}),
		builder.ServerlessApplication(w.Namespace, func(a *v1alpha1.ServerlessApplication) {
			a.Spec.Mode = mode
			a.Spec.ChangePolicyRef = &v1alpha1.LocalReference{Name: "default"}
		}),
	} {
		Expect(w.Admin.Create(w.ctx, o)).To(Succeed())
	}
	return w
}

// putMuteRule mutes an alarm of somebody else, now: whoever asks which alarms are muted has something to read.
func (w *walk) putMuteRule() {
	GinkgoHelper()
	person := cloudwatch.New(cloudwatch.Options{
		BaseEndpoint: &w.Endpoint, Region: reactstocks.Region, HTTPClient: transport.New(),
		Credentials: credentials.NewStaticCredentialsProvider(reactstocks.AdminAccessKeyID, reactstocks.AdminSecretAccessKey, ""),
	})
	_, err := person.PutAlarmMuteRule(w.ctx, &cloudwatch.PutAlarmMuteRuleInput{
		Name: aws.String("maintenance"), MuteTargets: &types.MuteTargets{AlarmNames: []string{reactstocks.OtherErrorsAlarm}},
		Rule: &types.Rule{Schedule: &types.Schedule{
			Expression: aws.String("at(" + w.Clock.Now().UTC().Add(time.Minute).Format("2006-01-02T15:04") + ")"), Duration: aws.String("PT12H"),
		}},
	})
	Expect(err).NotTo(HaveOccurred())
}

// stages is the whole walk in the mode Act: alarm, queue and history, investigation, a change that helps, one that
// expires, one that is reverted because it does not help.
func stages() []stage {
	return []stage{
		{"the account is watched", nil, func(w *walk) bool {
			account := w.account()
			return conditions.IsTrue(account.Status.Conditions, v1alpha1.ConditionReady) &&
				conditions.IsTrue(account.Status.Conditions, v1alpha1.ConditionDetecting) &&
				conditions.IsTrue(account.Status.Conditions, v1alpha1.ConditionReceiving) && len(account.Status.Readings) > 0
		}},
		{"the alarm opens an Incident, and a change is proposed", (*walk).restart, func(w *walk) bool { return w.waits("react-stocks-1") }},
		{"the change is made and proved", (*walk).approve, func(w *walk) bool { return w.succeeded(v1alpha1.ReasonSucceeded) }},
		{"the Incident is resolved", nil, func(w *walk) bool {
			var list v1alpha1.IncidentList
			Expect(w.Admin.List(w.ctx, &list, client.InNamespace(w.Namespace))).To(Succeed())
			return len(list.Items) == 1 && conditions.IsTrue(list.Items[0].Status.Conditions, v1alpha1.ConditionResolved)
		}},
		{"a reservation for a while is planned", func(w *walk) {
			w.ask("for-a-while", func(r *v1alpha1.Remediation) {
				r.Spec.Target.FunctionName, r.Spec.ExpiresAfter = reactstocks.NewsSyncFunction, "1m"
			})
		}, func(w *walk) bool { return w.waits("for-a-while") }},
		{"it is made, and taken away when its time is over", (*walk).approve, func(w *walk) bool { return w.reverted() }},
		{"a timeout that will not help is planned", func(w *walk) {
			reactstocks.Apply(w.World, reactstocks.WrongFix, 7)
			Expect(w.Driver.RunFor(w.ctx, 6*time.Minute)).To(Succeed())
			w.ask("more-time", func(r *v1alpha1.Remediation) {
				r.Spec.Target.FunctionName = reactstocks.NewsSyncFunction
				r.Spec.Action = v1alpha1.Action{SetTimeout: &v1alpha1.SetTimeout{Seconds: 45}}
			})
		}, func(w *walk) bool { return w.waits("more-time") }},
		{"it is made, does not help, and is reverted", (*walk).approve, func(w *walk) bool { return w.reverted() }},
	}
}

// run goes the walk to its end, and returns "". It stops at a stage that does not end as it should, or as soon as an
// object says that the missing action may not be called, and returns that stage.
func (w *walk) run(stages []stage) string {
	GinkgoHelper()
	for _, s := range stages {
		if s.begin != nil {
			s.begin(w)
		}
		denied := false
		err := w.Driver.RunUntil(w.ctx, patient, func() bool {
			denied = w.missing != "" && len(w.denials()) > 0 && w.said()
			return denied || s.follow(w)
		})
		if err != nil {
			AddReportEntry("the stage did not end", err.Error())
		}
		if err != nil || denied || w.missing != "" && w.said() {
			return s.name
		}
	}
	return ""
}

// denials are the calls of the operator that AWS refused for want of a permission.
func (w *walk) denials() []ledger.Entry {
	return w.World.Ledger().Entries(func(e ledger.Entry) bool { return strings.HasPrefix(e.Error, "AccessDenied") })
}

// said says whether an object tells people that the missing action may not be called; of none, whether any may not.
func (w *walk) said() bool {
	GinkgoHelper()
	for _, list := range []client.ObjectList{
		&v1alpha1.AWSAccountList{}, &v1alpha1.ServerlessApplicationList{}, &v1alpha1.IncidentList{}, &v1alpha1.RemediationList{},
	} {
		Expect(w.Admin.List(w.ctx, list)).To(Succeed())
		text, err := json.Marshal(list)
		Expect(err).NotTo(HaveOccurred())
		for _, sentence := range []string{"may not call " + w.missing, "allow " + w.missing} {
			if w.missing != "" && strings.Contains(string(text), sentence) || strings.Contains(string(text), "may not call") && w.missing == "" {
				return true
			}
		}
	}
	return false
}

// restart lets another process of the operator take over, which looks in the history for what was missed.
func (w *walk) restart() { w.Driver.Restart(controllers.All(w.Deps)) }

func (w *walk) account() *v1alpha1.AWSAccount {
	GinkgoHelper()
	account := &v1alpha1.AWSAccount{}
	Expect(w.Admin.Get(w.ctx, client.ObjectKey{Name: builder.Account}, account)).To(Succeed())
	return account
}

// newest returns the Remediation that was created last, or nil.
func (w *walk) newest() *v1alpha1.Remediation {
	GinkgoHelper()
	var list v1alpha1.RemediationList
	Expect(w.Admin.List(w.ctx, &list, client.InNamespace(w.Namespace))).To(Succeed())
	var newest *v1alpha1.Remediation
	for i := range list.Items {
		if rem := &list.Items[i]; newest == nil || newest.Status.EndedAt != nil && rem.Status.EndedAt == nil {
			newest = rem
		}
	}
	return newest
}

func (w *walk) ask(name string, change func(*v1alpha1.Remediation)) {
	GinkgoHelper()
	Expect(w.Admin.Create(w.ctx, builder.Remediation(w.Namespace, change, func(r *v1alpha1.Remediation) { r.Name = name }))).To(Succeed())
}

// approve approves what waits, as Alice.
func (w *walk) approve() {
	GinkgoHelper()
	person := environment.As(GinkgoTB(), rest.ImpersonationConfig{UserName: alice, Groups: []string{"system:authenticated"}})
	Expect(person.Create(w.ctx, builder.Approval(w.newest()))).To(Succeed())
}

// waits says whether a plan of the Remediation waits for approval, and nothing is missing in what led to it.
func (w *walk) waits(prefix string) bool {
	rem := w.newest()
	return rem != nil && strings.HasPrefix(rem.Name, prefix) &&
		conditions.Reason(rem.Status.Conditions, v1alpha1.ConditionApproved) == v1alpha1.ReasonAwaitingApproval
}

func (w *walk) succeeded(reason string) bool {
	rem := w.newest()
	return rem != nil && rem.Status.EndedAt != nil && conditions.Reason(rem.Status.Conditions, v1alpha1.ConditionSucceeded) == reason
}

func (w *walk) reverted() bool {
	GinkgoHelper()
	var list v1alpha1.RemediationList
	Expect(w.Admin.List(w.ctx, &list, client.InNamespace(w.Namespace))).To(Succeed())
	for _, rem := range list.Items {
		if rem.Status.EndedAt == nil {
			return false
		}
	}
	for _, rem := range list.Items {
		if rem.Spec.Target.FunctionName == reactstocks.NewsSyncFunction && !conditions.IsTrue(rem.Status.Conditions, v1alpha1.ConditionReverted) {
			return false
		}
	}
	return true
}
