//go:build bench

package bench

import (
	"context"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
)

const (
	// speed is how many seconds pass in the world in one of the wall while whole lives are measured. Each change is looked at
	// once a minute of the world, by reads of the API server of which each takes as long as ever.
	speed = 30
	// livesAtOnce is how many lives there are at once.
	livesAtOnce = 30
)

// lives is what some incidents cost from alarm to Resolved, all at once.
type lives struct {
	n       int
	took    time.Duration // wall, from the first Incident to the last that was resolved
	world   time.Duration // the same, in world time
	writes  float64       // of objects, without Events and account status
	events  float64
	granted int // calls to AWS by the granted role
	account int // calls by the account role, for all that there is
	changes int // calls that changed something
}

// live lets as many applications as there are numbers be throttled, approves what is proposed, and waits until every
// Incident is resolved by the change that was proved.
func (s *stage) live(p *process, first, n int) lives {
	s.t.Helper()
	requests, mark := s.requests(p), s.aws.Ledger().Len()
	for i := range n {
		s.offer(function(busy, first+i), 1.5*reserved)
	}
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	var began time.Time
	approved := map[string]bool{}
	s.await("every Incident is resolved", 4*time.Minute, func() bool {
		var incidents v1alpha1.IncidentList
		var remediations v1alpha1.RemediationList
		s.must("listing", s.admin.List(ctx, &incidents, client.InNamespace(team)))
		s.must("listing", s.admin.List(ctx, &remediations, client.InNamespace(team)))
		for i := range remediations.Items {
			rem := &remediations.Items[i]
			if approved[rem.Name] || conditions.Reason(rem.Status.Conditions, v1alpha1.ConditionApproved) != v1alpha1.ReasonAwaitingApproval {
				continue
			}
			s.must("approving", s.oncall.Create(ctx, builder.Approval(rem)))
			approved[rem.Name] = true
		}
		resolved := 0
		for _, inc := range incidents.Items {
			number := strings.TrimPrefix(inc.Spec.ApplicationRef.Name, busy+"-")
			if number < application("", first)[1:] || number >= application("", first+n)[1:] {
				continue
			}
			if began.IsZero() {
				began = time.Now()
			}
			if conditions.IsTrue(inc.Status.Conditions, v1alpha1.ConditionResolved) {
				if got := conditions.Reason(inc.Status.Conditions, v1alpha1.ConditionResolved); got != v1alpha1.ReasonRemediated {
					s.t.Fatalf("Incident %s ended as %s, not as a change that was proved: the machine is too slow for this speed", inc.Name, got)
				}
				resolved++
			}
		}
		return resolved == n
	})
	l := lives{n: n, took: time.Since(began)}
	l.world = time.Duration(float64(l.took) * speed)
	for key, value := range s.requests(p) {
		method, kind, _ := strings.Cut(key, " ")
		value -= requests[key]
		switch {
		case method == "GET" || strings.HasSuffix(kind, "reviews") || kind == "awsaccounts/status":
		case kind == "events":
			l.events += value
		default:
			l.writes += value
		}
	}
	l.granted = s.aws.Ledger().Count(ledger.After(mark), ledger.ByRole(reactstocks.GrantRole))
	l.account = s.aws.Ledger().Count(ledger.After(mark), ledger.ByRole(reactstocks.AccountRole))
	l.changes = s.aws.Ledger().Count(ledger.After(mark), ledger.ByRole(reactstocks.GrantRole), ledger.Changed())
	return l
}
