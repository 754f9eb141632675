package sim_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	lm "github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
)

func TestGetFunctionWithAQualifierAnswersNoReservation(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{Name: function, MemorySize: 512, Timeout: 30, Code: "v1", Alias: "live"})
	h.g.Expect(h.reserve(50)).To(Succeed())
	for name, c := range map[string]struct {
		in   lm.GetFunctionInput
		want *int32
	}{
		"function":               {lm.GetFunctionInput{FunctionName: aws.String(function)}, aws.Int32(50)},
		"alias":                  {lm.GetFunctionInput{FunctionName: aws.String(function), Qualifier: aws.String("live")}, nil},
		"version":                {lm.GetFunctionInput{FunctionName: aws.String(function), Qualifier: aws.String("1")}, nil},
		"qualifier in the name":  {lm.GetFunctionInput{FunctionName: aws.String(function + ":live")}, nil},
		"qualifier of an ARN":    {lm.GetFunctionInput{FunctionName: aws.String(h.FunctionARN(function) + ":1")}, nil},
		"unqualified, by an ARN": {lm.GetFunctionInput{FunctionName: aws.String(h.FunctionARN(function))}, aws.Int32(50)},
	} {
		out, err := h.lambda.GetFunction(t.Context(), &c.in)
		h.g.Expect(err).NotTo(HaveOccurred(), name)
		if c.want == nil {
			h.g.Expect(out.Concurrency).To(BeNil(), name)
			continue
		}
		h.g.Expect(out.Concurrency).NotTo(BeNil(), name)
		h.g.Expect(out.Concurrency.ReservedConcurrentExecutions).To(Equal(c.want), name)
	}
}

func TestAQualifierOutsideItsPatternIsRefusedBeforeTheFunctionIsLookedFor(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	for _, name := range []string{function, "nobody"} {
		for _, qualifier := range []string{"no pe", "a:b", strings.Repeat("a", 129)} {
			_, err := h.lambda.GetFunction(t.Context(), &lm.GetFunctionInput{FunctionName: aws.String(name), Qualifier: aws.String(qualifier)})
			h.g.Expect(code(err)).To(Equal("ValidationException"), qualifier)
			h.g.Expect(err).To(MatchError(ContainSubstring("at 'qualifier'")))
		}
	}
	_, err := h.lambda.GetFunction(t.Context(), &lm.GetFunctionInput{FunctionName: aws.String(function), Qualifier: aws.String("$LATEST")})
	h.g.Expect(err).NotTo(HaveOccurred())
}
