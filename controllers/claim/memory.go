package claim

import (
	"sync"
	"time"
)

// memory is what this process knows of the claims of accounts, by their IDs. Nothing depends on it that must outlive the
// process.
type memory struct {
	mu       sync.Mutex
	accounts map[string]*recollection
}

// recollection is what is known of one claim. Who holds its lock is alone with the claim: an account may have more than
// one AWSAccount.
type recollection struct {
	sync.Mutex
	seen     time.Time // when the claim was last read
	quiet    time.Time // until when this cluster neither acts nor writes
	expected int64     // the version that a write makes whose outcome is not known; 0: there is none
}

// of returns what is known of the claim of an account.
func (m *memory) of(accountID string) *recollection {
	m.mu.Lock()
	defer m.mu.Unlock()
	known := m.accounts[accountID]
	if known == nil {
		known = &recollection{}
		m.accounts[accountID] = known
	}
	return known
}
