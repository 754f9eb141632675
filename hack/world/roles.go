package world

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/runbook-operator/runbook-operator/hack/cluster"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// policies are the generated policies of config/iam that each role has, as its README says: what one lacks is denied.
var policies = map[string][]string{
	reactstocks.AccountRoleARN: {"detect.json", "claim.json"},
	reactstocks.GrantRoleARN:   {"investigate.json", "remediate.json"},
}

// limit lets the roles of the operator do what the generated policies allow, and no more.
func (w *World) limit() error {
	root, err := cluster.Repository()
	if err != nil {
		return err
	}
	place := strings.NewReplacer("REGION", reactstocks.Region, "ACCOUNT_ID", reactstocks.AccountID,
		"QUEUE_NAME", reactstocks.AlarmQueue, "FUNCTION_NAME", reactstocks.Stack+"-*")
	for role, names := range policies {
		var all iam.Policy
		for _, name := range names {
			text, err := os.ReadFile(filepath.Join(root, "config", "iam", name))
			if err != nil {
				return fmt.Errorf("reading a policy: %w", err)
			}
			one, err := iam.ParsePolicy([]byte(place.Replace(string(text))))
			if err != nil {
				return fmt.Errorf("reading policy %s: %w", name, err)
			}
			all.Statements = append(all.Statements, one.Statements...)
		}
		if !w.AWS.IAM().SetRolePolicy(role, &all) {
			return fmt.Errorf("there is no role %s", role)
		}
	}
	return nil
}
