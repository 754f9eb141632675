// Package together attacks a change with everything that may happen at the same moment: another change, a person at the
// same function, somebody who pulls a brake or deletes what it is about. It must not look into the operator, but at its
// status and at what reached AWS.
package together
