package main

import (
	"errors"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/hack/world"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
)

// lost is a fact that is not there, and the step that must say so.
type lost struct {
	step, fact string
	take       func(*story)
}

// eachStepNeeds takes each fact away in turn and tells the story again. A story with all of them is told to its end.
func eachStepNeeds(t *testing.T, s *story, facts []lost) {
	t.Helper()
	_, err := s.again(t, func(*story) {})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	for _, f := range facts {
		t.Run(f.step+", "+f.fact, func(t *testing.T) {
			_, err := s.again(t, f.take)
			NewWithT(t).Expect(err).To(MatchError(ContainSubstring("step %q: ", f.step)))
		})
	}
}

func app(change func(*v1alpha1.ServerlessApplication)) func(*story) {
	return func(s *story) { inEach(s, change) }
}

func inc(change func(*v1alpha1.Incident)) func(*story) { return func(s *story) { inEach(s, change) } }

func rem(change func(*v1alpha1.Remediation)) func(*story) {
	return func(s *story) { inEach(s, change) }
}

// plan changes the plan where there is one.
func plan(change func(*v1alpha1.Plan)) func(*story) {
	return rem(func(r *v1alpha1.Remediation) {
		if r.Status.Plan != nil {
			change(r.Status.Plan)
		}
	})
}

// looked changes the verification where there was an observation.
func looked(change func(*v1alpha1.VerificationStatus)) func(*story) {
	return rem(func(r *v1alpha1.Remediation) {
		if v := r.Status.Verification; v != nil && v.LastAt != nil {
			change(v)
		}
	})
}

// called changes what the ledger says.
func called(change func(ledger.Entry) []ledger.Entry) func(*story) {
	return func(s *story) {
		book := s.book
		s.book = func(filters ...ledger.Filter) []ledger.Entry {
			var out []ledger.Entry
		next:
			for _, was := range book() {
				for _, e := range change(was) {
					for _, f := range filters {
						if !f(e) {
							continue next
						}
					}
					out = append(out, e)
				}
			}
			return out
		}
	}
}

// without leaves calls out of the ledger.
func without(which ledger.Filter) func(*story) {
	return called(func(e ledger.Entry) []ledger.Entry {
		if which(e) {
			return nil
		}
		return []ledger.Entry{e}
	})
}

// refusedFor lets the API server refuse for another reason, or of another person.
func refusedFor(message string) func(*story) {
	return func(s *story) {
		approvals := schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: "approvals"}
		s.answer(apierrors.NewForbidden(approvals, "", errors.New(message)))
	}
}

// answer is what whoever may not approve is answered.
func (s *story) answer(err error) {
	s.developer, s.platform = answered{s.developer, err}, answered{s.platform, err}
}

func noCondition(typ string) func(*[]metav1.Condition) {
	return func(list *[]metav1.Condition) { meta.RemoveStatusCondition(list, typ) }
}

// ofEveryStory are the facts without which no story of a change is told.
func ofEveryStory() []lost {
	without1 := func(typ string) func(*story) {
		return rem(func(r *v1alpha1.Remediation) { noCondition(typ)(&r.Status.Conditions) })
	}
	return []lost{
		{"watching", "the mode that is asked for", app(func(a *v1alpha1.ServerlessApplication) { a.Status.Mode = v1alpha1.ModeObserve })},
		{"watching", "since when", app(func(a *v1alpha1.ServerlessApplication) { a.Status.WatchedSince = nil })},
		{"watching", "a Runbook", app(func(a *v1alpha1.ServerlessApplication) { a.Status.Runbooks = nil })},
		{"watching", "the queue", func(s *story) {
			inEach(s, func(a *v1alpha1.AWSAccount) { a.Spec.Queues = nil })
		}},
		{"watching", "that alarms are read", func(s *story) {
			inEach(s, func(a *v1alpha1.AWSAccount) { noCondition(v1alpha1.ConditionDetecting)(&a.Status.Conditions) })
		}},
		{"alarm", "the signal", inc(func(i *v1alpha1.Incident) { i.Spec.Signal = nil })},
		{"alarm", "the call that showed it", without(ledger.ByAction("cloudwatch:DescribeAlarms"))},
		{"evidence", "all of it", inc(func(i *v1alpha1.Incident) { i.Status.Evidence = nil })},
		{"evidence", "one number", inc(func(i *v1alpha1.Incident) {
			if len(i.Status.Evidence) > 0 {
				i.Status.Evidence[0].Evidence.Metric.Value = nil
			}
		})},
		{"evidence", "one piece", inc(func(i *v1alpha1.Incident) {
			if n := len(i.Status.Evidence); n > 0 {
				i.Status.Evidence[n-1].Evidence = nil
			}
		})},
		{"evidence", "which metric", inc(func(i *v1alpha1.Incident) { i.Status.Runbooks = nil })},
		{"diagnosis", "the cause", inc(func(i *v1alpha1.Incident) { i.Status.Causes = nil })},
		{"diagnosis", "why", inc(func(i *v1alpha1.Incident) {
			for c := range i.Status.Causes {
				i.Status.Causes[c].Because = ""
			}
		})},
		{"diagnosis", "the rules", inc(func(i *v1alpha1.Incident) { i.Status.Rules = nil })},
		{"diagnosis", "the severity", inc(func(i *v1alpha1.Incident) { i.Status.SeverityReason = "" })},
		{"proposal", "the plan", rem(func(r *v1alpha1.Remediation) { r.Status.Plan = nil })},
		{"proposal", "the cost", plan(func(p *v1alpha1.Plan) { p.Cost = "" })},
		{"proposal", "the blast radius", plan(func(p *v1alpha1.Plan) { p.BlastRadius = nil })},
		{"proposal", "the requests that it touches", plan(func(p *v1alpha1.Plan) { p.BlastRadius.RequestsPerMinute = nil })},
		{"proposal", "who else is touched", plan(func(p *v1alpha1.Plan) { p.BlastRadius.Message = "" })},
		{"proposal", "the digest", plan(func(p *v1alpha1.Plan) { p.Digest = "" })},
		{"proposal", "the calls", plan(func(p *v1alpha1.Plan) { p.Calls = nil })},
		{"proposal", "what is there before", plan(func(p *v1alpha1.Plan) { p.Calls[0].Before = nil })},
		{"proposal", "what is written", plan(func(p *v1alpha1.Plan) { p.Calls[0].Call.Writes = nil })},
		{"proposal", "what undoes it", plan(func(p *v1alpha1.Plan) { p.Calls[0].Inverse.Writes = nil })},
		{"proposal", "the alarms of the proof", plan(func(p *v1alpha1.Plan) { p.Verification.Alarms = nil })},
		{"proposal", "what becomes of a failure", plan(func(p *v1alpha1.Plan) { p.OnFailure = "" })},
		{"refusal", "any", func(s *story) { s.answer(nil) }},
		{"refusal", "for the right reason", refusedFor("the namespace is being terminated")},
		{"refusal", "of this person", refusedFor(`User "somebody@example.com" cannot create resource "approvals"`)},
		{"refusal", "of this action", refusedFor(world.Developer().UserName + " may not approve remediations/deleteEverything")},
		{"approval", "that counts", rem(func(r *v1alpha1.Remediation) {
			for i := range r.Status.Approvals {
				r.Status.Approvals[i].Counts = false
			}
		})},
		{"approval", "of this person", rem(func(r *v1alpha1.Remediation) {
			for i := range r.Status.Approvals {
				r.Status.Approvals[i].Username = world.Developer().UserName
			}
		})},
		{"change", "when", rem(func(r *v1alpha1.Remediation) { r.Status.AppliedAt = nil })},
		{"change", "the condition", rem(func(r *v1alpha1.Remediation) {
			noCondition(v1alpha1.ConditionApplied)(&r.Status.Conditions)
			r.Status.EndedAt = nil
		})},
		{"change", "the call", without(ledger.ByClass(ledger.Change))},
		{"change", "who called", called(func(e ledger.Entry) []ledger.Entry {
			if e.Class == ledger.Change {
				e.Principal = "arn:aws:sts::123456789012:assumed-role/runbook-operator-react-stocks/somebody"
			}
			return []ledger.Entry{e}
		})},
		{"change", "that it is one call", called(func(e ledger.Entry) []ledger.Entry {
			if e.Class == ledger.Change {
				return []ledger.Entry{e, e}
			}
			return []ledger.Entry{e}
		})},
		{"change", "what was read back", rem(func(r *v1alpha1.Remediation) { r.Status.Intents = nil })},
		{"verification", "the condition", without1(v1alpha1.ConditionVerified)},
		{"verification", "all observations but one", looked(func(v *v1alpha1.VerificationStatus) { v.Observations = 1 })},
		{"end", "of the Incident", inc(func(i *v1alpha1.Incident) { noCondition(v1alpha1.ConditionResolved)(&i.Status.Conditions) })},
		{"end", "of the Remediation", without1(v1alpha1.ConditionSucceeded)},
		{"total", "that a change changed something", called(func(e ledger.Entry) []ledger.Entry {
			e.Changed = false
			return []ledger.Entry{e}
		})},
	}
}

// ofAProof are the facts without which no change is proved.
func ofAProof() []lost {
	return []lost{
		{"verification", "the span", looked(func(v *v1alpha1.VerificationStatus) {
			at := metav1.NewTime(v.FirstAt.Add(time.Duration(v.Observations) * time.Second))
			v.LastAt = &at
		})},
		{"verification", "that all were good", looked(func(v *v1alpha1.VerificationStatus) {
			if v.Good == 8 {
				v.Last = v1alpha1.ObservationBad
			}
		})},
		{"verification", "that nobody looked away", looked(func(v *v1alpha1.VerificationStatus) {
			if v.Good >= 8 {
				v.Good -= 7
			}
		})},
		{"measurement", "the function", rem(func(r *v1alpha1.Remediation) { r.Spec.Target.FunctionName = "another" })},
		{"end", "the drift debt", rem(func(r *v1alpha1.Remediation) { noCondition(v1alpha1.ConditionDriftDebt)(&r.Status.Conditions) })},
	}
}

// ofARevert are the facts without which no revert is proved.
func ofARevert() []lost {
	revert := func(change func(*v1alpha1.RevertStatus)) func(*story) {
		return rem(func(r *v1alpha1.Remediation) {
			if r.Status.Revert != nil {
				change(r.Status.Revert)
			}
		})
	}
	return []lost{
		{"verification", "the bad observations but one", looked(func(v *v1alpha1.VerificationStatus) {
			if v.Bad < 2 {
				v.Last = v1alpha1.ObservationInconclusive
			}
		})},
		{"revert", "any", rem(func(r *v1alpha1.Remediation) { r.Status.Revert = nil })},
		{"revert", "when", rem(func(r *v1alpha1.Remediation) {
			if r.Status.Revert != nil {
				r.Status.Revert.AppliedAt, r.Status.EndedAt = nil, nil
			}
		})},
		{"revert", "what was read back", rem(func(r *v1alpha1.Remediation) {
			if n := len(r.Status.Intents); n > 1 {
				r.Status.Intents = r.Status.Intents[:1]
			}
		})},
		{"revert", "all observations but one", revert(func(v *v1alpha1.RevertStatus) {
			if v.Verification != nil && v.Verification.LastAt != nil {
				v.Verification.Observations = 1
			}
		})},
		{"revert", "its observations", revert(func(v *v1alpha1.RevertStatus) { v.Verification = nil })},
		{"revert", "the condition", rem(func(r *v1alpha1.Remediation) { noCondition(v1alpha1.ConditionReverted)(&r.Status.Conditions) })},
		{"measurement", "that it is as before", plan(func(p *v1alpha1.Plan) { p.Calls[0].Inverse.Writes[0].Value = new("11") })},
		{"end", "that nothing differs from the template", rem(func(r *v1alpha1.Remediation) {
			meta.SetStatusCondition(&r.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionDriftDebt, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonTemplateDiffers, Message: "it differs"})
		})},
	}
}
