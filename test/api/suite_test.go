// Package api asks a real API server what it makes of the kinds of the group: which objects it takes, and what it tells
// a person whose object it does not take. It must not look into a controller.
package api

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/test/env"
)

// namespace that the specs of this package work in.
const namespace = "api"

var environment *env.Environment

func TestAPI(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "The API")
}

var _ = BeforeSuite(func() {
	environment = env.Start(GinkgoTB())
	Expect(environment.Admin.Create(context.Background(), &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{Name: namespace},
	})).To(Succeed())
	// The policies that stamp a person learn of new kinds a moment after the API server has them.
	for _, kind := range []string{"Approval", "Incident", "Remediation"} {
		Eventually(func() error {
			return environment.Admin.Create(context.Background(), valid(kind), client.DryRunAll)
		}).WithTimeout(time.Minute).Should(Succeed(), kind)
	}
})

// untyped returns an object as a person writes it: nothing of it is lost where the Go type has no place for it.
func untyped(o client.Object) *unstructured.Unstructured {
	GinkgoHelper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	Expect(err).NotTo(HaveOccurred())
	delete(content, "status")
	u := &unstructured.Unstructured{Object: content}
	u.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(reflect.TypeOf(o).Elem().Name()))
	return u
}

// absent takes a field out of an object.
type absent struct{}

// set sets the field of an object at a path such as spec.grants[0].roleARN. The index after the last appends.
func set(u *unstructured.Unstructured, path string, value any) {
	GinkgoHelper()
	var steps []any
	for part := range strings.SplitSeq(path, ".") {
		name, index, found := strings.Cut(part, "[")
		steps = append(steps, name)
		if found {
			i, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
			Expect(err).NotTo(HaveOccurred(), "path %s", path)
			steps = append(steps, i)
		}
	}
	u.Object, _ = replaced(u.Object, steps, value).(map[string]any)
	Expect(u.Object).NotTo(BeNil())
}

func replaced(at any, steps []any, value any) any {
	if len(steps) == 0 {
		return value
	}
	switch step := steps[0].(type) {
	case string:
		members, ok := at.(map[string]any)
		if !ok {
			members = map[string]any{}
		}
		members[step] = replaced(members[step], steps[1:], value)
		if _, ok := members[step].(absent); ok {
			delete(members, step)
		}
		return members
	case int:
		items, _ := at.([]any)
		if step == len(items) {
			items = append(items, nil)
		}
		items[step] = replaced(items[step], steps[1:], value)
		return items
	}
	panic(fmt.Sprintf("step %v", steps[0]))
}
