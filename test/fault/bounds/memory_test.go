//go:build fault

package bounds

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/uuid"
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
	// mostResident is how much memory the operator ever has with all of them, three quarters of its limit (config/manager),
	// and mostEach how much one costs that it goes on remembering.
	mostResident, mostEach = 384 << 20, 8 << 10
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
	return &incidents.Items[0], &rems.Items[0]
}

// archive is an API server whose store is filled behind its back, with copies of what it stored itself.
type archive struct {
	*WithT
	t   *testing.T
	ctx context.Context
	e   *env.Environment
}

// batch is how many objects are stored at once: etcd takes 128 operations and 1.5 MiB (etcd documentation, limits).
const batch = 50

// fill stores n copies of an object under other names and applications. It returns the size of one.
func (a *archive) fill(resource string, o client.Object, n int, name func(i int) string) (size int) {
	a.t.Helper()
	stored := &unstructured.Unstructured{}
	must(a.t, "decoding what is stored", json.Unmarshal(a.stored(resource, o.GetNamespace(), o.GetName()), &stored.Object))
	stored.SetNamespace(history)
	stored.SetOwnerReferences(nil)
	var puts []map[string]any
	for i := range n {
		stored.SetName(name(i))
		stored.SetUID(uuid.NewUUID())
		must(a.t, "naming the application", unstructured.SetNestedField(stored.Object, application(i), "spec", "applicationRef", "name"))
		body, err := json.Marshal(stored.Object)
		must(a.t, "encoding a copy", err)
		size = len(body)
		puts = append(puts, map[string]any{"requestPut": map[string][]byte{"key": key(resource, history, name(i)), "value": body}})
		if len(puts) == batch || i == n-1 {
			a.etcd("txn", map[string]any{"success": puts}, &struct{}{})
			puts = nil
		}
	}
	return size
}

// stored returns an object as the API server stored it.
func (a *archive) stored(resource, namespace, name string) []byte {
	a.t.Helper()
	var found struct{ Kvs []struct{ Value []byte } }
	a.etcd("range", map[string][]byte{"key": key(resource, namespace, name)}, &found)
	a.Expect(found.Kvs).To(HaveLen(1), "%s %s/%s is not in the store", resource, namespace, name)
	return found.Kvs[0].Value
}

func key(resource, namespace, name string) []byte {
	return []byte("/registry/" + v1alpha1.GroupVersion.Group + "/" + resource + "/" + namespace + "/" + name)
}

func application(i int) string { return fmt.Sprintf("app-%d", i%applications) }

func (a *archive) etcd(operation string, request, answer any) {
	a.t.Helper()
	must(a.t, "asking etcd", a.e.AskEtcd(a.ctx, operation, request, answer))
}

// page is how many objects are listed at once.
const page = 1000

// versions returns the resourceVersion of everything of a kind in the archive.
func (a *archive) versions(kind string) map[string]string {
	a.t.Helper()
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind + "List"))
	out := map[string]string{}
	for {
		// In pages: all of them at once are more than a busy API server sends within its minute.
		must(a.t, "listing", a.e.Admin.List(a.ctx, list, client.InNamespace(history), client.Limit(page), client.Continue(list.Continue)))
		for _, o := range list.Items {
			out[o.Name] = o.ResourceVersion
		}
		if list.Continue == "" {
			return out
		}
	}
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

// live is how many bytes of memory the operator had in use when garbage was last collected: the next time is at twice that
// (Go documentation, A Guide to the Go Garbage Collector: GOGC is 100).
func live(t *testing.T, c *child) int { return int(c.metric(t, "go_memstats_next_gc_bytes")) / 2 }

func TestTenThousandFinishedIncidentsCostBoundedMemory(t *testing.T) {
	e := env.Start(t, env.Cached)
	inc, rem := life(t, e)
	a := &archive{WithT: NewWithT(t), t: t, ctx: t.Context(), e: e}
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
	liveWithout := live(t, c)
	c.stop()

	began := time.Now()
	for _, kind := range []struct {
		resource string
		object   client.Object
		n        int
		suffix   string
	}{{"incidents", inc, finished, ""}, {"remediations", rem, finished / changedIn, "-1"}} {
		size := a.fill(kind.resource, kind.object, kind.n, func(i int) string { return fmt.Sprintf("%s-%d%s", application(i), i, kind.suffix) })
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
	each := (live(t, c) - liveWithout) / finished
	t.Logf("without: %d MiB resident; with %d finished Incidents: %d MiB resident, at most %d MiB; %d bytes that are in use for each",
		without>>20, finished, resident>>20, most>>20, each)
	c.stop()
	a.Expect(most).To(BeNumerically("<=", mostResident))
	a.Expect(each).To(BeNumerically("<=", mostEach))

	after := a.versions("Incident")
	for name, version := range before {
		if name[:4] == "app-" {
			a.Expect(after[name]).To(Equal(version), "nobody wrote %s", name)
		}
	}
	a.Expect(a.versions("Remediation")).To(Equal(remsBefore))
}
