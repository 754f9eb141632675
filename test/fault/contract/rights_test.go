//go:build fault

package contract

import (
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/runbook-operator/runbook-operator/hack/cluster"
	"github.com/runbook-operator/runbook-operator/internal/operator"
)

// right is one verb on one resource that a shipped role gives to the operator.
type right struct{ role, group, resource, verb, name string }

func (r right) String() string {
	text := fmt.Sprintf("%s %s", r.verb, r.resource)
	if r.group != "" {
		text += "." + r.group
	}
	if r.name != "" {
		text += " " + r.name
	}
	return text + " (" + r.role + ")"
}

// allows says whether the right lets a request through. Whoever lists a kind reads it, so that a right to get it gives
// nothing more.
func (r right) allows(q request) bool {
	verb := r.verb == q.verb || r.verb == "get" && q.verb == "list"
	return r.group == q.group && r.resource == q.resource && verb && (r.name == "" || r.name == q.name)
}

// rights reads every right that the shipped bindings give to the operator's account.
func rights() ([]right, error) {
	objects, err := cluster.Manifests("config", "rbac")
	if err != nil {
		return nil, err
	}
	bound := map[string]bool{}
	for _, o := range objects {
		var binding rbacv1.RoleBinding // a ClusterRoleBinding has the same fields
		if !strings.HasSuffix(o.GetKind(), "RoleBinding") {
			continue
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &binding); err != nil {
			return nil, err
		}
		for _, s := range binding.Subjects {
			if s.Kind == rbacv1.ServiceAccountKind && s.Name == operator.Name {
				bound[binding.RoleRef.Kind+" "+binding.RoleRef.Name] = true
			}
		}
	}
	var all []right
	for _, o := range objects {
		key := o.GetKind() + " " + o.GetName()
		var role rbacv1.ClusterRole // a Role has the same rules
		if !bound[key] {
			continue
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &role); err != nil {
			return nil, err
		}
		for _, rule := range role.Rules {
			all = append(all, expand(key, rule)...)
		}
	}
	return all, nil
}

func expand(role string, rule rbacv1.PolicyRule) (all []right) {
	names := rule.ResourceNames
	if len(names) == 0 {
		names = []string{""}
	}
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				for _, name := range names {
					all = append(all, right{role, group, resource, verb, name})
				}
			}
		}
	}
	return all
}

// unused returns the rights that no request used.
func unused(all []right, seen []request) []right {
	return slices.DeleteFunc(slices.Clone(all), func(r right) bool { return slices.ContainsFunc(seen, r.allows) })
}
