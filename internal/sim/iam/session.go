package iam

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
)

// Assumption is what a caller asks of AssumeRole.
type Assumption struct {
	// Caller is who asks.
	Caller Principal
	// RoleARN is the role to assume.
	RoleARN string
	// Session is the role session name.
	Session string
	// ExternalID is the external ID given, "" for none.
	ExternalID string
	// Policy limits the session further, nil for no limit.
	Policy *Policy
	// Duration is how long the credentials hold, wall time.
	Duration time.Duration
	// Now is the wall time.
	Now time.Time
}

// Session is the temporary credentials of an assumed role.
type Session struct {
	// Principal is the session's identity.
	Principal Principal
	// AccessKeyID, SecretAccessKey and Token are the credentials.
	AccessKeyID, SecretAccessKey, Token string
	// Expires is the wall time at which they end.
	Expires time.Time
}

// AssumeRole issues credentials when the role's trust policy names the caller and its external ID is given. A role
// that does not exist is refused with the same AccessDenied, as AWS does, so that callers cannot probe for names.
func (d *Directory) AssumeRole(a Assumption) (Session, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r, ok := d.roles[a.RoleARN]
	if !ok || !trusts(r, a.Caller) || r.ExternalID != "" && r.ExternalID != a.ExternalID {
		return Session{}, &wire.Error{
			Code:    "AccessDenied",
			Message: fmt.Sprintf("User: %s is not authorized to perform: sts:AssumeRole on resource: %s", a.Caller.ARN, a.RoleARN),
			Status:  http.StatusForbidden,
		}
	}
	d.issued++
	seed := fmt.Sprintf("%s/%s/%d", a.RoleARN, a.Session, d.issued)
	s := Session{
		Principal:       d.principal(r.Name, a.Session),
		AccessKeyID:     "ASIA" + encodeID(seed, 16),
		SecretAccessKey: encodeID("secret/"+seed, 40),
		Token:           "SIMULATED" + encodeID("token/"+seed, 120),
		Expires:         a.Now.Add(a.Duration).Truncate(time.Second),
	}
	d.keys[s.AccessKeyID] = accessKey{token: s.Token, principal: s.Principal, expires: s.Expires, session: a.Policy}
	return s, nil
}

func trusts(r *Role, caller Principal) bool {
	root := fmt.Sprintf("arn:aws:iam::%s:root", caller.Account)
	return slices.ContainsFunc(r.TrustedARNs, func(arn string) bool {
		return arn == caller.RoleARN || arn == root || strings.EqualFold(arn, caller.ARN)
	})
}
