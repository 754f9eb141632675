package iam

import (
	"fmt"
	"io"
	"net/http"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
)

// Principal is the caller of one request.
type Principal struct {
	// ARN is the caller as AWS reports it, arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION.
	ARN string
	// RoleARN is the role behind the session, arn:aws:iam::ACCOUNT:role/ROLE.
	RoleARN string
	// UserID is the unique ID of the role and the session name, AROA...:SESSION.
	UserID string
	// Account is the 12-digit account ID.
	Account string
}

// Role is a role of the account.
type Role struct {
	// Name is the role's name; its ARN is arn:aws:iam::ACCOUNT:role/NAME.
	Name string
	// TrustedARNs are the principals of the trust policy: role ARNs, or arn:aws:iam::ACCOUNT:root for all of the account.
	TrustedARNs []string
	// ExternalID, when set, is the sts:ExternalId that the trust policy demands.
	ExternalID string
	// Policy, when set, is the only thing the role may do. Nil means that everything is allowed, so that a world can
	// be used before permissions are its subject.
	Policy *Policy
}

type accessKey struct {
	token     string // "" for a static key, which has none
	principal Principal
	expires   time.Time // zero for a static key; wall time
	session   *Policy
}

// Directory holds the account's principals. It is safe for concurrent use.
type Directory struct {
	mu      sync.Mutex
	account string
	roles   map[string]*Role
	keys    map[string]accessKey
	issued  int
}

// NewDirectory returns a directory without principals for one account.
func NewDirectory(account string) *Directory {
	return &Directory{account: account, roles: map[string]*Role{}, keys: map[string]accessKey{}}
}

// RoleARN is the ARN of a role of the account.
func (d *Directory) RoleARN(name string) string {
	return fmt.Sprintf("arn:aws:iam::%s:role/%s", d.account, name)
}

// PutRole adds or replaces a role.
func (d *Directory) PutRole(r Role) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.roles[d.RoleARN(r.Name)] = &r
}

// SetRolePolicy replaces what a role may do; nil allows everything. It reports whether the role exists.
func (d *Directory) SetRolePolicy(roleARN string, p *Policy) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	r, ok := d.roles[roleARN]
	if ok {
		r.Policy = p
	}
	return ok
}

// PutAccessKey adds a static access key that acts as a session of a role, as a web identity would.
func (d *Directory) PutAccessKey(id, roleName, session string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.keys[id] = accessKey{principal: d.principal(roleName, session)}
}

func (d *Directory) principal(role, session string) Principal {
	return Principal{
		ARN:     fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", d.account, role, session),
		RoleARN: d.RoleARN(role),
		UserID:  roleID(role) + ":" + session,
		Account: d.account,
	}
}

// Authenticate finds the caller of a request by its access key. The signature is not verified. The errors are the
// common errors of the API references.
func (d *Directory) Authenticate(accessKeyID, token string, wall time.Time) (Principal, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if accessKeyID == "" {
		return Principal{}, &wire.Error{
			Code: "MissingAuthenticationTokenException", QueryCode: "MissingAuthenticationToken",
			Message: "Request is missing Authentication Token", Status: http.StatusForbidden,
		}
	}
	k, ok := d.keys[accessKeyID]
	if !ok || k.token != token {
		return Principal{}, &wire.Error{
			Code: "UnrecognizedClientException", QueryCode: "InvalidClientTokenId",
			Message: "The security token included in the request is invalid.", Status: http.StatusForbidden,
		}
	}
	if !k.expires.IsZero() && !wall.Before(k.expires) {
		return Principal{}, &wire.Error{
			Code: "ExpiredTokenException", QueryCode: "ExpiredToken",
			Message: "The security token included in the request is expired", Status: http.StatusForbidden,
		}
	}
	return k.principal, nil
}

// Authorize checks one action on one resource against the role's policy and, for an assumed role, the session policy.
// The message has the shape AWS documents (IAM User Guide, "Troubleshoot access denied error messages").
func (d *Directory) Authorize(accessKeyID, action, resource string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	k := d.keys[accessKeyID]
	if r, ok := d.roles[k.principal.RoleARN]; ok && r.Policy != nil {
		if err := deny(r.Policy.decide(action, resource), "identity-based", k.principal, action, resource); err != nil {
			return err
		}
	}
	if k.session != nil {
		return deny(k.session.decide(action, resource), "session", k.principal, action, resource)
	}
	return nil
}

func deny(got decision, kind string, p Principal, action, resource string) error {
	reason := ""
	switch got {
	case allowed:
		return nil
	case explicitDeny:
		reason = fmt.Sprintf("with an explicit deny in a %s policy", kind)
	default:
		reason = fmt.Sprintf("because no %s policy allows the %s action", kind, action)
	}
	return &wire.Error{
		Code:      "AccessDeniedException",
		QueryCode: "AccessDenied",
		Message:   fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s %s", p.ARN, action, resource, reason),
		Status:    http.StatusForbidden,
	}
}

// WriteState writes the roles and their policies in a canonical text. Sessions are not configuration.
func (d *Directory) WriteState(w io.Writer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	arns := make([]string, 0, len(d.roles))
	for arn := range d.roles {
		arns = append(arns, arn)
	}
	sort.Strings(arns)
	for _, arn := range arns {
		r := d.roles[arn]
		_, _ = fmt.Fprintf(w, "role %s trusts %q external %q\n", arn, r.TrustedARNs, r.ExternalID)
		if r.Policy != nil {
			_, _ = fmt.Fprintf(w, "policy %q\n", r.Policy.Statements)
		}
	}
}

// roleID is the stable unique ID of a role, AROA and 17 characters.
func roleID(name string) string {
	return "AROA" + encodeID(name, 17)
}

// encodeID writes a name's hash in the alphabet of AWS unique IDs.
func encodeID(s string, n int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	h := uint64(14695981039346656037)
	var b strings.Builder
	for i := range n {
		for _, c := range []byte(s) {
			h = (h ^ uint64(c)) * 1099511628211
		}
		h = (h ^ uint64(i)) * 1099511628211
		b.WriteByte(alphabet[h>>32%uint64(len(alphabet))])
	}
	return b.String()
}
