//go:build bench

package bench

import (
	"fmt"
	"math/rand/v2"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/claim"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
)

// detect lets alarms fire one after the other, at moments that have nothing to do with the operator's, and measures from
// the wall time at which AWS has the alarm in ALARM to that at which a watch of the API server shows the Incident.
func (s *stage) detect() samples {
	s.t.Helper()
	seen := s.watch(&v1alpha1.IncidentList{})
	defer seen.Stop()
	var all samples
	for i := range applications {
		pause(time.Duration(rand.IntN(600)) * time.Millisecond)
		from := s.aws.Ledger().Len()
		_, err := s.person.SetAlarmState(s.ctx, &cloudwatch.SetAlarmStateInput{
			AlarmName: awssdk.String(function(quiet, i)), StateValue: types.StateValueAlarm, StateReason: awssdk.String("bench"),
		})
		s.must("setting an alarm", err)
		fired := s.aws.Ledger().Entries(ledger.After(from), ledger.ByAction("cloudwatch:SetAlarmState"))[0].Wall
		at := s.next(seen, "the Incident of "+application(quiet, i), func(o client.Object) bool {
			inc, ok := o.(*v1alpha1.Incident)
			return ok && inc.Spec.ApplicationRef.Name == application(quiet, i)
		})
		all = append(all, at.Sub(fired))
	}
	return all
}

// change asks for a change of each function, and approves one after the other. It measures from the wall time at which the
// Approval is sent to that at which AWS has the call.
func (s *stage) change() samples {
	s.t.Helper()
	s.ask(0, applications)
	s.await("changes may begin in the account that was just claimed", claim.Settle+time.Minute, func() bool {
		account := &v1alpha1.AWSAccount{}
		s.must("reading the account", s.admin.Get(s.ctx, client.ObjectKeyFromObject(builder.AWSAccount()), account))
		return account.Status.Claim != nil && account.Status.Claim.Since != nil && s.clock.Since(account.Status.Claim.Since.Time) > claim.Settle+time.Second
	})
	var all samples
	for i := range applications {
		pause(600 * time.Millisecond) // the operator's budget of changes is two a second: it is not what is measured
		rem := s.find(name(i))
		from := s.aws.Ledger().Len()
		sent := time.Now()
		s.must("approving", s.oncall.Create(s.ctx, builder.Approval(rem)))
		all = append(all, s.called(from, function(quiet, i)).Sub(sent))
		s.await("the change is read back", time.Minute, func() bool { return s.find(name(i)).Status.AppliedAt != nil })
	}
	return all
}

func name(i int) string { return fmt.Sprintf("by-hand-%03d", i) }

// ask asks for changes, and waits until their plans wait for approval.
func (s *stage) ask(first, end int) {
	s.t.Helper()
	s.atOnce(end-first, func(i int) error {
		return s.admin.Create(s.ctx, builder.Remediation(team, func(r *v1alpha1.Remediation) {
			r.Name, r.Spec.ApplicationRef.Name = name(first+i), application(quiet, (first+i)%applications)
			r.Spec.Target.FunctionName = v1alpha1.FunctionName(function(quiet, (first+i)%applications))
			r.Spec.NotAfter = metav1.NewTime(s.clock.Now().Add(24 * time.Hour))
		}))
	})
	for i := first; i < end; i++ {
		s.await("the plan of "+name(i)+" waits for approval", time.Minute, func() bool {
			return conditions.Reason(s.find(name(i)).Status.Conditions, v1alpha1.ConditionApproved) == v1alpha1.ReasonAwaitingApproval
		})
	}
}

func (s *stage) find(name string) *v1alpha1.Remediation {
	s.t.Helper()
	rem := &v1alpha1.Remediation{}
	s.must("reading a Remediation", s.admin.Get(s.ctx, client.ObjectKey{Namespace: team, Name: name}, rem))
	return rem
}

// called returns the wall time of the first change of a function that the ledger has after a mark.
func (s *stage) called(from int, function string) time.Time {
	s.t.Helper()
	for end := time.Now().Add(3 * time.Minute); ; pause(time.Millisecond) {
		for _, e := range s.aws.Ledger().Entries(ledger.After(from), ledger.ByClass(ledger.Change), ledger.ByRole(reactstocks.GrantRole)) {
			if e.Resource == s.aws.FunctionARN(function) {
				return e.Wall
			}
		}
		if time.Now().After(end) {
			s.t.Fatalf("AWS got no change of %s", function)
		}
	}
}

// watch watches a kind from now on.
func (s *stage) watch(list client.ObjectList) watch.Interface {
	s.t.Helper()
	s.must("listing", s.admin.List(s.ctx, list, client.InNamespace(team)))
	meta, err := apimeta.ListAccessor(list)
	s.must("listing", err)
	w, err := s.admin.Watch(s.ctx, list, client.InNamespace(team), &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: meta.GetResourceVersion()}})
	s.must("watching", err)
	return w
}

// next returns when a watch showed an object that is looked for.
func (s *stage) next(w watch.Interface, what string, is func(client.Object) bool) time.Time {
	s.t.Helper()
	limit := time.After(time.Minute)
	for {
		select {
		case event, open := <-w.ResultChan():
			now := time.Now()
			if o, ok := event.Object.(client.Object); ok && is(o) {
				return now
			}
			if !open {
				s.t.Fatalf("the watch ended before %s", what)
			}
		case <-limit:
			s.t.Fatalf("waited a minute for %s", what)
		}
	}
}
