package detection

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
)

func TestAnAlarmBelongsToTheOneApplicationThatHasItsFunction(t *testing.T) {
	notReady := func(namespace, name, function string) *application {
		a := watchedApp(namespace, name, function)
		a.ready = false
		return a
	}
	for name, c := range map[string]struct {
		applications []*application
		owners       []string // of the alarm
		ambiguous    []string
		nobody       []string
	}{
		"one application": {
			[]*application{watchedApp("shop", "checkout", "pay"), watchedApp("shop", "search", "find")},
			[]string{"shop/checkout"}, nil, nil,
		},
		"two applications in two namespaces": {
			[]*application{watchedApp("shop", "checkout", "pay"), watchedApp("other", "copy", "pay")},
			nil, []string{"shop/checkout", "other/copy"}, nil,
		},
		"no application": {
			[]*application{watchedApp("shop", "search", "find")}, nil, nil, []string{"pay-throttles"},
		},
		"an application that is not Ready cannot make another's alarm ambiguous": {
			[]*application{watchedApp("shop", "checkout", "pay"), notReady("other", "copy", "pay")},
			[]string{"shop/checkout"}, nil, nil,
		},
		"only applications that are not Ready": {
			[]*application{notReady("shop", "checkout", "pay"), notReady("other", "copy", "pay")},
			nil, nil, []string{"pay-throttles (application other/copy and 1 more are not Ready)"},
		},
		"an application that is not Ready": {
			[]*application{notReady("shop", "checkout", "pay")},
			nil, nil, []string{"pay-throttles (application shop/checkout is not Ready)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			nobody := belong([]alarms.Alarm{firing("pay-throttles", "pay", "Throttles", noon)}, false, c.applications)
			var owners, ambiguous []string
			for _, a := range c.applications {
				for _, o := range a.owned {
					g.Expect(o.function).To(BeEquivalentTo("pay"))
					owners = append(owners, a.key().String())
				}
				for range a.ambiguous {
					ambiguous = append(ambiguous, a.key().String())
				}
			}
			g.Expect(owners).To(Equal(c.owners))
			g.Expect(ambiguous).To(Equal(c.ambiguous))
			g.Expect(nobody).To(Equal(c.nobody))
		})
	}
}

func TestAnAmbiguousAlarmIsShownAndOpensNothing(t *testing.T) {
	g := NewWithT(t)
	one, other := watchedApp("shop", "checkout", "pay"), watchedApp("other", "copy", "pay")
	f := seen(firing("pay-throttles", "pay", "Throttles", noon))
	belong(f.firing, false, []*application{one, other})
	for _, a := range []*application{one, other} {
		d := decide(a, f, accountID, noon)
		g.Expect(d.openings).To(BeEmpty())
		g.Expect(d.status.AmbiguousAlarms).To(Equal(&v1alpha1.UnmatchedAlarms{Count: 1, Names: []string{"pay-throttles"}}))
	}
}
