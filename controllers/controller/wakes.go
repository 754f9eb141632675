package controller

import (
	"context"
	"slices"
	"strings"
	"sync"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/runbook-operator/runbook-operator/internal/aws"
)

// Wakes are objects to reconcile although nothing changed and no time is up: AWS answers again, and did not when they
// asked. A manager puts them into the queue, and a test's driver takes them by hand.
type Wakes struct {
	mu       sync.Mutex
	requests map[reconcile.Request]bool
	answered map[reconcile.Request]bool // woken, and not reconciled since
	some     chan struct{}
}

// NewWakes returns no Wakes.
func NewWakes() *Wakes {
	return &Wakes{requests: map[reconcile.Request]bool{}, answered: map[reconcile.Request]bool{}, some: make(chan struct{}, 1)}
}

// Add wakes an object. It never blocks.
func (w *Wakes) Add(r reconcile.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests[r], w.answered[r] = true, true
	select {
	case w.some <- struct{}{}:
	default: // somebody was told already
	}
}

// Take returns the objects that were woken since it was last called, sorted, each once.
func (w *Wakes) Take() []reconcile.Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []reconcile.Request
	for r := range w.requests {
		out = append(out, r)
	}
	clear(w.requests)
	slices.SortFunc(out, func(a, b reconcile.Request) int { return strings.Compare(a.String(), b.String()) })
	return out
}

// woken says whether an object was woken since this was last asked of it.
func (w *Wakes) woken(r reconcile.Request) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer delete(w.answered, r)
	return w.answered[r]
}

// source puts what is woken into a controller's queue, until the context ends.
func (w *Wakes) source() source.Source {
	return source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		go func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-w.some:
				}
				for _, r := range w.Take() {
					queue.Add(r)
				}
			}
		}()
		return nil
	})
}

// Awake returns the controller with Wakes: an object whose Reconcile had no answer of AWS is reconciled as soon as AWS
// answers anybody again, whatever it waits for. One of many comes back sooner, to find that out.
func Awake(c Controller) Controller {
	c.Wakes = NewWakes()
	c.Reconciler = awake{next: c.Reconciler, name: c.Name, wakes: c.Wakes}
	return c
}

type awake struct {
	next  reconcile.Reconciler
	name  string
	wakes *Wakes
}

// callerKey tells callers of AWS apart.
type callerKey struct {
	controller string
	request    reconcile.Request
}

// answersKey marks the context of a Reconcile of which AnswersAgain is true.
type answersKey struct{}

// AnswersAgain says whether a Reconcile is the first one since AWS answers again, after one in which it did not: what had
// no answer then is worth asking for at once.
func AnswersAgain(ctx context.Context) bool {
	answers, _ := ctx.Value(answersKey{}).(bool)
	return answers
}

// Reconcile reconciles on behalf of one object.
func (a awake) Reconcile(ctx context.Context, r reconcile.Request) (reconcile.Result, error) {
	if a.wakes.woken(r) {
		ctx = context.WithValue(ctx, answersKey{}, true)
	}
	caller := aws.NewCaller(callerKey{controller: a.name, request: r}, func() { a.wakes.Add(r) })
	res, err := a.next.Reconcile(caller.In(ctx), r)
	soon := caller.Expected()
	switch {
	case soon == 0:
	case err != nil:
		// With an error its backoff would count, which has grown by now.
		log.FromContext(ctx).Info("Looking again soon, as AWS does not answer", "reason", err.Error())
		return reconcile.Result{RequeueAfter: soon}, nil
	case res.RequeueAfter == 0 || soon < res.RequeueAfter:
		res.RequeueAfter = soon
	}
	return res, err
}
