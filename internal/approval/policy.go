package approval

import (
	"slices"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// What holds where no ChangePolicy says otherwise; equal to the defaults of the ChangePolicy's schema.
const (
	defaultPeople           = 1
	defaultPlanExpiresAfter = 30 * time.Minute
	defaultWindow           = 15 * time.Minute
	defaultFailureLimit     = 2
	defaultStableFor        = 5 * time.Minute
)

// canonicalPolicy is what the digest of a PinnedPolicy is over.
type canonicalPolicy struct {
	Schema                  string `json:"schema"`
	People                  int32  `json:"people"`
	AllowRequester          bool   `json:"allowRequester"`
	PlanExpiresAfterSeconds int32  `json:"planExpiresAfterSeconds"`
	WindowSeconds           int32  `json:"windowSeconds"`
	FailureLimit            int32  `json:"failureLimit"`
	StableForSeconds        int32  `json:"stableForSeconds"`
}

// Pin returns what a ChangePolicy demands of an action. Without a policy (nil), or where it is silent, one person who
// is not the requester approves, a plan waits 30 minutes, a change is verified for 15 minutes and two bad
// observations in a row, and an application counts as recovered after 5 minutes.
func Pin(p *v1alpha1.ChangePolicy, action v1alpha1.ActionName) v1alpha1.PinnedPolicy {
	pinned := v1alpha1.PinnedPolicy{
		People:                  defaultPeople,
		PlanExpiresAfterSeconds: seconds("", defaultPlanExpiresAfter),
		WindowSeconds:           seconds("", defaultWindow),
		FailureLimit:            defaultFailureLimit,
		StableForSeconds:        seconds("", defaultStableFor),
	}
	if p != nil {
		pinned.Name = p.Name
		pinned.PlanExpiresAfterSeconds = seconds(p.Spec.PlanExpiresAfter, defaultPlanExpiresAfter)
		pinned.WindowSeconds = seconds(p.Spec.Verification.Window, defaultWindow)
		pinned.StableForSeconds = seconds(p.Spec.Recovery.StableFor, defaultStableFor)
		if p.Spec.Verification.FailureLimit > 0 {
			pinned.FailureLimit = p.Spec.Verification.FailureLimit
		}
		for _, demand := range p.Spec.Approvals {
			if slices.Contains(demand.Actions, action) {
				pinned.People = max(demand.People, defaultPeople)
				pinned.AllowRequester = demand.AllowRequester
				break
			}
		}
	}
	return digested(pinned)
}

// Stricter returns the stricter of two policies, member by member, under the name of the pinned one: more people,
// no requester, a shorter wait, a longer verification that fails sooner, and a longer recovery. Where the present
// policy is nowhere stricter, the result equals the pinned one.
func Stricter(pinned, current v1alpha1.PinnedPolicy) v1alpha1.PinnedPolicy {
	return digested(v1alpha1.PinnedPolicy{
		Name:                    pinned.Name,
		People:                  max(pinned.People, current.People),
		AllowRequester:          pinned.AllowRequester && current.AllowRequester,
		PlanExpiresAfterSeconds: min(pinned.PlanExpiresAfterSeconds, current.PlanExpiresAfterSeconds),
		WindowSeconds:           max(pinned.WindowSeconds, current.WindowSeconds),
		FailureLimit:            min(pinned.FailureLimit, current.FailureLimit),
		StableForSeconds:        max(pinned.StableForSeconds, current.StableForSeconds),
	})
}

func digested(p v1alpha1.PinnedPolicy) v1alpha1.PinnedPolicy {
	p.Digest = sum(encode(canonicalPolicy{
		Schema:                  "runbook-operator.io/policy/v1",
		People:                  p.People,
		AllowRequester:          p.AllowRequester,
		PlanExpiresAfterSeconds: p.PlanExpiresAfterSeconds,
		WindowSeconds:           p.WindowSeconds,
		FailureLimit:            p.FailureLimit,
		StableForSeconds:        p.StableForSeconds,
	}))
	return p
}

// seconds reads a duration of the API. The schema admits nothing that cannot be read, so that what cannot be is
// absent, and the default holds.
func seconds(text string, otherwise time.Duration) int32 {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		d = otherwise
	}
	return int32(d / time.Second)
}
