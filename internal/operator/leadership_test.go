package operator

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	clocktesting "k8s.io/utils/clock/testing"
)

// leases is the Lease as an API server keeps it: writes are refused where somebody wrote since the last read.
type leases struct {
	version int
	record  *resourcelock.LeaderElectionRecord
}

// replica is one process's way to the Lease.
type replica struct {
	*leases
	name string
	read int
	slow func() // passes time between the sending of a write and its effect
}

func (r *replica) Identity() string   { return r.name }
func (r *replica) Describe() string   { return "lease" }
func (r *replica) RecordEvent(string) {}
func (r *replica) written(record resourcelock.LeaderElectionRecord) {
	r.version++
	r.read, r.record = r.version, &record
}

func (r *replica) Get(context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	r.read = r.version
	if r.record == nil {
		return nil, nil, errors.NewNotFound(schema.GroupResource{Resource: "leases"}, Name)
	}
	record := *r.record
	return &record, []byte(record.HolderIdentity + record.RenewTime.String()), nil
}

func (r *replica) Create(_ context.Context, record resourcelock.LeaderElectionRecord) error {
	r.slow()
	if r.record != nil {
		return errors.NewAlreadyExists(schema.GroupResource{Resource: "leases"}, Name)
	}
	r.written(record)
	return nil
}

func (r *replica) Update(_ context.Context, record resourcelock.LeaderElectionRecord) error {
	r.slow()
	if r.record == nil || r.read != r.version {
		return errors.NewConflict(schema.GroupResource{Resource: "leases"}, Name, nil)
	}
	r.written(record)
	return nil
}

type election struct {
	*WithT
	leases leases
	clock  *clocktesting.FakeClock
	lag    time.Duration
}

func newElection(t *testing.T) *election {
	return &election{WithT: NewWithT(t), clock: clocktesting.NewFakeClock(time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC))}
}

func (e *election) process(name string) *leadership {
	return &leadership{wall: e.clock, Interface: &replica{leases: &e.leases, name: name, slow: func() { e.clock.Step(e.lag) }}}
}

// take does what an elector does that may take the Lease: it reads, and writes upon what it read.
func (e *election) take(l *leadership) error {
	record := resourcelock.LeaderElectionRecord{HolderIdentity: l.Identity()}
	record.RenewTime.Time = e.clock.Now()
	if _, _, err := l.Get(context.Background()); err != nil {
		return l.Create(context.Background(), record)
	}
	return l.Update(context.Background(), record)
}

func TestALeaderMayChangeThingsForTheRenewDeadlineAfterItSentARenewal(t *testing.T) {
	e := newElection(t)
	a := e.process("a")
	e.Expect(a.Remaining()).To(BeZero(), "it does not lead")
	e.Expect(e.take(a)).To(Succeed())
	e.Expect(a.Remaining()).To(BeZero(), "nobody knows who had the Lease before")
	for range 10 {
		e.clock.Step(retryPeriod)
		e.Expect(e.take(a)).To(Succeed())
	}
	e.lag = 3 * time.Second
	sent := e.clock.Now()
	e.Expect(e.take(a)).To(Succeed())
	e.Expect(a.Remaining()).To(Equal(sent.Add(RenewDeadline).Sub(e.clock.Now())), "not from when the answer came")

	e.leases.version++ // another hand wrote
	before := a.Remaining()
	e.Expect(a.Update(t.Context(), resourcelock.LeaderElectionRecord{HolderIdentity: "a"})).NotTo(Succeed())
	e.Expect(a.Remaining()).To(Equal(before-e.lag), "a renewal that failed renews nothing")
}

func TestTheNextLeaderBeginsAfterTheCallsOfTheOneBeforeHaveEnded(t *testing.T) {
	for name, loss := range map[string]func(e *election, b *leadership){
		"the leader is stopped": func(e *election, b *leadership) {
			_, _, err := b.Get(t.Context())
			e.Expect(err).NotTo(HaveOccurred())
			e.clock.Step(LeaseDuration) // the elector waits this long
		},
		"the Lease is deleted by hand":          func(e *election, _ *leadership) { e.leases.record = nil; e.leases.version++ },
		"the Lease is released by hand":         func(e *election, _ *leadership) { e.leases.record.HolderIdentity = ""; e.leases.version++ },
		"the Lease is given to another by hand": func(e *election, _ *leadership) { e.leases.record.HolderIdentity = "b"; e.leases.version++ },
		"the Lease is deleted after it was read": func(e *election, b *leadership) {
			_, _, _ = b.Get(t.Context())
			e.leases.record = nil
			e.leases.version++
		},
		"the Lease is deleted and renewed before": func(e *election, _ *leadership) { e.lag = 2 * time.Second; e.leases.record = nil; e.leases.version++ },
	} {
		t.Run(name, func(t *testing.T) {
			e := newElection(t)
			a, b := e.process("a"), e.process("b")
			e.Expect(e.take(a)).To(Succeed())
			e.clock.Step(LeaseDuration)
			e.Expect(e.take(a)).To(Succeed())
			e.Expect(a.Remaining()).NotTo(BeZero())
			until := e.clock.Now().Add(a.Remaining())

			loss(e, b)
			e.Expect(e.take(b)).To(Succeed())
			for b.Remaining() == 0 {
				e.clock.Step(time.Second)
				e.Expect(e.take(b)).To(Succeed(), "it renews")
			}
			e.Expect(e.clock.Now().Sub(until)).To(BeNumerically(">=", LeaseDuration-RenewDeadline))

			_, _, err := a.Get(t.Context())
			e.Expect(err).NotTo(HaveOccurred())
			e.Expect(a.Remaining()).To(BeZero(), "the one before knows it as soon as it looks")
		})
	}
}

func TestAStandbyThatTakesOverNeedNotWait(t *testing.T) {
	e := newElection(t)
	a, b := e.process("a"), e.process("b")
	e.Expect(e.take(a)).To(Succeed())
	_, _, err := b.Get(t.Context())
	e.Expect(err).NotTo(HaveOccurred())
	e.clock.Step(LeaseDuration)
	e.Expect(e.take(b)).To(Succeed())
	e.Expect(b.Remaining()).To(Equal(RenewDeadline))
}

// Its short timeout would end every watch of the operator, and its name is in the audit log of the API server.
func TestTheClientOfTheLeaderElectionLeavesTheOthersAsTheyAre(t *testing.T) {
	g := NewWithT(t)
	cfg := &rest.Config{Host: "https://127.0.0.1:1", UserAgent: "somebody"}
	_, err := newLeadership(cfg, Options{Namespace: "operator"}, nil)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(cfg.UserAgent).To(Equal("somebody"))
	g.Expect(cfg.Timeout).To(BeZero())
}

func TestWhoCannotHaveTheLeaseIsNotReady(t *testing.T) {
	e := newElection(t)
	a, b := e.process("a"), e.process("b")
	e.Expect(a.Reachable()).NotTo(Succeed(), "nobody knows yet")
	e.Expect(e.take(a)).To(Succeed())
	e.Expect(a.Reachable()).To(Succeed())
	_, _, err := b.Get(t.Context())
	e.Expect(err).NotTo(HaveOccurred())
	e.Expect(b.Reachable()).To(Succeed(), "a standby is ready")
	e.clock.Step(LeaseDuration)
	e.Expect(b.Reachable()).To(Succeed())
	e.clock.Step(time.Second)
	e.Expect(b.Reachable()).NotTo(Succeed(), "it has not read the Lease for as long as one lasts")
	e.leases.record = nil
	_, _, err = b.Get(t.Context())
	e.Expect(err).To(HaveOccurred())
	e.Expect(b.Reachable()).NotTo(Succeed(), "that there is none may mean that there is no such namespace")
}
