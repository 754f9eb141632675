//go:build bench

package bench

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/hack/cluster"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/quota"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/sim/traffic"
	"github.com/runbook-operator/runbook-operator/internal/transport"
	"github.com/runbook-operator/runbook-operator/test/builder"
)

const (
	// team is the namespace of everything that is measured.
	team = "bench"
	// approver may approve every change.
	approver = "oncall@example.com"
	// applications of each of the two sets: one has quiet traffic, the other has incidents.
	applications = 60
	// reserved is what each function has reserved, and duration how long its calls take, in seconds.
	reserved, duration = 100, 0.4
)

// stage is one API server, one simulated AWS and their people.
type stage struct {
	t        testing.TB
	ctx      context.Context
	cluster  *cluster.Cluster
	admin    client.WithWatch
	oncall   client.WithWatch
	aws      *sim.World
	person   *cloudwatch.Client
	endpoint string
	clock    worldClock
}

func newStage(t testing.TB) *stage {
	s := &stage{t: t, ctx: context.WithoutCancel(t.Context())}
	var err error
	s.cluster, err = cluster.Start(t.Context(), os.Stderr)
	s.must("starting the control plane", err)
	t.Cleanup(func() { s.must("stopping the control plane", s.cluster.Stop()) })
	s.admin, err = client.NewWithWatch(s.cluster.Config, client.Options{Scheme: s.cluster.Scheme})
	s.must("making a client", err)
	s.oncall, err = s.cluster.As(rest.ImpersonationConfig{UserName: approver, Groups: []string{"system:authenticated"}})
	s.must("making a client", err)
	now := time.Now().Round(0)
	s.clock = worldClock{Base: now, Wall: now, Factor: 1}
	s.startAWS()
	s.install()
	return s
}

func (s *stage) startAWS() {
	var err error
	s.aws, err = reactstocks.New(s.ctx, sim.Options{
		Seed: 7, Clock: s.clock, ConcurrentExecutions: 100_000, Quotas: []quota.Bucket{},
	}, reactstocks.Steady)
	s.must("making the simulated AWS", err)
	for _, set := range []string{quiet, busy} {
		for i := range applications {
			s.putFunction(function(set, i))
		}
	}
	var stop func()
	s.endpoint, stop, err = s.aws.Start("127.0.0.1:0")
	s.must("starting the simulated AWS", err)
	s.t.Cleanup(stop)
	s.person = cloudwatch.New(cloudwatch.Options{
		BaseEndpoint: &s.endpoint, Region: reactstocks.Region, HTTPClient: transport.New(),
		Credentials: credentials.NewStaticCredentialsProvider(reactstocks.AdminAccessKeyID, reactstocks.AdminSecretAccessKey, ""),
	})
}

// The two sets of applications.
const quiet, busy = "quiet", "busy"

func application(set string, i int) string { return fmt.Sprintf("%s-%03d", set, i) }

func function(set string, i int) string { return reactstocks.Stack + "-" + application(set, i) }

// putFunction puts a function with an alarm on its throttled calls, and traffic that is well below what it has reserved.
func (s *stage) putFunction(name string) {
	s.aws.PutFunction(lambda.Function{
		Name: name, MemorySize: 512, Timeout: 30, Runtime: "nodejs22.x", Handler: "index.handler", Code: name,
		ReservedConcurrency: awssdk.Int32(reserved),
	})
	s.offer(name, 10)
	s.must("putting an alarm", s.aws.PutMetricAlarm(s.ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: awssdk.String("AWS/Lambda"), MetricName: awssdk.String("Throttles"), Statistic: types.StatisticSum,
		Dimensions: []types.Dimension{{Name: awssdk.String("FunctionName"), Value: &name}}, Period: awssdk.Int32(60),
		Threshold: awssdk.Float64(0), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		EvaluationPeriods: awssdk.Int32(3), DatapointsToAlarm: awssdk.Int32(2), TreatMissingData: awssdk.String("notBreaching"),
		ActionsEnabled: awssdk.Bool(true),
	}))
}

// offer lets traffic arrive that would occupy a concurrency.
func (s *stage) offer(name string, concurrency float64) {
	s.aws.SetTraffic(traffic.Workload{
		Function: name, Arrivals: traffic.Steady(concurrency / duration), Duration: traffic.Steady(duration), Spread: 0.5,
		CPUShare: 0.3, MemoryReference: 512,
	})
}

func (s *stage) install() {
	runbooks, err := cluster.Manifests("config", "runbooks")
	s.must("reading the Runbooks", err)
	for _, o := range runbooks {
		o.SetNamespace(cluster.Namespace)
	}
	s.must("installing the Runbooks", s.cluster.Create(s.ctx, runbooks))
	for _, o := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: team, Labels: map[string]string{"team": "react-stocks"}}},
		&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: team, Name: "approver"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "runbook-operator-approver"},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: approver}},
		},
		builder.AWSAccount(func(a *v1alpha1.AWSAccount) {
			a.Spec.Queues = []v1alpha1.AlarmQueue{{Region: reactstocks.Region, URL: reactstocks.AlarmQueueURL}}
		}),
		builder.ChangePolicy(team, func(p *v1alpha1.ChangePolicy) {
			p.Spec.PlanExpiresAfter, p.Spec.Verification.Window, p.Spec.Recovery.StableFor = "24h", "15m", "5m"
		}),
	} {
		s.must("making "+o.GetName(), s.admin.Create(s.ctx, o))
	}
}

// protect makes the applications of a set, and waits until their alarms are watched.
func (s *stage) protect(set string) {
	s.t.Helper()
	s.atOnce(applications, func(i int) error {
		return s.admin.Create(s.ctx, builder.ServerlessApplication(team, func(a *v1alpha1.ServerlessApplication) {
			a.Name = application(set, i)
			a.Spec.Functions = []v1alpha1.ApplicationFunction{{Name: v1alpha1.FunctionName(function(set, i))}}
			a.Spec.ChangePolicyRef = &v1alpha1.LocalReference{Name: "default"}
		}))
	})
	s.await("every application is watched", time.Minute, func() bool {
		var list v1alpha1.ServerlessApplicationList
		s.must("listing applications", s.admin.List(s.ctx, &list, client.InNamespace(team)))
		for _, a := range list.Items {
			if a.Status.WatchedSince == nil {
				return false
			}
		}
		return len(list.Items) >= applications
	})
}

// atOnce does something for each of n numbers, many at once.
func (s *stage) atOnce(n int, do func(i int) error) {
	s.t.Helper()
	var all sync.WaitGroup
	failed := make(chan error, n)
	places := make(chan struct{}, 32)
	for i := range n {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			if err := do(i); err != nil {
				failed <- err
			}
		})
	}
	all.Wait()
	close(failed)
	s.must("doing something many times", <-failed)
}

// await polls until something holds. It is for what is not measured.
func (s *stage) await(what string, limit time.Duration, holds func() bool) {
	s.t.Helper()
	for end := time.Now().Add(limit); !holds(); pause(20 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("waited %s until %s", limit, what)
		}
	}
}

func pause(d time.Duration) { <-time.After(d) }

// turn lets world time go on at another speed.
func (s *stage) turn(factor float64) {
	wall := time.Now().Round(0)
	s.clock = worldClock{Base: s.clock.Now(), Wall: wall, Factor: factor}
	s.aws.FollowClock(s.clock)
}

func (s *stage) must(doing string, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%s: %v", doing, err)
	}
}
