package aws

import (
	"context"
	"errors"
	"fmt"
	"os"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"

	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// own returns the operator's own credentials, of its service account, its node or its environment.
func (c *Clients) own(ctx context.Context, p place) (awssdk.Credentials, error) {
	credentials, err := c.base.Credentials.Retrieve(ctx)
	if err != nil {
		f := ownless(err, c.hadOwn.Load(), unreadable(c.base.ConfigSources))
		if !errors.Is(err, context.Canceled) {
			c.teller.say(ctx, call{place: p, action: ownCredentials}, f.Message, f.Message, f.Err, c.wall.Now())
		}
		return credentials, f
	}
	c.hadOwn.Store(true)
	c.teller.say(ctx, call{place: p, action: ownCredentials}, "", "", nil, c.wall.Now())
	return credentials, nil
}

// ownCredentials stands for the call, of whatever service, by which the operator takes its own credentials.
const ownCredentials = "own credentials"

// renew lets own credentials that AWS no longer takes be taken anew.
func (c *Clients) renew() {
	if cache, ok := c.base.Credentials.(*awssdk.CredentialsCache); ok {
		cache.Invalidate()
	}
}

// ownless is the fault of an operator that cannot take its own credentials. Nothing that a caller asked for was
// sent then. had says whether it could before; unread names the setting of a token file that cannot be read.
func ownless(err error, had bool, unread string) *fault.Fault {
	var (
		operation *smithy.OperationError
		api       smithy.APIError
	)
	a, l := answerOf(err), lostOf(err)
	called := errors.As(err, &operation)
	// Where nothing is set, the SDK asks the node, which most often has no answer: that is no trouble of the network.
	node := called && operation.Service() == "ec2imds"
	failed := a.status >= 500 || errors.As(err, &api) && api.ErrorFault() == smithy.FaultServer
	f := fault.New(fault.Blocked, reasonAccessDenied, "the operator has no AWS credentials of its own: give its service account an AWS role or credentials")
	switch {
	case errors.Is(err, context.Canceled), node && (had || failed), failed, !node && l != unclear && a.code == "":
		f = fault.New(fault.Transient, reasonUnavailable, "%s", l.says())
	case node:
	case unread != "":
		f.Message = "the token of the operator's service account cannot be read: see that " + unread + " names a file that the pod mounts and may read"
	case a.code != "" && called:
		f = refusedToken(err, a)
	case a.code != "":
		f.Message = fmt.Sprintf("the agent that gives pods their AWS credentials gave none (%s): see that the operator's service account has an AWS role associated with it", a.code)
	}
	f.Message = "taking the operator's own AWS credentials: " + f.Message
	f.Refused, f.Err = true, cause(err)
	return f
}

// refusedToken is the fault of a token for which STS gives no credentials.
func refusedToken(err error, a answer) *fault.Fault {
	r := rowOf(a)
	switch {
	case a.code == "IDPCommunicationError":
		return fault.New(fault.Transient, reasonUnavailable, "AWS cannot ask the cluster's identity provider for its keys: it is asked again; if this lasts, see that the provider's URL can be reached from the internet")
	case a.code == "AccessDenied":
		return fault.New(fault.Blocked, reasonAccessDenied, "the operator may not assume its own role: allow its service account sts:AssumeRoleWithWebIdentity in that role's trust policy")
	case r.outcome == outcomeThrottled, r.outcome == outcomeBusy, r.outcome == outcomeUnavailable:
		f := *fault.From(Fault(err, ""))
		f.Message = f.Message[len(": "):]
		return &f
	case r.outcome == outcomeDenied && r.own != "" && len(r.codes) > 0:
		return fault.New(fault.Blocked, reasonAccessDenied, "%s", r.own)
	}
	return fault.New(fault.Blocked, reasonAccessDenied, "AWS does not accept the token of the operator's service account (%s): see that the account has the cluster's OIDC provider, and that the token is of this cluster and for sts.amazonaws.com", a.code)
}

// unreadable names the setting of a token file that cannot be read. Empty: there is none.
func unreadable(sources []any) string {
	const container = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
	files := map[string]string{container: os.Getenv(container)}
	for _, s := range sources {
		if e, ok := s.(config.EnvConfig); ok {
			files["AWS_WEB_IDENTITY_TOKEN_FILE"] = e.WebIdentityTokenFilePath
		}
	}
	for setting, file := range files {
		if file == "" {
			continue
		}
		if _, err := os.ReadFile(file); err != nil {
			return setting
		}
	}
	return ""
}
