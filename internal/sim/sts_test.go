package sim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lm "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	testclock "k8s.io/utils/clock/testing"
)

const trusted = "trusted"

// assume asks for the trusted role through the SDK.
func (h *harness) assume(in *sts.AssumeRoleInput) (*types.Credentials, error) {
	if in.RoleArn == nil {
		in.RoleArn = aws.String(h.IAM().RoleARN(trusted))
	}
	if in.RoleSessionName == nil {
		in.RoleSessionName = aws.String("session")
	}
	out, err := sts.NewFromConfig(h.cfg).AssumeRole(h.t.Context(), in)
	if err != nil {
		return nil, err
	}
	return out.Credentials, nil
}

func newTrustHarness(t *testing.T) (*harness, *testclock.FakeClock) {
	t.Helper()
	wall := testclock.NewFakeClock(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
	h := newHarness(t, sim.Options{Wall: wall}, lambda.Function{})
	h.IAM().PutRole(iam.Role{Name: trusted, TrustedARNs: []string{h.IAM().RoleARN(role)}, ExternalID: "shared"})
	h.IAM().PutRole(iam.Role{Name: "closed", TrustedARNs: []string{h.IAM().RoleARN("somebody-else")}})
	return h, wall
}

func TestARoleIsAssumedByThoseItTrustsWithTheExternalID(t *testing.T) {
	h, _ := newTrustHarness(t)
	for name, in := range map[string]*sts.AssumeRoleInput{
		"no external ID":    {},
		"wrong external ID": {ExternalId: aws.String("other")},
		"not trusted":       {RoleArn: aws.String(h.IAM().RoleARN("closed"))},
		"no such role":      {RoleArn: aws.String(h.IAM().RoleARN("nothing"))},
	} {
		_, err := h.assume(in)
		h.g.Expect(code(err)).To(Equal("AccessDenied"), name)
		h.g.Expect(err).To(MatchError(ContainSubstring("is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/")))
	}
	c, err := h.assume(&sts.AssumeRoleInput{ExternalId: aws.String("shared"), RoleSessionName: aws.String("incident-7")})
	h.g.Expect(err).NotTo(HaveOccurred())
	cfg := h.as(aws.ToString(c.AccessKeyId), aws.ToString(c.SessionToken))
	_, err = lm.NewFromConfig(cfg).GetAccountSettings(t.Context(), &lm.GetAccountSettingsInput{})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(h.Ledger().Count(ledger.ByPrincipal("arn:aws:sts::123456789012:assumed-role/trusted/incident-7"))).To(Equal(1))
	_, err = lm.NewFromConfig(h.as(aws.ToString(c.AccessKeyId), "forged")).GetAccountSettings(t.Context(), &lm.GetAccountSettingsInput{})
	h.g.Expect(code(err)).To(Equal("UnrecognizedClientException"))
	h.g.Expect(h.Ledger().Count(ledger.Changed())).To(BeZero(), "a session is no change of the world")
}

func TestParametersOfAssumeRoleAreChecked(t *testing.T) {
	h, _ := newTrustHarness(t)
	for name, in := range map[string]*sts.AssumeRoleInput{
		"session name with a space": {RoleSessionName: aws.String("a b")},
		"session name too short":    {RoleSessionName: aws.String("a")},
		"too short":                 {DurationSeconds: aws.Int32(60)},
		"too long":                  {DurationSeconds: aws.Int32(50000)},
		"policy of 2,049":           {Policy: aws.String(allowAll + strings.Repeat(" ", 2049-len(allowAll)))},
		"managed policies":          {PolicyArns: []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")}}},
		"session tags":              {Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}},
		"source identity":           {SourceIdentity: aws.String("somebody")},
		"MFA":                       {SerialNumber: aws.String("arn:aws:iam::123456789012:mfa/x"), TokenCode: aws.String("123456")},
	} {
		in.ExternalId = aws.String("shared")
		_, err := h.assume(in)
		h.g.Expect(code(err)).To(Equal("ValidationError"), name)
	}
	_, err := h.assume(&sts.AssumeRoleInput{ExternalId: aws.String("shared"), Policy: aws.String("{")})
	h.g.Expect(code(err)).To(Equal("MalformedPolicyDocument"))
	h.g.Expect(h.Ledger().Count(ledger.ByAction("sts:AssumeRole"), ledger.ByError(""))).To(BeZero())
	_, err = h.assume(&sts.AssumeRoleInput{ExternalId: aws.String("shared"), Policy: aws.String(allowAll + strings.Repeat(" ", 2048-len(allowAll)))})
	h.g.Expect(err).NotTo(HaveOccurred())
}

// allowAll is a session policy that limits nothing.
const allowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// Every caller is the session of a role, so that assuming another one is role chaining.
func TestRoleChainingEndsAfterAnHour(t *testing.T) {
	h, _ := newTrustHarness(t)
	_, err := h.assume(&sts.AssumeRoleInput{ExternalId: aws.String("shared"), DurationSeconds: aws.Int32(3601)})
	h.g.Expect(code(err)).To(Equal("ValidationError"))
	h.g.Expect(err).To(MatchError(ContainSubstring("exceeds the 1 hour session limit for roles assumed by role chaining")))
	_, err = h.assume(&sts.AssumeRoleInput{ExternalId: aws.String("shared"), DurationSeconds: aws.Int32(3600)})
	h.g.Expect(err).NotTo(HaveOccurred())
}

func TestCredentialsExpireInWallTime(t *testing.T) {
	h, wall := newTrustHarness(t)
	c, err := h.assume(&sts.AssumeRoleInput{ExternalId: aws.String("shared"), DurationSeconds: aws.Int32(900)})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(aws.ToTime(c.Expiration)).To(BeTemporally("==", wall.Now().Add(15*time.Minute)))
	client := sts.NewFromConfig(h.as(aws.ToString(c.AccessKeyId), aws.ToString(c.SessionToken)))
	h.pass(time.Hour)
	_, err = client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	h.g.Expect(err).NotTo(HaveOccurred(), "the world's time does not count")
	wall.Step(15 * time.Minute)
	_, err = client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	h.g.Expect(code(err)).To(Equal("ExpiredToken"))
}

func TestASessionPolicyLimitsTheSessionToItsResource(t *testing.T) {
	h, _ := newTrustHarness(t)
	h.PutFunction(lambda.Function{Name: "neighbour", MemorySize: 128, Timeout: 3, Code: "n"})
	c, err := h.assume(&sts.AssumeRoleInput{ExternalId: aws.String("shared"), Policy: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"lambda:*","Resource":["` + h.FunctionARN(function) + `"]},
		{"Effect":"Deny","Action":["lambda:Delete*"],"Resource":"*"}]}`)})
	h.g.Expect(err).NotTo(HaveOccurred())
	client := lm.NewFromConfig(h.as(aws.ToString(c.AccessKeyId), aws.ToString(c.SessionToken)))
	put := func(name string) error {
		_, err := client.PutFunctionConcurrency(t.Context(), &lm.PutFunctionConcurrencyInput{FunctionName: aws.String(name), ReservedConcurrentExecutions: aws.Int32(5)})
		return err
	}
	h.g.Expect(put(function)).To(Succeed())
	h.g.Expect(put("neighbour")).To(MatchError(ContainSubstring("because no session policy allows the lambda:PutFunctionConcurrency action")))
	_, err = client.DeleteFunctionConcurrency(t.Context(), &lm.DeleteFunctionConcurrencyInput{FunctionName: aws.String(function)})
	h.g.Expect(err).To(MatchError(ContainSubstring("with an explicit deny in a session policy")))
}
