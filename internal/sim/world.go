package sim

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/runbook-operator/runbook-operator/internal/sim/cloudwatch"
	"github.com/runbook-operator/runbook-operator/internal/sim/eventbridge"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/quota"
	"github.com/runbook-operator/runbook-operator/internal/sim/sns"
	"github.com/runbook-operator/runbook-operator/internal/sim/sqs"
	"github.com/runbook-operator/runbook-operator/internal/sim/ssm"
	"github.com/runbook-operator/runbook-operator/internal/sim/sts"
	"github.com/runbook-operator/runbook-operator/internal/sim/traffic"
	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
	"k8s.io/utils/clock"
)

// World is one simulated AWS account in one Region. It is safe for concurrent use; calls are served one at a time, so
// that a ledger can be read as a history.
type World struct {
	mu       sync.Mutex
	o        Options
	now      time.Time
	played   time.Time // the last whole second that has been played
	requests int
	late     []postponed // by the time at which they take effect

	lambda     *lambda.Service
	cloudwatch *cloudwatch.Service
	ssm        *ssm.Service
	sqs        *sqs.Service
	bus        *eventbridge.Bus
	topics     *sns.Topics
	traffic    *traffic.Engine
	iam        *iam.Directory
	quotas     *quota.Quotas
	faults     *faults.Faults
	ledger     *ledger.Ledger
	handler    http.Handler
	actions    []string
}

// New returns an empty world: no functions, alarms, traffic or principals.
func New(o Options) *World {
	o = o.withDefaults()
	w := &World{o: o, now: o.Start, played: o.Start.Truncate(time.Second)}
	w.lambda = lambda.New(lambda.Options{
		Region: o.Region, AccountID: o.AccountID, Seed: o.Seed, Now: func() time.Time { return w.now },
		ConcurrentExecutions: o.ConcurrentExecutions, UnreservedFloor: o.UnreservedFloor, UpdateDuration: o.UpdateDuration,
		MayListTags: func(ctx context.Context, arn string) error {
			return w.iam.Authorize(accessKeyOf(ctx), "lambda:ListTags", arn)
		},
	})
	w.cloudwatch = cloudwatch.New(cloudwatch.Options{
		Region: o.Region, AccountID: o.AccountID, Start: o.Start, Changed: w.alarmChanged, Action: w.alarmActs,
	})
	w.traffic = traffic.New(o.Seed, w.lambda, w.cloudwatch)
	w.traffic.SetIngestion(o.Ingestion)
	w.iam = iam.NewDirectory(o.AccountID)
	w.quotas, w.faults, w.ledger = quota.New(o.Quotas), faults.New(o.Seed), ledger.New()
	tokens := sts.New(sts.Options{Directory: w.iam, Caller: callerOf, Wall: w.o.Wall.Now})
	w.ssm = ssm.New(ssm.Options{
		Region: o.Region, AccountID: o.AccountID, Now: func() time.Time { return w.now },
		Caller: func(ctx context.Context) string { return callerOf(ctx).ARN }, Staleness: faults.Staleness,
	})
	w.sqs = sqs.New(sqs.Options{
		Region: o.Region, AccountID: o.AccountID, Seed: o.Seed, Now: func() time.Time { return w.now },
		Caller: func(ctx context.Context) string { return callerOf(ctx).UserID },
	})
	w.bus = eventbridge.New(eventbridge.Options{Region: o.Region, AccountID: o.AccountID, Seed: o.Seed, Deliver: w.deliver})
	w.topics = sns.New(sns.Options{Region: o.Region, Seed: o.Seed, Deliver: w.deliver})
	services := []wire.Service{cloudwatchWire(w.cloudwatch), w.lambda.Wire(), w.ssm.Wire(), w.sqs.Wire()}
	query := []wire.QueryService{tokens.Wire()}
	w.handler = wire.NewServer(wire.NewRouter(services, query), w.serve)
	for _, s := range services {
		for _, op := range s.Operations {
			w.actions = append(w.actions, s.Name+":"+op.Name())
		}
	}
	for _, s := range query {
		for _, op := range s.Operations {
			w.actions = append(w.actions, s.Name+":"+op.Name())
		}
	}
	return w
}

// Now is the world's time, after catching up with the clock.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	return w.now
}

// AdvanceTo lets time pass up to t, second by second; a time in the past is ignored. Nothing else lets time pass, and
// the outcome does not depend on the number of calls.
func (w *World) AdvanceTo(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.advance(t)
}

func (w *World) advance(t time.Time) {
	for next := w.played.Add(time.Second); !next.After(t); next = next.Add(time.Second) {
		w.applyLate(next.Add(-time.Nanosecond))
		w.lambda.AdvanceTo(next)
		w.traffic.Step(next)
		w.cloudwatch.AdvanceTo(next)
		w.played = next
	}
	w.applyLate(t)
	if t.After(w.now) {
		w.now = t
		w.cloudwatch.AdvanceTo(t)
	}
}

// FollowClock makes requests catch up to a clock from now on; nil stops that.
func (w *World) FollowClock(c clock.PassiveClock) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.o.Clock = c
}

func (w *World) catchUp() {
	if w.o.Clock != nil {
		w.advance(w.o.Clock.Now())
	}
}

// Next is the next moment at which something happens by itself that a caller could see: alarms are evaluated, an
// update finishes or a late call takes effect. It is always after Now.
func (w *World) Next() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	next := w.cloudwatch.Next()
	if l := w.lambda.Next(); !l.IsZero() && l.Before(next) {
		next = l
	}
	if len(w.late) > 0 && w.late[0].at.Before(next) {
		next = w.late[0].at
	}
	return next
}

// Handler serves the AWS APIs.
func (w *World) Handler() http.Handler { return w.handler }

// Ledger is the record of every call.
func (w *World) Ledger() *ledger.Ledger { return w.ledger }

// Faults are the faults on purpose.
func (w *World) Faults() *faults.Faults { return w.faults }

// Quotas are the request rates.
func (w *World) Quotas() *quota.Quotas { return w.quotas }

// IAM is the directory of principals, with SetRolePolicy to limit a role.
func (w *World) IAM() *iam.Directory { return w.iam }

// Actions are the IAM actions of all served operations.
func (w *World) Actions() []string { return append([]string(nil), w.actions...) }

// Region is the world's Region.
func (w *World) Region() string { return w.o.Region }

// AccountID is the world's account.
func (w *World) AccountID() string { return w.o.AccountID }

// WriteState writes what is configured in the world, in a canonical text: functions, alarms, roles. Metrics, alarm
// states that follow from them, and sessions are not configuration.
func (w *World) WriteState(out io.Writer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writeState(out)
}

func (w *World) writeState(out io.Writer) {
	w.lambda.WriteState(out)
	w.cloudwatch.WriteState(out)
	w.iam.WriteState(out)
}

// StateHash is the hash of WriteState.
func (w *World) StateHash() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stateHash()
}

func (w *World) stateHash() string {
	h := sha256.New()
	w.writeState(h)
	return fmt.Sprintf("%x", h.Sum(nil))
}
