//go:build fault

package bounds

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
)

const (
	// finished is how many Incidents are over, and one in changedIn of them has its Remediation too.
	finished, changedIn = 10000, 10
	// applications that they are of.
	applications = 50
	// mostResident is how much memory the operator has with all of them, and mostEach how much of that one costs.
	mostResident, mostEach = 128 << 20, 6 << 10
	// history is the namespace of what is over.
	history = "history"
)

// life drives one incident to its end in a world of its own, and returns what is left of it.
func life(t *testing.T, e *env.Environment) (*v1alpha1.Incident, *v1alpha1.Remediation) {
	t.Helper()
	began := time.Now()
	defer func() { t.Logf("one life took %s", time.Since(began)) }()
	g, ctx := NewWithT(t), t.Context()
	f := e.NewFixture(t, env.Options{Controllers: controllers.All, Scenario: reactstocks.Throttling})
	f.Bind(alice, "runbook-operator-approver")
	f.InstallLibrary()
	g.Expect(f.Admin.Create(ctx, builder.AWSAccount())).To(Succeed())
	g.Expect(f.Admin.Create(ctx, builder.ServerlessApplication(f.Namespace))).To(Succeed())
	var rems v1alpha1.RemediationList
	list := func() bool {
		g.Expect(f.Admin.List(ctx, &rems, client.InNamespace(f.Namespace))).To(Succeed())
		return len(rems.Items) == 1
	}
	g.Expect(f.Driver.RunUntil(ctx, time.Hour, func() bool {
		return list() && conditions.Reason(rems.Items[0].Status.Conditions, v1alpha1.ConditionApproved) == v1alpha1.ReasonAwaitingApproval
	})).To(Succeed())
	person := e.As(t, rest.ImpersonationConfig{UserName: alice, Groups: []string{"system:authenticated"}})
	g.Expect(person.Create(ctx, builder.Approval(&rems.Items[0]))).To(Succeed())
	var incidents v1alpha1.IncidentList
	g.Expect(f.Driver.RunUntil(ctx, 2*time.Hour, func() bool {
		g.Expect(f.Admin.List(ctx, &incidents, client.InNamespace(f.Namespace))).To(Succeed())
		return len(incidents.Items) == 1 && conditions.IsTrue(incidents.Items[0].Status.Conditions, v1alpha1.ConditionResolved)
	})).To(Succeed())
	g.Expect(list()).To(BeTrue())
	incidents.Items[0].Spec.RequestedBy, rems.Items[0].Spec.RequestedBy = nil, nil // stamped anew
	return &incidents.Items[0], &rems.Items[0]
}

// archive is an API server in which statuses are created with their objects while it is filled.
type archive struct {
	*WithT
	t    *testing.T
	ctx  context.Context
	e    *env.Environment
	http *http.Client
}

// fill stores n copies of an object under other names and applications, with their statuses. It returns the size of one.
func (a *archive) fill(resource string, o client.Object, n int, change func(i int)) int {
	a.t.Helper()
	o.SetNamespace(history)
	o.SetUID("")
	o.SetResourceVersion("")
	o.SetGenerateName("")
	o.SetOwnerReferences(nil)
	o.SetFinalizers(nil)
	o.SetManagedFields(nil)
	address := strings.TrimSuffix(a.e.Config.Host, "/") + "/apis/runbook-operator.io/v1alpha1/namespaces/" + history + "/" + resource
	if !strings.HasPrefix(address, "http") {
		address = "https://" + address
	}
	bodies := make(chan []byte, 64)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for body := range bodies {
				response, err := a.http.Post(address, "application/json", bytes.NewReader(body))
				if err != nil {
					a.t.Errorf("storing: %v", err)
					continue
				}
				answer, _ := io.ReadAll(response.Body)
				_ = response.Body.Close()
				if response.StatusCode != http.StatusCreated {
					a.t.Errorf("storing: %s: %.500s", response.Status, answer)
				}
			}
		})
	}
	size := 0
	for i := range n {
		change(i)
		body, err := json.Marshal(o)
		must(a.t, "writing an object", err)
		size = len(body)
		bodies <- body
	}
	close(bodies)
	all.Wait()
	if a.t.Failed() {
		a.t.FailNow()
	}
	return size
}

// subresource turns the status subresource of a kind off or on: without it, an object is created with its status.
func (a *archive) subresource(resource string, on *apiextensionsv1.CustomResourceSubresources) *apiextensionsv1.CustomResourceSubresources {
	a.t.Helper()
	crd := &apiextensionsv1.CustomResourceDefinition{}
	scheme := a.e.Scheme
	must(a.t, "registering definitions", apiextensionsv1.AddToScheme(scheme))
	c, err := client.New(a.e.Config, client.Options{Scheme: scheme})
	must(a.t, "making a client", err)
	must(a.t, "reading a definition", c.Get(a.ctx, client.ObjectKey{Name: resource + ".runbook-operator.io"}, crd))
	was := crd.Spec.Versions[0].Subresources
	crd.Spec.Versions[0].Subresources = on
	must(a.t, "editing a definition", c.Update(a.ctx, crd))
	return was
}

// awaitStatus waits until an object is created with its status, or without it.
func (a *archive) awaitStatus(o client.Object, with bool, status func(client.Object) bool) {
	a.t.Helper()
	o = o.DeepCopyObject().(client.Object)
	o.SetNamespace(history)
	o.SetName("probe")
	o.SetOwnerReferences(nil)
	o.SetFinalizers(nil)
	a.Eventually(func() bool {
		probe := o.DeepCopyObject().(client.Object)
		probe.SetResourceVersion("")
		probe.SetUID("")
		return a.e.Admin.Create(a.ctx, probe, client.DryRunAll) == nil && status(probe) == with
	}).WithTimeout(30 * time.Second).WithPolling(100 * time.Millisecond).Should(BeTrue())
}

// versions returns the resourceVersion of everything of a kind in the archive.
func (a *archive) versions(kind string) map[string]string {
	a.t.Helper()
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind + "List"))
	must(a.t, "listing", a.e.Admin.List(a.ctx, list, client.InNamespace(history)))
	out := map[string]string{}
	for _, o := range list.Items {
		out[o.Name] = o.ResourceVersion
	}
	return out
}

// settled starts the operator, waits until it has read everything and followed alarms for a while, and returns what it
// needs of memory.
func (a *archive) settled(endpoint string) (resident, most int, c *child) {
	a.t.Helper()
	cfg := a.e.OperatorConfig
	c = startChild(a.t, orders{
		Host: cfg.Host, CA: cfg.CAData, Token: cfg.BearerToken, Namespace: env.SystemNamespace, Endpoint: endpoint,
		Level: "error", Epoch: time.Now(), Factor: 10,
	})
	reconciled := func() float64 {
		return sum(c.measured(a.t), `controller_runtime_reconcile_total{controller="incident"`)
	}
	a.Eventually(reconciled).WithTimeout(time.Minute).WithPolling(200*time.Millisecond).Should(BeNumerically(">=", len(a.versions("Incident"))), "%s", c.said(a.t))
	polled := func() float64 {
		return sum(c.measured(a.t), `controller_runtime_reconcile_total{controller="detection"`)
	}
	began := polled()
	a.Eventually(polled).WithTimeout(time.Minute).WithPolling(200*time.Millisecond).Should(BeNumerically(">", began+3), "%s", c.said(a.t))
	return c.memory(a.t, "VmRSS"), c.memory(a.t, "VmHWM"), c
}

func TestTenThousandFinishedIncidentsCostBoundedMemory(t *testing.T) {
	e := env.Start(t)
	inc, rem := life(t, e)
	a := &archive{WithT: NewWithT(t), t: t, ctx: t.Context(), e: e}
	var err error
	a.http, err = rest.HTTPClientFor(e.Config)
	must(t, "making an HTTP client", err)

	world, err := reactstocks.New(t.Context(), sim.Options{Seed: 7, Start: time.Now()}, reactstocks.Steady)
	must(t, "making the simulated AWS", err)
	endpoint, stop, err := world.Start("127.0.0.1:0")
	must(t, "starting the simulated AWS", err)
	t.Cleanup(stop)
	must(t, "making a namespace", e.Admin.Create(a.ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: history, Labels: map[string]string{"team": "react-stocks"}}}))
	must(t, "making a Runbook", e.Admin.Create(a.ctx, builder.Runbook(history)))
	for i := range applications {
		must(t, "making an application", e.Admin.Create(a.ctx, builder.ServerlessApplication(history, func(o *v1alpha1.ServerlessApplication) {
			o.Name = fmt.Sprintf("app-%d", i)
		})))
	}
	without, _, c := a.settled(endpoint)
	t.Logf("without anything finished: %d MiB resident", without>>20)
	heapWithout := c.metric(t, "go_memstats_heap_alloc_bytes")
	c.stop()

	began := time.Now()
	for _, kind := range []struct {
		resource string
		object   client.Object
		n        int
		change   func(i int)
		status   func(client.Object) bool
	}{
		{"incidents", inc, finished, func(i int) {
			inc.Spec.ApplicationRef.Name = fmt.Sprintf("app-%d", i%applications)
			inc.Name = fmt.Sprintf("app-%d-%d", i%applications, i)
		}, func(o client.Object) bool { return len(o.(*v1alpha1.Incident).Status.Conditions) > 0 }},
		{"remediations", rem, finished / changedIn, func(i int) {
			rem.Spec.ApplicationRef.Name = fmt.Sprintf("app-%d", i%applications)
			rem.Name = fmt.Sprintf("app-%d-%d-1", i%applications, i)
		}, func(o client.Object) bool { return len(o.(*v1alpha1.Remediation).Status.Conditions) > 0 }},
	} {
		was := a.subresource(kind.resource, nil)
		a.awaitStatus(kind.object, true, kind.status)
		size := a.fill(kind.resource, kind.object, kind.n, kind.change)
		a.subresource(kind.resource, was)
		a.awaitStatus(kind.object, false, kind.status)
		t.Logf("%d %s of %d bytes each are stored after %s", kind.n, kind.resource, size, time.Since(began))
	}
	for i := range applications {
		must(t, "opening an Incident", e.Admin.Create(a.ctx, builder.Incident(history, func(o *v1alpha1.Incident) {
			o.Name, o.Spec.ApplicationRef.Name = fmt.Sprintf("open-%d", i), fmt.Sprintf("app-%d", i)
		})))
	}
	before := a.versions("Incident")
	a.Expect(before).To(HaveLen(finished + applications))
	remsBefore := a.versions("Remediation")

	resident, most, c := a.settled(endpoint)
	heap := c.metric(t, "go_memstats_heap_alloc_bytes")
	t.Logf("without: %d MiB resident, heap %.0f MiB; with %d finished Incidents: %d MiB resident, at most %d MiB, heap %.0f MiB; %d bytes of resident memory each",
		without>>20, heapWithout/(1<<20), finished, resident>>20, most>>20, heap/(1<<20), (resident-without)/finished)
	c.stop()
	a.Expect(resident).To(BeNumerically("<=", mostResident))
	a.Expect((resident - without) / finished).To(BeNumerically("<=", mostEach))

	after := a.versions("Incident")
	for name, version := range before {
		if name[:4] == "app-" {
			a.Expect(after[name]).To(Equal(version), "nobody wrote %s", name)
		}
	}
	a.Expect(a.versions("Remediation")).To(Equal(remsBefore))
}
