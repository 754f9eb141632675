package grant

import (
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

const account = "111122223333"

func application(functions ...v1alpha1.FunctionName) *v1alpha1.ServerlessApplication {
	app := &v1alpha1.ServerlessApplication{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "checkout"}}
	app.Spec.Mode = v1alpha1.ModeAct
	app.Spec.AWS = v1alpha1.ApplicationAWS{AccountRef: v1alpha1.LocalReference{Name: "prod"}, Region: "eu-west-1"}
	for _, name := range functions {
		app.Spec.Functions = append(app.Spec.Functions, v1alpha1.ApplicationFunction{Name: name})
	}
	return app
}

func granted(name string, selector metav1.LabelSelector, patterns ...string) v1alpha1.Grant {
	return v1alpha1.Grant{
		Name: name, NamespaceSelector: selector, RoleARN: "arn:aws:iam::" + account + ":role/responder", ExternalID: "e-1",
		Resources: v1alpha1.GrantResources{ARNPatterns: patterns}, MaxMode: v1alpha1.ModePropose,
		AllowedActions: []v1alpha1.ActionName{v1alpha1.ActionSetTimeout},
	}
}

func accountWith(grants ...v1alpha1.Grant) *v1alpha1.AWSAccount {
	a := &v1alpha1.AWSAccount{ObjectMeta: metav1.ObjectMeta{Name: "prod"}}
	a.Spec.AccountID, a.Spec.Grants = account, grants
	a.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionClaimed, Status: metav1.ConditionTrue}}
	return a
}

var (
	shop = metav1.LabelSelector{MatchLabels: map[string]string{"team": "shop"}}
	all  = "arn:aws:lambda:*:" + account + ":function:*"
)

func TestAGrantSaysHowTheAccountIsReachedAndWhatMayBeDone(t *testing.T) {
	g := NewWithT(t)
	acct := accountWith(granted("shop", shop, all), granted("other", metav1.LabelSelector{MatchLabels: map[string]string{"team": "other"}}, all))
	acct.Spec.Lambda = &v1alpha1.AWSAccountLambda{UnreservedConcurrencyFloor: ptr.To[int32](0)}

	r, err := Resolve(application("pay"), acct, map[string]string{"team": "shop"})

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(r.Grant.Name).To(Equal("shop"))
	g.Expect(r.Access).To(Equal(aws.Access{
		AccountID: account, Region: "eu-west-1", RoleARN: "arn:aws:iam::" + account + ":role/responder", ExternalID: "e-1",
	}))
	g.Expect(r.Mode).To(Equal(v1alpha1.ModePropose))
	g.Expect(r.Floor).To(HaveValue(BeEquivalentTo(0)), "a floor of 0 is a statement, not an absence")
	g.Expect(r.Allows(v1alpha1.ActionSetTimeout)).To(BeTrue())
	g.Expect(r.Allows(v1alpha1.ActionSetReservedConcurrency)).To(BeFalse())
}

func TestWithoutExactlyOneGrantNothingIsAllowed(t *testing.T) {
	for name, c := range map[string]struct {
		account *v1alpha1.AWSAccount
		labels  map[string]string
		reason  string
		message string
	}{
		"there is no account": {nil, map[string]string{"team": "shop"}, v1alpha1.ReasonAccountNotFound, "no AWSAccount \"prod\""},
		"no grant selects the namespace": {
			accountWith(granted("shop", shop, all)), map[string]string{"team": "other"},
			v1alpha1.ReasonNotGranted, `no grant of AWSAccount "prod" selects the namespace "shop"`,
		},
		"the namespace has no labels": {
			accountWith(granted("shop", shop, all)), nil, v1alpha1.ReasonNotGranted, "selects the namespace",
		},
		"an empty selector selects no namespace": {
			accountWith(granted("everybody", metav1.LabelSelector{}, all)), map[string]string{"team": "shop"},
			v1alpha1.ReasonNotGranted, "selects the namespace",
		},
		"a selector that is not understood selects no namespace": {
			accountWith(granted("odd", metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: "team", Operator: "Like", Values: []string{"shop"}},
			}}, all)), map[string]string{"team": "shop"},
			v1alpha1.ReasonNotGranted, "selects the namespace",
		},
		"two grants select the namespace": {
			accountWith(granted("b", shop, all), granted("a", shop, all)), map[string]string{"team": "shop"},
			v1alpha1.ReasonGrantAmbiguous, "2 grants of AWSAccount \"prod\" select the namespace \"shop\" (a, b)",
		},
		"the grant lists other functions": {
			accountWith(granted("shop", shop, "arn:aws:lambda:eu-west-1:"+account+":function:pay-*")), map[string]string{"team": "shop"},
			v1alpha1.ReasonNotGranted, `lists no resource that is pay in eu-west-1`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r, err := Resolve(application("pay"), c.account, c.labels)
			g.Expect(fault.From(err).Class).To(Equal(fault.Blocked))
			g.Expect(fault.From(err).Reason).To(Equal(c.reason))
			g.Expect(fault.From(err).Message).To(ContainSubstring(c.message))
			g.Expect(r).To(Equal(Resolved{}), "nothing leaks out of a refusal")
		})
	}
}

func TestEveryFunctionHasToBeGranted(t *testing.T) {
	g := NewWithT(t)
	acct := accountWith(granted("shop", shop, "arn:aws:lambda:eu-west-1:"+account+":function:pay"))
	_, err := Resolve(application("pay", "a", "b", "c", "d", "e", "f"), acct, map[string]string{"team": "shop"})
	g.Expect(err).To(MatchError(ContainSubstring("no resource that is a, b, c, d, e and 1 more in eu-west-1")))
}

func TestAPatternStarStandsForAnyCharacters(t *testing.T) {
	const arn = "arn:aws:lambda:eu-west-1:111122223333:function:pay-prod"
	for pattern, want := range map[string]bool{
		arn: true, "*": true,
		"arn:aws:lambda:*:111122223333:function:pay-*":                     true,
		"arn:aws:lambda:*:111122223333:function:*-prod":                    true,
		"arn:aws:lambda:*:111122223333:function:*ay*pr*":                   true,
		"arn:aws:lambda:eu-west-1:111122223333:*":                          true,
		"arn:aws:lambda:eu-west-1:111122223333:function:**":                true,
		"arn:aws:lambda:eu-west-1:111122223333:function:pay":               false,
		"arn:aws:lambda:*:111122223333:function:*-dev":                     false,
		"arn:aws:lambda:*:999922223333:function:*":                         false,
		"arn:aws:lambda:eu-west-1:111122223333:function:pay-prod*pay-prod": false,
		"arn.aws:lambda:eu-west-1:111122223333:function:pay-prod":          false,
	} {
		t.Run(pattern, func(t *testing.T) { NewWithT(t).Expect(matches(pattern, arn)).To(Equal(want)) })
	}
}

func TestTheModeIsTheLowerOfTheTwo(t *testing.T) {
	observe, propose, act := v1alpha1.ModeObserve, v1alpha1.ModePropose, v1alpha1.ModeAct
	for _, c := range []struct{ app, grant, want v1alpha1.Mode }{
		{act, act, act}, {act, propose, propose}, {observe, act, observe}, {propose, observe, observe},
		{"", act, observe}, {act, "", observe}, {"Unheard", act, observe},
	} {
		NewWithT(t).Expect(lower(c.app, c.grant)).To(Equal(c.want), "application %q, grant %q", c.app, c.grant)
	}
}

func TestAFunctionARNIsOfTheRegionsPartition(t *testing.T) {
	g := NewWithT(t)
	g.Expect(FunctionARN("us-east-1", account, "f")).To(Equal("arn:aws:lambda:us-east-1:111122223333:function:f"))
	g.Expect(FunctionARN("cn-north-1", account, "f")).To(HavePrefix("arn:aws-cn:lambda:"))
	g.Expect(FunctionARN("us-gov-west-1", account, "f")).To(HavePrefix("arn:aws-us-gov:lambda:"))
}

func TestWhatIsKeptOnceAnAccountIsInARegionOfTheRolesPartition(t *testing.T) {
	g := NewWithT(t)
	g.Expect(HomeRegion("arn:aws:iam::111122223333:role/r")).To(BeEquivalentTo("us-east-1"))
	g.Expect(HomeRegion("arn:aws-cn:iam::111122223333:role/r")).To(BeEquivalentTo("cn-north-1"))
	g.Expect(HomeRegion("arn:aws-us-gov:iam::111122223333:role/r")).To(BeEquivalentTo("us-gov-west-1"))
}

func TestWithoutTheClaimOfTheAccountTheModeIsObserve(t *testing.T) {
	for name, conditions := range map[string][]metav1.Condition{
		"nobody looked yet": nil,
		"another has it":    {{Type: v1alpha1.ConditionClaimed, Status: metav1.ConditionFalse}},
		"nobody can tell":   {{Type: v1alpha1.ConditionClaimed, Status: metav1.ConditionUnknown}},
	} {
		g := NewWithT(t)
		acct := accountWith(granted("shop", shop, all))
		acct.Status.Conditions = conditions
		r, err := Resolve(application("pay"), acct, map[string]string{"team": "shop"})
		g.Expect(err).NotTo(HaveOccurred(), name)
		g.Expect(r.Mode).To(Equal(v1alpha1.ModeObserve), name)
		g.Expect(r.Granted).To(Equal(v1alpha1.ModePropose), name)
		g.Expect(r.Unclaimed).To(ContainSubstring(`AWSAccount prod, whose condition Claimed says why`), name)

		only := application("pay")
		only.Spec.Mode = v1alpha1.ModeObserve
		r, err = Resolve(only, acct, map[string]string{"team": "shop"})
		g.Expect(err).NotTo(HaveOccurred(), name)
		g.Expect(r.Unclaimed).To(BeEmpty(), "%s: it would observe anyway", name)
	}
}

func TestTheClaimIsInTheAccountAsAWholeWithItsAccountRole(t *testing.T) {
	g := NewWithT(t)
	acct := accountWith(granted("shop", shop, all))
	acct.Spec.RoleARN, acct.Spec.ExternalID = "arn:aws:iam::"+account+":role/account", "e-2"
	r, err := Resolve(application("pay"), acct, map[string]string{"team": "shop"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(r.Home).To(Equal(aws.Access{AccountID: account, Region: "us-east-1", RoleARN: "arn:aws:iam::" + account + ":role/account", ExternalID: "e-2"}))
}

func TestWithoutTheClaimTheModeIsObserveAndItIsSaidWhetherThatIsKnown(t *testing.T) {
	for reason, want := range map[string]string{
		"":                                     "this cluster does not hold the claim of AWSAccount prod, whose condition Claimed says why and what to do",
		v1alpha1.ReasonClaimedByAnotherCluster: "this cluster does not hold the claim of AWSAccount prod, whose condition Claimed says why and what to do",
		v1alpha1.ReasonAWSUnavailable:          "it cannot be told whether this cluster holds the claim of AWSAccount prod, whose condition Claimed says why and what to do",
		v1alpha1.ReasonClaimContended:          "it cannot be told whether this cluster holds the claim of AWSAccount prod, whose condition Claimed says why and what to do",
	} {
		g := NewWithT(t)
		acct := accountWith(granted("shop", shop, all))
		acct.Status.Conditions = nil
		if reason != "" {
			acct.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionClaimed, Status: metav1.ConditionFalse, Reason: reason}}
		}
		r, err := Resolve(application("pay"), acct, map[string]string{"team": "shop"})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(r.Mode).To(Equal(v1alpha1.ModeObserve))
		g.Expect(r.Unclaimed).To(Equal(want))
	}
}
