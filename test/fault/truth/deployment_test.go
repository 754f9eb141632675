//go:build fault

package truth_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

var backend = aws.String(reactstocks.BackendFunction)

func (s *story) reserve(n int32) {
	GinkgoHelper()
	_, err := s.functions().PutFunctionConcurrency(s.ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: backend, ReservedConcurrentExecutions: &n})
	Expect(err).NotTo(HaveOccurred())
}

// configure changes a field that the operator's change has nothing to do with.
func (s *story) configure() {
	GinkgoHelper()
	_, err := s.functions().UpdateFunctionConfiguration(s.ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: backend, MemorySize: aws.Int32(1024)})
	Expect(err).NotTo(HaveOccurred())
}

func (s *story) ship() {
	GinkgoHelper()
	_, err := s.functions().UpdateFunctionCode(s.ctx, &lambda.UpdateFunctionCodeInput{FunctionName: backend, ZipFile: []byte("react-stocks backend, build 42")})
	Expect(err).NotTo(HaveOccurred())
}

// shift points the alias elsewhere: $LATEST, which nobody touched.
func (s *story) shift() {
	GinkgoHelper()
	version, err := s.functions().PublishVersion(s.ctx, &lambda.PublishVersionInput{FunctionName: backend})
	Expect(err).NotTo(HaveOccurred())
	_, err = s.functions().UpdateAlias(s.ctx, &lambda.UpdateAliasInput{FunctionName: backend, Name: aws.String(reactstocks.Alias), FunctionVersion: version.Version, Description: aws.String("build 42")})
	Expect(err).NotTo(HaveOccurred())
}

// Whoever deploys while a change is being verified may have fixed what the change did not, or hidden that it did.
var _ = Describe("Somebody else's deployment in the window", func() {
	DescribeTable("leaves the change unproved, and is named", func(deploy func(*story), words string) {
		s := observed()
		deploy(s)
		s.expectNeverProved(v1alpha1.ReasonInconclusive, words)
	},
		Entry("of the same field", func(s *story) { s.reserve(250) }, "is not as the change left it"),
		Entry("of another field", (*story).configure, "somebody else updated the configuration of function "+reactstocks.BackendFunction),
		Entry("of new code", (*story).ship, "somebody else deployed other code to function "+reactstocks.BackendFunction),
		Entry("of the alias alone", (*story).shift, "somebody else moved alias "+reactstocks.Alias+" of function "+reactstocks.BackendFunction),
	)

	It("counts also before the first observation", func() {
		s := changed()
		s.ship()
		s.expectNeverProved(v1alpha1.ReasonInconclusive, "somebody else deployed other code")
	})

	DescribeTable("counts also while it is not known yet whether the change arrived", func(away time.Duration, deploy func(*story), words string) {
		s := begin(reactstocks.Throttling)
		rem := s.proposed()
		s.World.Faults().Add(faults.Rule{Action: "lambda:PutFunctionConcurrency", Effect: faults.Effect{ResetAfter: true}})
		old := s.World.Faults().Add(faults.Rule{Action: "lambda:GetFunction*", Role: reactstocks.GrantRole, Effect: faults.Effect{Stale: 20 * time.Second}})
		s.approve(rem)
		s.until("the call was made", patient, func() bool { return len(s.changes()) == 1 })
		Expect(s.reason(v1alpha1.ConditionApplied)).To(Equal(v1alpha1.ReasonOutcomeUnknown), "nobody knows whether it arrived")
		s.Wall.Step(away) // while no operator looks
		s.Clock.Step(away)
		s.World.AdvanceTo(s.Clock.Now())
		deploy(s)
		s.World.Faults().Remove(old)
		s.expectNeverProved(v1alpha1.ReasonInconclusive, words)
		Expect(s.changes()).To(HaveLen(1))
	},
		Entry("other code at once", time.Second, (*story).ship, "somebody else deployed other code"),
		Entry("another setting, while the operator is away", 5*time.Minute, (*story).configure, "somebody else updated the configuration of function "+reactstocks.BackendFunction),
	)
})
