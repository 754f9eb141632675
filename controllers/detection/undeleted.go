package detection

import (
	"sync"

	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// undeleted keeps of each queue why its messages cannot be deleted, until one is: a receive that gives nothing says only
// that those messages are hidden for a while. Only what a person has to mend is kept; the rest passes by itself.
type undeleted struct {
	mu  sync.Mutex
	why map[string]*fault.Fault // by the queue's URL
}

// tried notes how deleting from a queue went.
func (u *undeleted) tried(url string, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.why, url)
	if f := fault.From(err); f != nil && f.NeedsPerson() {
		if u.why == nil {
			u.why = map[string]*fault.Fault{}
		}
		u.why[url] = f
	}
}

// of returns why messages of a queue cannot be deleted, or nil.
func (u *undeleted) of(url string) *fault.Fault {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.why[url]
}
