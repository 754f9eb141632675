package sim_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lm "github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
)

func TestAFunctionThatIsReplacedOrRecreatedHasRevisionsAndVersionsOfItsOwn(t *testing.T) {
	for name, remove := range map[string]func(*harness){
		"replaced": func(*harness) {},
		"recreated": func(h *harness) {
			h.RemoveFunction(function)
			h.pass(time.Hour)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := lambda.Function{Name: function, MemorySize: 512, Timeout: 30, Code: "v1", Alias: "live"}
			h := newHarness(t, sim.Options{}, f)
			alias := func() *lm.GetAliasOutput {
				out, err := h.lambda.GetAlias(t.Context(), &lm.GetAliasInput{FunctionName: aws.String(function), Name: aws.String("live")})
				h.g.Expect(err).NotTo(HaveOccurred())
				return out
			}
			before, aliasBefore := h.config(""), alias()
			remove(h)
			f.Code = "another"
			h.PutFunction(f)
			h.g.Expect(h.config("").RevisionId).NotTo(Equal(before.RevisionId))
			h.g.Expect(alias().RevisionId).NotTo(Equal(aliasBefore.RevisionId))
			h.g.Expect(aws.ToString(alias().FunctionVersion)).To(Equal("2"), "version 1 was another function's")
			err := h.update(&lm.UpdateFunctionConfigurationInput{Timeout: aws.Int32(60), RevisionId: before.RevisionId})
			h.g.Expect(code(err)).To(Equal("PreconditionFailedException"))
		})
	}
}
