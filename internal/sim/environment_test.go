package sim_test

import (
	"net/http"
	"testing"

	lm "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
)

func TestKeysOfTheEnvironmentAreCheckedAndSomeAreReserved(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	set := func(keys ...string) error {
		v := map[string]string{"FINE": "x"}
		for _, key := range keys {
			v[key] = "x"
		}
		return h.update(&lm.UpdateFunctionConfigurationInput{Environment: &types.Environment{Variables: v}})
	}
	for _, key := range []string{"1BAD", "a-b", "a", "_x", "1 bad"} {
		err := set(key)
		h.g.Expect(code(err)).To(Equal("ValidationException"), key)
		h.g.Expect(status(err)).To(Equal(http.StatusBadRequest))
		h.g.Expect(err).To(MatchError(ContainSubstring(`Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]`)))
	}
	err := set("AWS_SESSION_TOKEN", "AWS_REGION")
	h.g.Expect(code(err)).To(Equal("InvalidParameterValueException"))
	h.g.Expect(err).To(MatchError(ContainSubstring("contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION, AWS_SESSION_TOKEN")))
	h.g.Expect(h.Ledger().Count(ledger.Changed())).To(BeZero())
	h.g.Expect(set("AWS_XRAY_CONTEXT_MISSING", "a1", "TZ", "PATH")).To(Succeed(), "these can be changed")
}
