package evidence

import (
	"context"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// Collect carries out the requests, all at once, and returns a result for each in their order. It changes nothing,
// and may be repeated. Equal reads are made once, and all metric queries go in as few calls as possible.
func Collect(ctx context.Context, s Subject, requests []Request) []v1alpha1.StepResult {
	f := newFacts(s)
	results := make([]v1alpha1.StepResult, len(requests))
	steps := make([]Step, len(requests))
	for i, r := range requests {
		results[i] = v1alpha1.StepResult{
			Runbook:      r.Runbook,
			Step:         r.Step.Name,
			FunctionName: r.Function.Name,
			At:           metav1.NewTime(s.Now.UTC().Truncate(time.Second)),
		}
		if steps[i] = stepOf(r.Step); steps[i] == nil {
			continue
		}
		queries, reach := steps[i].Queries(r)
		f.queries = append(f.queries, queries...)
		if start := f.end.Add(-reach); start.Before(f.start) {
			f.start = start
		}
	}
	var all sync.WaitGroup
	for i, r := range requests {
		if steps[i] == nil {
			results[i].Gap = &v1alpha1.Gap{Reason: GapUnknownStep, Message: "this version of the operator does not know the step: upgrade the operator, or remove the step from the Runbook"}
			continue
		}
		all.Go(func() {
			seen, err := steps[i].Collect(ctx, f, r)
			if err != nil {
				results[i].Gap = gapOf(ctx, err)
				return
			}
			results[i].Evidence = &seen
		})
	}
	all.Wait()
	return results
}

func stepOf(step v1alpha1.Step) Step {
	for _, s := range Steps() {
		if s.Wants(step) {
			return s
		}
	}
	return nil
}
