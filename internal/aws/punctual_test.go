package aws

import (
	"context"
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// asleep is a context whose timer has not fired yet, as in a process that was stopped and runs again.
type asleep struct {
	context.Context
	deadline time.Time
}

func (a asleep) Deadline() (time.Time, bool) { return a.deadline, true }

type sends struct{ n int }

func (s *sends) Do(*http.Request) (*http.Response, error) {
	s.n++
	return &http.Response{StatusCode: http.StatusOK}, nil
}

func TestNothingIsSentAfterTheDeadlineAlsoWhereNoTimerFiredYet(t *testing.T) {
	g := NewWithT(t)
	sent := &sends{}
	for _, c := range []struct {
		ctx  context.Context
		late bool
	}{
		{context.Background(), false},
		{asleep{context.Background(), time.Now().Add(time.Minute)}, false},
		{asleep{context.Background(), time.Now().Add(-time.Second)}, true},
	} {
		before := sent.n
		r, err := http.NewRequestWithContext(c.ctx, http.MethodPut, "http://aws", http.NoBody)
		g.Expect(err).NotTo(HaveOccurred())
		_, err = punctual{next: sent}.Do(r)
		if c.late {
			g.Expect(err).To(MatchError(context.DeadlineExceeded))
			g.Expect(sent.n).To(Equal(before))
			continue
		}
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(sent.n).To(Equal(before + 1))
	}
}
