package remediation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/approval"
)

const (
	// labelRecord marks the records, for kubectl get configmaps -l.
	labelRecord = "runbook-operator.io/record"
	recordText  = "README"      // for a person
	recordJSON  = "record.json" // for programs
	// maxRecord bounds each of the two: an edited status may hold more than the operator ever wrote.
	maxRecord = 96 << 10
)

// recordName names the one record of a Remediation, whoever writes it.
func recordName(uid types.UID) string { return "orphan-" + string(uid) }

// keepRecord writes into the operator's namespace what a Remediation did that is about to be gone, and that leaves
// something to a person. What it writes follows from the object alone, so that another process that finds it written
// writes nothing. The event is about the record: nobody can write one into a namespace that is being deleted.
func (r *Reconciler) keepRecord(ctx context.Context, s *scope) error {
	o := orphanOf(s.rem)
	o.Namespace, o.Name = r.Namespace, recordName(s.rem.UID)
	err := r.Client.Create(ctx, o)
	if apierrors.IsAlreadyExists(err) {
		found := &corev1.ConfigMap{}
		if err = r.APIReader.Get(ctx, client.ObjectKeyFromObject(o), found); err == nil && !maps.Equal(found.Data, o.Data) {
			found.Data = o.Data // of another hand: there is no other record of this object
			err = r.Client.Update(ctx, found)
		}
		o = found
	}
	if err != nil {
		return fmt.Errorf("keeping the record of a change: %w", err)
	}
	r.Recorder.Eventf(o, nil, corev1.EventTypeWarning, v1alpha1.ReasonOrphaned, "LetGo", "%s", clip(fmt.Sprintf(
		"Remediation %s was deleted and is gone, its change of function %s may be in place: this ConfigMap says what was done and how to undo it; a person has to look",
		keyOf(s.rem), s.rem.Spec.Target.FunctionName), maxNote))
	return nil
}

// orphan is what is known of a change that nobody sees through any more.
type orphan struct {
	Namespace   string                     `json:"namespace"`
	Name        string                     `json:"name"`
	UID         types.UID                  `json:"uid"`
	Application string                     `json:"application"`
	Incident    string                     `json:"incident,omitempty"`
	Function    string                     `json:"function"`
	Action      v1alpha1.ActionName        `json:"action"`
	RequestedBy string                     `json:"requestedBy,omitempty"`
	DeletedAt   *metav1.Time               `json:"deletedAt"`
	LetGoAt     *metav1.Time               `json:"letGoAt"`
	Reason      string                     `json:"reason"`
	Message     string                     `json:"message"`
	Plan        *orphanPlan                `json:"plan"`
	Calls       []orphanCall               `json:"calls"`
	Intents     []v1alpha1.Intent          `json:"intents"`
	Approvals   []v1alpha1.CountedApproval `json:"approvals"`
	AppliedAt   *metav1.Time               `json:"appliedAt,omitempty"`
	Revert      *v1alpha1.RevertStatus     `json:"revert,omitempty"`
	Truncated   bool                       `json:"truncated,omitempty"`
}

// orphanPlan is what was approved, less its calls.
type orphanPlan struct {
	Number        int64            `json:"number"`
	Digest        string           `json:"digest"`
	DigestMatches bool             `json:"digestMatches"` // false: somebody edited the plan after it was approved
	Summary       string           `json:"summary"`
	AccountID     string           `json:"accountID"`
	Region        v1alpha1.Region  `json:"region"`
	RoleARN       v1alpha1.RoleARN `json:"roleARN"`
}

// orphanCall is one call with the commands to look at it, and to undo it.
type orphanCall struct {
	v1alpha1.PlannedCall `json:",inline"`
	Look                 string `json:"lookCommand"`
	Undo                 string `json:"undoCommand"`
}

// orphanOf returns the record of a Remediation that ended, without a place. Pure.
func orphanOf(rem *v1alpha1.Remediation) *corev1.ConfigMap {
	st := &rem.Status
	o := orphan{
		Namespace: rem.Namespace, Name: rem.Name, UID: rem.UID, Application: rem.Spec.ApplicationRef.Name,
		Function: string(rem.Spec.Target.FunctionName), Action: rem.Spec.Action.Name(),
		DeletedAt: rem.DeletionTimestamp, LetGoAt: st.EndedAt, Calls: []orphanCall{},
		Intents: st.Intents, Approvals: st.Approvals, AppliedAt: st.AppliedAt, Revert: st.Revert,
	}
	if rem.Spec.IncidentRef != nil {
		o.Incident = rem.Spec.IncidentRef.Name
	}
	if rem.Spec.RequestedBy != nil {
		o.RequestedBy = rem.Spec.RequestedBy.Username
	}
	if c := find(st.Conditions, v1alpha1.ConditionSucceeded); c != nil {
		o.Reason, o.Message = c.Reason, clip(c.Message, maxNote)
	}
	if p := st.Plan; p != nil {
		o.Plan = &orphanPlan{
			Number: p.Number, Digest: p.Digest, DigestMatches: approval.Digest(*p, string(rem.UID)) == p.Digest,
			Summary: p.Summary, AccountID: p.AccountID, Region: p.Region, RoleARN: p.RoleARN,
		}
		for _, c := range p.Calls {
			o.Calls = append(o.Calls, orphanCall{PlannedCall: c, Look: lookCommand(c, p), Undo: undoCommand(c, p)})
		}
	}
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{labelRecord: "orphan"}},
		Data:       map[string]string{recordJSON: o.encode(), recordText: clip(o.text(), maxRecord)},
	}
}

// encode returns the JSON of a record. Where it is too long it leaves out first what says least.
func (o orphan) encode() string {
	for {
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(o); err != nil {
			return fmt.Sprintf("{%q: %q}", "error", "the record cannot be written: see "+recordText)
		}
		if out.Len() <= maxRecord {
			return out.String()
		}
		o.Truncated = true
		switch {
		case len(o.Approvals) > 0:
			o.Approvals = nil
		case len(o.Intents) > 1:
			o.Intents = o.Intents[1:] // the newest say what is open
		case len(o.Calls) > 1:
			o.Calls = o.Calls[:len(o.Calls)-1]
		case len(o.Calls)+len(o.Intents) > 0:
			o.Calls, o.Intents = nil, nil
		default:
			return fmt.Sprintf("{%q: true}", "truncated") // longer than the API server lets a status be
		}
	}
}
