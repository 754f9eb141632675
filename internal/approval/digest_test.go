package approval

import (
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// childVariable makes the test binary print the digest of the example and leave.
const childVariable = "APPROVAL_TEST_PRINT_DIGEST"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		fmt.Print(Digest(examplePlan(), planUID))
		return
	}
	os.Exit(m.Run())
}

func TestTheDigestIsTheOneOfTheGoldenVector(t *testing.T) {
	g := NewWithT(t)
	form, err := os.ReadFile("testdata/plan.canonical.json")
	g.Expect(err).NotTo(HaveOccurred())
	digest, err := os.ReadFile("testdata/plan.digest")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(canonical(examplePlan(), planUID))).To(Equal(strings.TrimSuffix(string(form), "\n")))
	g.Expect(Digest(examplePlan(), planUID)).To(Equal(strings.TrimSpace(string(digest))))
}

// undigested are the members of a plan that its digest leaves out.
var undigested = []string{"Digest", "Summary", "Warnings", "Cost", "BlastRadius", "Replaces", "PlannedAt", "ExpiresAt"}

func TestEveryDigestedLeafChangesTheDigestAndNoOtherFieldDoes(t *testing.T) {
	g := NewWithT(t)
	digest := Digest(examplePlan(), planUID)
	count := len(leaves(reflect.ValueOf(ptr.To(examplePlan())).Elem(), ""))
	g.Expect(count).To(BeNumerically(">", 30), "the example must have something in every field")
	for i := range count {
		plan := examplePlan()
		leaf := leaves(reflect.ValueOf(&plan).Elem(), "")[i]
		change(t, leaf.value)
		if slices.Contains(undigested, strings.SplitN(leaf.path, ".", 2)[0]) {
			g.Expect(Digest(plan, planUID)).To(Equal(digest), "%s is not part of the digest", leaf.path)
			g.Expect(SameContent(examplePlan(), plan)).To(BeTrue(), leaf.path)
			continue
		}
		g.Expect(Digest(plan, planUID)).NotTo(Equal(digest), "%s is part of the digest", leaf.path)
		g.Expect(SameContent(examplePlan(), plan)).To(Equal(leaf.path == "Number"), leaf.path)
	}
	g.Expect(Digest(examplePlan(), planUID+"0")).NotTo(Equal(digest), "the Remediation's UID is part of the digest")
}

type leaf struct {
	path  string
	value reflect.Value
}

// leaves returns every value of a plan that is not made of others; a list is one too, as its length can change.
func leaves(v reflect.Value, path string) []leaf {
	if v.Type() == reflect.TypeFor[metav1.Time]() {
		return []leaf{{path, v}}
	}
	var all []leaf
	switch v.Kind() {
	case reflect.Pointer:
		return append([]leaf{{path, v}}, leaves(v.Elem(), path+".*")...)
	case reflect.Slice:
		all = append(all, leaf{path, v})
		for i := range v.Len() {
			all = append(all, leaves(v.Index(i), fmt.Sprintf("%s.%d", path, i))...)
		}
		return all
	case reflect.Struct:
		for i := range v.NumField() {
			all = append(all, leaves(v.Field(i), strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."))...)
		}
		return all
	}
	return []leaf{{path, v}}
}

func change(t *testing.T, v reflect.Value) {
	t.Helper()
	switch {
	case v.Type() == reflect.TypeFor[metav1.Time]():
		v.Set(reflect.ValueOf(metav1.NewTime(planned.Add(time.Hour))))
	case v.Kind() == reflect.Pointer:
		v.SetZero()
	case v.Kind() == reflect.Slice:
		v.SetLen(v.Len() - 1)
	case v.Kind() == reflect.String:
		v.SetString(v.String() + "x")
	case v.CanInt():
		v.SetInt(v.Int() + 1)
	default:
		t.Fatalf("a plan has a %s: say here how to change it", v.Type())
	}
}

func TestNoValueAndAnEmptyValueAreDifferentContents(t *testing.T) {
	g := NewWithT(t)
	none, empty := examplePlan(), examplePlan()
	none.Calls[0].Inverse.Writes[0].Value = nil
	empty.Calls[0].Inverse.Writes[0].Value = ptr.To("")
	g.Expect(SameContent(none, empty)).To(BeFalse())
}

func TestTheOrderOfFieldsAndAlarmsDoesNotMatterAndThatOfCallsDoes(t *testing.T) {
	g := NewWithT(t)
	one, other := examplePlan(), examplePlan()
	slices.Reverse(other.Calls[0].Before)
	slices.Reverse(other.Verification.Alarms)
	g.Expect(Digest(other, planUID)).To(Equal(Digest(one, planUID)))
	g.Expect(other.Verification.Alarms[0]).To(Equal("react-stocks-throttles"), "the plan itself stays as it is")

	second := one.Calls[0]
	second.Observe = "GetFunctionConfiguration"
	one.Calls = []v1alpha1.PlannedCall{one.Calls[0], second}
	other = one
	other.Calls = []v1alpha1.PlannedCall{one.Calls[1], one.Calls[0]}
	g.Expect(Digest(other, planUID)).NotTo(Equal(Digest(one, planUID)))
}

func TestAbsentAndEmptyListsAreTheSameContent(t *testing.T) {
	g := NewWithT(t)
	absent, empty := examplePlan(), examplePlan()
	absent.Verification.Alarms, absent.Calls[0].Before = nil, nil
	empty.Verification.Alarms, empty.Calls[0].Before = []string{}, []v1alpha1.Field{}
	g.Expect(SameContent(absent, empty)).To(BeTrue())
}

func TestAnotherProcessInAnotherTimeZoneComputesTheSameDigest(t *testing.T) {
	g := NewWithT(t)
	for _, zone := range []string{"Asia/Tokyo", "America/Los_Angeles"} {
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = []string{childVariable + "=1", "TZ=" + zone, "LANG=tr_TR.UTF-8"}
		output, err := child.Output()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(output)).To(Equal(Digest(examplePlan(), planUID)))
	}
	plan := examplePlan()
	plan.PlannedAt = metav1.NewTime(planned.In(time.FixedZone("JST", 9*3600)))
	g.Expect(Digest(plan, planUID)).To(Equal(Digest(examplePlan(), planUID)))
}

func TestAPlanThatComesBackAfterAnotherHasANewDigest(t *testing.T) {
	g := NewWithT(t)
	a, b, again := examplePlan(), examplePlan(), examplePlan()
	b.Number, b.Calls[0].Before[0].Value = 4, ptr.To("12")
	again.Number = 5
	g.Expect(SameContent(a, b)).To(BeFalse())
	g.Expect(SameContent(a, again)).To(BeTrue())
	g.Expect(Digest(again, planUID)).NotTo(Equal(Digest(a, planUID)), "a voided approval never becomes valid again")
}
