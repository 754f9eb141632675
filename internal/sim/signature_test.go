package sim_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	lm "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
)

func TestASignatureForAnotherRegionIsRefused(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	elsewhere := h.cfg
	elsewhere.Region = "eu-west-1"
	_, err := lm.NewFromConfig(elsewhere).PutFunctionConcurrency(t.Context(), &lm.PutFunctionConcurrencyInput{
		FunctionName: aws.String(function), ReservedConcurrentExecutions: aws.Int32(9),
	})
	h.g.Expect(code(err)).To(Equal("InvalidSignatureException"))
	h.g.Expect(status(err)).To(Equal(http.StatusForbidden))
	h.g.Expect(err).To(MatchError(ContainSubstring("Credential should be scoped to a valid region, not 'eu-west-1'.")))
	_, err = cw.NewFromConfig(elsewhere).DescribeAlarms(t.Context(), &cw.DescribeAlarmsInput{})
	h.g.Expect(code(err)).To(Equal("SignatureDoesNotMatch"))
	_, err = sts.NewFromConfig(elsewhere).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	h.g.Expect(code(err)).To(Equal("SignatureDoesNotMatch"))
	h.g.Expect(h.reserved()).To(BeEquivalentTo(-1))
	h.g.Expect(h.Ledger().Count(ledger.Changed())).To(BeZero())
}

func TestASignatureForAnotherServiceIsRefused(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	// signed sends a request of a client, signed for a service.
	signed := func(service string) aws.Config {
		cfg := h.cfg
		inner := cfg.HTTPClient
		cfg.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
			r = r.Clone(context.WithoutCancel(r.Context()))
			c := aws.Credentials{AccessKeyID: key, SecretAccessKey: "any"}
			// The hash of the body does not matter: only the scope is looked at.
			if err := signer.NewSigner().SignHTTP(r.Context(), c, r, strings.Repeat("0", 64), service, "us-east-1", time.Unix(0, 0)); err != nil {
				return nil, err
			}
			return inner.Do(r)
		})
		return cfg
	}
	_, err := lm.NewFromConfig(signed("monitoring")).PutFunctionConcurrency(t.Context(), &lm.PutFunctionConcurrencyInput{
		FunctionName: aws.String(function), ReservedConcurrentExecutions: aws.Int32(9),
	})
	h.g.Expect(code(err)).To(Equal("InvalidSignatureException"))
	h.g.Expect(status(err)).To(Equal(http.StatusForbidden))
	h.g.Expect(err).To(MatchError(ContainSubstring("Credential should be scoped to correct service: 'lambda'.")))
	h.g.Expect(h.reserved()).To(BeEquivalentTo(-1))
	_, err = cw.NewFromConfig(signed("lambda")).DescribeAlarms(t.Context(), &cw.DescribeAlarmsInput{})
	h.g.Expect(code(err)).To(Equal("SignatureDoesNotMatch"))
	_, err = sts.NewFromConfig(signed("lambda")).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	h.g.Expect(code(err)).To(Equal("SignatureDoesNotMatch"))
	h.g.Expect(err).To(MatchError(ContainSubstring("'sts'")))
	_, err = cw.NewFromConfig(signed("monitoring")).DescribeAlarms(t.Context(), &cw.DescribeAlarmsInput{})
	h.g.Expect(err).NotTo(HaveOccurred())
}
