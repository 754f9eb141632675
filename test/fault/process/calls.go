//go:build fault

package process

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// Call is one request that came to the simulated AWS.
type Call struct {
	// From is the name of the Incarnation that sent it, "" for anybody else.
	From string
	// At is when it came, wall time.
	At time.Time
	// What it was: method, path and target.
	What string
	// Session is the name of the session of a role that it was made with, "" where there is none.
	Session string
}

// Changes says whether the call may change something that a customer runs: of the services that the operator calls,
// only those of Lambda can, and its reads are GET (AWS Lambda API Reference).
func (c Call) Changes() bool {
	method, path, _ := strings.Cut(c.What, " ")
	return method != http.MethodGet && strings.Contains(path, "/functions/")
}

// calls writes down who sent what. The ledger says what became of it, and by whose role; the name of the process is in
// the User-Agent.
type calls struct {
	next http.Handler
	// session names the session of an access key and its token.
	session func(accessKeyID, token string) string

	mu   sync.Mutex
	list []Call
}

// ServeHTTP serves one request.
func (c *calls) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Authorization: AWS4-HMAC-SHA256 Credential=<access key>/<date>/… (IAM User Guide, "Create a signed AWS API request").
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(credential, "/")
	one := Call{
		At: time.Now(), What: strings.TrimSpace(r.Method + " " + r.URL.Path + " " + r.Header.Get("X-Amz-Target")),
		Session: c.session(key, r.Header.Get("X-Amz-Security-Token")),
	}
	for _, word := range strings.Fields(r.UserAgent()) {
		if name, ok := strings.CutPrefix(word, "app/"); ok {
			one.From = name
		}
	}
	c.mu.Lock()
	c.list = append(c.list, one)
	c.mu.Unlock()
	c.next.ServeHTTP(w, r)
}

// after returns the calls of a process that came after a moment.
func (c *calls) after(from string, at time.Time) []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []Call
	for _, one := range c.list {
		if one.From == from && one.At.After(at) {
			found = append(found, one)
		}
	}
	return found
}
