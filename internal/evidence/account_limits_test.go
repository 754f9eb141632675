package evidence

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
)

func TestThePeakOfTheUnreservedConcurrencyIsThatOfTheLastHour(t *testing.T) {
	g := NewWithT(t)
	use := append(minutely(70, 60, 900), append(minutely(60, 59, 640), minutely(59, 0, 80)...)...)
	f := answered(map[aws.MetricQuery]aws.Series{unreservedUse: use})
	_, _ = f.settings.get(func() (aws.AccountSettings, error) { return aws.AccountSettings{ConcurrentExecutions: 1000}, nil })
	request := Request{Step: v1alpha1.Step{AccountLimits: &v1alpha1.AccountLimitsStep{}}, Function: backend}
	seen, err := accountLimitsStep{}.Collect(t.Context(), f, request)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(seen.AccountLimits.PeakUnreserved).To(HaveValue(BeEquivalentTo(640)), "the first minute of the hour counts, the one before does not")

	queries, reach := accountLimitsStep{}.Queries(request)
	g.Expect(queries).To(Equal([]aws.MetricQuery{unreservedUse}))
	g.Expect(reach).To(Equal(time.Hour), "so far back it is asked for")
}
