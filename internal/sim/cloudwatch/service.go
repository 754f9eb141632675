// Package cloudwatch simulates Amazon CloudWatch: a metric store, metric math and metric alarms
// that change state only by evaluating stored data points, as AWS documents it.
// It must not know who publishes metrics or who reads alarms, must not read a wall clock, and must
// answer what it does not simulate with an error instead of an invented result.
package cloudwatch

import (
	"maps"
	"slices"
	"time"
)

const (
	// evaluationInterval is how often alarms with a period of 60 seconds or more are evaluated.
	evaluationInterval = time.Minute
	// evaluationDelay is the second of the minute at which alarms are evaluated. AWS evaluates each
	// alarm at a second of its own, a few seconds to most of a minute after the period ended (see the
	// queryDate values in the examples of the EventBridge alarm events, CloudWatch User Guide).
	evaluationDelay = 5 * time.Second
	// metricRetention is how long data points of one minute are kept: "Data points with a period of
	// 60 seconds (1-minute) are available for 15 days" (API reference, GetMetricData). The coarser
	// aggregates that AWS keeps after that are not simulated.
	metricRetention = 15 * 24 * time.Hour
)

// Options are the settings of a simulated CloudWatch.
type Options struct {
	// Region is the AWS Region in alarm ARNs, such as "eu-central-1".
	Region string
	// AccountID is the 12-digit AWS account in alarm ARNs.
	AccountID string
	// Start is the first moment of the service's clock.
	Start time.Time
	// Changed, when set, is told of every transition of an alarm, in the order in which they happen.
	Changed func(Transition)
	// Action, when set, carries out one action of a transition at a moment: that of the transition, or the end of what
	// muted the alarm.
	Action func(t Transition, action string, at time.Time)
}

// Service is the simulated CloudWatch of one account and Region. It is not safe for concurrent use:
// also reads reorganize the metric store, so the caller holds one mutex around every method.
//
// Not simulated, and refused with an error where a request would need it: periods below 60 seconds,
// alarms other than metric alarms on metrics and metric math (composite, log, PromQL, Metrics Insights,
// anomaly detection), wall clock evaluation windows, warm-up periods, dynamic labels, periods of queries,
// data of metrics of linked accounts, and metric math beyond + - * / and FILL on metrics of one period. Actions are
// carried out by whoever the service was given for that, so the history has no Action items;
// EvaluationState stays empty, because nothing simulated can lead to one of its values. Data points are
// visible at once.
type Service struct {
	region    string
	accountID string
	linked    map[string]bool
	changed   func(Transition)
	actions   func(Transition, string, time.Time)

	now       time.Time
	next      time.Time
	metrics   map[string]*metric
	alarms    map[string]*alarm
	muteRules map[string]*muteRule
	owed      map[string]Transition // whose actions were muted, by alarm
	history   []historyItem
	sequence  int
}

// New returns a service without metrics and alarms whose clock stands at options.Start.
func New(options Options) *Service {
	start := options.Start.UTC()
	next := start.Truncate(evaluationInterval).Add(evaluationDelay)
	if !next.After(start) {
		next = next.Add(evaluationInterval)
	}
	return &Service{
		region:    options.Region,
		accountID: options.AccountID,
		changed:   options.Changed,
		actions:   options.Action,
		muteRules: map[string]*muteRule{},
		owed:      map[string]Transition{},
		now:       start,
		next:      next,
		linked:    map[string]bool{},
		metrics:   map[string]*metric{},
		alarms:    map[string]*alarm{},
	}
}

// Link makes this account the monitoring account of another, as CloudWatch cross-account observability does. Queries may
// name the other account, whose metrics have no data here.
func (s *Service) Link(accountID string) { s.linked[accountID] = true }

// Now returns the service's clock.
func (s *Service) Now() time.Time { return s.now }

// Next returns the next moment at which alarms are evaluated; it is always after Now.
func (s *Service) Next() time.Time { return s.next }

// AdvanceTo moves the service's clock to t and evaluates every alarm at each evaluation moment up to
// and including t. It must be called after the data of all minutes that ended before t were recorded;
// then the outcome does not depend on the number of calls, if one is made for every whole second. A time before the
// clock is ignored.
func (s *Service) AdvanceTo(t time.Time) {
	t = t.UTC()
	for !s.next.After(t) {
		s.now = s.next
		s.next = s.next.Add(evaluationInterval)
		s.unmute()
		for _, name := range slices.Sorted(maps.Keys(s.alarms)) {
			s.evaluate(s.alarms[name])
		}
		if s.now.Minute() == 0 {
			s.expireMetrics()
		}
	}
	if t.After(s.now) {
		s.now = t
		// What ends between two seconds is noticed at the next one, however many calls are made between them.
		if t.Equal(t.Truncate(time.Second)) {
			s.unmute()
		}
	}
}
