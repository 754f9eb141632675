package sim_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lm "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
)

// config reads a version's configuration through the SDK.
func (h *harness) config(qualifier string) *lm.GetFunctionConfigurationOutput {
	in := &lm.GetFunctionConfigurationInput{FunctionName: aws.String(function)}
	if qualifier != "" {
		in.Qualifier = aws.String(qualifier)
	}
	out, err := h.lambda.GetFunctionConfiguration(h.t.Context(), in)
	h.g.Expect(err).NotTo(HaveOccurred())
	return out
}

// update changes the configuration through the SDK.
func (h *harness) update(in *lm.UpdateFunctionConfigurationInput) error {
	in.FunctionName = aws.String(function)
	_, err := h.lambda.UpdateFunctionConfiguration(h.t.Context(), in)
	return err
}

func TestAnUpdateIsAsynchronousAndMovesTheRevisionTwice(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	before := h.config("")
	h.g.Expect(before.LastUpdateStatus).To(Equal(types.LastUpdateStatusSuccessful))
	h.g.Expect(h.update(&lm.UpdateFunctionConfigurationInput{Timeout: aws.Int32(60), RevisionId: before.RevisionId})).To(Succeed())

	during := h.config("")
	h.g.Expect(during.LastUpdateStatus).To(Equal(types.LastUpdateStatusInProgress))
	h.g.Expect(during.State).To(Equal(types.StateActive))
	h.g.Expect(aws.ToInt32(during.Timeout)).To(BeEquivalentTo(60))
	h.g.Expect(during.RevisionId).NotTo(Equal(before.RevisionId))
	err := h.update(&lm.UpdateFunctionConfigurationInput{Timeout: aws.Int32(61)})
	var conflict *types.ResourceConflictException
	h.g.Expect(errors.As(err, &conflict)).To(BeTrue())
	h.g.Expect(status(err)).To(Equal(http.StatusConflict))
	h.g.Expect(aws.ToString(conflict.Message)).To(Equal("The operation cannot be performed at this time. An update is in progress for resource: " + h.FunctionARN(function)))
	_, err = h.lambda.PublishVersion(t.Context(), &lm.PublishVersionInput{FunctionName: aws.String(function)})
	h.g.Expect(code(err)).To(Equal("ResourceConflictException"))

	h.g.Expect(h.Next()).To(Equal(start.Add(4 * time.Second)))
	h.AdvanceTo(h.Next())
	after := h.config("")
	h.g.Expect(after.LastUpdateStatus).To(Equal(types.LastUpdateStatusSuccessful))
	h.g.Expect(after.RevisionId).NotTo(Equal(during.RevisionId))
	err = h.update(&lm.UpdateFunctionConfigurationInput{Timeout: aws.Int32(61), RevisionId: during.RevisionId})
	var stale *types.PreconditionFailedException
	h.g.Expect(errors.As(err, &stale)).To(BeTrue())
	h.g.Expect(status(err)).To(Equal(http.StatusPreconditionFailed))
	h.g.Expect(aws.ToInt32(h.config("").Timeout)).To(BeEquivalentTo(60))
	h.g.Expect(h.update(&lm.UpdateFunctionConfigurationInput{Timeout: aws.Int32(61), RevisionId: after.RevisionId})).To(Succeed())
}

func TestValuesOutsideTheirRangesAreRefused(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	for name, in := range map[string]*lm.UpdateFunctionConfigurationInput{
		"timeout 0":     {Timeout: aws.Int32(0)},
		"timeout 901":   {Timeout: aws.Int32(901)},
		"memory 127":    {MemorySize: aws.Int32(127)},
		"memory 10241":  {MemorySize: aws.Int32(10241)},
		"ephemeral 511": {EphemeralStorage: &types.EphemeralStorage{Size: aws.Int32(511)}},
		"environment":   {Environment: &types.Environment{Variables: map[string]string{"AA": string(make([]byte, 5000))}}},
		"unserved":      {Layers: []string{"arn:aws:lambda:us-east-1:123456789012:layer:x:1"}},
	} {
		h.g.Expect(code(h.update(in))).To(Or(Equal("ValidationException"), Equal("InvalidParameterValueException")), name)
	}
	h.g.Expect(code(h.reserve(-1))).To(Equal("ValidationException"))
	h.g.Expect(h.Ledger().Count(ledger.Changed())).To(BeZero())
	h.g.Expect(h.update(&lm.UpdateFunctionConfigurationInput{Timeout: aws.Int32(900), MemorySize: aws.Int32(10240)})).To(Succeed())
}

func TestReservedConcurrencyKeepsTheAccountsFloor(t *testing.T) {
	h := newHarness(t, sim.Options{ConcurrentExecutions: 50, UnreservedFloor: 10}, lambda.Function{})
	h.PutFunction(lambda.Function{Name: "neighbour", MemorySize: 128, Timeout: 3, Code: "n", ReservedConcurrency: aws.Int32(15)})
	h.g.Expect(h.reserve(25)).To(Succeed(), "50 - 15 - 25 leaves the floor")
	err := h.reserve(26)
	h.g.Expect(err).To(MatchError(ContainSubstring("below its minimum value of [10]")))
	settings, err := h.lambda.GetAccountSettings(t.Context(), &lm.GetAccountSettingsInput{})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(settings.AccountLimit.ConcurrentExecutions).To(BeEquivalentTo(50))
	h.g.Expect(aws.ToInt32(settings.AccountLimit.UnreservedConcurrentExecutions)).To(BeEquivalentTo(10))
	h.g.Expect(settings.AccountUsage.FunctionCount).To(BeEquivalentTo(2))
	h.g.Expect(h.reserve(0)).To(Succeed(), "zero stops the function")
	h.g.Expect(h.reserved()).To(BeZero())
	_, err = h.lambda.DeleteFunctionConcurrency(t.Context(), &lm.DeleteFunctionConcurrencyInput{FunctionName: aws.String(function)})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(h.reserved()).To(BeEquivalentTo(-1))
	h.SetConcurrencyLimit(2000)
	h.g.Expect(h.reserve(1900)).To(Succeed())
}

func TestPublishingFreezesLatestOnceAndOnConditions(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{Name: function, MemorySize: 512, Timeout: 30, Code: "v1", Alias: "live"})
	publish := func(in *lm.PublishVersionInput) (*lm.PublishVersionOutput, error) {
		in.FunctionName = aws.String(function)
		return h.lambda.PublishVersion(t.Context(), in)
	}
	same, err := publish(&lm.PublishVersionInput{})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(aws.ToString(same.Version)).To(Equal("1"), "nothing changed since version 1")
	_, err = h.lambda.UpdateFunctionCode(t.Context(), &lm.UpdateFunctionCodeInput{FunctionName: aws.String(function), ZipFile: []byte("v2")})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.pass(5 * time.Second)
	latest := h.config("")
	h.g.Expect(latest.CodeSha256).NotTo(Equal(same.CodeSha256))
	_, err = publish(&lm.PublishVersionInput{CodeSha256: same.CodeSha256})
	h.g.Expect(code(err)).To(Equal("InvalidParameterValueException"))
	_, err = publish(&lm.PublishVersionInput{RevisionId: aws.String("old")})
	h.g.Expect(code(err)).To(Equal("PreconditionFailedException"))
	next, err := publish(&lm.PublishVersionInput{CodeSha256: latest.CodeSha256, RevisionId: latest.RevisionId})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(aws.ToString(next.Version)).To(Equal("2"))
	h.g.Expect(h.config("1").CodeSha256).To(Equal(same.CodeSha256))
	h.g.Expect(h.config("live").CodeSha256).To(Equal(same.CodeSha256))
	versions, err := h.lambda.ListVersionsByFunction(t.Context(), &lm.ListVersionsByFunctionInput{FunctionName: aws.String(function)})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(versions.Versions).To(HaveLen(3))
	h.g.Expect(aws.ToString(versions.Versions[0].Version)).To(Equal("$LATEST"))
}

func TestAnAliasSplitsCallsBetweenTwoVersionsAndKeepsARevision(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{Name: function, MemorySize: 512, Timeout: 30, Code: "v1", Alias: "live"})
	h.g.Expect(h.update(&lm.UpdateFunctionConfigurationInput{Timeout: aws.Int32(60)})).To(Succeed())
	h.pass(5 * time.Second)
	_, err := h.lambda.PublishVersion(t.Context(), &lm.PublishVersionInput{FunctionName: aws.String(function)})
	h.g.Expect(err).NotTo(HaveOccurred())
	get := func() *lm.GetAliasOutput {
		out, err := h.lambda.GetAlias(t.Context(), &lm.GetAliasInput{FunctionName: aws.String(function), Name: aws.String("live")})
		h.g.Expect(err).NotTo(HaveOccurred())
		return out
	}
	update := func(in *lm.UpdateAliasInput) error {
		in.FunctionName, in.Name = aws.String(function), aws.String("live")
		_, err := h.lambda.UpdateAlias(t.Context(), in)
		return err
	}
	weights := func(version string, weight float64) *types.AliasRoutingConfiguration {
		return &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{version: weight}}
	}
	before := get()
	h.g.Expect(update(&lm.UpdateAliasInput{RoutingConfig: weights("2", 0.1), RevisionId: before.RevisionId})).To(Succeed())
	h.g.Expect(get().RoutingConfig.AdditionalVersionWeights).To(HaveKeyWithValue("2", 0.1))
	h.g.Expect(code(update(&lm.UpdateAliasInput{FunctionVersion: aws.String("2"), RevisionId: before.RevisionId}))).To(Equal("PreconditionFailedException"))
	h.g.Expect(code(update(&lm.UpdateAliasInput{RoutingConfig: weights("$LATEST", 0.1)}))).To(Equal("InvalidParameterValueException"))
	h.g.Expect(code(update(&lm.UpdateAliasInput{RoutingConfig: weights("2", 1.5)}))).To(Equal("ValidationException"))
	h.g.Expect(code(update(&lm.UpdateAliasInput{FunctionVersion: aws.String("9")}))).To(Equal("ResourceNotFoundException"))
	h.g.Expect(update(&lm.UpdateAliasInput{FunctionVersion: aws.String("2"), RoutingConfig: &types.AliasRoutingConfiguration{}})).To(Succeed())
	h.g.Expect(get().RoutingConfig).To(BeNil())
	h.g.Expect(aws.ToInt32(h.config("live").Timeout)).To(BeEquivalentTo(60))
	_, err = h.lambda.CreateAlias(t.Context(), &lm.CreateAliasInput{FunctionName: aws.String(function), Name: aws.String("live"), FunctionVersion: aws.String("1")})
	h.g.Expect(code(err)).To(Equal("ResourceConflictException"))
	_, err = h.lambda.CreateAlias(t.Context(), &lm.CreateAliasInput{FunctionName: aws.String(function), Name: aws.String("canary"), FunctionVersion: aws.String("1")})
	h.g.Expect(err).NotTo(HaveOccurred())
	all, err := h.lambda.ListAliases(t.Context(), &lm.ListAliasesInput{FunctionName: aws.String(function), FunctionVersion: aws.String("1")})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(all.Aliases).To(HaveLen(1))
	_, err = h.lambda.GetAlias(t.Context(), &lm.GetAliasInput{FunctionName: aws.String(function), Name: aws.String("none")})
	h.g.Expect(err).To(MatchError(ContainSubstring("Cannot find alias arn: " + h.FunctionARN(function) + ":none")))
}

func TestGetFunctionAnswersSecretsAndAPresignedURL(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{
		Name: function, MemorySize: 512, Timeout: 30, Code: "v1",
		Environment: map[string]string{"KEY": "canary"}, Tags: map[string]string{"app": "orders", "aws:cloudformation:stack-name": "s"},
	})
	out, err := h.lambda.GetFunction(t.Context(), &lm.GetFunctionInput{FunctionName: aws.String(function)})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(out.Configuration.Environment.Variables).To(HaveKeyWithValue("KEY", "canary"))
	h.g.Expect(aws.ToString(out.Code.Location)).To(ContainSubstring("X-Amz-Signature="))
	h.g.Expect(out.Tags).To(HaveKeyWithValue("aws:cloudformation:stack-name", "s"))
	h.g.Expect(out.Concurrency).To(BeNil())
}

func TestTagsAreReadAndChangedByARN(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	arn := aws.String(h.FunctionARN(function))
	_, err := h.lambda.TagResource(t.Context(), &lm.TagResourceInput{Resource: arn, Tags: map[string]string{"a": "1", "b": "2"}})
	h.g.Expect(err).NotTo(HaveOccurred())
	_, err = h.lambda.UntagResource(t.Context(), &lm.UntagResourceInput{Resource: arn, TagKeys: []string{"a", "c"}})
	h.g.Expect(err).NotTo(HaveOccurred())
	out, err := h.lambda.ListTags(t.Context(), &lm.ListTagsInput{Resource: arn})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(out.Tags).To(Equal(map[string]string{"b": "2"}))
	_, err = h.lambda.TagResource(t.Context(), &lm.TagResourceInput{Resource: arn, Tags: map[string]string{"aws:x": "1"}})
	h.g.Expect(code(err)).To(Equal("InvalidParameterValueException"))
}

func TestListsComeInPages(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	for _, name := range []string{"a", "b", "c", "d"} {
		h.PutFunction(lambda.Function{Name: name, MemorySize: 128, Timeout: 3, Code: name, Alias: "live"})
	}
	var names []string
	pages := lm.NewListFunctionsPaginator(h.lambda, &lm.ListFunctionsInput{MaxItems: aws.Int32(2)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		h.g.Expect(err).NotTo(HaveOccurred())
		for _, f := range out.Functions {
			names = append(names, aws.ToString(f.FunctionName))
		}
	}
	h.g.Expect(names).To(Equal([]string{"a", "b", "c", "d", function}))
	all, err := h.lambda.ListFunctions(t.Context(), &lm.ListFunctionsInput{FunctionVersion: types.FunctionVersionAll})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(all.Functions).To(HaveLen(9))
	_, err = h.lambda.ListFunctions(t.Context(), &lm.ListFunctionsInput{Marker: aws.String("nonsense")})
	h.g.Expect(code(err)).To(Equal("InvalidParameterValueException"))
	h.RemoveFunction("a")
	_, err = h.lambda.GetFunction(t.Context(), &lm.GetFunctionInput{FunctionName: aws.String("a")})
	h.g.Expect(code(err)).To(Equal("ResourceNotFoundException"))
}

// "Lambda returns tag data only if you have explicit allow permissions for lambda:ListTags" (AWS Lambda API Reference,
// GetFunction).
func TestGetFunctionShowsTagsOnlyToWhomMayListThem(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{Name: function, MemorySize: 512, Timeout: 30, Tags: map[string]string{"app": "shop"}})
	get := func() *lm.GetFunctionOutput {
		out, err := h.lambda.GetFunction(t.Context(), &lm.GetFunctionInput{FunctionName: aws.String(function)})
		h.g.Expect(err).NotTo(HaveOccurred())
		return out
	}
	h.g.Expect(get().Tags).To(HaveKeyWithValue("app", "shop"))
	h.g.Expect(get().TagsError).To(BeNil())

	policy := iam.Allow("lambda:GetFunction")
	h.IAM().SetRolePolicy(h.IAM().RoleARN(role), &policy)
	h.g.Expect(get().Tags).To(BeEmpty())
	h.g.Expect(aws.ToString(get().TagsError.ErrorCode)).To(Equal("AccessDeniedException"))
	h.g.Expect(aws.ToString(get().TagsError.Message)).To(ContainSubstring("lambda:ListTags"))
}
