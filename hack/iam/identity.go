package main

import (
	"regexp"

	"github.com/runbook-operator/runbook-operator/hack/cluster"
	"github.com/runbook-operator/runbook-operator/internal/operator"
)

// words finds placeholders. AWS writes no such word itself.
var words = regexp.MustCompile(`\b(REGION|[A-Z]+(_[A-Z]+)+)\b`)

// podIdentity is the trust policy of the operator's own role with EKS Pod Identity (Amazon EKS User Guide, "EKS Pod
// Identity role"): the agent tags its sessions, so that both actions are needed.
func podIdentity() policy {
	return allow(statement{
		Sid:       "PodIdentity",
		Principal: map[string]string{"Service": "pods.eks.amazonaws.com"},
		Action:    []string{"sts:AssumeRole", "sts:TagSession"},
	})
}

// webIdentity is the trust policy of the operator's own role with IAM roles for service accounts (Amazon EKS User Guide,
// "Assign IAM roles to Kubernetes service accounts").
func webIdentity() policy {
	return allow(statement{
		Sid:       "ServiceAccount",
		Principal: map[string]string{"Federated": "arn:aws:iam::OPERATOR_ACCOUNT_ID:oidc-provider/OIDC_PROVIDER"},
		Action:    []string{"sts:AssumeRoleWithWebIdentity"},
		Condition: map[string]map[string]string{"StringEquals": {
			"OIDC_PROVIDER:aud": "sts.amazonaws.com",
			"OIDC_PROVIDER:sub": "system:serviceaccount:" + cluster.Namespace + ":" + operator.Name,
		}},
	})
}

func fenced(p policy) string { return "```json\n" + string(encode(p)) + "```\n" }
