//go:build bench

package bench

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/test/builder"
)

const (
	// writers write at once where the write rate is measured, for so long.
	writers, writing = 64, 6 * time.Second
)

// write measures what the API server takes without the operator: how many writes a second of Incidents, created and then
// given a status, by many at once; and how long one write takes by itself.
func (s *stage) write() (rate float64, n int, one samples) {
	s.t.Helper()
	finished := s.finished()
	for i := range 100 {
		inc := finished(fmt.Sprintf("alone-%d", i))
		began := time.Now()
		s.must("creating an Incident", s.admin.Create(s.ctx, inc))
		one = append(one, time.Since(began))
	}
	var all sync.WaitGroup
	var count atomic.Int64
	began := time.Now()
	for w := range writers {
		all.Go(func() {
			for i := 0; time.Since(began) < writing; i++ {
				inc := finished(fmt.Sprintf("raw-%d-%d", w, i))
				status := inc.Status
				if s.admin.Create(s.ctx, inc) != nil {
					return
				}
				inc.Status = status
				if s.admin.Status().Update(s.ctx, inc) != nil {
					return
				}
				count.Add(2)
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	s.must("deleting", s.admin.DeleteAllOf(s.ctx, &v1alpha1.Incident{}, client.InNamespace(team)))
	return float64(count.Load()) / took.Seconds(), int(count.Load()), one
}

// finished returns a maker of Incidents that are over. Before one was lived through, they have one condition.
func (s *stage) finished() func(name string) *v1alpha1.Incident {
	now := metav1.NewTime(s.clock.Now())
	status := v1alpha1.IncidentStatus{ObservedGeneration: 1, Conditions: []metav1.Condition{{
		Type: v1alpha1.ConditionResolved, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonRemediated, LastTransitionTime: now,
		ObservedGeneration: 1, Message: "the change helped",
	}}}
	var lived v1alpha1.IncidentList
	s.must("listing Incidents", s.admin.List(s.ctx, &lived, client.InNamespace(team), client.Limit(1)))
	if len(lived.Items) == 1 {
		status = lived.Items[0].Status
	}
	return func(name string) *v1alpha1.Incident {
		return builder.Incident(team, func(inc *v1alpha1.Incident) {
			inc.Name, inc.Spec.ApplicationRef.Name = name, application(quiet, len(name)%applications)
			inc.Spec.Functions = []v1alpha1.FunctionName{v1alpha1.FunctionName(function(quiet, 0))}
			inc.Status = *status.DeepCopy()
		})
	}
}
