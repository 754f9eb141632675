package remediation

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
)

func TestManyThatWereHeldBackComeBackOneAfterTheOther(t *testing.T) {
	g := NewWithT(t)
	quarters, latest := map[time.Duration]int{}, time.Duration(0)
	for i := range 200 {
		key := types.NamespacedName{Namespace: "team", Name: fmt.Sprintf("app-%03d-1-1", i)}
		after := spread(key, time.Second, 3*time.Second)
		g.Expect(after).To(And(BeNumerically(">=", time.Second), BeNumerically("<", 3*time.Second)))
		g.Expect(spread(key, time.Second, 3*time.Second)).To(Equal(after), "always the same for one")
		latest = max(latest, spread(key, busyRetry/3, busyRetry))
		quarters[after.Truncate(250*time.Millisecond)]++
	}
	g.Expect(latest).To(And(BeNumerically(">", busyRetry*9/10), BeNumerically("<", busyRetry)))
	g.Expect(quarters).To(HaveLen(8))
	for at, n := range quarters {
		g.Expect(n).To(BeNumerically("<", 60), "at %s", at)
	}
}
