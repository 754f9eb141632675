package aws

import (
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	simledger "github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

func TestASessionIsWhoTheGrantSays(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	s, err := w.clients.Session(t.Context(), w.access, "rem/ns uid:"+strings.Repeat("x", 80))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.Access()).To(Equal(w.access))
	g.Expect(s.Identity().AccountID).To(Equal(reactstocks.AccountID))
	g.Expect(s.Identity().RoleARN).To(Equal(reactstocks.GrantRoleARN))
	name := "rem-ns-uid-" + strings.Repeat("x", 53)
	g.Expect(name).To(HaveLen(64))
	g.Expect(s.Identity().ARN).To(HaveSuffix(":assumed-role/" + reactstocks.GrantRole + "/" + name))
}

func TestNoSessionIsGivenToTheWrongIdentity(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(a *Access)
		reason  string
		message string
	}{
		{"another account", func(a *Access) { a.AccountID = "999999999999" }, "WrongIdentity", "not of account 999999999999"},
		{"no external ID", func(a *Access) { a.ExternalID = "" }, "AccessDenied", "may not assume the role"},
		{"another external ID", func(a *Access) { a.ExternalID = "others" }, "AccessDenied", "may not assume the role"},
		{"no such role", func(a *Access) { a.RoleARN += "x" }, "AccessDenied", "may not assume the role"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			w := newWorld(t, reactstocks.Steady)
			c.change(&w.access)
			s, err := w.clients.Session(t.Context(), w.access, "test")
			g.Expect(s).To(BeNil())
			f := fault.From(err)
			g.Expect(f.Class).To(Equal(fault.Blocked))
			g.Expect(f.Reason).To(Equal(c.reason))
			g.Expect(f.Message).To(ContainSubstring(c.message))
		})
	}
}

func TestAnIdentityIsOfTheRoleAndTheSessionInItsAccount(t *testing.T) {
	g := NewWithT(t)
	a := Access{AccountID: "123456789012", RoleARN: "arn:aws:iam::123456789012:role/path/to/responder"}
	for arn, want := range map[string]bool{
		"arn:aws:sts::123456789012:assumed-role/responder/n":         true,
		"arn:aws-us-gov:sts::123456789012:assumed-role/responder/n":  true,
		"arn:aws:sts::123456789012:assumed-role/path/to/responder/n": false,
		"arn:aws:sts::123456789012:assumed-role/responder2/n":        false,
		"arn:aws:sts::123456789012:assumed-role/responder/other":     false,
		"arn:aws:sts::999999999999:assumed-role/responder/n":         false,
		"arn:aws:iam::123456789012:user/responder":                   false,
		"": false,
	} {
		g.Expect(isSession(arn, a, "n")).To(Equal(want), arn)
	}
}

func TestASessionIsSharedUntilItNearsItsEnd(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	assumed := func() int { return w.Ledger().Count(simledger.ByAction("sts:AssumeRole")) }
	first := w.session(t)
	g.Expect(w.session(t)).To(BeIdenticalTo(first))
	g.Expect(assumed()).To(Equal(1))

	_, err := w.clients.Session(t.Context(), w.access, "another")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(assumed()).To(Equal(2), "another name is another session")

	w.wall.Step(sessionDuration - sessionMargin - time.Second)
	g.Expect(w.session(t)).To(BeIdenticalTo(first))
	w.wall.Step(2 * time.Second)
	g.Expect(w.session(t)).NotTo(BeIdenticalTo(first))
	g.Expect(assumed()).To(Equal(3))
}

func TestSessionsThatEndedAreDropped(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	for _, name := range []string{"rem-1", "rem-2", "rem-3"} {
		_, err := w.clients.Session(t.Context(), w.access, name)
		g.Expect(err).NotTo(HaveOccurred())
	}
	w.wall.Step(time.Hour)
	w.session(t)
	g.Expect(w.clients.sessions).To(HaveLen(1))
}

func TestASessionThatAWSCallsExpiredIsReplaced(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	first := w.session(t)
	w.Faults().Add(faults.Rule{Action: "lambda:GetFunction", Times: 1, Effect: faults.Error("ExpiredTokenException", "The security token included in the request is expired", 403)})
	_, err := first.Lambda.Function(t.Context(), reactstocks.BackendFunction)
	g.Expect(fault.From(err).Class).To(Equal(fault.Transient))
	second := w.session(t)
	g.Expect(second).NotTo(BeIdenticalTo(first))
	_, err = second.Lambda.Function(t.Context(), reactstocks.BackendFunction)
	g.Expect(err).NotTo(HaveOccurred())
}

func TestAnOperatorWithoutCredentialsSaysSo(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	clients, err := New(t.Context(), Options{Clock: w.clock, Wall: w.wall, Load: []func(*config.LoadOptions) error{
		config.WithCredentialsProvider(awssdk.CredentialsProviderFunc(noCredentials)),
	}})
	g.Expect(err).NotTo(HaveOccurred())
	_, err = clients.Session(t.Context(), w.access, "test")
	f := fault.From(err)
	g.Expect(f.Class).To(Equal(fault.Blocked))
	g.Expect(f.Message).To(ContainSubstring("no AWS credentials of its own"))
}
