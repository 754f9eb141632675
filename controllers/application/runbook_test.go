package application_test

import (
	"encoding/json"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/diagnosis"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var _ = Describe("A Runbook", func() {
	It("is Ready when every expression compiles", func() {
		s := begin()
		ExpectApplied(s.ctx, s.Admin, builder.Runbook(s.Namespace))
		s.settle()
		Expect(s.runbook()).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonCompiled))
		Expect(s.runbook()).To(HaveNoCondition(v1alpha1.ConditionStalled))
		Expect(s.runbook().Status.Digest).To(Equal(diagnosis.Digest(s.runbook().Spec)))
	})

	It("says where it does not compile, and does not keep another from being compiled", func() {
		s := begin()
		broken := builder.Runbook(s.Namespace, func(b *v1alpha1.Runbook) {
			b.Spec.Diagnose[0].When = "throttles.sum > 0.0 && fn.reservedConcurency > 0"
			b.Spec.Diagnose[0].Because = "1 + 1"
		})
		ExpectApplied(s.ctx, s.Admin, broken, builder.Runbook(s.Namespace, func(b *v1alpha1.Runbook) { b.Name = "well" }))
		s.settle()

		Expect(s.runbook()).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInvalidExpression))
		Expect(s.runbook()).To(HaveCondition(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInvalidExpression))
		message := s.runbook().Status.Conditions[0].Message
		Expect(message).To(ContainSubstring("spec.diagnose[0].when: line 1, column 26: undefined field 'reservedConcurency'"))
		Expect(message).To(ContainSubstring("; spec.diagnose[0].because: "))
		ExpectEvents(s.ctx, s.Admin, s.runbook(), v1alpha1.ReasonInvalidExpression)
		well := ExpectExists(s.ctx, s.Admin, builder.Runbook(s.Namespace, func(b *v1alpha1.Runbook) { b.Name = "well" }))
		Expect(well).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonCompiled))

		mended := builder.Runbook(s.Namespace)
		ExpectApplied(s.ctx, s.Admin, mended)
		s.settle()
		Expect(s.runbook()).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonCompiled))
		Expect(s.runbook()).To(HaveNoCondition(v1alpha1.ConditionStalled))
	})

	It("that an Incident has no room for says so, before an alarm needs it", func() {
		s := begin()
		fill := func(size int) *v1alpha1.Runbook {
			return builder.Runbook(s.Namespace, func(b *v1alpha1.Runbook) {
				b.Spec.Severity.Initial = "P3" // as the API server would
				for left := size; left > 1500; left = size - length(b.Spec) {
					b.Spec.Diagnose = append(b.Spec.Diagnose, v1alpha1.Rule{
						Cause: fmt.Sprintf("Filled%02d", len(b.Spec.Diagnose)), When: "false", Confidence: v1alpha1.ConfidenceLow, Because: "'x'",
						Respond: v1alpha1.Response{Instruct: &v1alpha1.Instruction{Text: strings.Repeat("x", min(2000, left-500))}},
					})
				}
				because := &b.Spec.Diagnose[0].Because
				*because = "'" + strings.Repeat("x", size-length(b.Spec)+len(*because)-2) + "'"
				Expect(length(b.Spec)).To(Equal(size))
			})
		}
		ExpectApplied(s.ctx, s.Admin, fill(v1alpha1.MaxRunbookBytes+1))
		s.settle()
		Expect(s.runbook()).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTooLarge))
		Expect(s.runbook()).To(HaveCondition(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonTooLarge))
		Expect(s.runbook().Status.Conditions[0].Message).To(Equal("the spec is 49153 bytes as JSON, and an Incident keeps a copy of at most 49152: " +
			"shorten its texts, or move rules into a Runbook of their own with the same triggers"))
		ExpectEvents(s.ctx, s.Admin, s.runbook(), v1alpha1.ReasonTooLarge)

		ExpectApplied(s.ctx, s.Admin, fill(v1alpha1.MaxRunbookBytes))
		s.settle()
		Expect(s.runbook()).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonCompiled))
	})
})

// length is how long a spec is as JSON.
func length(spec v1alpha1.RunbookSpec) int {
	text, err := json.Marshal(spec)
	Expect(err).NotTo(HaveOccurred())
	return len(text)
}
