package remediation_test

import (
	"bytes"
	"encoding/json"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

var _ = Describe("The log of a change", func() {
	It("has one line for the intent, one for the call and one for its outcome, each with function, call and plan", func() {
		s, out := begin(), &bytes.Buffer{}
		s.ctx = logf.IntoContext(s.ctx, zap.New(zap.WriteTo(out)))
		rem := s.asks()
		s.World.Faults().Add(faults.Rule{Action: "lambda:PutFunctionConcurrency", Times: 1, Effect: faults.Error("RequestTimeTooSkewed", "token canary-7f3c9a1e5b2d", 403)})

		s.approves(rem)
		s.until("it is applied", patient, func() bool { return s.get(rem.Name).Status.AppliedAt != nil })

		type line struct {
			Msg, Function, Call, Outcome, Answer, Cause string
			Plan, Attempt                               int
		}
		var lines []line
		for text := range strings.Lines(out.String()) {
			var l line
			Expect(json.Unmarshal([]byte(text), &l)).To(Succeed())
			if l.Plan > 0 {
				Expect(l.Function).To(Equal(reactstocks.BackendFunction))
				Expect(l.Call).To(Equal("lambda:PutFunctionConcurrency"))
				lines = append(lines, l)
			}
		}
		Expect(lines).To(HaveLen(6))
		for i, says := range []string{"Intent written", "Call made", "Outcome of the call", "Intent written", "Call made", "Outcome of the call"} {
			Expect(lines[i].Msg).To(HavePrefix(says))
			Expect(lines[i].Attempt).To(Equal(1 + i/3))
		}
		Expect(lines[1].Answer).To(ContainSubstring("set the node's clock right"))
		Expect(lines[1].Cause).To(Equal("lambda:PutFunctionConcurrency: status 403: RequestTimeTooSkewed"))
		Expect(lines[2].Outcome).To(Equal(string(v1alpha1.OutcomeRefused)))
		Expect(lines[5].Outcome).To(Equal(string(v1alpha1.OutcomeApplied)))
		Expect(out.String()).NotTo(ContainSubstring("canary-7f3c9a1e5b2d"), "nothing of AWS's text")
	})
})
