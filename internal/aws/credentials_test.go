package aws

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// opened opens a session as the environment says, and returns the fault.
func opened(t *testing.T, load ...func(*config.LoadOptions) error) *fault.Fault {
	t.Helper()
	clock := clocktesting.NewFakeClock(epoch)
	clients, err := New(t.Context(), Options{Clock: clock, Wall: clock, Load: load})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	_, err = clients.Session(t.Context(), Access{AccountID: reactstocks.AccountID, Region: reactstocks.Region, RoleARN: reactstocks.GrantRoleARN}, "test")
	NewWithT(t).Expect(err).To(HaveOccurred())
	return fault.From(err)
}

func TestAnOperatorThatCannotTakeItsOwnCredentialsSaysWhy(t *testing.T) {
	sts := func(status int, code string) func(t *testing.T) string {
		return func(t *testing.T) string {
			endpoint, _ := answering(t, status, "", fmt.Sprintf(`<ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>`, code, canary))
			return endpoint
		}
	}
	agent := func(status int, body string) func(t *testing.T) string {
		return func(t *testing.T) string {
			endpoint, _ := answering(t, status, "", body, "Content-Type", "application/json")
			return endpoint
		}
	}
	const irsa, podIdentity, node = "a token for STS", "an agent on the node", "the node"
	for name, c := range map[string]struct {
		from     string
		endpoint func(t *testing.T) string
		noToken  bool
		class    fault.Class
		says     string
	}{
		"STS cannot be reached":            {irsa, nobody, false, fault.Transient, "the endpoint refused the connection"},
		"STS fails by itself":              {irsa, sts(500, "InternalFailure"), false, fault.Transient, "AWS answered that it failed by itself"},
		"STS throttles":                    {irsa, sts(400, "Throttling"), false, fault.Waiting, "AWS slowed the operator down"},
		"STS cannot ask the cluster":       {irsa, sts(400, "IDPCommunicationError"), false, fault.Transient, "AWS cannot ask the cluster's identity provider"},
		"the role trusts somebody else":    {irsa, sts(403, "AccessDenied"), false, fault.Blocked, "may not assume its own role: allow"},
		"the token is of somebody else":    {irsa, sts(400, "InvalidIdentityToken"), false, fault.Blocked, "does not accept the token of the operator's service account (InvalidIdentityToken)"},
		"the token has ended":              {irsa, sts(400, "ExpiredTokenException"), false, fault.Blocked, "does not accept the token of the operator's service account (ExpiredTokenException)"},
		"the Region is not enabled":        {irsa, sts(403, "RegionDisabledException"), false, fault.Blocked, "not enabled"},
		"there is no token file":           {irsa, nobody, true, fault.Blocked, "see that AWS_WEB_IDENTITY_TOKEN_FILE names a file"},
		"the agent cannot be reached":      {podIdentity, nobody, false, fault.Transient, "the endpoint refused the connection"},
		"the agent fails":                  {podIdentity, agent(500, `{"code":"InternalError"}`), false, fault.Transient, "it is asked again"},
		"the agent has nothing":            {podIdentity, agent(400, `{"code":"AccessDenied"}`), false, fault.Blocked, "has an AWS role associated with it"},
		"the agent's token file is away":   {podIdentity, nobody, true, fault.Blocked, "see that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names a file"},
		"the node is no machine of AWS":    {node, nobody, false, fault.Blocked, "no AWS credentials of its own"},
		"the node has no role":             {node, agent(404, ""), false, fault.Blocked, "no AWS credentials of its own"},
		"the node's metadata fails":        {node, agent(503, ""), false, fault.Transient, "it is asked again"},
		"nobody may ask the node's either": {"", nobody, false, fault.Blocked, "no AWS credentials of its own"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			endpoint := c.endpoint(t)
			environment(t, endpoint, "")
			t.Setenv("AWS_ACCESS_KEY_ID", "")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "")
			token := filepath.Join(t.TempDir(), "token")
			if !c.noToken {
				g.Expect(os.WriteFile(token, []byte(canary), 0o600)).To(Succeed())
			}
			switch c.from {
			case irsa:
				t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", token)
				t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/operator")
			case podIdentity:
				t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint)
				t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token)
			case node:
				t.Setenv("AWS_EC2_METADATA_DISABLED", "")
				t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint)
			}
			f := opened(t)
			g.Expect(f.Message).To(HavePrefix("taking the operator's own AWS credentials: "))
			g.Expect(f.Message).To(ContainSubstring(c.says))
			g.Expect(f.Class).To(Equal(c.class), f.Message)
			g.Expect(f.Refused).To(BeTrue(), "nothing that anybody asked for was sent")
			expectClean(g, f, endpoint)
		})
	}
}

func TestCredentialsOfTheOperatorThatHaveEndedAreTakenAnew(t *testing.T) {
	for _, ends := range []bool{true, false} {
		t.Run(fmt.Sprint(ends), func(t *testing.T) {
			g := NewWithT(t)
			endpoint, calls := answering(t, http.StatusForbidden, "", `<ErrorResponse><Error><Code>ExpiredToken</Code></Error></ErrorResponse>`)
			taken := 0
			clock := clocktesting.NewFakeClock(epoch)
			clients, err := New(t.Context(), Options{Clock: clock, Wall: clock, Load: append(static(endpoint), config.WithCredentialsProvider(
				awssdk.CredentialsProviderFunc(func(context.Context) (awssdk.Credentials, error) {
					taken++
					return awssdk.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "secret", CanExpire: ends, Expires: time.Now().Add(time.Hour)}, nil
				})))})
			g.Expect(err).NotTo(HaveOccurred())
			for n := range 2 {
				_, err = clients.Session(t.Context(), Access{AccountID: reactstocks.AccountID, Region: reactstocks.Region, RoleARN: reactstocks.GrantRoleARN}, "test")
				f := fault.From(err)
				g.Expect(f.Message).To(ContainSubstring("the operator's own AWS credentials have ended"))
				g.Expect(f.NeedsPerson()).To(Equal(!ends), "who gave credentials that do not renew themselves has to give others")
				g.Expect(taken).To(Equal(n+1), "those that AWS no longer takes are not kept")
			}
			g.Expect(calls.Load()).To(BeEquivalentTo(2))
		})
	}
}

func TestAMachineThatHadCredentialsHasThemAgain(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	w.session(t)
	environment(t, nobody(t), "")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", nobody(t))
	node, err := config.LoadDefaultConfig(t.Context(), config.WithRetryer(func() awssdk.Retryer { return awssdk.NopRetryer{} }))
	g.Expect(err).NotTo(HaveOccurred())
	w.clients.base.Credentials = node.Credentials
	_, err = w.clients.Session(t.Context(), w.access, "another")
	g.Expect(fault.From(err).Class).To(Equal(fault.Transient), "its metadata are away for a moment")
}
