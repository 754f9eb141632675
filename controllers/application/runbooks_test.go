package application

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// compiled is a Runbook that is Ready at its generation.
func compiled(namespace, name string) v1alpha1.Runbook {
	b := v1alpha1.Runbook{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Generation: 3}}
	b.Status = v1alpha1.RunbookStatus{
		ObservedGeneration: 3, Digest: "sha256:" + name,
		Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue}},
	}
	return b
}

func names(list []v1alpha1.ResolvedRunbook) []string {
	var all []string
	for _, r := range list {
		all = append(all, r.Namespace+"/"+r.Name)
	}
	return all
}

func TestRunbooksOfTheNamespaceTakeThePlaceOfSharedOnes(t *testing.T) {
	g := NewWithT(t)
	broken := compiled("shop", "errors")
	broken.Status.Conditions[0].Status = metav1.ConditionFalse
	edited := compiled("operator", "latency")
	edited.Generation = 4

	list, left := resolve(
		[]v1alpha1.Runbook{compiled("shop", "throttling"), broken},
		[]v1alpha1.Runbook{compiled("operator", "throttling"), compiled("operator", "errors"), compiled("operator", "cost"), edited},
	)

	g.Expect(names(list)).To(Equal([]string{"operator/cost", "shop/throttling"}),
		"a Runbook that does not compile still hides the shared one, and one that was edited waits to be compiled")
	g.Expect(list[0].Generation).To(BeEquivalentTo(3))
	g.Expect(list[0].Digest).To(Equal("sha256:cost"))
	g.Expect(left).To(BeZero())
}

func TestWhereNotAllRunbooksFitTheNamespacesOwnStay(t *testing.T) {
	g := NewWithT(t)
	var shared []v1alpha1.Runbook
	for i := range mostRunbooks {
		shared = append(shared, compiled("operator", fmt.Sprintf("a-%02d", i)))
	}
	list, left := resolve([]v1alpha1.Runbook{compiled("shop", "z-own")}, shared)
	g.Expect(list).To(HaveLen(mostRunbooks))
	g.Expect(left).To(Equal(1))
	g.Expect(names(list)).To(ContainElement("shop/z-own"))
	g.Expect(names(list)).NotTo(ContainElement("operator/a-63"))
}
