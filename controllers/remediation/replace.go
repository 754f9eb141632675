package remediation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// replaced says for people which plan a fresh one replaces, and why: their approvals of it do not count any more. Pure.
func replaced(old, fresh v1alpha1.Plan, now time.Time) string {
	why := slices.Concat(movedFields(old, fresh), movedTerms(old, fresh))
	if len(why) == 0 && !now.Before(old.ExpiresAt.Time) {
		return fmt.Sprintf("plan %d expired at %s, and nothing else changed", old.Number, old.ExpiresAt.UTC().Format(time.RFC3339))
	}
	return clip(fmt.Sprintf("plan %d does not hold any more: %s", old.Number, strings.Join(why, "; ")), maxMessage)
}

// movedFields says what of the functions is not as the old plan was made upon.
func movedFields(old, fresh v1alpha1.Plan) []string {
	var why []string
	for i, c := range fresh.Calls {
		if i >= len(old.Calls) || old.Calls[i].Call.ResourceARN != c.Call.ResourceARN {
			return []string{"it is made of other calls"}
		}
		for _, was := range old.Calls[i].Before {
			at := slices.IndexFunc(c.Before, func(f v1alpha1.Field) bool { return f.Name == was.Name })
			if at >= 0 && !sameFields([]v1alpha1.Field{was}, c.Before[at:at+1]) {
				why = append(why, fmt.Sprintf("%s of the function moved from %s to %s", was.Name, valueOf(was), valueOf(c.Before[at])))
			}
		}
	}
	if len(why) == 0 && !sameCalls(old.Calls, fresh.Calls) {
		return []string{"it is made of other calls"}
	}
	return why
}

// movedTerms says what else was approved with the old plan and is another now.
func movedTerms(old, fresh v1alpha1.Plan) []string {
	var why []string
	if old.AccountID != fresh.AccountID || old.Region != fresh.Region || old.RoleARN != fresh.RoleARN {
		why = append(why, "the grant's account, Region or role is another one")
	}
	if old.PolicyDigest != fresh.PolicyDigest {
		why = append(why, "the ChangePolicy became stricter")
	}
	a, b := old.Verification, fresh.Verification
	if !slices.Equal(a.Alarms, b.Alarms) {
		why = append(why, fmt.Sprintf("the change would be proved by the alarms %q instead of %q", b.Alarms, a.Alarms))
	}
	if a.SettleSeconds != b.SettleSeconds || a.WindowSeconds != b.WindowSeconds || a.PeriodSeconds != b.PeriodSeconds || a.FailureLimit != b.FailureLimit {
		why = append(why, "the change would be watched for another time")
	}
	if old.OnFailure != fresh.OnFailure || old.ExpiresAfterSeconds != fresh.ExpiresAfterSeconds || old.RevertUntilSeconds != fresh.RevertUntilSeconds {
		why = append(why, "it would be undone under other conditions")
	}
	return why
}

func valueOf(f v1alpha1.Field) string {
	if f.Value == nil {
		return "not set"
	}
	return *f.Value
}
