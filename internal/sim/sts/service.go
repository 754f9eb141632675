// Package sts owns the simulated AWS Security Token Service: who a caller is, and temporary credentials of roles. It
// must not decide trust or permissions itself; those belong to the directory of principals.
package sts

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
)

// Facts from the AWS STS API Reference, AssumeRole.
const (
	defaultDuration = time.Hour
	minDuration     = 15 * time.Minute
	maxDuration     = 12 * time.Hour
	// maxPolicy is the length of a session policy in characters.
	maxPolicy = 2048
	// maxChained is how long a session can last that another session of a role asks for: "if you assume a role using role
	// chaining and provide a DurationSeconds parameter value greater than one hour, the operation fails". Every caller is
	// the session of a role, and a role's own maximum is an hour at least, so it never is what limits.
	maxChained = time.Hour
)

var (
	sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
	externalID  = regexp.MustCompile(`^[\w+=,.@:/-]+$`)
)

// Caller tells who makes the call of a context.
type Caller func(context.Context) iam.Principal

// Options are what the service needs of its world.
type Options struct {
	// Directory holds the roles and issues the credentials.
	Directory *iam.Directory
	// Caller tells who calls.
	Caller Caller
	// Wall is the wall time: credentials expire in wall time, because SDK clients compare them with their own clock.
	Wall func() time.Time
}

// Service answers GetCallerIdentity and AssumeRole.
type Service struct{ o Options }

// New returns the service.
func New(o Options) *Service { return &Service{o: o} }

// AssumeRoleInput are the parameters of AssumeRole that are served.
type AssumeRoleInput struct {
	// RoleARN is the role to assume.
	RoleARN string
	// RoleSessionName names the session, 2 to 64 characters of [\w+=,.@-].
	RoleSessionName string
	// ExternalID is the external ID, "" for none.
	ExternalID string
	// Policy is the session policy in JSON, "" for none.
	Policy string
	// DurationSeconds is the lifetime, 900 to 3600 seconds.
	DurationSeconds int
}

// AssumeRoleOutput is the answer of AssumeRole.
type AssumeRoleOutput struct {
	// Session is the issued session.
	Session iam.Session
	// PolicySize is the share of the allowed size that the session policy uses, in percent.
	PolicySize int
}

// AssumeRole issues temporary credentials for a role.
func (s *Service) AssumeRole(ctx context.Context, in *AssumeRoleInput) (*AssumeRoleOutput, error) {
	duration := time.Duration(in.DurationSeconds) * time.Second
	switch {
	case in.RoleARN == "":
		return nil, invalid("", "roleArn", "Member must not be null")
	case !sessionName.MatchString(in.RoleSessionName):
		return nil, invalid(in.RoleSessionName, "roleSessionName", `Member must satisfy regular expression pattern: [\w+=,.@-]*`)
	case in.ExternalID != "" && (len(in.ExternalID) < 2 || len(in.ExternalID) > 1224 || !externalID.MatchString(in.ExternalID)):
		return nil, invalid(in.ExternalID, "externalId", `Member must satisfy regular expression pattern: [\w+=,.@:\/-]*`)
	case duration < minDuration:
		return nil, invalid(strconv.Itoa(in.DurationSeconds), "durationSeconds", "Member must have value greater than or equal to 900")
	case duration > maxDuration:
		return nil, invalid(strconv.Itoa(in.DurationSeconds), "durationSeconds", "Member must have value less than or equal to 43200")
	case utf8.RuneCountInString(in.Policy) > maxPolicy:
		return nil, invalid(in.Policy, "policy", fmt.Sprintf("Member must have length less than or equal to %d", maxPolicy))
	case duration > maxChained:
		return nil, validation("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	}
	var limit *iam.Policy
	if in.Policy != "" {
		p, err := iam.ParsePolicy([]byte(in.Policy))
		if err != nil {
			return nil, &wire.Error{Code: "MalformedPolicyDocument", Message: err.Error(), Status: http.StatusBadRequest}
		}
		limit = &p
	}
	session, err := s.o.Directory.AssumeRole(iam.Assumption{
		Caller: s.o.Caller(ctx), RoleARN: in.RoleARN, Session: in.RoleSessionName, ExternalID: in.ExternalID,
		Policy: limit, Duration: duration, Now: s.o.Wall(),
	})
	if err != nil {
		return nil, err
	}
	// The packed binary format has a limit of its own, which is not published; here it is that of the plain text.
	return &AssumeRoleOutput{Session: session, PolicySize: utf8.RuneCountInString(in.Policy) * 100 / maxPolicy}, nil
}

func invalid(value, member, constraint string) error {
	return validation(fmt.Sprintf("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, constraint))
}

func validation(message string) error {
	return &wire.Error{Code: "ValidationError", Message: message, Status: http.StatusBadRequest}
}

// GetCallerIdentityInput has no parameters.
type GetCallerIdentityInput struct{}

// GetCallerIdentity says who the caller is. No permission is needed for it.
func (s *Service) GetCallerIdentity(ctx context.Context, _ *GetCallerIdentityInput) (*iam.Principal, error) {
	p := s.o.Caller(ctx)
	return &p, nil
}
