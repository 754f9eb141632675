// Package truth owns the attacks on what the operator says: in every spec something makes a change or a recovery look
// better than it is, and neither a Remediation may say Succeeded nor an Incident Resolved. It must not reach into a
// controller; the suite runs with the build tag fault.
package truth
