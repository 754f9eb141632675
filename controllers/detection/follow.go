package detection

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/approval"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// follow writes what was decided for every application whose Region was read. The applications do not wait for each
// other: what cannot be written for one does not keep the others from being written.
func (r *Reconciler) follow(ctx context.Context, s *scope) (bool, error) {
	var failed []error
	for _, a := range s.applications {
		f := s.regions[a.object.Spec.AWS.Region]
		if !a.ready || f == nil {
			continue
		}
		if err := r.followOne(ctx, s, a, f); err != nil {
			a.failed = true
			failed = append(failed, fmt.Errorf("following application %s: %w", a.key(), err))
		}
	}
	s.finished = true
	return true, errors.Join(failed...)
}

// followOne writes what was decided for one application. Before a new signal gets its place, the application and its
// Incidents are read live and the decision is made again: the cache may not have the Incident of a moment ago.
func (r *Reconciler) followOne(ctx context.Context, s *scope, a *application, f *facts) error {
	d := decide(a, f, s.account.Spec.AccountID, s.now)
	if d.news() {
		if watched, err := r.reload(ctx, a); err != nil || !watched {
			a.failed = true
			return err
		}
		d = decide(a, f, s.account.Spec.AccountID, s.now)
	}
	a.unplaced = d.unplaced
	if err := r.writeLists(ctx, a.object, d.status); err != nil {
		return err
	}
	for _, c := range d.changes {
		before := c.incident.Status.Signals
		if err := r.writeSignals(ctx, c.incident, c.signals); err != nil {
			return err
		}
		r.announceJoined(c.incident, a.object, c.joined)
		r.announceAgain(c.incident, a.object, before)
	}
	for _, o := range d.openings {
		if err := r.openIncident(ctx, s, a, f, o); err != nil {
			return err
		}
	}
	return nil
}

// reload reads an application and its Incidents live. It returns false where the application is not watched any more.
func (r *Reconciler) reload(ctx context.Context, a *application) (bool, error) {
	live := &v1alpha1.ServerlessApplication{}
	if err := r.APIReader.Get(ctx, a.key(), live); err != nil {
		return false, client.IgnoreNotFound(fmt.Errorf("getting the application live: %w", err))
	}
	if !live.DeletionTimestamp.IsZero() || !conditions.IsTrue(live.Status.Conditions, v1alpha1.ConditionReady) {
		return false, nil
	}
	incidents, err := incidentsOf(ctx, r.APIReader, live)
	if err != nil {
		return false, err
	}
	a.object, a.incidents = live, incidents
	return true, nil
}

// openIncident takes the next episode's number and creates its Incident. The number is taken by compare-and-swap: of
// two operators that run at once for a moment, one is refused. An operator that stops in between leaves a number
// unused, and the next reading opens the Incident under another.
func (r *Reconciler) openIncident(ctx context.Context, s *scope, a *application, f *facts, o opening) error {
	requester, err := approval.Requester(ctx, r.Client)
	if err != nil {
		return err
	}
	app := a.object
	before := app.DeepCopy()
	app.Status.Episode = next(app, a.incidents)
	if err := r.Client.Status().Patch(ctx, app, locked(before)); err != nil {
		return fmt.Errorf("taking the number of episode %d: %w", app.Status.Episode, err)
	}
	incident := &v1alpha1.Incident{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: app.Namespace,
			Name:      incidentName(app.Name, app.Status.Episode),
		},
		Spec: v1alpha1.IncidentSpec{
			ApplicationRef: v1alpha1.LocalReference{Name: app.Name},
			Concern:        o.concern,
			Signal:         &o.signals[0],
			RequestedBy:    requester,
		},
	}
	if len(app.Name) <= validation.LabelValueMaxLength {
		incident.Labels = map[string]string{v1alpha1.LabelApplication: app.Name}
	}
	if err := r.Client.Create(ctx, incident); err != nil {
		return fmt.Errorf("creating Incident %s: %w", incident.Name, err)
	}
	a.incidents = append(a.incidents, *incident)
	r.announceOpened(incident, app)

	var signals []v1alpha1.SignalStatus
	var joined []string
	for i, signal := range o.signals {
		signals = append(signals, current(asStatus(signal), f, app, s.account.Spec.AccountID, s.now))
		if i > 0 {
			joined = append(joined, signal.AlarmName)
		}
	}
	if err := r.writeSignals(ctx, incident, signals); err != nil {
		return err
	}
	r.announceJoined(incident, app, joined)
	return nil
}

// incidentName is <application>-<episode>, cut to the length of a name in Kubernetes.
func incidentName(application string, episode int64) string {
	suffix := "-" + strconv.FormatInt(episode, 10)
	return application[:min(len(application), validation.DNS1123SubdomainMaxLength-len(suffix))] + suffix
}

// writeLists writes what detection knows of an application, if it changed.
func (r *Reconciler) writeLists(ctx context.Context, app *v1alpha1.ServerlessApplication, status v1alpha1.ServerlessApplicationStatus) error {
	before := app.DeepCopy()
	app.Status.WatchedSince = status.WatchedSince
	app.Status.PreexistingAlarms = status.PreexistingAlarms
	app.Status.UnmatchedAlarms = status.UnmatchedAlarms
	app.Status.AmbiguousAlarms = status.AmbiguousAlarms
	if apiequality.Semantic.DeepEqual(before.Status, app.Status) {
		return nil
	}
	if err := r.Client.Status().Patch(ctx, app, locked(before)); err != nil {
		return fmt.Errorf("patching the status of ServerlessApplication: %w", err)
	}
	return nil
}

// writeSignals writes the signals of an Incident. A conflict means that somebody wrote the Incident meanwhile: the next
// reading decides anew.
func (r *Reconciler) writeSignals(ctx context.Context, incident *v1alpha1.Incident, signals []v1alpha1.SignalStatus) error {
	before := incident.DeepCopy()
	incident.Status.Signals = signals
	if err := r.Client.Status().Patch(ctx, incident, locked(before)); err != nil {
		return fmt.Errorf("patching the signals of Incident %s: %w", incident.Name, err)
	}
	return nil
}

// locked is a merge patch that the API server refuses when the object is not as it was read.
func locked(before client.Object) client.Patch {
	return client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
}
