//go:build bench

package bench

import (
	"encoding/json"
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/hack/cluster"
	"github.com/runbook-operator/runbook-operator/internal/operator"
)

// TestBench measures and prints. It fails only where something cannot be measured.
func TestBench(t *testing.T) {
	began, out := time.Now(), &table{}
	where := machine()
	s := newStage(t)

	out.section("The API server by itself")
	rate, n, one := s.write()
	out.latency("one Incident created, nobody else writing", one, "")
	out.number(fmt.Sprintf("writes a second, %d at once (create, status)", writers), n, fmt.Sprintf("%.0f /s", rate), "the raw write rate")

	out.section("Latency, a quiet operator, real time")
	p := s.start(true)
	s.protect(quiet)
	detected := s.detect()
	out.latency("alarm in ALARM → Incident readable", detected, "")
	changed := s.change()
	out.latency("Approval sent → call received by AWS", changed, "")
	out.number("  of the latter, in units of one write (p50)", len(changed), ratio(float64(changed.quantile(0.5))/float64(one.quantile(0.5))), "ratio")
	s.must("stopping the operator", p.end(syscall.SIGTERM))
	s.clear()

	out.section(fmt.Sprintf("Whole lives, alarm to Resolved by a proved change, world time × %d", speed))
	s.turn(speed)
	p = s.start(false)
	s.protect(busy)
	pause(11 * time.Second) // an Approval counts from ten seconds after the admission policies were seen
	alone := s.live(p, 0, 1)
	many := s.live(p, 1, livesAtOnce)
	for _, l := range []lives{alone, many} {
		each := float64(l.n)
		what := func(text string) string { return fmt.Sprintf("%s, %d at once", text, l.n) }
		out.number(what("wall time for all, most of it the world's"), l.n, short(l.took), fmt.Sprintf("%s of world time", l.world.Round(time.Second)))
		out.number(what("API writes an incident"), l.n, fmt.Sprintf("%.1f", float64(l.writes)/each), "")
		out.number(what("Events an incident"), l.n, fmt.Sprintf("%.1f", float64(l.events)/each), "")
		out.number(what("AWS calls an incident, by the granted role"), l.n, fmt.Sprintf("%.1f", float64(l.granted)/each), "")
		out.number(what("AWS calls by the account role, for all"), l.n, fmt.Sprint(l.account), "the poll and the queue")
		out.number(what("changes in AWS an incident"), l.n, fmt.Sprintf("%.2f", float64(l.changes)/each), "")
	}
	perSecond := float64(many.n) / many.took.Seconds()
	out.number("lives a second", many.n, fmt.Sprintf("%.2f /s", perSecond), "bounded by the world's waits")
	out.number("their writes against the raw write rate", many.n, ratio(perSecond*many.writes/float64(many.n)/rate), "ratio")

	out.section(fmt.Sprintf("With %d finished Incidents", history))
	s.must("stopping the operator", p.end(syscall.SIGTERM))
	s.turn(1)
	p = s.start(false)
	before := s.settled(p)
	s.must("stopping the operator", p.end(syscall.SIGTERM))
	s.fill()
	size := s.size()
	p = s.start(false)
	after := s.settled(p)
	out.number("memory of the operator with few", 1, mebibytes(before), "resident set, highest of 10 s")
	out.number("memory of the operator with all", 1, mebibytes(after), "resident set, highest of 10 s")
	out.number("memory for each", history, fmt.Sprintf("%.1f KiB", float64(after-before)/history/1024), fmt.Sprintf("as JSON %.1f KiB", float64(size)/1024))
	s.protect(quiet)
	s.ask(0, restarts+1)
	var took samples
	for i := range restarts {
		var one time.Duration
		p, one = s.restart(p, i, false)
		took = append(took, one)
	}
	out.latency("killed: start of the next process → call received by AWS", took, "no Lease to wait for")
	s.must("stopping the operator", p.end(syscall.SIGTERM))
	s.vacate()
	p = s.start(true)
	s.await("the operator leads", time.Minute, func() bool { return s.leads() })
	_, led := s.restart(p, restarts, true)
	out.latency("the same, of a leader", samples{led}, fmt.Sprintf("its Lease is %s", operator.LeaseDuration))

	fmt.Printf("\nrunbook-operator, measured in %s on %s\n%s\n", time.Since(began).Round(time.Second), where, out)
}

func ratio(x float64) string { return fmt.Sprintf("%.3f", x) }

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

func encoded(o any) []byte {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return text
}

// ready says whether the operator serves.
func (s *stage) ready(p *process) bool {
	response, err := http.Get("http://" + p.metrics + "/metrics")
	if err != nil {
		return false
	}
	return response.Body.Close() == nil
}

// leads says whether somebody holds the leader's Lease.
func (s *stage) leads() bool {
	var lease coordinationv1.Lease
	err := s.admin.Get(s.ctx, client.ObjectKey{Namespace: cluster.Namespace, Name: operator.Name}, &lease)
	return err == nil && lease.Spec.HolderIdentity != nil
}

// vacate deletes the Lease of whoever led before.
func (s *stage) vacate() {
	s.t.Helper()
	lease := &coordinationv1.Lease{}
	lease.Namespace, lease.Name = cluster.Namespace, operator.Name
	s.must("deleting the leader's Lease", client.IgnoreNotFound(s.admin.Delete(s.ctx, lease)))
}

// clear takes away what was measured, while no operator runs.
func (s *stage) clear() {
	s.t.Helper()
	var remediations v1alpha1.RemediationList
	s.must("listing", s.admin.List(s.ctx, &remediations, client.InNamespace(team)))
	for i := range remediations.Items {
		rem := &remediations.Items[i]
		s.must("freeing "+rem.Name, s.admin.Patch(s.ctx, rem, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))))
	}
	for _, o := range []client.Object{
		&v1alpha1.ServerlessApplication{}, &v1alpha1.Incident{}, &v1alpha1.Remediation{}, &v1alpha1.Approval{},
	} {
		s.must("deleting", s.admin.DeleteAllOf(s.ctx, o, client.InNamespace(team)))
	}
	s.must("deleting Leases", s.admin.DeleteAllOf(s.ctx, &coordinationv1.Lease{}, client.InNamespace(cluster.Namespace)))
	for i := range applications {
		s.putFunction(function(quiet, i))
	}
}
