package sim

import (
	"time"

	"github.com/runbook-operator/runbook-operator/internal/sim/quota"
	"github.com/runbook-operator/runbook-operator/internal/sim/traffic"
	"k8s.io/utils/clock"
)

// Options are the settings of a world. The zero value of each field has a default.
type Options struct {
	// Seed makes worlds differ and equal seeds repeat: noise of the traffic, chances of faults, generated IDs.
	Seed int64
	// Start is the world's first moment; required unless Clock is set, whose time is then the default.
	Start time.Time
	// Clock, when set, is the world's time: every request first catches up to it. Without it time passes only by
	// AdvanceTo.
	Clock clock.PassiveClock
	// Wall is transport time: expiration of credentials and latency of faults. The default is the real clock.
	Wall clock.Clock
	// Region is the AWS Region, us-east-1 by default.
	Region string
	// AccountID is the 12-digit account, 123456789012 by default.
	AccountID string
	// ConcurrentExecutions is the account's Lambda concurrency limit, 1000 by default.
	ConcurrentExecutions int
	// UnreservedFloor is what PutFunctionConcurrency must leave unreserved, 100 by default; AWS shows 10 or 50 to new
	// accounts.
	UnreservedFloor int
	// UpdateDuration is how long a Lambda update stays InProgress, a few seconds by default.
	UpdateDuration time.Duration
	// Ingestion is how data points come into CloudWatch, a few seconds after every minute by default.
	Ingestion traffic.Ingestion
	// Quotas are the request rates; nil means quota.Defaults.
	Quotas []quota.Bucket
}

func (o Options) withDefaults() Options {
	if o.Wall == nil {
		o.Wall = clock.RealClock{} //nolint:forbidigo // transport time is the wall's, whatever the world's clock is
	}
	if o.Start.IsZero() && o.Clock != nil {
		o.Start = o.Clock.Now()
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.AccountID == "" {
		o.AccountID = "123456789012"
	}
	if o.Quotas == nil {
		o.Quotas = quota.Defaults()
	}
	return o
}
