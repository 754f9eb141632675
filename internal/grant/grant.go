// Package grant owns what an AWSAccount allows an application: the role, the resources, the mode and the actions.
// It must not call AWS nor write to the API server.
package grant

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// Resolved is what an application may do, and how its account is reached.
type Resolved struct {
	// Grant of the AWSAccount that selects the application's namespace.
	Grant v1alpha1.Grant
	// Access to the account in the application's Region with the grant's role.
	Access aws.Access
	// Home is the access to the account as a whole, where its claim is.
	Home aws.Access
	// Granted is the lower of the application's mode and the grant's maxMode.
	Granted v1alpha1.Mode
	// Mode is Granted, and Observe while this cluster does not hold the claim of the account.
	Mode v1alpha1.Mode
	// Unclaimed says for people that the mode is lower than Granted for want of the claim. Empty: it is not.
	Unclaimed string
	// Floor is the account's unreserved concurrency floor where its administrator states one; nil where not.
	Floor *int32
}

// unclaimed says for people that this cluster does not act on the claim of an account: because it does not hold it, or
// because it cannot be told whether it does.
func unclaimed(account *v1alpha1.AWSAccount) string {
	what := "it cannot be told whether this cluster holds the claim of AWSAccount"
	switch conditions.Reason(account.Status.Conditions, v1alpha1.ConditionClaimed) {
	case "", v1alpha1.ReasonNothingToActFor, v1alpha1.ReasonClaimedByAnotherCluster:
		what = "this cluster does not hold the claim of AWSAccount"
	}
	return fmt.Sprintf("%s %s, whose condition %s says why and what to do", what, account.Name, v1alpha1.ConditionClaimed)
}

// Allows says whether the grant lists an action.
func (r Resolved) Allows(action v1alpha1.ActionName) bool {
	return slices.Contains(r.Grant.AllowedActions, action)
}

// Resolve returns what an application may do in an account (nil where there is no such AWSAccount), given the labels
// of its namespace. Every error is a *fault.Fault of the class Blocked with the reason AccountNotFound, NotGranted or
// GrantAmbiguous: exactly one grant has to select the namespace, and has to list every function of the application.
func Resolve(app *v1alpha1.ServerlessApplication, account *v1alpha1.AWSAccount, namespaceLabels map[string]string) (Resolved, error) {
	if account == nil {
		return Resolved{}, fault.New(fault.Blocked, v1alpha1.ReasonAccountNotFound,
			"there is no AWSAccount %q: create it, or correct spec.aws.accountRef", app.Spec.AWS.AccountRef.Name)
	}
	g, err := selected(app, account, namespaceLabels)
	if err != nil {
		return Resolved{}, err
	}
	if err := covers(g, app, account); err != nil {
		return Resolved{}, err
	}
	r := Resolved{
		Grant: *g.DeepCopy(),
		Access: aws.Access{
			AccountID:  account.Spec.AccountID,
			Region:     string(app.Spec.AWS.Region),
			RoleARN:    string(g.RoleARN),
			ExternalID: g.ExternalID,
		},
		Home:    Home(account),
		Granted: lower(app.Spec.Mode, g.MaxMode),
	}
	r.Mode = r.Granted
	if claimed := v1alpha1.ConditionClaimed; r.Granted != v1alpha1.ModeObserve && !conditions.IsTrue(account.Status.Conditions, claimed) {
		r.Mode = v1alpha1.ModeObserve
		r.Unclaimed = unclaimed(account)
	}
	if lambda := account.Spec.Lambda; lambda != nil && lambda.UnreservedConcurrencyFloor != nil {
		floor := *lambda.UnreservedConcurrencyFloor
		r.Floor = &floor
	}
	return r, nil
}

// Account returns the access to an account in a Region with its account role, which reads for all grants together.
func Account(account *v1alpha1.AWSAccount, region v1alpha1.Region) aws.Access {
	return aws.Access{
		AccountID:  account.Spec.AccountID,
		Region:     string(region),
		RoleARN:    string(account.Spec.RoleARN),
		ExternalID: account.Spec.ExternalID,
	}
}

// selected returns the one grant that selects the namespace.
func selected(app *v1alpha1.ServerlessApplication, account *v1alpha1.AWSAccount, namespaceLabels map[string]string) (v1alpha1.Grant, error) {
	var found []v1alpha1.Grant
	var names []string
	for _, g := range account.Spec.Grants {
		if Selects(g, namespaceLabels) {
			found = append(found, g)
			names = append(names, g.Name)
		}
	}
	switch len(found) {
	case 0:
		return v1alpha1.Grant{}, fault.New(fault.Blocked, v1alpha1.ReasonNotGranted,
			"no grant of AWSAccount %q selects the namespace %q: ask its administrator for one, or for the namespace's labels",
			account.Name, app.Namespace)
	case 1:
		return found[0], nil
	}
	slices.Sort(names)
	return v1alpha1.Grant{}, fault.New(fault.Blocked, v1alpha1.ReasonGrantAmbiguous,
		"%d grants of AWSAccount %q select the namespace %q (%s): its administrator has to leave one",
		len(found), account.Name, app.Namespace, bounded(names))
}

// covers says whether a grant lists every function of an application.
func covers(g v1alpha1.Grant, app *v1alpha1.ServerlessApplication, account *v1alpha1.AWSAccount) error {
	var outside []string
	for _, f := range app.Spec.Functions {
		arn := FunctionARN(app.Spec.AWS.Region, account.Spec.AccountID, f.Name)
		if !slices.ContainsFunc(g.Resources.ARNPatterns, func(pattern string) bool { return matches(pattern, arn) }) {
			outside = append(outside, string(f.Name))
		}
	}
	if len(outside) == 0 {
		return nil
	}
	return fault.New(fault.Blocked, v1alpha1.ReasonNotGranted,
		"grant %q of AWSAccount %q lists no resource that is %s in %s: ask its administrator to add the function's ARN, or remove it from spec.functions",
		g.Name, account.Name, bounded(outside), app.Spec.AWS.Region)
}

// Selects says whether a grant selects a namespace with these labels. An empty selector selects none, and so does one
// that Kubernetes does not understand.
func Selects(g v1alpha1.Grant, namespaceLabels map[string]string) bool {
	if len(g.NamespaceSelector.MatchLabels) == 0 && len(g.NamespaceSelector.MatchExpressions) == 0 {
		return false
	}
	selector, err := metav1.LabelSelectorAsSelector(&g.NamespaceSelector)
	return err == nil && selector.Matches(labels.Set(namespaceLabels))
}

// FunctionARN returns the ARN of a Lambda function without a qualifier.
func FunctionARN(region v1alpha1.Region, accountID string, name v1alpha1.FunctionName) string {
	return fmt.Sprintf("arn:%s:lambda:%s:%s:function:%s", partition(region), region, accountID, name)
}

// partition of a Region (AWS General Reference: Amazon Resource Names).
func partition(region v1alpha1.Region) string {
	switch {
	case strings.HasPrefix(string(region), "cn-"):
		return "aws-cn"
	case strings.HasPrefix(string(region), "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// matches compares text with a pattern in which "*" stands for any number of any characters.
func matches(pattern, text string) bool {
	first, rest, starred := strings.Cut(pattern, "*")
	if !starred {
		return pattern == text
	}
	if !strings.HasPrefix(text, first) {
		return false
	}
	text = text[len(first):]
	parts := strings.Split(rest, "*")
	for _, part := range parts[:len(parts)-1] {
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return strings.HasSuffix(text, parts[len(parts)-1])
}

// lower returns the lower of two modes. A mode that is not set is Observe.
func lower(a, b v1alpha1.Mode) v1alpha1.Mode {
	order := []v1alpha1.Mode{v1alpha1.ModeObserve, v1alpha1.ModePropose, v1alpha1.ModeAct}
	return order[max(0, min(slices.Index(order, a), slices.Index(order, b)))]
}

// bounded joins names and says how many it leaves out.
func bounded(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
