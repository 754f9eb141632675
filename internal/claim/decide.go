package claim

import "time"

// This file is pure: what a cluster does about what it read.

// Step is what a cluster does about a claim.
type Step string

const (
	// Create creates the claim that nobody has.
	Create Step = "Create"
	// Keep leaves its own claim as it is: it was renewed a moment ago.
	Keep Step = "Keep"
	// Renew writes its own claim with a new heartbeat.
	Renew Step = "Renew"
	// TakeOver writes its own claim over that of the cluster which a person named.
	TakeOver Step = "TakeOver"
	// Leave leaves the claim to another cluster.
	Leave Step = "Leave"
)

// Order is what a person wrote about a claim: to take it over from a cluster. The zero Order is none.
type Order struct {
	// From is the UID of that cluster. Empty: nobody wrote anything.
	From string
	// CarriedOut says that it was done already.
	CarriedOut bool
}

// Decide says what a cluster does about the claim as it was read, nil where there is none. Time renews its own claim and
// gives it nobody else's: the order has to name exactly the cluster that holds it. An order that was carried out is an
// old one where that cluster has the claim by a later order of a person; where it has it because it wrote over the
// takeover at the same moment, it still holds.
func Decide(found *Claim, me Cluster, order Order, now time.Time) Step {
	switch {
	case found == nil:
		return Create
	case found.Holder.UID == me.UID && now.Sub(found.Heartbeat) < Interval:
		return Keep
	case found.Holder.UID == me.UID:
		return Renew
	case found.Holder.UID != order.From, order.CarriedOut && found.TakenOverFrom == me.UID:
		return Leave
	}
	return TakeOver
}

// Next returns what the parameter holds after a step that writes it.
func Next(step Step, found *Claim, me Cluster, now time.Time) Claim {
	switch step {
	case Create:
		return Claim{Holder: me, Since: now, Heartbeat: now}
	case TakeOver:
		return Claim{Holder: me, Since: now, Heartbeat: now, TakenOverFrom: found.Holder.UID}
	}
	next := *found
	next.Holder, next.Heartbeat = me, now // its name may be another now
	return next
}
