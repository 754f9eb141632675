// Package approval owns whether people have agreed to a plan: the digest that they approve, who counts, and whether
// the API server's policies that vouch for them are in force. It must not make a plan, a call of the AWS API or a
// change of a Remediation.
package approval
