package scene

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/config"
	"github.com/runbook-operator/runbook-operator/test/builder"
)

// The kinds of the admission policies, and the parts of their names before .runbook-operator.io.
const (
	Validating        = "ValidatingAdmissionPolicy"
	ValidatingBinding = "ValidatingAdmissionPolicyBinding"
	Mutating          = "MutatingAdmissionPolicy"
	MutatingBinding   = "MutatingAdmissionPolicyBinding"

	Authorize = "authorize-approval"
	Stamp     = "stamp-approver"
	Keep      = "keep-spec"
	Confirm   = "confirm-requester"
)

func policy(kind, name string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetAPIVersion("admissionregistration.k8s.io/v1")
	o.SetKind(kind)
	o.SetName(name + ".runbook-operator.io")
	return o
}

// Remove deletes an admission policy or binding, as an administrator of the cluster can.
func (s *Scene) Remove(kind, name string) {
	s.t.Helper()
	s.must("removing "+kind+" "+name, client.IgnoreNotFound(s.Admin.Delete(s.ctx, policy(kind, name))))
}

// Edit changes the spec of an admission policy or binding.
func (s *Scene) Edit(kind, name string, change func(spec map[string]any)) {
	s.t.Helper()
	o := policy(kind, name)
	s.must("reading "+kind+" "+name, s.Admin.Get(s.ctx, client.ObjectKeyFromObject(o), o))
	change(o.Object["spec"].(map[string]any))
	s.must("editing "+kind+" "+name, s.Admin.Update(s.ctx, o))
}

// Restore brings every admission policy and binding to what is shipped, and waits until the API server enforces them.
func (s *Scene) Restore() {
	s.t.Helper()
	s.must("restoring the admission policies", s.Replace())
	mallory := s.AsUser(nobody)
	me := &authenticationv1.SelfSubjectReview{}
	s.must("asking who an administrator is", s.Admin.Create(s.ctx, me))
	mine := func(p *v1alpha1.Person) bool { return p != nil && p.Username == me.Status.UserInfo.Username }
	s.Await("the admission policies are in force again", func(ctx context.Context) bool {
		a := builder.Approval(&v1alpha1.Remediation{}, func(a *v1alpha1.Approval) {
			a.Namespace, a.GenerateName = s.Namespace, "probe-"
			a.Spec.Action, a.Spec.PlanDigest = v1alpha1.ActionSetTimeout, "sha256:"+strings.Repeat("0", 64)
			a.Spec.RemediationRef = v1alpha1.UIDReference{Name: "any", UID: "any"}
		})
		honest := a.DeepCopy()
		asked := builder.Remediation(s.Namespace, func(r *v1alpha1.Remediation) {
			r.Name, r.GenerateName = "", "probe-"
			r.Spec.RequestedBy = &v1alpha1.Person{Username: Bob}
		})
		return apierrors.IsForbidden(mallory.Create(ctx, a, client.DryRunAll)) &&
			s.Admin.Create(ctx, honest, client.DryRunAll) == nil && mine(honest.Spec.Approver) &&
			s.Admin.Create(ctx, asked, client.DryRunAll) == nil && mine(asked.Spec.RequestedBy)
	})
	s.replaced = false
}

// Replace brings every admission policy and binding to what is shipped, and does not wait.
func (s *Scene) Replace() error {
	s.replaced = true
	shipped, err := config.AdmissionPolicies(nil)
	if err != nil {
		return err
	}
	for _, want := range shipped {
		live := &unstructured.Unstructured{}
		live.SetGroupVersionKind(want.GroupVersionKind())
		err := s.Admin.Get(s.ctx, client.ObjectKeyFromObject(want), live)
		switch {
		case apierrors.IsNotFound(err):
			err = s.Admin.Create(s.ctx, want.DeepCopy())
		case err == nil && !reflect.DeepEqual(live.Object["spec"], want.Object["spec"]):
			live.Object["spec"] = want.DeepCopy().Object["spec"]
			err = s.Admin.Update(s.ctx, live)
		}
		if err != nil {
			return fmt.Errorf("replacing %s %s: %w", want.GetKind(), want.GetName(), err)
		}
	}
	return nil
}

// Tampered says whether an admission policy or binding is not as it is shipped, or may not be in force as that yet.
func (s *Scene) Tampered() bool {
	s.t.Helper()
	if s.replaced {
		return true
	}
	shipped, err := config.AdmissionPolicies(nil)
	s.must("reading the shipped admission policies", err)
	for _, want := range shipped {
		live := &unstructured.Unstructured{}
		live.SetGroupVersionKind(want.GroupVersionKind())
		err := s.Admin.Get(s.ctx, client.ObjectKeyFromObject(want), live)
		s.must("reading an admission policy", client.IgnoreNotFound(err))
		if err != nil || !reflect.DeepEqual(live.Object["spec"], want.Object["spec"]) {
			return true
		}
	}
	return false
}

// Await polls in real time: the API server enforces a policy, or grants a right, a moment after it was written.
func (s *Scene) Await(what string, holds func(context.Context) bool) {
	s.t.Helper()
	err := wait.PollUntilContextTimeout(s.ctx, 10*time.Millisecond, 30*time.Second, true,
		func(ctx context.Context) (bool, error) { return holds(ctx), nil })
	s.must("waiting until "+what, err)
}

// Bound binds a policy's binding to another policy.
func (s *Scene) Bound(binding, toPolicy string) error {
	o := policy(ValidatingBinding, binding)
	o.Object["spec"] = map[string]any{"policyName": toPolicy + ".runbook-operator.io", "validationActions": []any{"Deny", "Audit"}}
	return s.Admin.Create(s.ctx, o)
}
