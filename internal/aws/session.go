package aws

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/runbook-operator/runbook-operator/internal/fault"
)

const (
	// sessionDuration is the shortest that STS gives (STS API reference, AssumeRole: 900 seconds).
	sessionDuration = 900 * time.Second
	// sessionMargin before its end, a session is replaced: more than one Reconcile with all its calls takes.
	sessionMargin = 3 * time.Minute
	// sessionNameLength is the longest role session name (STS API reference, AssumeRole).
	sessionNameLength = 64
)

// Access is what a grant resolves to: where to work, and as whom.
type Access struct {
	// AccountID is the twelve digits of the account that the role must be of.
	AccountID string
	// Region of every call.
	Region string
	// RoleARN of the role to assume.
	RoleARN string
	// ExternalID sent with AssumeRole. Empty: none.
	ExternalID string
}

// Identity is who AWS says that a session is.
type Identity struct {
	// AccountID is the twelve digits of the session's account.
	AccountID string
	// ARN of the assumed-role session.
	ARN string
	// RoleARN of the role that was assumed.
	RoleARN string
}

// Session makes calls in one account and Region as one role. Fetch it anew for each Reconcile: it is cached, and a
// session held for longer ends.
type Session struct {
	// CloudWatch reads alarms and metrics.
	CloudWatch CloudWatch
	// Lambda reads and changes functions.
	Lambda Lambda
	// SQS receives and deletes messages.
	SQS SQS
	// SSM reads and writes parameters.
	SSM SSM

	access   Access
	identity Identity
	expires  time.Time
	room     func(service, operation string) error
}

// Access is what the session was made from.
func (s *Session) Access() Access { return s.access }

// Identity is who AWS said that the session is, when it was made.
func (s *Session) Identity() Identity { return s.identity }

// Room says whether the operator's budget allows a call of an IAM action now, such as lambda:PutFunctionConcurrency, and
// takes nothing of it: before something is announced that would then not be sent. Its fault is of the class Waiting.
func (s *Session) Room(action string) error {
	service, operation, _ := strings.Cut(action, ":")
	return s.room(service, operation)
}

type sessionKey struct {
	access Access
	name   string
}

type sessionEntry struct {
	mu      sync.Mutex
	session *Session
}

// Session returns a session of a role whose identity AWS confirmed. The name becomes the role session name, which
// CloudTrail shows; what STS does not allow in it is replaced by hyphens. Faults: Blocked/WrongIdentity,
// Blocked/AccessDenied, and those of Fault.
func (c *Clients) Session(ctx context.Context, a Access, name string) (*Session, error) {
	key := sessionKey{access: a, name: sessionName(name)}
	e := c.entry(key)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.session != nil && c.wall.Now().Before(e.session.expires.Add(-sessionMargin)) {
		return e.session, nil
	}
	s, err := c.open(ctx, key)
	if err != nil {
		return nil, err
	}
	e.session = s
	return s, nil
}

// entry returns the place of a session in the cache. A new one makes room by dropping those that ended: names of
// sessions are many, as each Remediation has its own.
func (c *Clients) entry(key sessionKey) *sessionEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.sessions[key]; ok {
		return e
	}
	now := c.wall.Now()
	for k, e := range c.sessions {
		if !e.mu.TryLock() {
			continue
		}
		if e.session == nil || now.After(e.session.expires) {
			delete(c.sessions, k)
		}
		e.mu.Unlock()
	}
	e := &sessionEntry{}
	c.sessions[key] = e
	return e
}

func (c *Clients) forget(key sessionKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.sessions, key)
}

func (c *Clients) open(ctx context.Context, key sessionKey) (*Session, error) {
	a := key.access
	own, err := c.own(ctx, place{account: a.AccountID, region: a.Region})
	if err != nil {
		return nil, err
	}
	out, err := sts.NewFromConfig(c.config(a, c.renew)).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn:         &a.RoleARN,
		RoleSessionName: &key.name,
		ExternalId:      optional(a.ExternalID),
		DurationSeconds: awssdk.Int32(int32(sessionDuration.Seconds())),
	})
	if err != nil {
		f := fault.From(Fault(err, "assuming role "+a.RoleARN))
		if outcomeOf(err) == outcomeExpired && !own.CanExpire {
			f.Class, f.Reason = fault.Blocked, reasonAccessDenied // they do not renew themselves
		}
		return nil, f
	}
	if out.Credentials == nil || out.Credentials.Expiration == nil {
		return nil, Fault(errNoAnswer, "assuming role "+a.RoleARN)
	}
	cfg := c.config(a, func() { c.forget(key) })
	cfg.Credentials = credentials.NewStaticCredentialsProvider(
		awssdk.ToString(out.Credentials.AccessKeyId),
		awssdk.ToString(out.Credentials.SecretAccessKey),
		awssdk.ToString(out.Credentials.SessionToken))
	identity, err := confirm(ctx, cfg, key)
	if err != nil {
		return nil, err
	}
	return &Session{
		CloudWatch: CloudWatch{client: cloudwatch.NewFromConfig(cfg)},
		Lambda:     Lambda{client: lambda.NewFromConfig(cfg), access: a, settings: c.settings},
		SQS:        SQS{client: sqs.NewFromConfig(cfg), long: c.longPoll},
		SSM:        SSM{client: ssm.NewFromConfig(cfg)},
		access:     a,
		identity:   identity,
		expires:    *out.Credentials.Expiration,
		room: func(service, operation string) error {
			return c.budgets.room(place{account: a.AccountID, region: a.Region}, service, operation, c.clock.Now())
		},
	}, nil
}

// confirm is the identity gate: AWS itself says whose credentials these are, and they must be the role's in the
// account that the grant is for.
func confirm(ctx context.Context, cfg awssdk.Config, key sessionKey) (Identity, error) {
	a := key.access
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Identity{}, Fault(err, "asking AWS for the identity of role "+a.RoleARN)
	}
	account, arn := awssdk.ToString(out.Account), awssdk.ToString(out.Arn)
	if account != a.AccountID {
		return Identity{}, fault.New(fault.Blocked, reasonWrongIdentity,
			"role %s is not of account %s: correct roleARN in the grant of the AWSAccount", a.RoleARN, a.AccountID)
	}
	if !isSession(arn, a, key.name) {
		return Identity{}, fault.New(fault.Blocked, reasonWrongIdentity,
			"AWS says that the session is not one of role %s in account %s, so no call is made with it", a.RoleARN, a.AccountID)
	}
	return Identity{AccountID: account, ARN: arn, RoleARN: a.RoleARN}, nil
}

// isSession says whether an ARN is of the session of the role: arn:aws:sts::<account>:assumed-role/<role>/<session>,
// where <role> is the role's name without its path (IAM User Guide, "IAM identifiers").
func isSession(arn string, a Access, name string) bool {
	role := a.RoleARN[strings.LastIndex(a.RoleARN, "/")+1:]
	parts := strings.SplitN(arn, ":", 6)
	return len(parts) == 6 && parts[2] == "sts" && parts[4] == a.AccountID && parts[5] == "assumed-role/"+role+"/"+name
}

var notInSessionName = regexp.MustCompile(`[^A-Za-z0-9_+=,.@-]`)

// sessionName makes a role session name: 2 to 64 letters, digits and _+=,.@- (STS API reference, AssumeRole).
func sessionName(name string) string {
	name = notInSessionName.ReplaceAllString(name, "-")
	if len(name) > sessionNameLength {
		name = name[:sessionNameLength]
	}
	for len(name) < 2 {
		name += "-"
	}
	return name
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
