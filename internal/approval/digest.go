package approval

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// planSchema names the canonical form. Another form has another name, so that digests of two forms never meet.
const planSchema = "runbook-operator.io/plan/v2"

// The canonical form is written by hand and apart from the API types, so that a new API field never changes the
// digest of a plan that waits. It holds no maps and no floats, and every member is always there.
type (
	canonicalPlan struct {
		Schema              string                `json:"schema"`
		RemediationUID      string                `json:"remediationUID"`
		Number              int64                 `json:"number"`
		AccountID           string                `json:"accountID"`
		Region              string                `json:"region"`
		RoleARN             string                `json:"roleARN"`
		Calls               []canonicalPlanned    `json:"calls"`
		Verification        canonicalVerification `json:"verification"`
		OnFailure           string                `json:"onFailure"`
		ExpiresAfterSeconds int32                 `json:"expiresAfterSeconds"`
		RevertUntilSeconds  int32                 `json:"revertUntilSeconds"`
		PolicyDigest        string                `json:"policyDigest"`
	}
	canonicalPlanned struct {
		Call    canonicalCall    `json:"call"`
		Before  []canonicalField `json:"before"`
		Inverse canonicalCall    `json:"inverse"`
		Observe string           `json:"observe"`
	}
	canonicalCall struct {
		Operation   string           `json:"operation"`
		ResourceARN string           `json:"resourceARN"`
		Writes      []canonicalField `json:"writes"`
	}
	// canonicalField keeps the difference between no value (null) and an empty one.
	canonicalField struct {
		Name  string  `json:"name"`
		Value *string `json:"value"`
	}
	canonicalVerification struct {
		Alarms        []string `json:"alarms"`
		SettleSeconds int32    `json:"settleSeconds"`
		WindowSeconds int32    `json:"windowSeconds"`
		PeriodSeconds int32    `json:"periodSeconds"`
		FailureLimit  int32    `json:"failureLimit"`
	}
)

// Digest returns what a person approves: "sha256:" and 64 hexadecimal digits over the plan's number, where its calls
// go, the calls, how they are verified and undone, the policy's digest, and the UID of the Remediation. What is shown
// only (summary, warnings, cost, blast radius) and the plan's times are not part of it. The order of fields and of
// alarms does not matter, the order of calls does.
func Digest(plan v1alpha1.Plan, remediationUID string) string {
	return sum(canonical(plan, remediationUID))
}

// SameContent says whether two plans would do the same: they are equal but for number, digest and what the digest
// leaves out. A plan with the same content keeps its number, its digest and its approvals.
func SameContent(a, b v1alpha1.Plan) bool {
	a.Number, b.Number = 0, 0
	return bytes.Equal(canonical(a, ""), canonical(b, ""))
}

func canonical(plan v1alpha1.Plan, remediationUID string) []byte {
	calls := make([]canonicalPlanned, 0, len(plan.Calls))
	for _, c := range plan.Calls {
		calls = append(calls, canonicalPlanned{
			Call:    canonicalCallOf(c.Call),
			Before:  canonicalFields(c.Before),
			Inverse: canonicalCallOf(c.Inverse),
			Observe: c.Observe,
		})
	}
	v := plan.Verification
	alarms := append([]string{}, v.Alarms...)
	slices.Sort(alarms)
	return encode(canonicalPlan{
		Schema:         planSchema,
		RemediationUID: remediationUID,
		Number:         plan.Number,
		AccountID:      plan.AccountID,
		Region:         string(plan.Region),
		RoleARN:        string(plan.RoleARN),
		Calls:          calls,
		Verification: canonicalVerification{
			Alarms:        alarms,
			SettleSeconds: v.SettleSeconds,
			WindowSeconds: v.WindowSeconds,
			PeriodSeconds: v.PeriodSeconds,
			FailureLimit:  v.FailureLimit,
		},
		OnFailure:           string(plan.OnFailure),
		ExpiresAfterSeconds: plan.ExpiresAfterSeconds,
		RevertUntilSeconds:  plan.RevertUntilSeconds,
		PolicyDigest:        plan.PolicyDigest,
	})
}

func canonicalCallOf(c v1alpha1.Call) canonicalCall {
	return canonicalCall{Operation: c.Operation, ResourceARN: c.ResourceARN, Writes: canonicalFields(c.Writes)}
}

// canonicalFields sorts by name: a list of fields is a map by name in the API.
func canonicalFields(fields []v1alpha1.Field) []canonicalField {
	out := make([]canonicalField, 0, len(fields))
	for _, f := range fields {
		out = append(out, canonicalField{Name: f.Name, Value: f.Value})
	}
	slices.SortStableFunc(out, func(a, b canonicalField) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// encode writes JSON without HTML escaping and without a line break at its end, so that anybody can compute a digest
// with standard tools.
func encode(value any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		// Strings, integers, and structs and lists of them: there is nothing that JSON cannot hold.
		panic("encoding a canonical form: " + err.Error())
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}

func sum(text []byte) string {
	hash := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(hash[:])
}
