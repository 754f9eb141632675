// Package iam owns who may call the simulated AWS: access keys, roles with trust and policies, and sessions. It must
// not know services or operations beyond their IAM action names.
package iam
