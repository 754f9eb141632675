package approval

import (
	"fmt"
	"strings"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// generatedPrefix is how much of a generateName the API server keeps: a name of 63 characters less the five that it
// appends (k8s.io/apiserver/pkg/storage/names).
const generatedPrefix = 58

// Command returns the shell command that approves the present plan of a Remediation, for a person to paste: at most
// 900 characters, or "" where there is no plan. It uses kubectl create, as kubectl apply refuses a generateName.
func Command(rem *v1alpha1.Remediation) string {
	plan := rem.Status.Plan
	if plan == nil {
		return ""
	}
	suffix := "-" + strings.TrimPrefix(shortDigest(plan.Digest), "sha256:") + "-"
	name := rem.Name[:min(len(rem.Name), generatedPrefix-len(suffix))]
	return fmt.Sprintf(`kubectl create -f - <<'EOF'
apiVersion: %s
kind: Approval
metadata: {namespace: %q, generateName: %q}
spec:
  remediationRef: {name: %q, uid: %q}
  action: %s
  planDigest: %q
  decision: Approved
EOF`, v1alpha1.GroupVersion, rem.Namespace, strings.TrimRight(name, "-.")+suffix,
		rem.Name, rem.UID, rem.Spec.Action.Name(), plan.Digest)
}

// Rejecting says how to reject what Command approves.
const Rejecting = "To reject it, create the same with the decision Rejected"

// shortDigest returns the algorithm and the first eight digits of a digest, for messages.
func shortDigest(digest string) string { return digest[:min(len(digest), len("sha256:")+8)] }
