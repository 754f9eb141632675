//go:build fault

package process

import (
	"context"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const (
	// look is how often the queues are looked at.
	look = 5 * time.Millisecond
	// quiet is how long nothing may have happened in any queue before time is skipped: longer than the news of a
	// write takes to come back.
	quiet = 25 * time.Millisecond
)

// pacer makes the work queues of a process, and skips time while all of them only wait.
type pacer struct {
	clock *Clock

	mu      sync.Mutex
	queues  []*queue
	working int       // requests that are being worked on
	last    time.Time // when something last happened, wall time
}

// newQueue makes a work queue whose delays are world time: it is an operator.Options.NewQueue.
func (p *pacer) newQueue(name string, backoff workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	q := &queue{
		PriorityQueue: priorityqueue.New(name, func(o *priorityqueue.Opts[reconcile.Request]) { o.RateLimiter = backoff }),
		backoff:       backoff,
		pacer:         p,
		listens:       name == "queue",
		due:           map[reconcile.Request]time.Time{},
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queues = append(p.queues, q)
	return q
}

// run hands out what is due, and skips time, until the context ends.
func (p *pacer) run(ctx context.Context, leads <-chan struct{}) {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		next, idle := p.hand(p.clock.World().Now())
		select {
		case <-leads:
			if idle && !next.IsZero() {
				p.clock.skip(next)
			}
		default: // the process that leads is the one that skips
		}
	}
}

// hand hands out what is due, and returns when something is due next and whether nothing is to be done before.
func (p *pacer) hand(now time.Time) (next time.Time, idle bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	idle = p.working == 0 && time.Since(p.last) > quiet
	for _, q := range p.queues {
		idle = idle && q.Len() == 0
		for r, due := range q.due {
			switch {
			case !due.After(now):
				delete(q.due, r)
				q.PriorityQueue.Add(r)
				p.last, idle = time.Now(), false
			case next.IsZero() || due.Before(next):
				next = due
			}
		}
	}
	return next, idle
}

// queue is controller-runtime's priority queue, with delays that are kept here. Like there, a request is in it once.
type queue struct {
	priorityqueue.PriorityQueue[reconcile.Request]
	backoff workqueue.TypedRateLimiter[reconcile.Request]
	pacer   *pacer
	listens bool                            // a long poll is always under way: nobody waits for it
	due     map[reconcile.Request]time.Time // guarded by pacer.mu
}

func (q *queue) happened() {
	q.pacer.mu.Lock()
	defer q.pacer.mu.Unlock()
	q.pacer.last = time.Now()
}

// Add adds a request now.
func (q *queue) Add(r reconcile.Request) {
	q.happened()
	q.PriorityQueue.Add(r)
}

// AddAfter adds a request after a duration of world time.
func (q *queue) AddAfter(r reconcile.Request, d time.Duration) {
	if d <= 0 {
		q.Add(r)
		return
	}
	at := q.pacer.clock.World().Now().Add(d)
	q.pacer.mu.Lock()
	defer q.pacer.mu.Unlock()
	q.pacer.last = time.Now()
	if old, ok := q.due[r]; !ok || at.Before(old) {
		q.due[r] = at
	}
}

// AddRateLimited adds a request after the delay of its backoff.
func (q *queue) AddRateLimited(r reconcile.Request) { q.AddAfter(r, q.backoff.When(r)) }

// AddWithOpts adds requests as the options say.
func (q *queue) AddWithOpts(o priorityqueue.AddOpts, requests ...reconcile.Request) {
	for _, r := range requests {
		after := o.After
		if o.RateLimited {
			after = max(after, q.backoff.When(r))
		}
		if after > 0 {
			q.AddAfter(r, after)
			continue
		}
		q.happened()
		q.PriorityQueue.AddWithOpts(priorityqueue.AddOpts{Priority: o.Priority}, r)
	}
}

// Get waits for a request.
func (q *queue) Get() (reconcile.Request, bool) {
	r, shutdown := q.PriorityQueue.Get()
	q.took(r)
	return r, shutdown
}

// GetWithPriority waits for a request.
func (q *queue) GetWithPriority() (reconcile.Request, int, bool) {
	r, priority, shutdown := q.PriorityQueue.GetWithPriority()
	q.took(r)
	return r, priority, shutdown
}

func (q *queue) took(r reconcile.Request) {
	q.pacer.mu.Lock()
	defer q.pacer.mu.Unlock()
	delete(q.due, r)
	if !q.listens {
		q.pacer.working++
	}
}

// Done says that a request was worked on.
func (q *queue) Done(r reconcile.Request) {
	q.PriorityQueue.Done(r)
	q.pacer.mu.Lock()
	defer q.pacer.mu.Unlock()
	if q.listens {
		return
	}
	q.pacer.working--
	q.pacer.last = time.Now()
}
