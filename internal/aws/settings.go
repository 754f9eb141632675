package aws

import (
	"context"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// recently is how old the account's limits may be that stand in for a call that the budget does not allow, world time.
const recently = 5 * time.Second

// RecentAccountSettings is AccountSettings, or, where the operator's own budget allows no call now, what AWS answered
// the same role within the last five seconds. It is for what informs and proposes: everybody asks the same when many
// alarms fire at once. Before a change use AccountSettings.
func (l Lambda) RecentAccountSettings(ctx context.Context) (AccountSettings, error) {
	s, err := l.AccountSettings(ctx)
	if err != nil && HeldBack(err) {
		if last, ok := l.settings.recall(l.access); ok {
			return last, nil
		}
	}
	return s, err
}

// HeldBack says whether a call was not sent because the operator's own budget allowed none: there is one in a moment.
func HeldBack(err error) bool {
	f := fault.From(err)
	return f.Class == fault.Waiting && f.Refused && f.After > 0 && f.After < moment
}

// moment is longer than any budget of more than one call a second asks to wait, and shorter than anything else does.
const moment = time.Second

// settings are the last answers about accounts' limits, one for each grant.
type settings struct {
	clock clock.PassiveClock
	mu    sync.Mutex
	last  map[Access]answered
}

type answered struct {
	asked time.Time
	limit AccountSettings
}

func newSettings(c clock.PassiveClock) *settings {
	return &settings{clock: c, last: map[Access]answered{}}
}

// keep remembers an answer by when it was asked for.
func (s *settings) keep(a Access, asked time.Time, limit AccountSettings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if asked.After(s.last[a].asked) {
		s.last[a] = answered{asked: asked, limit: limit}
	}
}

func (s *settings) recall(a Access) (AccountSettings, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, ok := s.last[a]
	return last.limit, ok && s.clock.Since(last.asked) <= recently
}
