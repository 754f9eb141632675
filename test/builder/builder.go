// Package builder owns objects of the API for suites: valid as they are, and of the simulated React Stocks. It must not
// touch a cluster. Each builder takes changes, for what a spec is about.
package builder

import (
	"reflect"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// The names of what is built.
const (
	// Account is the AWSAccount.
	Account = "prod"
	// Application is the ServerlessApplication.
	Application = "react-stocks"
	// ThrottlingRunbook is the Runbook.
	ThrottlingRunbook = "throttling"
)

// notAfter is a day after the first moment of every world.
var notAfter = time.Date(2026, time.November, 24, 3, 0, 0, 0, time.UTC)

func with[T any](object *T, changes []func(*T)) *T {
	for _, change := range changes {
		change(object)
	}
	return object
}

// AWSAccount returns the account of React Stocks. It grants namespaces with the label team=react-stocks every action
// on the functions of React Stocks, in every mode.
func AWSAccount(changes ...func(*v1alpha1.AWSAccount)) *v1alpha1.AWSAccount {
	return with(&v1alpha1.AWSAccount{
		ObjectMeta: metav1.ObjectMeta{Name: Account},
		Spec: v1alpha1.AWSAccountSpec{
			AccountID:  reactstocks.AccountID,
			RoleARN:    reactstocks.AccountRoleARN,
			ExternalID: reactstocks.ExternalID,
			Grants: []v1alpha1.Grant{{
				Name:              "react-stocks",
				NamespaceSelector: metav1.LabelSelector{MatchLabels: map[string]string{"team": "react-stocks"}},
				RoleARN:           reactstocks.GrantRoleARN,
				ExternalID:        reactstocks.ExternalID,
				Resources: v1alpha1.GrantResources{ARNPatterns: []string{
					"arn:aws:lambda:*:" + reactstocks.AccountID + ":function:" + reactstocks.Stack + "-*",
				}},
				MaxMode:        v1alpha1.ModeAct,
				AllowedActions: everyAction(),
			}},
		},
	}, changes)
}

// everyAction names the members of the union, so that whoever adds one finds it granted.
func everyAction() []v1alpha1.ActionName {
	var all []v1alpha1.ActionName
	for f := range reflect.TypeFor[v1alpha1.Action]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		all = append(all, v1alpha1.ActionName(name))
	}
	return all
}

// ServerlessApplication returns React Stocks in the mode Act, with both of its functions.
func ServerlessApplication(namespace string, changes ...func(*v1alpha1.ServerlessApplication)) *v1alpha1.ServerlessApplication {
	return with(&v1alpha1.ServerlessApplication{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: Application},
		Spec: v1alpha1.ServerlessApplicationSpec{
			Mode: v1alpha1.ModeAct,
			AWS: v1alpha1.ApplicationAWS{
				AccountRef: v1alpha1.LocalReference{Name: Account},
				Region:     reactstocks.Region,
			},
			Functions: []v1alpha1.ApplicationFunction{
				{Name: reactstocks.BackendFunction, Alias: reactstocks.Alias},
				{Name: reactstocks.NewsSyncFunction, CallerTimeout: "1m"},
			},
		},
	}, changes)
}

// Runbook returns a Runbook for throttling whose one rule proposes 200 reserved executions.
func Runbook(namespace string, changes ...func(*v1alpha1.Runbook)) *v1alpha1.Runbook {
	return with(&v1alpha1.Runbook{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: ThrottlingRunbook},
		Spec: v1alpha1.RunbookSpec{
			Title:    "Throttling",
			Concern:  v1alpha1.ConcernAvailability,
			Triggers: []v1alpha1.Trigger{{Metric: &v1alpha1.MetricTrigger{Namespace: "AWS/Lambda", Name: "Throttles"}}},
			Investigate: []v1alpha1.Step{
				{Name: "throttles", Metric: &v1alpha1.MetricStep{Namespace: "AWS/Lambda", Name: "Throttles", Statistic: "Sum", Window: "15m"}},
				{Name: "fn", FunctionState: &v1alpha1.FunctionStateStep{}},
			},
			Diagnose: []v1alpha1.Rule{{
				Cause:      "ReservedConcurrencyTooLow",
				When:       "throttles.sum > 0.0",
				Confidence: v1alpha1.ConfidenceHigh,
				Because:    "'requests were throttled'",
				Respond: v1alpha1.Response{Remediate: []v1alpha1.ActionTemplate{{
					SetReservedConcurrency: &v1alpha1.SetReservedConcurrencyTemplate{Value: intstr.FromInt32(200)},
				}}},
			}},
		},
	}, changes)
}

// ChangePolicy returns a policy with the defaults of the API: one person, who is not the requester.
func ChangePolicy(namespace string, changes ...func(*v1alpha1.ChangePolicy)) *v1alpha1.ChangePolicy {
	return with(&v1alpha1.ChangePolicy{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "default"}}, changes)
}

// Incident returns an Incident that a person opens about the backend, by hand.
func Incident(namespace string, changes ...func(*v1alpha1.Incident)) *v1alpha1.Incident {
	return with(&v1alpha1.Incident{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "by-hand"},
		Spec: v1alpha1.IncidentSpec{
			ApplicationRef: v1alpha1.LocalReference{Name: Application},
			RunbookRefs:    []v1alpha1.LocalReference{{Name: ThrottlingRunbook}},
			Functions:      []v1alpha1.FunctionName{reactstocks.BackendFunction},
		},
	}, changes)
}

// Remediation returns a Remediation that a person asks for: 200 reserved executions for the backend, within a day.
func Remediation(namespace string, changes ...func(*v1alpha1.Remediation)) *v1alpha1.Remediation {
	return with(&v1alpha1.Remediation{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "more-concurrency"},
		Spec: v1alpha1.RemediationSpec{
			ApplicationRef: v1alpha1.LocalReference{Name: Application},
			Target:         v1alpha1.Target{FunctionName: reactstocks.BackendFunction},
			Action:         v1alpha1.Action{SetReservedConcurrency: &v1alpha1.SetReservedConcurrency{Value: 200}},
			NotAfter:       metav1.NewTime(notAfter),
		},
	}, changes)
}

// Approval returns the approval of a Remediation's present plan. Whoever creates it is the person who approves.
func Approval(of *v1alpha1.Remediation, changes ...func(*v1alpha1.Approval)) *v1alpha1.Approval {
	a := &v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{Namespace: of.Namespace, GenerateName: of.Name + "-"},
		Spec: v1alpha1.ApprovalSpec{
			RemediationRef: v1alpha1.UIDReference{Name: of.Name, UID: string(of.UID)},
			Action:         of.Spec.Action.Name(),
			Decision:       v1alpha1.DecisionApproved,
		},
	}
	if of.Status.Plan != nil {
		a.Spec.PlanDigest = of.Status.Plan.Digest
	}
	return with(a, changes)
}
