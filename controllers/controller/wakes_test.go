package controller_test

import (
	"context"
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/controllers/controller"
)

func TestTheFirstReconcileSinceAWSAnswersAgainKnowsIt(t *testing.T) {
	g := NewWithT(t)
	var knew []bool
	c := controller.Awake(controller.Controller{Name: "test", Reconciler: reconcile.Func(
		func(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
			knew = append(knew, controller.AnswersAgain(ctx))
			return reconcile.Result{}, nil
		})})
	one, other := controller.Request("team", "one"), controller.Request("team", "other")
	looks := func(r reconcile.Request) bool {
		_, err := c.Reconciler.Reconcile(t.Context(), r)
		g.Expect(err).NotTo(HaveOccurred())
		return knew[len(knew)-1]
	}
	g.Expect(looks(one)).To(BeFalse())
	c.Wakes.Add(one)
	g.Expect(looks(other)).To(BeFalse(), "it had an answer")
	g.Expect(looks(one)).To(BeTrue())
	g.Expect(looks(one)).To(BeFalse(), "once")
}

func TestWhatIsWokenIsTakenOnceInOrder(t *testing.T) {
	g := NewWithT(t)
	w := controller.NewWakes()
	a, b := controller.Request("team", "a"), controller.Request("team", "b")
	w.Add(b)
	w.Add(a)
	w.Add(b)
	g.Expect(w.Take()).To(Equal([]reconcile.Request{a, b}))
	g.Expect(w.Take()).To(BeEmpty())
}
