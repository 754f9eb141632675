package sim_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	simsqs "github.com/runbook-operator/runbook-operator/internal/sim/sqs"
	"k8s.io/utils/clock"
	testclock "k8s.io/utils/clock/testing"
)

// passing hides that a fake clock can be set: the world takes its time for one that passes by itself.
type passing struct{ clock.PassiveClock }

func TestALongPollWaitsForAMessageItsTimeOrItsCaller(t *testing.T) {
	wall := announcing{testclock.NewFakeClock(start), make(chan struct{})}
	m := newMailbox(t, sim.Options{Wall: wall, Clock: passing{testclock.NewFakePassiveClock(start)}}, simsqs.Queue{})
	answered := make(chan []sqstypes.Message, 1)
	poll := func(ctx context.Context, seconds int32) {
		out, err := m.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &m.url, WaitTimeSeconds: seconds})
		if err != nil {
			answered <- nil
			return
		}
		answered <- out.Messages
	}
	go poll(t.Context(), 20)
	<-wall.waiting
	m.g.Expect(answered).NotTo(Receive())
	m.send("hello")
	m.g.Expect(bodies(<-answered)).To(Equal([]string{"hello"}))

	go poll(t.Context(), 1)
	for range 10 {
		<-wall.waiting
		m.g.Expect(answered).NotTo(Receive())
		wall.Step(100 * time.Millisecond)
	}
	m.g.Expect(<-answered).To(BeEmpty(), "nothing came within its time")

	ctx, cancel := context.WithCancel(t.Context())
	go poll(ctx, 20)
	<-wall.waiting
	cancel()
	m.g.Expect(<-answered).To(BeEmpty())
	m.g.Expect(m.Ledger().Count(ledger.ByAction("sqs:ReceiveMessage"))).To(Equal(3), "a long poll is one call")
}

func TestALongPollAnswersAtOnceWhereTimeIsStepped(t *testing.T) {
	for name, o := range map[string]sim.Options{
		"without a clock":   {},
		"with a fake clock": {Clock: testclock.NewFakeClock(start)},
	} {
		t.Run(name, func(t *testing.T) {
			o.Wall = announcing{testclock.NewFakeClock(start), nil}
			m := newMailbox(t, o, simsqs.Queue{ReceiveWait: time.Second})
			m.g.Expect(m.receive()).To(BeEmpty())
		})
	}
}
