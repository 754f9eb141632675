package grant

import (
	"strings"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
)

// Home returns the access to an account as a whole: with its account role, in the one Region of it in which every
// cluster looks.
func Home(account *v1alpha1.AWSAccount) aws.Access {
	return Account(account, HomeRegion(account.Spec.RoleARN))
}

// HomeRegion returns a Region of the role's partition that every account has, the same for everybody: identity is the
// same in all of them (AWS General Reference: AWS STS endpoints), and what is kept once an account is kept there.
func HomeRegion(role v1alpha1.RoleARN) v1alpha1.Region {
	switch {
	case strings.HasPrefix(string(role), "arn:aws-cn:"):
		return "cn-north-1"
	case strings.HasPrefix(string(role), "arn:aws-us-gov:"):
		return "us-gov-west-1"
	}
	return "us-east-1"
}
