package aws

import (
	"context"
	"io"
	"net/http"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"k8s.io/utils/clock"
)

// limit is when a request must not leave any more, and what the clock showed when that was said. The clock's own
// measure of what passed since then counts too: the time of day may be set back.
type limit struct{ notAfter, since time.Time }

type limitKey struct{}

// NotAfter returns a context for a call whose request must not leave this process after a moment of wall time, and that
// is given up then. The deadline of a context is not enough: a process that was stopped and goes on later could send the
// request before it notices that its time is over, or take the deadline only then.
func (c *Clients) NotAfter(ctx context.Context, moment time.Time) (context.Context, context.CancelFunc) {
	l := limit{notAfter: moment, since: c.wall.Now()}
	return context.WithTimeout(context.WithValue(ctx, limitKey{}, l), moment.Sub(l.since)) //nolint:forbidigo // a request leaves in wall time
}

// punctual does not let a request leave whose time is over. It is the last look before the network: the SDK has signed
// the request, and the transport reads its body once it has a connection, immediately before it writes both.
type punctual struct {
	next awssdk.HTTPClient
	wall clock.PassiveClock
}

// Do makes one exchange. Of a request whose context is over it returns context.DeadlineExceeded; of one that must not
// leave any more, a fault that says that nothing was sent.
func (p punctual) Do(r *http.Request) (*http.Response, error) {
	if deadline, ok := r.Context().Deadline(); ok {
		// Made anew, the same deadline is compared with the time now, and not with what a timer did.
		now, cancel := context.WithDeadline(r.Context(), deadline) //nolint:forbidigo // a request leaves in wall time
		defer cancel()
		if err := now.Err(); err != nil {
			return nil, err
		}
	}
	l, limited := r.Context().Value(limitKey{}).(limit)
	if !limited {
		return p.next.Do(r)
	}
	late := func() error {
		if now := p.wall.Now(); now.Before(l.notAfter) && now.Sub(l.since) < l.notAfter.Sub(l.since) {
			return nil
		}
		return local(time.Second, "the time for the call was over before it was sent, so it was not sent")
	}
	if err := late(); err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	if r.Body == nil {
		r.Body = http.NoBody
	}
	if r.Body != http.NoBody || r.Method == http.MethodDelete {
		// Of a DELETE, net/http looks whether there is a body before it writes anything.
		r.Body = &punctualBody{ReadCloser: r.Body, late: late}
		r.GetBody = nil // a request is sent once: nobody else opens its body anew
	}
	return p.next.Do(r)
}

// punctualBody is the body of a request, which cannot be begun to be read when its time is over. Once something of it
// was read it may have been sent, and it is read to its end.
type punctualBody struct {
	io.ReadCloser
	late  func() error
	begun bool
}

// Read reads the body.
func (b *punctualBody) Read(p []byte) (int, error) {
	if !b.begun {
		if err := b.late(); err != nil {
			return 0, err
		}
		b.begun = true
	}
	return b.ReadCloser.Read(p)
}
