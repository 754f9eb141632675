//go:build fault

package together

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// kind is what can be changed, with the values that a field has in turn.
type kind struct {
	name                  string
	before, wanted, third string
	ask                   func(*v1alpha1.Remediation)
	conditional           bool // AWS takes the call only upon the revision that was read
}

var (
	reserving = kind{name: "reserved concurrency", before: "100", wanted: "200", third: "150", ask: func(*v1alpha1.Remediation) {}}
	timing    = kind{name: "timeout", before: "10", wanted: "30", third: "20", conditional: true, ask: func(r *v1alpha1.Remediation) {
		r.Spec.Target.FunctionName = news
		r.Spec.Action = v1alpha1.Action{SetTimeout: &v1alpha1.SetTimeout{Seconds: 30}}
	}}
	kinds = []kind{reserving, timing}
)

// set changes the field as a person, once no other update of the function is in progress.
func (c *course) set(k kind, value string) {
	GinkgoHelper()
	n, err := strconv.Atoi(value)
	Expect(err).NotTo(HaveOccurred())
	if k.name == reserving.name {
		c.Reserve(backend, int32(n))
		return
	}
	c.pass(5 * time.Second)
	_, err = c.ByHand().UpdateFunctionConfiguration(c.ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String(news), Timeout: aws.Int32(int32(n))})
	Expect(err).NotTo(HaveOccurred())
}

// value is the field as AWS has it.
func (c *course) value(k kind) string {
	GinkgoHelper()
	if k.name == reserving.name {
		return fmt.Sprint(c.Reserved(backend))
	}
	out, err := c.ByHand().GetFunctionConfiguration(c.ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(news)})
	Expect(err).NotTo(HaveOccurred())
	return fmt.Sprint(aws.ToInt32(out.Timeout))
}
