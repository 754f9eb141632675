// Package claim owns which cluster acts in an AWS account: one parameter in the account names it, and whoever is not
// named changes nothing there. It must not conclude from a silent holder that it is gone: only a person can say so.
package claim

import (
	"encoding/json"
	"fmt"
	"regexp"
	"time"
)

// ParameterName is the name of the parameter that holds the claim of an account, in the Region that grant.Home names.
const ParameterName = "/runbook-operator/claim"

// AWS has no write of a parameter upon a condition, and a call that was sent cannot be called back. So that two clusters
// never act at once, times are bounded instead. A change is made upon a claim that was read at most CallWindow before
// its call is over, and a claim is written at most WriteWindow after it was read. What was sent may take effect, and
// what was written may be read, half a minute late each. Settle is longer than all of that one after the other: when it
// is over, nothing of the last holder is under way, neither a change nor a heartbeat.
const (
	// Interval is how often the holder renews its claim and the others look at it, world time.
	Interval = 2 * time.Minute
	// Quiet is for how long a cluster neither acts nor writes that found that somebody else wrote at the same moment,
	// world time. The other one looks at what became of it meanwhile.
	Quiet = 5 * time.Minute
	// Settle is how long after a claim was taken its holder begins to change anything, world time.
	Settle = 150 * time.Second
	// CallWindow is how long after the claim was read a call upon it must be over, wall time.
	CallWindow = 20 * time.Second
	// WriteWindow is how long after the claim was read it must be written, if at all, wall time.
	WriteWindow = 10 * time.Second
)

// Cluster is one cluster with an operator.
type Cluster struct {
	// UID is that of its namespace kube-system.
	UID string
	// Name of it for people. Empty: it has none.
	Name string
}

// String names the cluster for people.
func (c Cluster) String() string {
	if c.Name == "" {
		return c.UID
	}
	return fmt.Sprintf("%s (%s)", c.UID, c.Name)
}

// uidFormat is what the UID of an object of Kubernetes looks like, nameFormat what a name may: a claim is read by others.
var (
	uidFormat  = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	nameFormat = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,63}$`)
)

// NewCluster returns the cluster whose namespace kube-system has a UID. The name may be empty.
func NewCluster(uid, name string) (Cluster, error) {
	if !uidFormat.MatchString(uid) {
		return Cluster{}, fmt.Errorf("the UID %q of namespace kube-system is none of Kubernetes", uid)
	}
	if name != "" && !nameFormat.MatchString(name) {
		return Cluster{}, fmt.Errorf("the name of the cluster %q: use at most 64 letters, digits and . _ : / @ -", name)
	}
	return Cluster{UID: uid, Name: name}, nil
}

// Claim is what the parameter of an account says.
type Claim struct {
	// Holder is the cluster that acts.
	Holder Cluster
	// Since is when it took the claim.
	Since time.Time
	// Heartbeat is when it last renewed it.
	Heartbeat time.Time
	// TakenOverFrom is the UID of the cluster from which a person let it take the claim over. Empty: nobody had it.
	TakenOverFrom string
	// Version of the parameter, as read.
	Version int64
}

// document is the claim as JSON.
type document struct {
	Cluster       string    `json:"cluster"`
	Name          string    `json:"name,omitempty"`
	Since         time.Time `json:"since"`
	Heartbeat     time.Time `json:"heartbeat"`
	TakenOverFrom string    `json:"takenOverFrom,omitempty"`
}

// value returns the text of the parameter.
func (c Claim) value() (string, error) {
	text, err := json.Marshal(document{
		Cluster: c.Holder.UID, Name: c.Holder.Name,
		Since: c.Since.UTC(), Heartbeat: c.Heartbeat.UTC(), TakenOverFrom: c.TakenOverFrom,
	})
	if err != nil {
		return "", fmt.Errorf("writing the claim as JSON: %w", err)
	}
	return string(text), nil
}

// ofOurTime says whether a status of the API takes a time: one of another century is no cluster's.
func ofOurTime(t time.Time) bool { return t.UTC().Year() >= 2000 && t.UTC().Year() < 2100 }

// parse reads the text of the parameter, and says whether it is a claim. Whatever it is, nothing of another form leaves.
func parse(text string) (Claim, bool) {
	var d document
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return Claim{}, false
	}
	if !uidFormat.MatchString(d.Cluster) || !ofOurTime(d.Since) || !ofOurTime(d.Heartbeat) {
		return Claim{}, false
	}
	if !nameFormat.MatchString(d.Name) {
		d.Name = ""
	}
	if !uidFormat.MatchString(d.TakenOverFrom) {
		d.TakenOverFrom = ""
	}
	return Claim{
		Holder: Cluster{UID: d.Cluster, Name: d.Name}, Since: d.Since.UTC(), Heartbeat: d.Heartbeat.UTC(), TakenOverFrom: d.TakenOverFrom,
	}, true
}
