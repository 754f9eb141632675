//go:build fault

package process

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// auditPolicy lets the API server write down every write when it is answered, with who sent it and when it came; of the
// status of a Remediation, also what was written: it holds the journal.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- level: Request
  verbs: [update]
  resources: [{group: runbook-operator.io, resources: [remediations/status]}]
- level: Metadata
  verbs: [create, update, patch, delete, deletecollection]
`

// Write is one write that the API server answered.
type Write struct {
	// UserAgent of who sent it: the name of an Incarnation.
	UserAgent string `json:"userAgent"`
	// Verb is create, update, patch, delete or deletecollection.
	Verb string `json:"verb"`
	// Object that it was about.
	Object struct {
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
		Namespace   string `json:"namespace"`
		Name        string `json:"name"`
	} `json:"objectRef"`
	// Answer to it.
	Answer struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
	// Received is when the request came, by the API server's clock, which is the suite's.
	Received time.Time `json:"requestReceivedTimestamp"`
	// Content of the status of a Remediation.
	Content struct {
		Status struct {
			Intents []struct {
				Token string `json:"token"`
			} `json:"intents"`
		} `json:"status"`
	} `json:"requestObject"`
}

// String writes the write in one line.
func (w Write) String() string {
	return fmt.Sprintf("%s %s %s %s/%s %s/%s: %d", w.Received.Format(time.StampMicro), w.UserAgent, w.Verb,
		w.Object.Resource, w.Object.Subresource, w.Object.Namespace, w.Object.Name, w.Answer.Code)
}

// Writes returns every write that was answered since the world began, in the order of the answers, by the API server's
// own audit log.
func (w *World) Writes() ([]Write, error) {
	f, err := os.Open(filepath.Join(w.dir, "audit.log"))
	if err != nil {
		return nil, fmt.Errorf("opening the audit log: %w", err)
	}
	defer func() { _ = f.Close() }()
	var all []Write
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one Write
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return nil, fmt.Errorf("reading the audit log: %w", err)
		}
		all = append(all, one)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the audit log: %w", err)
	}
	return all, nil
}

// WritesAfter returns those writes of a process of the operator that came after a moment.
func WritesAfter(all []Write, from *Incarnation, after time.Time) []Write {
	var found []Write
	for _, one := range all {
		if one.UserAgent == from.Name && one.Received.After(after) {
			found = append(found, one)
		}
	}
	return found
}
