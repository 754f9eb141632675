// Package aws owns the way to AWS: sessions and the identity gate, budgets, the circuit breaker, error classes, the
// ledger of calls, and the decoding of answers that hold secrets. It must not decide what to read or change, and
// nothing else in the operator calls AWS.
package aws

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/runbook-operator/runbook-operator/internal/transport"
	"k8s.io/utils/clock"
)

// callDeadline bounds one HTTP exchange with AWS, wall time.
const callDeadline = 10 * time.Second

// Options of Clients.
type Options struct {
	// Clock is world time: budgets and the circuit breaker.
	Clock clock.PassiveClock
	// Wall is transport time: the expiry of sessions and the duration of calls.
	Wall clock.PassiveClock
	// Budgets below the published quotas of AWS. The zero value is DefaultBudgets.
	Budgets Budgets
	// Registerer takes the metrics of the ledger of calls. Nil keeps them unpublished.
	Registerer prometheus.Registerer
	// Load holds further options of the SDK's configuration, after which the operator's own apply. Production
	// needs none: the environment says where AWS is and who the operator is.
	Load []func(*config.LoadOptions) error
}

// Clients makes sessions, and holds what they share: budgets, breakers, the ledger, and what the log was told.
type Clients struct {
	base    awssdk.Config
	clock   clock.PassiveClock
	wall    clock.PassiveClock
	budgets *budgets
	breaker *breakers
	ledger  *ledger
	teller  *teller
	// settings are shared by all sessions of a grant.
	settings *settings
	// longPoll is the HTTP client of long polls, shared by all sessions.
	longPoll sqs.HTTPClient
	// hadOwn says whether the operator could take its own credentials since it started.
	hadOwn atomic.Bool

	mu       sync.Mutex
	sessions map[sessionKey]*sessionEntry
}

// New loads the SDK's standard configuration (environment, shared files, web identity). It calls no AWS service.
func New(ctx context.Context, o Options) (*Clients, error) {
	load := append([]func(*config.LoadOptions) error{}, o.Load...)
	load = append(load,
		// The SDK's retryer sleeps. A retry is another Reconcile, by the class of the fault.
		config.WithRetryer(func() awssdk.Retryer { return awssdk.NopRetryer{} }),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(callDeadline)),
	)
	base, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("loading the AWS configuration: %w", err)
	}
	// It knows by now whom to trust, as AWS_CA_BUNDLE says.
	configured, ok := base.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		return nil, fmt.Errorf("loading the AWS configuration: the HTTP client is a %T", base.HTTPClient)
	}
	base.HTTPClient = transport.Client{Next: punctual{next: transport.Over(configured.GetTransport(), callDeadline), wall: o.Wall}}
	if o.Budgets == (Budgets{}) {
		o.Budgets = DefaultBudgets()
	}
	led, err := newLedger(o.Registerer)
	if err != nil {
		return nil, fmt.Errorf("registering the metrics of AWS calls: %w", err)
	}
	return &Clients{
		base:     base,
		clock:    o.Clock,
		wall:     o.Wall,
		budgets:  newBudgets(o.Budgets),
		breaker:  newBreakers(),
		ledger:   led,
		teller:   newTeller(),
		settings: newSettings(o.Clock),
		longPoll: transport.Client{Next: transport.Over(configured.GetTransport(), longPollDeadline)},
		sessions: map[sessionKey]*sessionEntry{},
	}, nil
}

// CallDeadline is the longest that one call takes, wall time. After it, a request that was sent can no longer be
// answered to us; whether it arrived is found out by looking.
func (c *Clients) CallDeadline() time.Duration { return callDeadline }
