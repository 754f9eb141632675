package clock

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

func TestScaledTimeRunsFasterThanTheWall(t *testing.T) {
	g := NewWithT(t)
	started := time.Now()
	s := Scaled{Epoch: started.Add(-time.Minute), Factor: 60}

	now := s.Now()

	elapsed := time.Since(started)
	g.Expect(now).To(BeTemporally(">=", s.Epoch.Add(time.Hour)))
	g.Expect(now).To(BeTemporally("<=", s.Epoch.Add(time.Hour).Add(60*elapsed+time.Second)))
	g.Expect(s.Wall(30 * time.Second)).To(Equal(500 * time.Millisecond))
}

func TestProcessesWithTheSameTwoNumbersReadTheSameTime(t *testing.T) {
	g := NewWithT(t)
	here := Scaled{Epoch: time.Now(), Factor: 30}
	// What another process gets has passed through text and has no monotonic reading.
	epoch, err := time.Parse(time.RFC3339Nano, here.Epoch.Format(time.RFC3339Nano))
	g.Expect(err).NotTo(HaveOccurred())
	there := Scaled{Epoch: epoch, Factor: 30}

	before, other, after := here.Now(), there.Now(), here.Now()

	g.Expect(other).To(BeTemporally(">=", before))
	g.Expect(other).To(BeTemporally("<=", after))
}

func TestTimersFireAfterWorldTime(t *testing.T) {
	s := Scaled{Epoch: time.Now(), Factor: 36000} // an hour is 100 ms
	for _, tc := range []struct {
		name  string
		start func() <-chan time.Time
	}{
		{"a timer", func() <-chan time.Time { return s.NewTimer(time.Hour).C() }},
		{"After", func() <-chan time.Time { return s.After(time.Hour) }},
		{"a ticker", func() <-chan time.Time { return s.NewTicker(time.Hour).C() }},
		{"Tick", func() <-chan time.Time { return s.Tick(time.Hour) }},
		{"a timer that is reset", func() <-chan time.Time {
			timer := s.NewTimer(1000 * time.Hour)
			timer.Reset(time.Hour)
			return timer.C()
		}},
		{"Sleep", func() <-chan time.Time {
			woken := make(chan time.Time, 1)
			go func() { s.Sleep(time.Hour); woken <- s.Now() }()
			return woken
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			started := s.Now()
			g.Eventually(tc.start()).WithTimeout(10 * time.Second).Should(Receive())
			g.Expect(s.Since(started)).To(BeNumerically(">=", time.Hour))
		})
	}
}

func TestTheQueueTakesDelaysForWorldTime(t *testing.T) {
	s := Scaled{Epoch: time.Now(), Factor: 36000}
	request := reconcile.Request{}
	request.Name = "one"
	for _, tc := range []struct {
		name string
		add  func(q priorityqueue.PriorityQueue[reconcile.Request])
	}{
		{"AddAfter", func(q priorityqueue.PriorityQueue[reconcile.Request]) { q.AddAfter(request, time.Hour) }},
		{"AddWithOpts", func(q priorityqueue.PriorityQueue[reconcile.Request]) {
			q.AddWithOpts(priorityqueue.AddOpts{After: time.Hour}, request)
		}},
		{"AddRateLimited", func(q priorityqueue.PriorityQueue[reconcile.Request]) { q.AddRateLimited(request) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			backoff := workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](time.Hour, 2*time.Hour)
			q, ok := s.NewQueue(t.Name(), backoff).(priorityqueue.PriorityQueue[reconcile.Request])
			g.Expect(ok).To(BeTrue(), "controller-runtime keeps priorities only in a priority queue")
			defer q.ShutDown()
			got := make(chan reconcile.Request, 1)
			go func() {
				r, _ := q.Get()
				got <- r
			}()
			started := s.Now()

			tc.add(q)

			g.Eventually(got).WithTimeout(10 * time.Second).Should(Receive(Equal(request)))
			g.Expect(s.Since(started)).To(BeNumerically(">=", time.Hour))
		})
	}
}
