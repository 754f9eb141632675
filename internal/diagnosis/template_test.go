package diagnosis_test

import (
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

const headroom = "[fn.reservedConcurrency * 2, fn.reservedConcurrency + limits.unreserved - limits.unreservedFloor].min()"

func reserve(n int32) []v1alpha1.Action {
	return []v1alpha1.Action{{SetReservedConcurrency: &v1alpha1.SetReservedConcurrency{Value: n}}}
}

func TestTemplatesWorkOutTheirNumbers(t *testing.T) {
	for name, c := range map[string]struct {
		value   intstr.IntOrString
		change  func(*seen)
		actions []v1alpha1.Action
		problem string
	}{
		"a number is itself": {intstr.FromInt32(250), nil, reserve(250), ""},
		"a constant":         {intstr.FromString("25 * 10"), nil, reserve(250), ""},
		"room to double":     {intstr.FromString(headroom), nil, reserve(200), ""},
		"a nearly exhausted account: its own reservation counts": {intstr.FromString(headroom),
			func(s *seen) { s.limits.Unreserved = 150 }, reserve(150), ""},
		"an exhausted account: never below what is reserved": {intstr.FromString(headroom),
			func(s *seen) { s.limits.Unreserved = 100 }, reserve(100), ""},
		"a floor of its own": {intstr.FromString(headroom),
			func(s *seen) { s.limits.Unreserved, s.limits.UnreservedFloor = 60, 10 }, reserve(150), ""},
		"below the bounds": {intstr.FromString("limits.unreserved - 900"), nil, nil,
			"setReservedConcurrency is not proposed: value would be 0, and may be from 1 to 100000"},
		"above the bounds": {intstr.FromString("limits.unreserved * 1000000000"), nil, nil,
			"setReservedConcurrency is not proposed: value would be 900000000000, and may be from 1 to 100000"},
		"an overflow": {intstr.FromString("limits.unreserved * 9000000000000000000"), nil, nil,
			"setReservedConcurrency is not proposed: value could not be evaluated: integer overflow"},
		"a gap": {intstr.FromString(headroom), func(s *seen) { *s = s.without("limits", "AccessDenied: allow lambda:GetAccountSettings") }, nil,
			`setReservedConcurrency is not proposed: value needs "limits", which is missing: AccessDenied: allow lambda:GetAccountSettings`},
		"an absent value": {intstr.FromString(headroom), func(s *seen) { s.fn.ReservedConcurrency = nil }, nil,
			"setReservedConcurrency is not proposed: fn.reservedConcurrency is not set"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			evidence := throttled()
			if c.change != nil {
				c.change(&evidence)
			}
			causes := compile(t, reserving(c.value)).Diagnose(evidence.input()).Causes
			g.Expect(causes).To(HaveLen(1))
			g.Expect(causes[0].Actions).To(Equal(c.actions))
			g.Expect(causes[0].Problem).To(Equal(c.problem))
		})
	}
}

func TestActionsKeepTheirOrderAndOneProblemStopsOnlyItsAction(t *testing.T) {
	g := NewWithT(t)
	s := reserving(intstr.FromString("limits.unreserved"))
	s.Diagnose[0].Respond.Remediate = append(s.Diagnose[0].Respond.Remediate,
		v1alpha1.ActionTemplate{SetTimeout: &v1alpha1.SetTimeoutTemplate{Seconds: intstr.FromString("fn.timeoutSeconds * 2")}},
		v1alpha1.ActionTemplate{SetReservedConcurrency: &v1alpha1.SetReservedConcurrencyTemplate{Value: intstr.FromInt32(7)}})
	p := compile(t, s)
	timeout := v1alpha1.Action{SetTimeout: &v1alpha1.SetTimeout{Seconds: 60}}

	cause := p.Diagnose(throttled().input()).Causes[0]
	g.Expect(cause.Actions).To(Equal([]v1alpha1.Action{reserve(900)[0], timeout, reserve(7)[0]}))
	g.Expect(cause.Problem).To(BeEmpty())

	cause = p.Diagnose(throttled().without("limits", "late").input()).Causes[0]
	g.Expect(cause.Actions).To(Equal([]v1alpha1.Action{timeout, reserve(7)[0]}))
	g.Expect(cause.Problem).To(Equal(`setReservedConcurrency is not proposed: value needs "limits", which is missing: late`))
}

func TestAnInstructionIsHandedOn(t *testing.T) {
	g := NewWithT(t)
	s := spec("true")
	s.Diagnose[0].Respond.Instruct.Text = "1. Look.\n2. Call."
	cause := compile(t, s).Diagnose(throttled().input()).Causes[0]
	g.Expect(cause.Instruction).To(Equal("1. Look.\n2. Call."))
	g.Expect(cause.Actions).To(BeEmpty())
}
