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
	live := map[string]string{
		c.World.FunctionARN(backend) + concurrency: fmt.Sprint(before), c.World.FunctionARN(news) + concurrency: "none",
		c.World.FunctionARN(news) + timeout: "10",
	}
	made, undone := map[string]int{}, map[string]int{}
	for _, e := range c.World.Ledger().Entries(ledger.After(c.mark), ledger.ByClass(ledger.Change)) {
		value, key := "", e.Resource+concurrency
		switch in := e.Input.(type) {
		case *lambda.PutFunctionConcurrencyInput:
			value = fmt.Sprint(aws.ToInt32(in.ReservedConcurrentExecutions))
		case *lambda.DeleteFunctionConcurrencyInput:
			value = "none"
		case *lambda.UpdateFunctionConfigurationInput:
			value, key = fmt.Sprint(aws.ToInt32(in.Timeout)), e.Resource+timeout
		default:
			return fmt.Errorf("%s is no call of any plan", e)
		}
		was := live[key]
		if e.Changed {
			live[key] = value
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
		if e.Error == "PreconditionFailedException" || e.Error == "ResourceConflictException" {
			continue // AWS takes it only upon what was read, and nothing was changed
		}
		planned := of.Status.Plan.Calls[0]
		upon, writes := text(planned.Before), text(planned.Call.Writes)
		if strings.Contains(e.Principal, "/"+string(of.UID)+"-undo-") {
			upon, writes = text(planned.Call.Writes), text(planned.Inverse.Writes)
			undone[of.Name]++
		} else {
			made[of.Name]++
		}
		if !unseen && upon != was {
			return fmt.Errorf("%s replaced %s, and is for %s", e, was, upon)
		}
		if writes != value {
			return fmt.Errorf("%s writes %s, and its plan %s", e, value, writes)
		}
	}
	for _, rem := range rems {
		if made[rem.Name] > 1 || undone[rem.Name] > 1 {
			return fmt.Errorf("%s was made %d times, and undone %d times", rem.Name, made[rem.Name], undone[rem.Name])
		}
		if c.Gone(rem.Name) {
			continue
		}
		open, applied := 0, 0
		status := c.Get(rem.Name).Status
		for _, i := range status.Intents {
			if i.Inverse {
				continue
			}
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

// The fields that calls write.
const concurrency, timeout = "/concurrency", "/timeout"

// text is the value of the one field, as a number or "none".
func text(fields []v1alpha1.Field) string {
	if len(fields) != 1 || fields[0].Value == nil {
		return "none"
	}
	return *fields[0].Value
}
