package incident

import (
	"encoding/json"
	"strings"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// An API server refuses an object that is too large, and a status that is refused stops the Incident for good: every
// list has a bound in bytes too. With the copies of the Runbooks, an Incident stays far below the 1.5 MiB of etcd.
const (
	maxEvidenceBytes = 128 << 10
	maxRulesBytes    = 96 << 10
	maxCausesBytes   = 64 << 10
	// maxMessage keeps messages readable.
	maxMessage = 1000
	// maxCondition is the same for conditions, below the 32768 bytes that the API server takes.
	maxCondition = 8192
)

// gapTooLarge is the reason of a gap where evidence was read that the Incident has no room for.
const gapTooLarge = "TooLarge"

// affordable makes gaps of the evidence beyond the bound: what is not recorded must not decide.
func affordable(results []v1alpha1.StepResult) []v1alpha1.StepResult {
	spent := 0
	for i := range results {
		if results[i].Evidence == nil {
			continue
		}
		if spent += size(results[i].Evidence); spent > maxEvidenceBytes {
			spent -= size(results[i].Evidence)
			results[i].Evidence = nil
			results[i].Gap = &v1alpha1.Gap{Reason: gapTooLarge, Message: "the Incident has no room for this evidence: name fewer functions or Runbooks in another Incident"}
		}
	}
	return results
}

// fit returns as many of the first items as are within a number of bytes, and at least one.
func fit[T any](items []T, limit int) []T {
	spent := 0
	for i := range items {
		if spent += size(items[i]); spent > limit {
			return items[:max(i, 1)]
		}
	}
	return items
}

func size(v any) int {
	text, err := json.Marshal(v)
	if err != nil {
		return 0 // types of the API: there is nothing that JSON cannot hold
	}
	return len(text)
}

// clip cuts a text to so many bytes, and not in the middle of a character.
func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit-4], "") + " ..."
}
