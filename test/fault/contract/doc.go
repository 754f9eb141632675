// Package contract owns the proof that what is granted to the operator is what it uses: it walks from alarm to revert
// under exactly the generated IAM policies and Kubernetes rights, and again with each single grant removed. It must not
// list a grant of its own; the suite runs with the build tag fault.
package contract
