package action

import (
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/utils/ptr"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

const arn = "arn:aws:lambda:us-east-1:123456789012:function:checkout"

func TestACallIsACommandOfTheAWSCLI(t *testing.T) {
	for want, c := range map[string]v1alpha1.Call{
		"aws lambda put-function-concurrency --region us-east-1 --function-name " + arn + " --reserved-concurrent-executions 100": {
			Operation: operationPutConcurrency, ResourceARN: arn, Writes: []v1alpha1.Field{{Name: fieldReserved, Value: ptr.To("100")}}},
		"aws lambda delete-function-concurrency --region us-east-1 --function-name " + arn: {
			Operation: operationDeleteConcurrency, ResourceARN: arn, Writes: []v1alpha1.Field{{Name: fieldReserved}}},
		"aws lambda update-function-configuration --region us-east-1 --function-name " + arn + " --timeout 10": {
			Operation: operationUpdateConfiguration, ResourceARN: arn, Writes: []v1alpha1.Field{{Name: fieldTimeout, Value: ptr.To("10")}}},
		"aws lambda update-function-configuration --region us-east-1 --function-name 'x; rm -rf '\\''/'\\''' --timeout '$(id)'": {
			Operation: operationUpdateConfiguration, ResourceARN: "x; rm -rf '/'", Writes: []v1alpha1.Field{{Name: fieldTimeout, Value: ptr.To("$(id)")}}},
	} {
		NewWithT(t).Expect(Command(c, "us-east-1")).To(Equal(want))
	}
}

func TestALookShowsTheFieldsOfACallAndNoEnvironment(t *testing.T) {
	g := NewWithT(t)
	g.Expect(LookCommand(v1alpha1.Call{ResourceARN: arn, Writes: []v1alpha1.Field{{Name: fieldReserved}}}, "us-east-1")).To(Equal(
		"aws lambda get-function-concurrency --region us-east-1 --function-name " + arn + " --query '[ReservedConcurrentExecutions]'"))
	g.Expect(LookCommand(v1alpha1.Call{ResourceARN: arn, Writes: []v1alpha1.Field{{Name: fieldTimeout}}}, "us-east-1")).To(Equal(
		"aws lambda get-function-configuration --region us-east-1 --function-name " + arn + " --query '[LastUpdateStatus,Timeout]'"))
}
