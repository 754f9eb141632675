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
	quarters := map[time.Duration]int{}
	for i := range 200 {
		key := types.NamespacedName{Namespace: "team", Name: fmt.Sprintf("app-%03d-1-1", i)}
		after := spread(key, time.Second, 3*time.Second)
		g.Expect(after).To(And(BeNumerically(">=", time.Second), BeNumerically("<", 3*time.Second)))
		g.Expect(spread(key, time.Second, 3*time.Second)).To(Equal(after), "always the same for one")
		quarters[after.Truncate(250*time.Millisecond)]++
	}
	g.Expect(spread(types.NamespacedName{Name: "a"}, busyRetry/3, busyRetry)).To(And(BeNumerically(">=", busyRetry/3), BeNumerically("<", busyRetry)))
	g.Expect(quarters).To(HaveLen(8))
	for at, n := range quarters {
		g.Expect(n).To(BeNumerically("<", 60), "at %s", at)
	}
}
