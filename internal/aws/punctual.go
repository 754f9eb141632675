package aws

import (
	"context"
	"net/http"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
)

// punctual sends no request whose deadline has passed. The transport hears of a deadline from a timer, and the timer of a
// process that was stopped fires only after it runs again: by then the request would be on its way, long after another
// leader took over. Between this look and the first byte, nothing is left that waits.
type punctual struct{ next awssdk.HTTPClient }

// Do sends a request, or returns context.DeadlineExceeded.
func (p punctual) Do(r *http.Request) (*http.Response, error) {
	if deadline, ok := r.Context().Deadline(); ok {
		// Made anew, the same deadline is compared with the time now, and not with what a timer did.
		now, cancel := context.WithDeadline(r.Context(), deadline)
		defer cancel()
		if err := now.Err(); err != nil {
			return nil, err
		}
	}
	return p.next.Do(r)
}
