package aws

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	simledger "github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

func TestAFunctionIsReadWithoutItsSecrets(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	fn, err := w.session(t).Lambda.Function(t.Context(), reactstocks.BackendFunction)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(fn.ARN).To(Equal(w.FunctionARN(reactstocks.BackendFunction)))
	g.Expect(fn.MemoryMB).To(BeEquivalentTo(512))
	g.Expect(fn.TimeoutSeconds).To(BeEquivalentTo(30))
	g.Expect(*fn.ReservedConcurrency).To(BeEquivalentTo(reactstocks.BackendReserved))
	g.Expect(fn.LastUpdateStatus).To(Equal(UpdateSuccessful))
	g.Expect(fn.RevisionID).NotTo(BeEmpty())
	g.Expect(fn.StackName).To(Equal(reactstocks.Stack))
	g.Expect(fn.StackLogicalID).NotTo(BeEmpty())
	g.Expect(fn.TagsDenied).To(BeFalse())
	g.Expect(fn.EnvironmentNames).To(Equal([]string{"DATABASE_URL", "LOG_LEVEL", "POLYGON_API_KEY", "SESSION_SECRET", "STAGE", "TIINGO_API_KEY"}))
	asJSON, err := json.Marshal(fn)
	g.Expect(err).NotTo(HaveOccurred())
	for _, secret := range append(reactstocks.Secrets(), "http") {
		g.Expect(string(asJSON)).NotTo(ContainSubstring(secret))
		g.Expect(fmt.Sprintf("%+v", fn)).NotTo(ContainSubstring(secret))
	}
}

func TestTheRestOfLambdaIsRead(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	s := w.session(t)
	alias, err := s.Lambda.Alias(t.Context(), reactstocks.BackendFunction, reactstocks.Alias)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(alias.Version).To(MatchRegexp(`^[0-9]+$`))
	settings, err := s.Lambda.AccountSettings(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(settings.ConcurrentExecutions).To(BeEquivalentTo(1000))
	g.Expect(settings.UnreservedConcurrentExecutions).To(BeNumerically("<=", 900))
	g.Expect(settings.FunctionCount).To(BeNumerically(">=", 3))

	_, err = s.Lambda.Function(t.Context(), "no-such-function")
	g.Expect(fault.IsNotFound(err)).To(BeTrue())
	g.Expect(fault.Is(err, "FunctionNotFound")).To(BeTrue())
	_, err = s.Lambda.Alias(t.Context(), reactstocks.BackendFunction, "no-such-alias")
	g.Expect(fault.IsNotFound(err)).To(BeTrue())
}

func TestAliasesOfPublishedVersionsAreFoundOnWhicheverPageTheyAre(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	s := w.session(t)
	published, err := s.Lambda.PublishedAliases(t.Context(), reactstocks.BackendFunction)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(published).To(HaveLen(1))
	g.Expect(published[0].Name).To(Equal(reactstocks.Alias))
	g.Expect(published[0].Version).To(Equal("1"))
	published, err = s.Lambda.PublishedAliases(t.Context(), reactstocks.NewsSyncFunction)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(published).To(BeEmpty(), "it has none")
	_, err = s.Lambda.PublishedAliases(t.Context(), "no-such-function")
	g.Expect(fault.IsNotFound(err)).To(BeTrue())

	somebody := w.somebody()
	create := func(name, version string) {
		w.clock.Step(time.Second) // Lambda has a quota of changes
		_, err := somebody.CreateAlias(t.Context(), &lambda.CreateAliasInput{
			FunctionName: new(reactstocks.NewsSyncFunction), Name: &name, FunctionVersion: &version})
		g.Expect(err).NotTo(HaveOccurred())
	}
	for i := range 50 {
		create(fmt.Sprintf("dev-%02d", i), "$LATEST")
	}
	published, err = s.Lambda.PublishedAliases(t.Context(), reactstocks.NewsSyncFunction)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(published).To(BeEmpty(), "$LATEST is not published")
	_, err = somebody.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: new(reactstocks.NewsSyncFunction)})
	g.Expect(err).NotTo(HaveOccurred())
	create("prod", "1")
	published, err = s.Lambda.PublishedAliases(t.Context(), reactstocks.NewsSyncFunction)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(published).To(HaveLen(1), "on the second page")
	g.Expect(published[0].Name).To(Equal("prod"))
}

func TestAMissingPermissionIsNamed(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	s := w.session(t)
	some := iam.Allow("lambda:GetFunction")
	w.IAM().SetRolePolicy(reactstocks.GrantRoleARN, &some)
	_, err := s.Lambda.AccountSettings(t.Context())
	f := fault.From(err)
	g.Expect(f.Class).To(Equal(fault.Blocked))
	g.Expect(f.Message).To(Equal("reading the Lambda limits of the account: the role may not call lambda:GetAccountSettings: allow it in the role's IAM policy"))
}

func TestChangesThatAWSRefusesChangeNothing(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	s := w.session(t)
	before := w.StateHash()
	f := fault.From(s.Lambda.PutFunctionConcurrency(t.Context(), reactstocks.BackendFunction, 990))
	g.Expect(f.Reason).To(Equal("UnreservedFloor"))
	g.Expect(f.Refused).To(BeTrue())
	g.Expect(f.Message).To(ContainSubstring("at least 100 unreserved"))
	f = fault.From(s.Lambda.SetTimeout(t.Context(), reactstocks.NewsSyncFunction, 20, "00000000-0000-0000-0000-000000000000"))
	g.Expect(f.Reason).To(Equal("Stale"))
	g.Expect(f.Refused).To(BeTrue())
	g.Expect(w.StateHash()).To(Equal(before))
}

func TestAChangeDuringAnUpdateWaits(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	s := w.session(t)
	read := func() Function {
		fn, err := s.Lambda.Function(t.Context(), reactstocks.NewsSyncFunction)
		g.Expect(err).NotTo(HaveOccurred())
		return fn
	}
	first := read()
	g.Expect(s.Lambda.SetTimeout(t.Context(), reactstocks.NewsSyncFunction, 20, first.RevisionID)).To(Succeed())
	during := read()
	g.Expect(during.LastUpdateStatus).To(Equal(UpdateInProgress))
	f := fault.From(s.Lambda.SetTimeout(t.Context(), reactstocks.NewsSyncFunction, 25, during.RevisionID))
	g.Expect(f.Class).To(Equal(fault.Waiting))
	g.Expect(f.Reason).To(Equal("UpdateInProgress"))
	g.Expect(f.Refused).To(BeTrue())
	w.clock.Step(time.Minute)
	after := read()
	g.Expect(after.LastUpdateStatus).To(Equal(UpdateSuccessful))
	g.Expect(after.TimeoutSeconds).To(BeEquivalentTo(20))
	g.Expect(after.RevisionID).NotTo(Equal(during.RevisionID), "it moves once more when the update ends")
}

func TestACallWhoseAnswerIsLostIsMadeOnceAndNotCalledRefused(t *testing.T) {
	for name, effect := range map[string]faults.Effect{
		"reset after": {ResetAfter: true}, "500 after": {FailAfter: true}, "reset before": {ResetBefore: true},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			w := newWorld(t, reactstocks.Steady)
			s := w.session(t)
			w.Faults().Add(faults.Rule{Action: "lambda:PutFunctionConcurrency", Effect: effect})
			f := fault.From(s.Lambda.PutFunctionConcurrency(t.Context(), reactstocks.BackendFunction, 150))
			g.Expect(f.Class).To(Equal(fault.Transient))
			g.Expect(f.Refused).To(BeFalse())
			g.Expect(w.Ledger().Count(simledger.ByAction("lambda:PutFunctionConcurrency"))).To(Equal(1))
		})
	}
}
