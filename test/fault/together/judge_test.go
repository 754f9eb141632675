//go:build fault

package together

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// judge replays the ledger since the last reset, and says what is wrong with it and with the status of the Remediations
// that are left: a plan is made at most once; what a call replaced is what its plan was made upon, unless unseen allows
// that it is not; and the status knows of every call.
func (c *course) judge(unseen bool, rems ...*v1alpha1.Remediation) error {
	live := map[string]string{c.World.FunctionARN(backend): fmt.Sprint(before), c.World.FunctionARN(news): "none"}
	made := map[string]int{}
	for _, e := range c.World.Ledger().Entries(ledger.After(c.mark), ledger.ByClass(ledger.Change)) {
		value := ""
		switch in := e.Input.(type) {
		case *lambda.PutFunctionConcurrencyInput:
			value = fmt.Sprint(aws.ToInt32(in.ReservedConcurrentExecutions))
		case *lambda.DeleteFunctionConcurrencyInput:
			value = "none"
		default:
			return fmt.Errorf("%s is no call of any plan", e)
		}
		was := live[e.Resource]
		if e.Changed {
			live[e.Resource] = value
		}
		if !strings.Contains(e.Principal, ":assumed-role/"+reactstocks.GrantRole+"/") {
			continue
		}
		var of *v1alpha1.Remediation
		for _, rem := range rems {
			if strings.Contains(e.Principal, "/"+string(rem.UID)+"-") {
				of = rem
			}
		}
		if of == nil {
			return fmt.Errorf("%s is of no Remediation", e)
		}
		made[of.Name]++
		planned := of.Status.Plan.Calls[0]
		if want := text(planned.Before); !unseen && want != was {
			return fmt.Errorf("%s replaced %s, and its plan was made upon %s", e, was, want)
		}
		if want := text(planned.Call.Writes); want != value {
			return fmt.Errorf("%s writes %s, and its plan %s", e, value, want)
		}
	}
	for _, rem := range rems {
		if made[rem.Name] > 1 {
			return fmt.Errorf("%s was made %d times", rem.Name, made[rem.Name])
		}
		if c.Gone(rem.Name) {
			continue
		}
		open, applied := 0, 0
		status := c.Get(rem.Name).Status
		for _, i := range status.Intents {
			switch i.Outcome {
			case v1alpha1.OutcomeApplied:
				applied++
			case v1alpha1.OutcomeUnknown, v1alpha1.OutcomeDiverged:
				open++
			}
		}
		switch {
		case applied > made[rem.Name]:
			return fmt.Errorf("%d calls were made, and the status says that %d were applied:\n%s", made[rem.Name], applied, c.says(rem.Name))
		case applied+open < made[rem.Name]:
			return fmt.Errorf("%d calls were made, and the status does not know of all:\n%s", made[rem.Name], c.says(rem.Name))
		case (status.AppliedAt != nil) != (applied == 1):
			return fmt.Errorf("what was applied does not go with status.appliedAt:\n%s", c.says(rem.Name))
		}
	}
	return nil
}

// text is the value of the one field, as a number or "none".
func text(fields []v1alpha1.Field) string {
	if len(fields) != 1 || fields[0].Value == nil {
		return "none"
	}
	return *fields[0].Value
}
