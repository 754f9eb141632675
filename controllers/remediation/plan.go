package remediation

import (
	"context"
	"fmt"
	"slices"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/action"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
	"github.com/runbook-operator/runbook-operator/internal/approval"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

const (
	// recheck is how often a Remediation that waits looks at the world again.
	recheck = 5 * time.Minute
	// metricDelay is how long a minute's metrics may take to be there after the minute ended.
	metricDelay = 2 * time.Minute
	// unstableWithin and unstableAfter: so many stale plans in so long end a Remediation.
	unstableWithin = 15 * time.Minute
	unstableAfter  = 3
	// revertUntil is how long after the change the approval covers its inverse.
	revertUntil = 24 * time.Hour
	// revertSlack is how long after a change expired its revert may still be made, where nobody could before.
	revertSlack = 6 * time.Hour
	// observePeriod is the shortest time between two observations: the period of standard metrics.
	observePeriod = time.Minute
)

// plan works out the calls from live state, and gives them a number and a digest. An unchanged plan keeps both.
func (r *Reconciler) plan(ctx context.Context, s *scope) (bool, error) {
	if begun(s.rem) {
		return true, nil // the plan is being carried out: it is never worked out anew
	}
	s.wake(recheck)
	proposal, verification, err := r.propose(ctx, s)
	if err != nil {
		return false, s.notPlanned(err)
	}
	s.proposal = proposal
	fresh := s.compose(proposal, verification)
	present := s.rem.Status.Plan
	if err := r.moved(ctx, s, &fresh); err != nil {
		return false, err
	}
	if present != nil {
		fresh.Replaces = replaced(*present, fresh, s.now)
	}
	switch {
	case present == nil:
		s.adopt(fresh, proposal.TemplatePatch)
	case !approval.SameContent(*present, fresh):
		moved := !sameCalls(present.Calls, fresh.Calls)
		s.adopt(fresh, proposal.TemplatePatch)
		if moved && s.stale() {
			s.planned(false, v1alpha1.ReasonTargetUnstable, fmt.Sprintf("function %s changed %d times within %s while the plan waited", s.rem.Spec.Target.FunctionName, unstableAfter, unstableWithin))
			s.end(v1alpha1.ReasonTargetUnstable, "somebody else keeps changing the function, nothing was changed: talk to them, then create a new Remediation")
			return false, nil
		}
	case !s.now.Before(present.ExpiresAt.Time):
		s.adopt(fresh, proposal.TemplatePatch) // the same calls under a new number: approvals of the old plan lapsed
	}
	plan := s.rem.Status.Plan
	s.wake(plan.ExpiresAt.Sub(s.now))
	s.planned(true, v1alpha1.ReasonPlanned, planText(plan))
	return true, nil
}

// propose reads live state and asks the action what it would do, and the alarms how it would be verified.
func (r *Reconciler) propose(ctx context.Context, s *scope) (action.Proposal, v1alpha1.PlannedVerification, error) {
	if _, err := expiresAfter(s.rem.Spec); err != nil {
		return action.Proposal{}, v1alpha1.PlannedVerification{}, err
	}
	if err := r.reading(ctx, s); err != nil {
		return action.Proposal{}, v1alpha1.PlannedVerification{}, err
	}
	proposal, err := s.action.Plan(ctx, s.session, action.Target{
		AccountID: s.grant.Access.AccountID, Region: s.grant.Access.Region,
		Function: s.function, UnreservedFloor: s.grant.Floor, Recent: s.rem.Status.Plan == nil, Now: s.now,
	}, s.rem.Spec.Action)
	if err != nil {
		return action.Proposal{}, v1alpha1.PlannedVerification{}, err
	}
	verification, err := r.verification(ctx, s)
	proposal.Warnings = append(proposal.Warnings, s.doubts...)
	return proposal, verification, err
}

// verification says how the change will be proved to help: by the alarms of the Incident at this function, else by
// every alarm at it, over a window that no alarm is too slow for.
func (r *Reconciler) verification(ctx context.Context, s *scope) (v1alpha1.PlannedVerification, error) {
	watched, err := r.watched(ctx, s)
	if err != nil {
		return v1alpha1.PlannedVerification{}, err
	}
	s.doubts = r.doubts(ctx, s, watched)
	reach, period := time.Duration(0), observePeriod
	s.firing = nil
	names := make([]string, 0, len(watched))
	for _, a := range watched {
		reach, period = max(reach, a.Reach), max(period, a.Period)
		names = append(names, a.Name)
		if a.State == v1alpha1.AlarmFiring {
			s.firing = append(s.firing, a.Name)
		}
	}
	slices.Sort(names)
	window := max(time.Duration(s.policy.WindowSeconds)*time.Second, reach)
	return v1alpha1.PlannedVerification{
		Alarms:        names,
		SettleSeconds: int32((max(reach, observePeriod) + metricDelay).Seconds()),
		WindowSeconds: int32(window.Seconds()),
		PeriodSeconds: int32(period.Seconds()),
		FailureLimit:  s.policy.FailureLimit,
	}, nil
}

// doubts says for the person who decides why the change could not be proved to help, as things are.
func (r *Reconciler) doubts(ctx context.Context, s *scope, watched []alarms.Alarm) []string {
	muting, err := r.mutes.Read(ctx, s.session, s.now)
	if err != nil {
		f := fault.From(err)
		if !f.NeedsPerson() {
			return nil // it is known by the time that it matters
		}
		return []string{clip("a change is not proved to help while it is not known whether an alarm is muted: "+f.Message, maxWarning)}
	}
	for _, a := range watched {
		if by := muting.Mark(a).MutedBy; by != "" {
			return []string{clip(fmt.Sprintf("alarm mute rule %q mutes alarm %q: while it does, a change is not proved to help", by, a.Name), maxWarning)}
		}
	}
	return nil
}

// maxWarning is the bound of one warning in the plan.
const maxWarning = 512

// maxAlarms is how many alarms a plan watches at most: the bound of its field.
const maxAlarms = 32

func (r *Reconciler) watched(ctx context.Context, s *scope) ([]alarms.Alarm, error) {
	names := s.signals()
	listed := len(names) == 0
	if listed {
		all, err := r.listing.Read(ctx, s.session, s.now)
		if err != nil {
			return nil, err
		}
		for _, a := range all {
			if _, ours := a.Function([]v1alpha1.ApplicationFunction{s.function}); ours && !slices.Contains(names, a.Name) {
				names = append(names, a.Name) // pages that were read one after the other may repeat one
			}
		}
	}
	if len(names) > maxAlarms {
		return nil, fault.New(fault.Terminal, v1alpha1.ReasonTooManyAlarms,
			"%d alarms watch function %s, and a change is proved by at most %d: ask for it in an Incident that one of them opened, whose alarms prove it",
			len(names), s.function.Name, maxAlarms)
	}
	found, err := alarms.ByName(ctx, s.session, names)
	if err != nil {
		return nil, err
	}
	var out []alarms.Alarm
	for _, name := range names {
		a, ok := found[name]
		if _, ours := a.Function([]v1alpha1.ApplicationFunction{s.function}); ok && (ours || !listed) {
			out = append(out, a)
		}
	}
	return out, nil
}

// compose makes a plan of a proposal; adopt gives it its number and digest.
func (s *scope) compose(p action.Proposal, v v1alpha1.PlannedVerification) v1alpha1.Plan {
	expires, _ := expiresAfter(s.rem.Spec) // propose looked at the error
	if expires > 0 {
		p.Summary += ", for " + s.rem.Spec.ExpiresAfter
	}
	return v1alpha1.Plan{
		Summary:             p.Summary,
		AccountID:           s.grant.Access.AccountID,
		Region:              v1alpha1.Region(s.grant.Access.Region),
		RoleARN:             v1alpha1.RoleARN(s.grant.Access.RoleARN),
		Calls:               p.Calls,
		Verification:        v,
		OnFailure:           p.OnFailure,
		ExpiresAfterSeconds: expires,
		RevertUntilSeconds:  max(int32(revertUntil.Seconds()), expires+int32(revertSlack.Seconds())),
		PolicyDigest:        s.policy.Digest,
		Warnings:            p.Warnings,
		Cost:                p.Cost,
		BlastRadius:         p.BlastRadius,
	}
}

// planText says for the person who decides what the plan is, which one it replaced, and why. Pure.
func planText(p *v1alpha1.Plan) string {
	out := fmt.Sprintf("plan %d: %s; %s", p.Number, p.Summary, undoing(p))
	if p.Replaces != "" {
		out += fmt.Sprintf(". It replaces an earlier one: %s", p.Replaces)
	}
	return out
}

// expiresAfter returns after how many seconds the change is reverted; 0: never. The API server lets nothing else pass
// than a time from a minute on; whatever else is there is not taken for never. Pure.
func expiresAfter(spec v1alpha1.RemediationSpec) (int32, error) {
	if spec.ExpiresAfter == "" {
		return 0, nil
	}
	after, err := time.ParseDuration(spec.ExpiresAfter)
	if err != nil || after < time.Minute || after > 24*time.Hour {
		return 0, fault.New(fault.Terminal, v1alpha1.ReasonInvalidExpiry,
			"spec.expiresAfter is no time from 1m to 24h, nothing was changed: create a new Remediation with one such as 30m, or without")
	}
	return int32(after.Seconds()), nil
}

// undoing says for the person who decides when a change is undone without another approval. Pure.
func undoing(p *v1alpha1.Plan) string {
	out := "if it does not help, it stays and a person is asked"
	if p.OnFailure == v1alpha1.OnFailureRevert {
		out = "if it does not help, it is reverted"
	}
	if p.ExpiresAfterSeconds > 0 {
		out += fmt.Sprintf("; in any case it is reverted %s after it was made", seconds(p.ExpiresAfterSeconds))
	}
	return out
}

// adopt makes a plan the present one. Its number only grows, so that an approval of an earlier plan never counts
// again, also not when the function comes back to where it was.
func (s *scope) adopt(p v1alpha1.Plan, templatePatch string) {
	st := &s.rem.Status
	st.PlanNumber++
	p.Number = st.PlanNumber
	p.PlannedAt = s.stamp()
	p.ExpiresAt.Time = s.now.Add(time.Duration(s.policy.PlanExpiresAfterSeconds) * time.Second)
	p.Digest = approval.Digest(p, string(s.rem.UID))
	st.Plan, st.Approvals, st.TemplatePatch = &p, nil, templatePatch
	s.verdict, s.heard = approval.Verdict{}, false // they were another plan's
}

// stale notes that the plan went stale, and says whether that happened too often of late.
func (s *scope) stale() bool {
	st := &s.rem.Status
	st.StaleAt = append(st.StaleAt, s.stamp())
	if len(st.StaleAt) > unstableAfter {
		st.StaleAt = st.StaleAt[len(st.StaleAt)-unstableAfter:]
	}
	return len(st.StaleAt) == unstableAfter && s.now.Sub(st.StaleAt[0].Time) <= unstableWithin
}

// sameCalls says whether two plans would make the same calls upon the same state.
func sameCalls(a, b []v1alpha1.PlannedCall) bool { return apiequality.Semantic.DeepEqual(a, b) }

// notPlanned records why there is no plan. What only another spec can change ends the Remediation.
func (s *scope) notPlanned(err error) error {
	f := fault.From(err)
	if unavailable(err) {
		if s.rem.Status.Plan == nil {
			s.planned(false, f.Reason, f.Message)
		}
		return err // close says so where there is a plan
	}
	s.planned(false, f.Reason, f.Message)
	s.end(f.Reason, f.Message)
	return nil
}
