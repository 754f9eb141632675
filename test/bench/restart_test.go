//go:build bench

package bench

import (
	"fmt"
	"syscall"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/test/builder"
)

const (
	// history is how many finished Incidents there are where memory and restart are measured.
	history = 10_000
	// restarts is how often the operator is killed.
	restarts = 5
)

// fill makes finished Incidents, each with the whole status of one that was lived through.
func (s *stage) fill() {
	s.t.Helper()
	finished := s.finished()
	s.atOnce(history, func(i int) error {
		inc := finished(fmt.Sprintf("finished-%05d", i))
		status := inc.Status
		if err := s.admin.Create(s.ctx, inc); err != nil {
			return err
		}
		inc.Status = status
		return s.admin.Status().Update(s.ctx, inc)
	})
}

// settled returns the memory of an operator that has read everything and works as ever: the highest of ten seconds.
func (s *stage) settled(p *process) (highest int64) {
	s.t.Helper()
	s.await("the operator serves its metrics", time.Minute, func() bool { return p.memory() > 0 && s.ready(p) })
	for range 50 {
		highest = max(highest, p.memory())
		pause(200 * time.Millisecond)
	}
	return highest
}

// size returns the mean size of a finished Incident as JSON has it.
func (s *stage) size() int {
	s.t.Helper()
	var list v1alpha1.IncidentList
	s.must("listing", s.admin.List(s.ctx, &list, client.InNamespace(team), client.Limit(50)))
	total := 0
	for i := range list.Items {
		list.Items[i].ManagedFields = nil
		total += len(encoded(&list.Items[i]))
	}
	return total / len(list.Items)
}

// restart kills the operator while a change waits for approval, lets it be approved while nobody is there, and measures
// from the start of the next process to the call in AWS.
func (s *stage) restart(p *process, i int, elect bool) (*process, time.Duration) {
	s.t.Helper()
	rem := s.find(name(i))
	s.must("killing the operator", p.end(syscall.SIGKILL))
	s.must("approving", s.oncall.Create(s.ctx, builder.Approval(rem)))
	from := s.aws.Ledger().Len()
	p = s.start(elect)
	return p, s.called(from, string(rem.Spec.Target.FunctionName)).Sub(p.started)
}
