package approval

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	vap, vapBinding = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"
	mapp, mapBind   = "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"
)

// edit changes the spec of a policy or binding, without waiting for the API server to enforce it.
func edit(ctx context.Context, kind, name string, change func(spec map[string]any)) {
	GinkgoHelper()
	o := policy(kind, name)
	Expect(admin.Get(ctx, client.ObjectKeyFromObject(o), o)).To(Succeed())
	change(o.Object["spec"].(map[string]any))
	Expect(admin.Update(ctx, o)).To(Succeed())
}

func rule(spec map[string]any) map[string]any {
	return spec["matchConstraints"].(map[string]any)["resourceRules"].([]any)[0].(map[string]any)
}

// intactSince matches what is said when every policy is as shipped, and an approval counts ten seconds after a time.
func intactSince(seen time.Time) types.GomegaMatcher {
	return And(HaveField("Intact", true), HaveField("Message", ""), HaveField("SettledAt", seen.Add(10*time.Second)))
}

var _ = Describe("The presence check", func() {
	var (
		wall     *clocktesting.FakePassiveClock
		policies *AdmissionPolicies
		ns       string
	)
	installed := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	looked := installed.Add(time.Hour)

	BeforeEach(func(ctx SpecContext) {
		ns = namespace(ctx)
		wall = clocktesting.NewFakePassiveClock(installed)
		var err error
		policies, err = NewAdmissionPolicies(admin, admin, ns, wall, nil)
		Expect(err).NotTo(HaveOccurred())
		Expect(policies.Check(ctx)).To(intactSince(installed))
		wall.SetTime(looked)
	})

	const prefix = "no approval counts while the admission policies are not as shipped; install config/admission again: "

	DescribeTable("notices that", func(ctx SpecContext, tamper func(context.Context), want string) {
		DeferCleanup(install)
		tamper(ctx)
		Expect(policies.Check(ctx)).To(And(
			HaveField("Intact", false),
			HaveField("Message", prefix+want)))

		install(ctx)
		restored := looked.Add(time.Minute)
		wall.SetTime(restored)
		Expect(policies.Check(ctx)).To(intactSince(restored))
	},
		Entry("a policy was deleted", func(ctx context.Context) {
			Expect(admin.Delete(ctx, policy(vap, "authorize-approval"))).To(Succeed())
		}, "ValidatingAdmissionPolicy authorize-approval.runbook-operator.io is missing"),
		Entry("a binding was deleted", func(ctx context.Context) {
			Expect(admin.Delete(ctx, policy(vapBinding, "confirm-requester"))).To(Succeed())
		}, "ValidatingAdmissionPolicyBinding confirm-requester.runbook-operator.io is missing"),
		Entry("a match condition was added", func(ctx context.Context) {
			edit(ctx, vap, "authorize-approval", func(spec map[string]any) {
				spec["matchConditions"] = []any{map[string]any{"name": "not-mallory", "expression": "request.userInfo.username != 'mallory'"}}
			})
		}, "ValidatingAdmissionPolicy authorize-approval.runbook-operator.io differs in spec.matchConditions"),
		Entry("a validation was removed", func(ctx context.Context) {
			edit(ctx, vap, "authorize-approval", func(spec map[string]any) {
				spec["validations"] = spec["validations"].([]any)[:2]
			})
		}, "ValidatingAdmissionPolicy authorize-approval.runbook-operator.io differs in spec.validations"),
		Entry("a resource rule was narrowed", func(ctx context.Context) {
			edit(ctx, vap, "authorize-approval", func(spec map[string]any) {
				rule(spec)["resourceNames"] = []any{"harmless"}
			})
		}, "ValidatingAdmissionPolicy authorize-approval.runbook-operator.io differs in spec.matchConstraints"),
		Entry("the failure policy ignores errors", func(ctx context.Context) {
			edit(ctx, vap, "authorize-approval", func(spec map[string]any) { spec["failurePolicy"] = "Ignore" })
		}, "ValidatingAdmissionPolicy authorize-approval.runbook-operator.io differs in spec.failurePolicy"),
		Entry("the policy selects namespaces", func(ctx context.Context) {
			edit(ctx, vap, "authorize-approval", func(spec map[string]any) {
				spec["matchConstraints"].(map[string]any)["namespaceSelector"] = map[string]any{"matchLabels": map[string]any{"guarded": "yes"}}
			})
		}, "ValidatingAdmissionPolicy authorize-approval.runbook-operator.io differs in spec.matchConstraints"),
		Entry("other claims are recorded", func(ctx context.Context) {
			edit(ctx, vap, "authorize-approval", func(spec map[string]any) {
				spec["variables"].([]any)[0].(map[string]any)["expression"] = "['anything']"
			})
		}, "ValidatingAdmissionPolicy authorize-approval.runbook-operator.io differs in spec.variables"),
		Entry("a binding only audits", func(ctx context.Context) {
			edit(ctx, vapBinding, "authorize-approval", func(spec map[string]any) { spec["validationActions"] = []any{"Audit"} })
		}, "ValidatingAdmissionPolicyBinding authorize-approval.runbook-operator.io differs in spec.validationActions"),
		Entry("a binding selects namespaces", func(ctx context.Context) {
			edit(ctx, vapBinding, "authorize-approval", func(spec map[string]any) {
				spec["matchResources"] = map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]any{"guarded": "yes"}}}
			})
		}, "ValidatingAdmissionPolicyBinding authorize-approval.runbook-operator.io differs in spec.matchResources"),
		Entry("a binding excludes resources", func(ctx context.Context) {
			edit(ctx, vapBinding, "keep-spec", func(spec map[string]any) {
				spec["matchResources"] = map[string]any{"excludeResourceRules": []any{map[string]any{
					"apiGroups": []any{"*"}, "apiVersions": []any{"*"}, "resources": []any{"approvals"}, "operations": []any{"*"},
				}}}
			})
		}, "ValidatingAdmissionPolicyBinding keep-spec.runbook-operator.io differs in spec.matchResources"),
		Entry("a mutating policy fills in something else", func(ctx context.Context) {
			edit(ctx, mapp, "keep-approver", func(spec map[string]any) {
				spec["matchConditions"] = []any{map[string]any{"name": "never", "expression": "false"}}
			})
		}, "MutatingAdmissionPolicy keep-approver.runbook-operator.io differs in spec.matchConditions"),
		Entry("a policy is being deleted", func(ctx context.Context) {
			o := policy(vap, "keep-spec")
			Expect(admin.Get(ctx, client.ObjectKeyFromObject(o), o)).To(Succeed())
			o.SetFinalizers([]string{"example.com/held"})
			Expect(admin.Update(ctx, o)).To(Succeed())
			Expect(admin.Delete(ctx, o)).To(Succeed())
			DeferCleanup(func(ctx SpecContext) { Expect(release(ctx)).To(Succeed()) })
			Expect(policies.Check(ctx)).To(HaveField("Message", prefix+"ValidatingAdmissionPolicy keep-spec.runbook-operator.io is being deleted"))
			Expect(release(ctx)).To(Succeed())
		}, "ValidatingAdmissionPolicy keep-spec.runbook-operator.io is missing"),
	)

	DescribeTable("knows that what is as shipped again was not so all the time:", func(ctx SpecContext, tamper func(context.Context)) {
		DeferCleanup(install)
		tamper(ctx)
		install(ctx)
		Expect(policies.Check(ctx)).To(intactSince(looked))
	},
		Entry("a policy that was edited and restored", func(ctx context.Context) {
			edit(ctx, vap, "authorize-approval", func(spec map[string]any) { spec["failurePolicy"] = "Ignore" })
		}),
		Entry("a binding that was edited and restored", func(ctx context.Context) {
			edit(ctx, vapBinding, "authorize-approval", func(spec map[string]any) { spec["validationActions"] = []any{"Warn"} })
		}),
		Entry("a policy that was deleted and restored", func(ctx context.Context) {
			Expect(admin.Delete(ctx, policy(vap, "authorize-approval"))).To(Succeed())
		}),
		Entry("a binding that was deleted and restored", func(ctx context.Context) {
			Expect(admin.Delete(ctx, policy(vapBinding, "authorize-approval"))).To(Succeed())
		}),
		Entry("a mutating policy that was deleted and restored", func(ctx context.Context) {
			Expect(admin.Delete(ctx, policy(mapp, "stamp-approver"))).To(Succeed())
		}),
	)

	DescribeTable("knows since when who asked for a Remediation is confirmed, whatever becomes of the other policies:",
		func(ctx SpecContext, kind, name string, since time.Time) {
			DeferCleanup(install)
			edit(ctx, kind, name, func(spec map[string]any) { spec["failurePolicy"] = "Ignore" })
			install(ctx)
			Expect(policies.Check(ctx)).To(HaveField("RequestersSince", since))
		},
		Entry("the requester's", vap, "confirm-requester", looked),
		Entry("the one that fills it in", mapp, "stamp-requester", looked),
		Entry("the one that keeps it", mapp, "keep-requester", looked),
		Entry("the one that keeps specs", vap, "keep-spec", looked),
		Entry("the approver's", vap, "authorize-approval", installed),
	)

	It("does without the mutating policies, which Kubernetes has from 1.36 on", func(ctx SpecContext) {
		remove(ctx, mapBind, "stamp-approver", "keep-approver", "stamp-requester", "keep-requester")
		remove(ctx, mapp, "stamp-approver", "keep-approver", "stamp-requester", "keep-requester")
		Expect(policies.Check(ctx)).To(intactSince(installed))
	})

	It("remembers across restarts since when the policies are in force, and writes nothing meanwhile", func(ctx SpecContext) {
		record := &corev1.ConfigMap{}
		Expect(admin.Get(ctx, client.ObjectKey{Namespace: ns, Name: seenName}, record)).To(Succeed())
		Expect(record.Data).To(HaveLen(14))
		restarted, err := NewAdmissionPolicies(admin, admin, ns, wall, nil)
		Expect(err).NotTo(HaveOccurred())
		Expect(restarted.Check(ctx)).To(intactSince(installed))
		again := &corev1.ConfigMap{}
		Expect(admin.Get(ctx, client.ObjectKeyFromObject(record), again)).To(Succeed())
		Expect(again.ResourceVersion).To(Equal(record.ResourceVersion))
	})

	It("voids approvals rather than trusting them where its record is lost or cannot be read", func(ctx SpecContext) {
		record := &corev1.ConfigMap{}
		Expect(admin.Get(ctx, client.ObjectKey{Namespace: ns, Name: seenName}, record)).To(Succeed())
		for key := range record.Data {
			record.Data[key] = "{"
		}
		Expect(admin.Update(ctx, record)).To(Succeed())
		Expect(policies.Check(ctx)).To(intactSince(looked))

		Expect(admin.Delete(ctx, record)).To(Succeed())
		wall.SetTime(looked.Add(time.Hour))
		Expect(policies.Check(ctx)).To(intactSince(looked.Add(time.Hour)))
	})

	It("says nothing where it cannot read or record", func(ctx SpecContext) {
		blind, err := NewAdmissionPolicies(as(bob), admin, ns, wall, nil)
		Expect(err).NotTo(HaveOccurred())
		_, err = blind.Check(ctx)
		Expect(apierrors.IsForbidden(err)).To(BeTrue())

		mute, err := NewAdmissionPolicies(admin, as(bob), namespace(ctx), wall, nil)
		Expect(err).NotTo(HaveOccurred())
		_, err = mute.Check(ctx)
		Expect(err).To(MatchError(HavePrefix("recording since when the admission policies are in force: ")))
	})

	It("compares with other claims where the installation records others", func(ctx SpecContext) {
		others, err := NewAdmissionPolicies(admin, admin, ns, wall, []string{"example.com/employee"})
		Expect(err).NotTo(HaveOccurred())
		Expect(others.Check(ctx)).To(And(
			HaveField("Intact", false),
			HaveField("Message", ContainSubstring("authorize-approval.runbook-operator.io differs in spec.variables"))))
	})
})

// release lets the deletion of keep-spec go on, if it waits.
func release(ctx context.Context) error {
	o := policy(vap, "keep-spec")
	if err := admin.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
		return client.IgnoreNotFound(err)
	}
	if len(o.GetFinalizers()) == 0 {
		return nil
	}
	unstructured.RemoveNestedField(o.Object, "metadata", "finalizers")
	return admin.Update(ctx, o)
}
