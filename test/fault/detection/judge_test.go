//go:build fault

package detection_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// fire is one time that an alarm came to ALARM, by CloudWatch's own history, to the second as the API has it.
type fire struct {
	alarm string
	at    time.Time
}

// fires reads the history of every alarm, or of some, since the world began.
func (s *story) fires(of ...string) []fire {
	GinkgoHelper()
	s.World.Quotas().Disable() // the operator is judged, and not the judge
	var list []fire
	pages := cloudwatch.NewDescribeAlarmHistoryPaginator(s.platform(), &cloudwatch.DescribeAlarmHistoryInput{
		HistoryItemType: types.HistoryItemTypeStateUpdate, ScanBy: types.ScanByTimestampAscending,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(s.ctx)
		Expect(err).NotTo(HaveOccurred())
		for _, item := range page.AlarmHistoryItems {
			var data struct{ OldState, NewState struct{ StateValue string } }
			Expect(json.Unmarshal([]byte(aws.ToString(item.HistoryData)), &data)).To(Succeed())
			name := aws.ToString(item.AlarmName)
			if data.NewState.StateValue == "ALARM" && data.OldState.StateValue != "ALARM" && (len(of) == 0 || slices.Contains(of, name)) {
				list = append(list, fire{name, aws.ToTime(item.Timestamp).UTC().Truncate(time.Second)})
			}
		}
	}
	return list
}

// lists says whether an Incident has an alarm as a signal.
func lists(incident v1alpha1.Incident, alarm string) bool {
	return incident.Spec.Signal != nil && incident.Spec.Signal.AlarmName == alarm ||
		slices.ContainsFunc(incident.Status.Signals, func(s v1alpha1.SignalStatus) bool { return s.AlarmName == alarm })
}

// overAt is when an Incident was resolved; zero: it is open.
func overAt(incident v1alpha1.Incident) time.Time {
	c := meta.FindStatusCondition(incident.Status.Conditions, v1alpha1.ConditionResolved)
	if c == nil || c.Status != metav1.ConditionTrue {
		return time.Time{}
	}
	return c.LastTransitionTime.UTC()
}

// reading is the time between two readings of all alarms, and a little more.
const reading = 31 * time.Second

// answers says whether an Incident answers a fire: it lists the alarm, and was open at that moment, or opened before the
// next reading of all alarms was over, or, where nobody could hear of the fire then, by the first that was heard of.
func (s *story) answers(incident v1alpha1.Incident, f fire) bool {
	over := overAt(incident)
	if !lists(incident, f.alarm) || !over.IsZero() && !f.at.Before(over) {
		return false
	}
	opened := incident.Spec.Signal.TransitionedAt.UTC()
	return !f.at.Before(opened.Add(-reading)) || slices.ContainsFunc(s.away, func(a span) bool {
		return !f.at.Before(a.from.Truncate(time.Second)) && !f.at.After(a.to) && !opened.After(a.to)
	})
}

// expectJust expects that every fire of the alarms of one application is answered by exactly one Incident, that every
// Incident was opened by a fire of its own, and that no two were open at once for one concern.
func (s *story) expectJust(namespace, application string, alarms ...string) {
	GinkgoHelper()
	var incidents []v1alpha1.Incident
	for _, incident := range s.incidents() {
		if incident.Namespace == namespace && incident.Spec.ApplicationRef.Name == application {
			incidents = append(incidents, incident)
		}
	}
	fires := s.fires(alarms...)
	Expect(fires).NotTo(BeEmpty(), "nothing fired, so nothing was judged")
	told := func() string {
		out := fmt.Sprintf("fires: %v\n", fires)
		for _, incident := range incidents {
			out += fmt.Sprintf("%s by %q at %s over %s: %v\n", incident.Name, incident.Spec.Signal.AlarmName,
				incident.Spec.Signal.TransitionedAt.UTC(), overAt(incident), incident.Status.Signals)
		}
		return out
	}
	for _, f := range fires {
		n := 0
		for _, incident := range incidents {
			if s.answers(incident, f) {
				n++
			}
		}
		Expect(n).To(Equal(1), "Incidents for %v of\n%s", f, told())
	}
	slices.SortFunc(incidents, func(a, b v1alpha1.Incident) int {
		return a.Spec.Signal.TransitionedAt.Compare(b.Spec.Signal.TransitionedAt.Time)
	})
	for i, incident := range incidents {
		own := fire{incident.Spec.Signal.AlarmName, incident.Spec.Signal.TransitionedAt.UTC()}
		Expect(fires).To(ContainElement(own), "%s was opened by what never happened:\n%s", incident.Name, told())
		if i > 0 {
			Expect(overAt(incidents[i-1])).NotTo(BeZero(), told())
			Expect(own.at).To(BeTemporally(">=", overAt(incidents[i-1]).Truncate(time.Second)), told())
			Expect(own).NotTo(Equal(fire{incidents[i-1].Spec.Signal.AlarmName, incidents[i-1].Spec.Signal.TransitionedAt.UTC()}), told())
		}
	}
}

// says reads which alarm came to which state, and when, as a message has it by AWS's documents.
func says(body string) (f fire, state string, ok bool) {
	var m struct {
		Detail *struct {
			AlarmName string
			State     struct{ Value, Timestamp string }
		}
		Message                                   string
		AlarmName, NewStateValue, StateChangeTime string
	}
	if json.Unmarshal([]byte(body), &m) != nil {
		return fire{}, "", false
	}
	name, state, at := m.AlarmName, m.NewStateValue, m.StateChangeTime
	switch {
	case m.Detail != nil:
		name, state, at = m.Detail.AlarmName, m.Detail.State.Value, m.Detail.State.Timestamp
	case m.Message != "":
		return says(m.Message)
	}
	t, err := time.Parse("2006-01-02T15:04:05.000-0700", at)
	return fire{name, t.UTC().Truncate(time.Second)}, state, err == nil && name != ""
}

// deletes is called right before the operator sends a request that deletes messages: what became of each must be in the
// API server by now. A message that an Incident or the status of an application explains needs no more; every other one
// must have been counted as ignored.
func (s *story) deletes(in *sqs.DeleteMessageBatchInput) {
	defer GinkgoRecover()
	incidents := s.incidents()
	for _, e := range in.Entries {
		body, known := s.received[aws.ToString(e.ReceiptHandle)]
		Expect(known).To(BeTrue(), "a message is deleted that was never received")
		f, state, ok := says(body)
		if !ok || state == "ALARM" && !s.explained(f, incidents) {
			s.unexplained++
		}
	}
	var counted int64
	for _, n := range s.ignored() {
		counted += n
	}
	Expect(counted).To(BeNumerically(">=", s.unexplained), "a message is deleted whose disposition nobody can see")
}

// explained says whether an Incident that was not over then has the alarm as a signal, or an application's status says
// that it fired before anybody watched.
func (s *story) explained(f fire, incidents []v1alpha1.Incident) bool {
	for _, incident := range incidents {
		if over := overAt(incident); lists(incident, f.alarm) && (over.IsZero() || !f.at.After(over)) {
			return true
		}
	}
	for _, namespace := range s.Driver.Namespaces {
		for _, app := range s.applications(namespace) {
			if app.Status.WatchedSince != nil && f.at.Before(app.Status.WatchedSince.Time) || slices.ContainsFunc(
				app.Status.PreexistingAlarms, func(t v1alpha1.AlarmTransition) bool { return t.Name == f.alarm }) {
				return true
			}
		}
	}
	return false
}
