package clock

import (
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// NewQueue makes the work queue of a controller whose delays are world time: it is a controller.Options.NewQueue. A
// plain queue would take them for wall time, and a window of 15 minutes would pass with two observations.
func (s Scaled) NewQueue(name string, backoff workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	inner := priorityqueue.New(name, func(o *priorityqueue.Opts[reconcile.Request]) {
		o.RateLimiter = scaledBackoff{TypedRateLimiter: backoff, scale: s}
	})
	return queue{PriorityQueue: inner, scale: s}
}

// queue is controller-runtime's priority queue with scaled delays.
type queue struct {
	priorityqueue.PriorityQueue[reconcile.Request]
	scale Scaled
}

// AddAfter adds a request after a duration of world time.
func (q queue) AddAfter(r reconcile.Request, d time.Duration) {
	q.PriorityQueue.AddAfter(r, q.scale.Wall(d))
}

// AddWithOpts adds requests after a duration of world time.
func (q queue) AddWithOpts(o priorityqueue.AddOpts, requests ...reconcile.Request) {
	o.After = q.scale.Wall(o.After)
	q.PriorityQueue.AddWithOpts(o, requests...)
}

// scaledBackoff scales the delays after errors.
type scaledBackoff struct {
	workqueue.TypedRateLimiter[reconcile.Request]
	scale Scaled
}

// When returns how long on the wall a request has to wait.
func (b scaledBackoff) When(r reconcile.Request) time.Duration {
	return b.scale.Wall(b.TypedRateLimiter.When(r))
}
