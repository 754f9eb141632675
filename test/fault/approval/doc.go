// Package approval attacks the word of people: approvals that are forged, stale, replayed, of the wrong person, or made
// while the admission policies were off. It must not look into the operator, but at its status, its events and at what
// reached AWS.
package approval
