package detection

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// An application whose spec.aws.region was edited while its Incident is open: the Incident has the alarm of the former
// Region, and a status names each alarm once.
func TestAnAlarmOfTheNewRegionIsNotTakenForItsNamesakeOfTheOld(t *testing.T) {
	former := firing("t", "pay", "Throttles", noon.Add(-10*time.Minute))
	former.ARN = strings.Replace(former.ARN, region, "us-east-1", 1)
	moved := func() *application {
		a := watchedApp("shop", "checkout", "pay")
		a.incidents = []v1alpha1.Incident{incident("checkout-1", former)}
		return a
	}
	namesake := firing("t", "pay", "Throttles", noon)

	t.Run("its state says nothing of the other", func(t *testing.T) {
		g := NewWithT(t)
		d := decided(moved(), asked([]string{"t"}, inState(namesake, v1alpha1.AlarmOK, noon)))
		g.Expect(d.changes).To(BeEmpty(), "an alarm that nobody reads any more is not OK")
		d = decided(moved(), asked([]string{"t"}))
		g.Expect(d.changes).To(BeEmpty(), "nor was it deleted")
	})
	t.Run("it opens an Incident of its own", func(t *testing.T) {
		g := NewWithT(t)
		a := moved()
		d := decided(a, seen(namesake))
		g.Expect(d.openings).To(HaveLen(1))
		g.Expect(d.openings[0].signals[0].AlarmARN).To(Equal(namesake.ARN))
		g.Expect(d.changes).To(BeEmpty())
		g.Expect(d.status.UnmatchedAlarms).To(BeNil())

		a = moved()
		a.incidents = append(a.incidents, incident("checkout-2", namesake))
		d = decided(a, seen(namesake))
		g.Expect(d.openings).To(BeEmpty(), "once")
		g.Expect(d.changes).To(BeEmpty())
	})
	t.Run("any other alarm joins the Incident that is open", func(t *testing.T) {
		g := NewWithT(t)
		d := decided(moved(), seen(firing("e", "pay", "Errors", noon)))
		g.Expect(d.openings).To(BeEmpty())
		g.Expect(d.changes).To(HaveLen(1))
		g.Expect(d.changes[0].joined).To(Equal([]string{"e"}))
		g.Expect(d.changes[0].signals[0].State).To(Equal(v1alpha1.AlarmFiring))
	})
	t.Run("an alarm with that ARN is asked for in its own Region only", func(t *testing.T) {
		a := moved()
		a.access = accessTo(region)
		NewWithT(t).Expect(readingsOf([]*application{a}, accountID)[0].names).To(BeEmpty())
	})
}
