package main

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/hack/world"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// The whole story, told once: what its lines say is compared with the API server's objects, read anew, and with the
// ledger of the simulated AWS.
func TestTheNarrationIsWhatTheObjectsAndTheLedgerSay(t *testing.T) {
	t.Parallel()
	s := hear(t, 3, reactstocks.Throttling)
	g := NewWithT(t)
	var incidents v1alpha1.IncidentList
	var remediations v1alpha1.RemediationList
	g.Expect(s.world.Cluster.Admin.List(t.Context(), &incidents)).To(Succeed())
	g.Expect(s.world.Cluster.Admin.List(t.Context(), &remediations)).To(Succeed())
	g.Expect(incidents.Items).To(HaveLen(1))
	g.Expect(remediations.Items).To(HaveLen(1))
	inc, rem := incidents.Items[0], remediations.Items[0]
	book := s.world.AWS.Ledger()

	t.Run("alarm and Incident", func(t *testing.T) {
		g := NewWithT(t)
		signal := inc.Spec.Signal
		g.Expect(s.texts("alarm")).To(ConsistOf(ContainSubstring("%q of %s", signal.AlarmName, signal.FunctionName)))
		g.Expect(s.texts("watching")).To(ConsistOf(ContainSubstring("mode %s,", v1alpha1.ModeAct)))
		g.Expect(s.texts("traffic")).To(ConsistOf(And(ContainSubstring("by 1 queue"), ContainSubstring("alarms are read every "))))
	})
	t.Run("the operator's own work, and when it could be seen", func(t *testing.T) {
		g := NewWithT(t)
		alarm := inc.Spec.Signal.TransitionedAt.Time
		lines := s.texts("operator")
		toIncident := numbers(g, lines[1], `worked (\d+) ms on the wall from AWS call (\d+),`)
		shown := book.Entries()[int(toIncident[1])-1]
		g.Expect(shown.Action()).To(Equal("cloudwatch:DescribeAlarms"))
		g.Expect(shown.At).To(BeTemporally(">=", alarm))
		reads := book.Entries(ledger.After(shown.Sequence), ledger.ByAction("lambda:GetAccountSettings"))
		toDiagnosis := numbers(g, lines[2], `worked (\d+) ms on the wall from the Incident`)
		work := time.Duration(toIncident[0]+toDiagnosis[0]+1) * time.Millisecond
		g.Expect(work).To(BeNumerically(">=", reads[0].Wall.Sub(shown.Wall)), "the evidence was read in between")
		g.Expect(work).To(BeNumerically("<", time.Minute))

		incident := numbers(g, s.texts("incident")[0], `could be seen (\d+) s after the alarm`)
		g.Expect(incident[0]).To(BeNumerically(">=", shown.At.Sub(alarm).Truncate(time.Second).Seconds()), "the alarm was shown before")
		total := numbers(g, s.texts("total")[0], `could be seen (\d+) s after the alarm.* AWS call (\d+) on was (\d+) ms of the wall, which are (\d+) s of this clock`)
		g.Expect(total[0]).To(BeNumerically(">=", reads[0].At.Sub(alarm).Truncate(time.Second).Seconds()), "the evidence was read before")
		g.Expect(total[0]).To(BeNumerically(">=", total[3]), "what the operator worked is a part of it")
		g.Expect(total[1:3]).To(HaveExactElements(toIncident[1], BeNumerically("~", toIncident[0]+toDiagnosis[0], 1)))
	})
	t.Run("evidence", func(t *testing.T) {
		g := NewWithT(t)
		lines := s.texts("evidence")
		g.Expect(lines).To(HaveLen(len(inc.Status.Evidence)))
		for i, e := range inc.Status.Evidence {
			g.Expect(lines[i]).To(HavePrefix(e.Step + ": "))
			g.Expect(e.Gap).To(BeNil())
			if m := e.Evidence.Metric; m != nil {
				g.Expect(numbers(g, lines[i], m.Statistic+` ([\d.]+) over`)[0]).To(BeNumerically("~", float(g, m.Value), 0.05))
			}
		}
		i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "concurrency: ") })
		before := numbers(g, lines[i], `over 15 min, and (\d+) over`)
		g.Expect(before[0]).To(Equal(math.Round(world.Ordinary(3))), "the seed is that of the world")
		g.Expect(before[0]).NotTo(Equal(math.Round(world.Ordinary(1))))
		g.Expect(lines).To(ContainElement(ContainSubstring("reserved concurrency %d,", reactstocks.BackendReserved)))
	})
	t.Run("diagnosis", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(s.texts("diagnosis")).To(HaveExactElements(HavePrefix(inc.Status.Causes[0].Name + " ")))
		fired, not := 0, s.texts("ruled out")
		for _, r := range inc.Status.Rules {
			if r.Verdict == v1alpha1.VerdictFired {
				fired++
				continue
			}
			g.Expect(not).To(ContainElement(HavePrefix("%s (%s): ", r.Cause, r.Verdict)))
		}
		g.Expect(len(not)+fired).To(Equal(len(inc.Status.Rules)), "every rule is accounted for")
	})
	t.Run("proposal and approval", func(t *testing.T) {
		g := NewWithT(t)
		plan := rem.Status.Plan
		g.Expect(s.texts("proposal")).To(ConsistOf(And(ContainSubstring(plan.Digest[:15]), HaveSuffix(plan.Summary))))
		g.Expect(s.texts("-")).To(ConsistOf(written(plan.Calls[0].Before[0])))
		g.Expect(s.texts("+")).To(ConsistOf(written(plan.Calls[0].Call.Writes[0])))
		g.Expect(s.texts("warning")).To(HaveLen(len(plan.Warnings)))
		g.Expect(s.texts("cost")).To(ConsistOf(plan.Cost))
		touched := numbers(g, s.texts("touches")[0], `^(\d+) requests a minute, on average over the (\d+) min before the plan;`)
		g.Expect(touched[0]).To(BeNumerically("~", offered(t, s, plan.PlannedAt.Time, time.Duration(touched[1])*time.Minute), 1), "so says CloudWatch")
		g.Expect(s.texts("refused")).To(ConsistOf(ContainSubstring("may not approve remediations/setReservedConcurrency named %s", rem.Name)))
		g.Expect(s.texts("approved")).To(ConsistOf(ContainSubstring("Approval %s ", rem.Status.Intents[0].Approvals[0])))
	})
	t.Run("the one change", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(s.texts("change")).To(HaveLen(1))
		n := numbers(g, s.texts("change")[0], `AWS call (\d+): `)
		e := book.Entries()[int(n[0])-1]
		g.Expect(e.Class).To(Equal(ledger.Change))
		g.Expect(e.Changed).To(BeTrue())
		g.Expect(e.Principal).To(ContainSubstring(string(rem.UID)))
		g.Expect(s.texts("signed")).To(ConsistOf(ContainSubstring(e.Principal)))
		g.Expect(book.Count(ledger.ByClass(ledger.Change))).To(Equal(1))
	})
	t.Run("verification", func(t *testing.T) {
		g := NewWithT(t)
		v := rem.Status.Verification
		var observed []string
		for _, text := range s.texts("verifying") {
			if strings.HasPrefix(text, v1alpha1.ReasonObserving) || strings.HasPrefix(text, v1alpha1.ReasonVerified) {
				observed = append(observed, text)
			}
		}
		g.Expect(observed).To(HaveLen(int(v.Observations)), "one line for each observation")
		g.Expect(observed[len(observed)-1]).To(ContainSubstring("%d good observations in a row", v.Good))
		proved := numbers(g, s.texts("proved")[0], `^(\d+) good observations in a row over .* could be seen; the plan asks for (\d+) over`)
		g.Expect(proved[0]).To(Equal(float64(v.Good)))
		g.Expect(proved[1]).To(Equal(float64(rem.Status.Plan.Verification.WindowSeconds/rem.Status.Plan.Verification.PeriodSeconds + 1)))
		peak, err := s.concurrency(t.Context(), rem.Spec.Target.FunctionName, rem.Status.AppliedAt.Time, rem.Status.EndedAt.Time)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(numbers(g, s.texts("measured")[0], `came to (\d+) executions`)).To(Equal([]float64{peak}))
		g.Expect(peak).To(BeNumerically(">", reactstocks.BackendReserved), "the function needed the change")
	})
	t.Run("the end", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(s.texts("resolved")).To(ConsistOf(HavePrefix("Incident %s: %s, ", inc.Name, v1alpha1.ReasonRemediated)))
		g.Expect(s.texts("drift debt")).To(ConsistOf(ContainSubstring(rem.Status.TemplatePatch)))
		n := numbers(g, s.texts("total")[1], `(\d+) read, (\d+) bookkeeping, (\d+) change; AWS differs after (\d+)`)
		last := lastCall(g, s, int(n[0]+n[1]+n[2]))
		counted := func(filters ...ledger.Filter) float64 {
			all := append(filters, func(e ledger.Entry) bool { return e.Sequence <= last })
			total := 0
			for _, role := range []string{reactstocks.OperatorRole, reactstocks.AccountRole, reactstocks.GrantRole} {
				total += book.Count(append(slices.Clone(all), ledger.ByRole(role))...)
			}
			return float64(total)
		}
		g.Expect(n).To(Equal([]float64{counted(ledger.ByClass(ledger.Read)), counted(ledger.ByClass(ledger.Bookkeeping)), 1, 1}))
		missing := book.Entries(ledger.ByError("ParameterNotFound"))[0]
		g.Expect(s.texts("total")[2:]).To(ContainElement(And(
			ContainSubstring("AWS call %d, ssm:GetParameter", missing.Sequence), MatchRegexp(`until AWS call \d+, ssm:PutParameter, wrote it`))))
	})
	t.Run("the latencies are those that a person could see", func(t *testing.T) { seenNotStamped(t, s) })
	t.Run("each step needs its facts", func(t *testing.T) { eachStepNeeds(t, s, append(ofEveryStory(), ofAProof()...)) })
}

// lastCall is the sequence number of the operator's n-th call: it goes on working while the test looks.
func lastCall(g *WithT, s *story, n int) int {
	calls := s.operatorCalls()
	g.Expect(len(calls)).To(BeNumerically(">=", n))
	return calls[n-1].Sequence
}

// seenNotStamped moves what the operator writes down about its own times, and then what could be seen.
func seenNotStamped(t *testing.T, s *story) {
	g := NewWithT(t)
	latencies := func(prepare func(*story)) []string {
		r, err := s.again(t, prepare)
		g.Expect(err).NotTo(HaveOccurred())
		return append(append(r.texts("incident"), r.texts("operator")[1:]...), r.texts("total")[0])
	}
	plain := latencies(func(*story) {})
	stamped := latencies(inc(func(i *v1alpha1.Incident) {
		early := metav1.NewTime(i.Spec.Signal.TransitionedAt.Time)
		i.CreationTimestamp, i.Status.OpenedAt = early, &early
		for c := range i.Status.Conditions {
			i.Status.Conditions[c].LastTransitionTime = early
		}
	}))
	g.Expect(stamped).To(Equal(plain))

	later := latencies(func(s *story) {
		for n := range len(s.arrivals) {
			a := <-s.arrivals
			late := time.Duration(n) * time.Second
			a.seen = moment{wall: a.seen.wall.Add(late), world: a.seen.world.Add(time.Duration(float64(late) * s.world.Clock.Factor))}
			s.arrivals <- a
		}
	})
	for i := range plain {
		g.Expect(later[i]).NotTo(Equal(plain[i]))
	}
}

// offered is how many requests a minute the backend was offered before a moment, says CloudWatch.
func offered(t *testing.T, s *story, before time.Time, over time.Duration) float64 {
	t.Helper()
	g := NewWithT(t)
	end, sum := before.Truncate(time.Minute), 0.0
	for _, metric := range []string{"Invocations", "Throttles"} {
		out, err := s.world.CloudWatch().GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
			Namespace: aws.String("AWS/Lambda"), MetricName: &metric, Statistics: []types.Statistic{types.StatisticSum},
			Dimensions: []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String(reactstocks.BackendFunction)}},
			StartTime:  aws.Time(end.Add(-over)), EndTime: &end, Period: aws.Int32(60),
		})
		g.Expect(err).NotTo(HaveOccurred())
		for _, d := range out.Datapoints {
			sum += aws.ToFloat64(d.Sum)
		}
	}
	return sum / over.Minutes()
}

// numbers are those that the groups of a pattern match in a text.
func numbers(g *WithT, text, pattern string) []float64 {
	match := regexp.MustCompile(pattern).FindStringSubmatch(text)
	g.Expect(match).NotTo(BeNil(), "%q does not match %s", text, pattern)
	var out []float64
	for _, m := range match[1:] {
		f, err := strconv.ParseFloat(m, 64)
		g.Expect(err).NotTo(HaveOccurred())
		out = append(out, f)
	}
	return out
}

func float(g *WithT, n *v1alpha1.Number) float64 {
	g.Expect(n).NotTo(BeNil())
	f, err := strconv.ParseFloat(string(*n), 64)
	g.Expect(err).NotTo(HaveOccurred())
	return f
}
