//go:build fault

package contract

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/runbook-operator/runbook-operator/hack/cluster"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// grant is one action on one resource of one generated policy, or the trust of one role.
type grant struct{ policy, action, resource string }

func (g grant) String() string { return g.action + " on " + g.resource + " by " + g.policy + ".json" }

// trust is the file of the trust policy, which is attached to both roles.
const trust = "trust"

// attachments says which policies each role has, as config/iam/README.md does.
func attachments(change bool) map[string][]string {
	granted := []string{"investigate"}
	if change {
		granted = append(granted, "remediate")
	}
	return map[string][]string{
		reactstocks.OperatorRole: {"base"},
		reactstocks.AccountRole:  {"detect", "claim"},
		reactstocks.GrantRole:    granted,
	}
}

// places are the placeholders of the generated files, as somebody who installs them fills them in.
var places = strings.NewReplacer(
	"OPERATOR_ACCOUNT_ID", reactstocks.AccountID, "OPERATOR_ROLE", reactstocks.OperatorRole,
	"ACCOUNT_ROLE", reactstocks.AccountRole, "GRANTED_ROLE", reactstocks.GrantRole,
	"ACCOUNT_ID", reactstocks.AccountID, "REGION", reactstocks.Region, "EXTERNAL_ID", reactstocks.ExternalID,
	"FUNCTION_NAME", reactstocks.Stack+"-*", "QUEUE_NAME", reactstocks.AlarmQueue,
)

// unknown are placeholders that came later than this suite: whatever they stand for is allowed.
var unknown = regexp.MustCompile(`\b[A-Z]+(_[A-Z]+)+\b`)

// document is a generated policy.
type document struct {
	Statement []struct {
		Action, Resource []string
		Principal        struct{ AWS string }
		Condition        struct{ StringEquals map[string]string }
	}
}

// read reads a generated policy, filled in. It runs while the specs are made: what is wrong ends the suite.
func read(name string) (d document) {
	root, err := cluster.Repository()
	if err != nil {
		panic(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "config", "iam", name+".json"))
	if err != nil {
		panic(err)
	}
	if err := json.Unmarshal([]byte(unknown.ReplaceAllString(places.Replace(string(text)), "*")), &d); err != nil {
		panic(err)
	}
	return d
}

// granted lists every grant of the generated policies. A policy that is in the folder and attached to nothing is an error.
func granted() (all []grant) {
	root, err := cluster.Repository()
	if err != nil {
		panic(err)
	}
	files, err := filepath.Glob(filepath.Join(root, "config", "iam", "*.json"))
	if err != nil {
		panic(err)
	}
	attached := slices.Concat(slices.Collect(func(yield func([]string) bool) {
		for _, names := range attachments(true) {
			if !yield(names) {
				return
			}
		}
	})...)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		switch {
		case name == trust:
			all = append(all, grant{trust, "sts:AssumeRole", reactstocks.AccountRoleARN}, grant{trust, "sts:AssumeRole", reactstocks.GrantRoleARN})
		case !slices.Contains(attached, name):
			panic("nobody says which role has " + file)
		default:
			all = append(all, grantsOf(name)...)
		}
	}
	return all
}

func grantsOf(name string) (all []grant) {
	for _, s := range read(name).Statement {
		for _, action := range s.Action {
			for _, resource := range s.Resource {
				all = append(all, grant{name, action, resource})
			}
		}
	}
	return all
}

// attach gives the roles of a world the generated policies and nothing else, but for one grant.
func attach(w *sim.World, change bool, without grant) {
	for role, names := range attachments(change) {
		r := iam.Role{Name: role, Policy: &iam.Policy{}}
		for _, name := range names {
			for _, g := range grantsOf(name) {
				if g != without {
					r.Policy.Statements = append(r.Policy.Statements, iam.Statement{
						Effect: "Allow", Actions: []string{g.action}, Resources: []string{g.resource},
					})
				}
			}
		}
		arn := w.IAM().RoleARN(role)
		if role != reactstocks.OperatorRole && without != (grant{trust, "sts:AssumeRole", arn}) {
			s := read(trust).Statement[0]
			r.TrustedARNs, r.ExternalID = []string{s.Principal.AWS}, s.Condition.StringEquals["sts:ExternalId"]
		}
		w.IAM().PutRole(r)
	}
}
