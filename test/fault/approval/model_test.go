//go:build fault

package approval

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/fault/scene"
)

// This file judges what the operator did by what people really did. It knows nothing of the operator but what a person
// sees in the status of a Remediation, and asks nobody but the ledger of AWS.

// seen is a plan as a person saw it.
type seen struct {
	digest         string
	number         int64
	function       string // the ARN
	before, writes string
	expires        time.Time // world time
}

// word is one decision, and who really made it.
type word struct {
	name     string
	of       string // UID of the Remediation
	plan     seen
	decision v1alpha1.Decision
	author   string // who really made it
	claims   string // who it says
	vouched  bool   // the admission policies were as shipped then
	gone     bool   // it was deleted
}

// demand is what the ChangePolicy demands.
type demand struct {
	people    int
	requester bool          // may approve
	expires   time.Duration // of a plan
}

func (d demand) stricter(o demand) demand {
	return demand{max(d.people, o.people), d.requester && o.requester, min(d.expires, o.expires)}
}

// model is what people did in one interleaving.
type model struct {
	words    []word
	asked    map[string]string // who really asked, by the UID of the Remediation
	pinned   map[string]demand // when the operator first worked on it
	now      demand
	vouching bool // the admission policies are as shipped
	live     string
	made     map[string]string // the call that a Remediation made
	carried  map[string]string // the digest of the plan that it says it carries out, by its UID
}

// judge goes through the calls since the last time, and says what is wrong with the first that nobody agreed to.
func (m *model) judge(calls []ledger.Entry) error {
	for _, e := range calls {
		in, ok := e.Input.(*lambda.PutFunctionConcurrencyInput)
		if !ok {
			return fmt.Errorf("%s is no call of any plan", e)
		}
		was, value := m.live, fmt.Sprint(aws.ToInt32(in.ReservedConcurrentExecutions))
		if e.Changed || e.Error == "" {
			m.live = value
		}
		_, session, ours := strings.Cut(e.Principal, ":assumed-role/"+reactstocks.GrantRole+"/")
		if !ours {
			continue // a person's own hand
		}
		if err := m.agreed(e, session, was, value); err != nil {
			return fmt.Errorf("%s, upon %s, to %s: %w", e, was, value, err)
		}
	}
	return nil
}

// agreed says why nobody agreed to a call, or that enough people did.
func (m *model) agreed(e ledger.Entry, session, was, value string) error {
	uid := ""
	for of := range m.asked {
		if strings.HasPrefix(session, of+"-") {
			uid = of
		}
	}
	pinned, known := m.pinned[uid]
	switch {
	case !known:
		return fmt.Errorf("it is of no Remediation")
	case m.made[uid] != "":
		return fmt.Errorf("the approvals were used for %s", m.made[uid])
	case !m.vouching:
		return fmt.Errorf("the admission policies are not as shipped")
	}
	m.made[uid] = e.String()
	d := pinned.stricter(m.now)
	var why []string
	for _, w := range m.words {
		if w.of != uid || w.plan.function != e.Resource || w.plan.writes != value || w.plan.before != was {
			continue // of another Remediation, or of a plan that would do something else
		}
		if w.plan.digest != m.carried[uid] {
			why = append(why, fmt.Sprintf("plan %d does the same, and is another one", w.plan.number))
			continue
		}
		people, err := m.count(w.plan, uid, d, e.At)
		if err == nil && people >= d.people {
			return nil
		}
		why = append(why, fmt.Sprintf("plan %d: %d of %d people (%v)", w.plan.number, people, d.people, err))
	}
	return fmt.Errorf("nobody agreed to exactly that: %s", strings.Join(slices.Compact(why), "; "))
}

// count is how many people agreed to a plan, or why it does not matter.
func (m *model) count(p seen, uid string, d demand, at time.Time) (int, error) {
	if !at.Before(p.expires) {
		return 0, fmt.Errorf("it expired at %s", p.expires.Format(time.TimeOnly))
	}
	people := map[string]bool{}
	for _, w := range m.words {
		if w.of != uid || w.plan.digest != p.digest {
			continue
		}
		honest := w.vouched && w.author == w.claims
		switch {
		case w.decision == v1alpha1.DecisionRejected && !w.gone:
			return 0, fmt.Errorf("%s rejected it", w.author)
		case w.decision != v1alpha1.DecisionApproved || w.gone || !honest:
		case w.author == m.asked[uid] && !d.requester:
		case w.author != scene.Mallory:
			people[w.author] = true
		}
	}
	return len(people), nil
}
