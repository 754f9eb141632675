//go:build fault

package bounds

import (
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/env"
)

var administrator = credentials.NewStaticCredentialsProvider(reactstocks.AdminAccessKeyID, reactstocks.AdminSecretAccessKey, "")

const (
	// together is how many Incidents there are at once.
	together = 50
	// few of them are approved where what is looked at comes before.
	few = 10
	// approvedVariable names the environment variable that says how many are approved. Not set, all are: their changes are
	// made one after the other, which takes minutes.
	approvedVariable = "APPROVED"
	// allProposed is within what all of them have a plan that waits for approval after their alarms fired, and allChanged
	// within what all are changed after they were approved, world time.
	allProposed, allChanged = 5 * time.Minute, 15 * time.Minute
)

// approved is how many of the fifty are approved.
func approved() int {
	GinkgoHelper()
	text := os.Getenv(approvedVariable)
	if text == "" {
		return together
	}
	n, err := strconv.Atoi(text)
	Expect(err).NotTo(HaveOccurred(), approvedVariable)
	Expect(n).To(And(BeNumerically(">", 0), BeNumerically("<=", together)), approvedVariable)
	return n
}

// throttled selects the calls that AWS answered with a throttling error.
func throttled(e ledger.Entry) bool {
	return strings.Contains(e.Error, "Throttl") || strings.Contains(e.Error, "TooManyRequests")
}

// tenfold are the operator's budgets, each ten times as large.
func tenfold() aws.Budgets {
	b := aws.DefaultBudgets()
	for _, one := range []*aws.Budget{
		&b.LambdaReads, &b.LambdaChanges, &b.LambdaGetFunction, &b.DescribeAlarms, &b.AlarmDetails, &b.GetMetricData, &b.STS, &b.SQS,
		&b.ParameterReads, &b.ParameterWrites,
	} {
		one.PerSecond, one.Burst = 10*one.PerSecond, 10*one.Burst
	}
	return b
}

// endure lets all alarms of a fleet fire at once, approves so many of the plans, and waits until those are changed.
func (f *fleet) endure(number int) {
	GinkgoHelper()
	mark := f.World.Ledger().Len()
	f.storm(f.names...)
	f.firing(f.names...)
	f.took("all plans wait for approval", allProposed, func() bool { return f.waiting() == together })
	GinkgoWriter.Println("until then", tally(f.World.Ledger().Entries(ledger.After(mark), mine)))
	mark = f.World.Ledger().Len()
	f.approve(f.remediations()[:number]...)
	f.took("what was approved is changed", allChanged, func() bool { return f.applied() == number })
	GinkgoWriter.Println("until then", tally(f.World.Ledger().Entries(ledger.After(mark), mine)))
}

var _ = Describe("Fifty incidents at once", func() {
	It("stay below every quota, and all are proposed and what is approved is changed in time", func() {
		f := newFleet(together, env.Options{})
		n := approved()
		f.endure(n)
		Expect(f.incidents()).To(HaveLen(together))
		Expect(f.remediations()).To(HaveLen(together))
		Expect(f.changed()).To(HaveLen(n), "each is changed once")
		Expect(f.World.Ledger().Entries(throttled)).To(BeEmpty())
	})

	It("are throttled with budgets that are ten times as large", func() {
		f := newFleet(together, env.Options{AWS: aws.Options{Budgets: tenfold()}})
		f.endure(few)
		seen := f.World.Ledger().Entries(throttled, mine)
		GinkgoWriter.Println("throttled", tally(seen))
		Expect(seen).NotTo(BeEmpty(), "the quotas bite, and the budgets are what keeps the operator below them")
		Expect(f.changed()).To(HaveLen(few), "a throttled operator is slower, and changes each once all the same")
	})
})
