//go:build fault

package effect

import (
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/test/fault/process"
)

// onItsWay is how long after a death the server may take up a request that was sent before it, on a machine that is busy.
const onItsWay = 5 * time.Second

// expectSilence expects that nothing came from an operator after it was dead, by the API server's audit log and by the
// requests that came to AWS.
func (s *stage) expectSilence() {
	s.t.Helper()
	all, err := s.Writes()
	s.Expect(err).NotTo(HaveOccurred())
	deaths := 0
	for _, i := range s.Incarnations() {
		killed, died := i.Killed()
		if !killed {
			continue
		}
		deaths++
		s.Expect(process.WritesAfter(all, i, died.Add(onItsWay))).To(BeEmpty(), "after the death of %s", i.Name)
		s.Expect(s.CallsAfter(i, died.Add(onItsWay))).To(BeEmpty(), "after the death of %s", i.Name)
	}
	s.Expect(deaths).NotTo(BeZero())
	s.t.Logf("nothing came from %d dead operators", deaths)
}

// expectAnnounced expects that every operator only ever made calls that it had announced itself: between the death of one
// and the first call that the next one announces there are only reads. An intent that is found is observed, whoever wrote
// it, and not carried out; and none is carried out twice.
func (s *stage) expectAnnounced() {
	s.t.Helper()
	all, err := s.Writes()
	s.Expect(err).NotTo(HaveOccurred())
	announced := map[string]process.Write{} // the write with which each intent came, by its token
	for _, w := range all {
		if w.Object.Resource != "remediations" || w.Object.Subresource != "status" || w.Answer.Code >= 300 {
			continue
		}
		for _, i := range w.Content.Status.Intents {
			if _, known := announced[i.Token]; !known {
				announced[i.Token] = w
			}
		}
	}
	made := map[string]int{}
	for _, i := range s.Incarnations() {
		for _, c := range s.CallsAfter(i, time.Time{}) {
			if !c.Changes() {
				continue
			}
			made[c.Session]++
			w, known := announced[c.Session]
			s.Expect(known).To(BeTrue(), "%s made %s for %q, which nobody announced", i.Name, c.What, c.Session)
			s.Expect(w.UserAgent).To(Equal(i.Name), "%s made %s for %s, an intent of another operator", i.Name, c.What, c.Session)
			s.Expect(w.Received).To(BeTemporally("<=", c.At), "%s made %s before it announced %s", i.Name, c.What, c.Session)
		}
	}
	s.Expect(made).NotTo(BeEmpty())
	for token, n := range made {
		s.Expect(n).To(Equal(1), "calls for %s", token)
	}
	s.t.Logf("%d calls that change something came from %d operators, each announced once and by who made it; %d intents", len(made), len(s.Incarnations()), len(announced))
}
