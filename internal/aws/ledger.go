package aws

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ledger counts every call by account, Region, service, operation and result.
type ledger struct {
	calls   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
}

func newLedger(r prometheus.Registerer) (*ledger, error) {
	l := &ledger{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "runbook_operator_aws_calls_total",
			Help: "Calls of the AWS API by result; NotSent calls were held back by a budget or the circuit breaker.",
		}, []string{"account", "region", "service", "operation", "result"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "runbook_operator_aws_call_duration_seconds",
			Help:    "Wall time of calls of the AWS API that were sent.",
			Buckets: []float64{0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10},
		}, []string{"service", "operation"}),
	}
	if r == nil {
		return l, nil
	}
	for _, c := range []prometheus.Collector{l.calls, l.seconds} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *ledger) sent(p place, service, operation string, o outcome, took time.Duration) {
	l.calls.WithLabelValues(p.account, p.region, service, operation, string(o)).Inc()
	l.seconds.WithLabelValues(service, operation).Observe(took.Seconds())
}

func (l *ledger) held(p place, service, operation string) {
	l.calls.WithLabelValues(p.account, p.region, service, operation, string(outcomeNotSent)).Inc()
}
