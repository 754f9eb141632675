package sim_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
)

const parameter = "/team/owner"

// put stores a parameter through the SDK and returns its version.
func put(t *testing.T, c *ssm.Client, value string, overwrite bool) (int64, error) {
	t.Helper()
	out, err := c.PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String(parameter), Value: aws.String(value), Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(overwrite),
	})
	if err != nil {
		return 0, err
	}
	return out.Version, nil
}

func TestOfTwoWhoCreateAParameterExactlyOneSucceeds(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	c := ssm.NewFromConfig(h.cfg)
	results := make(chan error, 2)
	for _, who := range []string{"blue", "green"} {
		go func() {
			_, err := c.PutParameter(t.Context(), &ssm.PutParameterInput{
				Name: aws.String(parameter), Value: aws.String(who), Type: ssmtypes.ParameterTypeString,
			})
			results <- err
		}()
	}
	var refused []error
	for range 2 {
		if err := <-results; err != nil {
			refused = append(refused, err)
		}
	}
	h.g.Expect(refused).To(HaveLen(1))
	var exists *ssmtypes.ParameterAlreadyExists
	h.g.Expect(errors.As(refused[0], &exists)).To(BeTrue())
	h.g.Expect(status(refused[0])).To(Equal(http.StatusBadRequest))
}

func TestAParameterHasVersionsThatASelectorFinds(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	c := ssm.NewFromConfig(h.cfg)
	get := func(name string) (*ssmtypes.Parameter, error) {
		out, err := c.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(name)})
		if err != nil {
			return nil, err
		}
		return out.Parameter, nil
	}
	_, err := get(parameter)
	var missing *ssmtypes.ParameterNotFound
	h.g.Expect(errors.As(err, &missing)).To(BeTrue())
	for i, value := range []string{"one", "two", "three"} {
		n, err := put(t, c, value, true)
		h.g.Expect(err).NotTo(HaveOccurred())
		h.g.Expect(n).To(BeEquivalentTo(i + 1))
		h.pass(time.Second)
	}
	arn := "arn:aws:ssm:us-east-1:123456789012:parameter/team/owner"
	for name, want := range map[string]string{parameter: "three", parameter + ":2": "two", arn: "three", arn + ":1": "one"} {
		p, err := get(name)
		h.g.Expect(err).NotTo(HaveOccurred(), name)
		h.g.Expect(aws.ToString(p.Value)).To(Equal(want), name)
		h.g.Expect(aws.ToString(p.ARN)).To(Equal(arn))
		h.g.Expect(aws.ToString(p.Name)).To(Equal(parameter))
	}
	p, err := get(parameter)
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(aws.ToTime(p.LastModifiedDate)).To(BeTemporally("==", start.Add(2*time.Second)))
	_, err = get(parameter + ":9")
	var noVersion *ssmtypes.ParameterVersionNotFound
	h.g.Expect(errors.As(err, &noVersion)).To(BeTrue())

	all, err := c.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{parameter, "/nobody"}})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(all.Parameters).To(HaveLen(1))
	h.g.Expect(all.InvalidParameters).To(Equal([]string{"/nobody"}))
	listed, err := c.DescribeParameters(t.Context(), &ssm.DescribeParametersInput{ParameterFilters: []ssmtypes.ParameterStringFilter{
		{Key: aws.String("Path"), Values: []string{"/team"}},
	}})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(listed.Parameters).To(HaveLen(1))
	h.g.Expect(aws.ToString(listed.Parameters[0].LastModifiedUser)).To(Equal("arn:aws:sts::123456789012:assumed-role/person/test"))
	_, err = c.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String(parameter)})
	h.g.Expect(err).NotTo(HaveOccurred())
	_, err = get(parameter)
	h.g.Expect(errors.As(err, &missing)).To(BeTrue())
}

func TestNamesAndValuesOfParametersAreChecked(t *testing.T) {
	for _, test := range []struct {
		in   ssm.PutParameterInput
		want string
	}{
		{ssm.PutParameterInput{Name: aws.String("no/leading/slash")}, "ValidationException"},
		{ssm.PutParameterInput{Name: aws.String("/a b")}, "ValidationException"},
		{ssm.PutParameterInput{Name: aws.String("/ssm/mine")}, "ValidationException"},
		{ssm.PutParameterInput{Name: aws.String("/aws/mine")}, "AccessDeniedException"},
		{ssm.PutParameterInput{Name: aws.String(strings.Repeat("/a", 16))}, "HierarchyLevelLimitExceededException"},
		{ssm.PutParameterInput{Name: aws.String("/" + strings.Repeat("a", 1000))}, "ValidationException"},
		{ssm.PutParameterInput{Name: aws.String("/a"), Value: aws.String(strings.Repeat("v", 4097))}, "ValidationException"},
		{ssm.PutParameterInput{Name: aws.String("/a"), Value: aws.String("{{b}}")}, "ValidationException"},
		{ssm.PutParameterInput{Name: aws.String("/a"), Type: "Number"}, "UnsupportedParameterType"},
		{ssm.PutParameterInput{Name: aws.String("/a"), AllowedPattern: aws.String(`^\d+$`)}, "ParameterPatternMismatchException"},
		{ssm.PutParameterInput{Name: aws.String("/a"), Value: aws.String(strings.Repeat("v", 5000)), Tier: ssmtypes.ParameterTierAdvanced}, ""},
		{ssm.PutParameterInput{Name: aws.String(" plain.name-1_x ")}, ""},
	} {
		h := newHarness(t, sim.Options{}, lambda.Function{})
		if test.in.Value == nil {
			test.in.Value = aws.String("v")
		}
		if test.in.Type == "" {
			test.in.Type = ssmtypes.ParameterTypeString
		}
		_, err := ssm.NewFromConfig(h.cfg).PutParameter(t.Context(), &test.in)
		h.g.Expect(code(err)).To(Equal(test.want), aws.ToString(test.in.Name))
		h.g.Expect(err == nil).To(Equal(test.want == ""))
	}
}

func TestAParameterIsNoPartOfTheApplicationsWorld(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	before := h.StateHash()
	_, err := put(t, ssm.NewFromConfig(h.cfg), "mine", false)
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(h.StateHash()).To(Equal(before))
	entries := h.Ledger().Entries(ledger.ByAction("ssm:PutParameter"))
	h.g.Expect(entries).To(HaveLen(1))
	h.g.Expect(entries[0].Class).To(Equal(ledger.Bookkeeping))
	h.g.Expect(entries[0].Resource).To(Equal("arn:aws:ssm:us-east-1:123456789012:parameter/team/owner"))
}

func TestParametersHaveQuotasPermissionsAndStaleReads(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	c := ssm.NewFromConfig(h.cfg)
	for i := range 3 {
		_, err := put(t, c, "v", i > 0)
		h.g.Expect(err).NotTo(HaveOccurred())
	}
	_, err := put(t, c, "v", true)
	h.g.Expect(code(err)).To(Equal("ThrottlingException"))
	h.pass(10 * time.Second)
	_, err = put(t, c, "new", true)
	h.g.Expect(err).NotTo(HaveOccurred())
	id := h.Faults().Add(faults.Rule{Action: "ssm:Get*", Effect: faults.Effect{Stale: 5 * time.Second}})
	out, err := c.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(parameter)})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(aws.ToString(out.Parameter.Value)).To(Equal("v"))
	h.Faults().Remove(id)
	p := iam.Policy{Statements: []iam.Statement{{
		Effect: "Allow", Actions: []string{"ssm:GetParameter"}, Resources: []string{"arn:aws:ssm:*:*:parameter/team/*"},
	}}}
	h.IAM().SetRolePolicy(h.IAM().RoleARN(role), &p)
	_, err = c.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(parameter)})
	h.g.Expect(err).NotTo(HaveOccurred())
	_, err = c.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/other")})
	h.g.Expect(code(err)).To(Equal("AccessDeniedException"))
	_, err = put(t, c, "stolen", true)
	h.g.Expect(code(err)).To(Equal("AccessDeniedException"))
}
