package cloudwatch_test

import (
	"encoding/json"
	"testing"
	"time"

	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/sim/cloudwatch"
)

// play records one value in each minute from the first full minute on and evaluates after each. It
// returns the state after each minute.
func play(t *testing.T, s *cloudwatch.Service, alarm, metric string, values ...float64) []types.StateValue {
	t.Helper()
	var states []types.StateValue
	for _, value := range values {
		minute := s.Next().Truncate(time.Minute).Add(-time.Minute)
		s.Record(namespace, metric, dims, "Count", minute.Add(31*time.Second), []float64{value})
		s.AdvanceTo(s.Next())
		states = append(states, describe(t, s, alarm).StateValue)
	}
	return states
}

const (
	stOK    = types.StateValueOk
	stAlarm = types.StateValueAlarm
	stNone  = types.StateValueInsufficientData
)

func TestAnAlarmNeedsMOutOfNDatapoints(t *testing.T) {
	for _, test := range []struct {
		m, n   int32
		values []float64
		want   []types.StateValue
	}{
		{1, 1, []float64{0, 1, 0, 1}, []types.StateValue{stOK, stAlarm, stOK, stAlarm}},
		{3, 3, []float64{0, 1, 1, 1, 0, 1}, []types.StateValue{stOK, stOK, stOK, stAlarm, stOK, stOK}},
		{2, 3, []float64{0, 1, 0, 1, 0, 0}, []types.StateValue{stOK, stOK, stOK, stAlarm, stOK, stOK}},
		{4, 5, []float64{0, 1, 1, 1, 0, 1, 0}, []types.StateValue{stOK, stOK, stOK, stOK, stOK, stAlarm, stOK}},
	} {
		s := newService()
		put(t, s, sumAlarm("errors", "Errors", test.m, test.n))
		got := play(t, s, "errors", "Errors", test.values...)
		NewWithT(t).Expect(got).To(Equal(test.want), "%d out of %d: %v", test.m, test.n, test.values)
	}
}

func TestTheComparisonOperatorsCompareTheValueWithTheThreshold(t *testing.T) {
	for operator, want := range map[types.ComparisonOperator][]types.StateValue{
		types.ComparisonOperatorGreaterThanThreshold:          {stOK, stOK, stAlarm},
		types.ComparisonOperatorGreaterThanOrEqualToThreshold: {stOK, stAlarm, stAlarm},
		types.ComparisonOperatorLessThanThreshold:             {stAlarm, stOK, stOK},
		types.ComparisonOperatorLessThanOrEqualToThreshold:    {stAlarm, stAlarm, stOK},
	} {
		s := newService()
		in := sumAlarm("errors", "Errors", 1, 1)
		in.ComparisonOperator, in.Threshold = operator, new(5.0)
		put(t, s, in)
		NewWithT(t).Expect(play(t, s, "errors", "Errors", 4, 5, 6)).To(Equal(want), string(operator))
	}
}

func TestANewAlarmIsInsufficientData(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	put(t, s, sumAlarm("errors", "Errors", 1, 1))
	a := describe(t, s, "errors")
	g.Expect(a.StateValue).To(Equal(stNone))
	g.Expect(*a.StateReason).To(Equal("Unchecked: Initial alarm creation"))
	g.Expect(*a.AlarmArn).To(Equal("arn:aws:cloudwatch:eu-central-1:123456789012:alarm:errors"))
	g.Expect(*a.ActionsEnabled).To(BeTrue())
	g.Expect(a.EvaluationState).To(BeEmpty())
	s.AdvanceTo(start.Add(10 * time.Minute))
	g.Expect(describe(t, s, "errors").StateValue).To(Equal(stNone))
	g.Expect(transitions(t, s, "errors")).To(BeEmpty())
}

func TestEachTransitionHasOneHistoryItem(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	put(t, s, sumAlarm("errors", "Errors", 1, 1))
	play(t, s, "errors", "Errors", 0, 0, 1, 1, 1, 0, 0)
	g.Expect(transitions(t, s, "errors")).To(Equal([]string{
		"Alarm updated from INSUFFICIENT_DATA to OK",
		"Alarm updated from OK to ALARM",
		"Alarm updated from ALARM to OK",
	}))
}

func TestTheStateReasonHasTheWordsOfCloudWatch(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	put(t, s, sumAlarm("some", "Errors", 2, 3))
	every := sumAlarm("every", "Errors", 2, 2)
	every.DatapointsToAlarm = nil
	put(t, s, every)
	play(t, s, "some", "Errors", 0, 1, 2.5)

	some := describe(t, s, "some")
	g.Expect(*some.StateReason).To(Equal("Threshold Crossed: 2 out of the last 3 datapoints [2.5 (02/03/26 09:02:00), 1.0 (02/03/26 09:01:00)] " +
		"were greater than the threshold (0.5) (minimum 2 datapoints for OK -> ALARM transition)."))
	g.Expect(*describe(t, s, "every").StateReason).To(Equal(
		"Threshold Crossed: 2 datapoints [2.5 (02/03/26 09:02:00), 1.0 (02/03/26 09:01:00)] were greater than the threshold (0.5)."))
	g.Expect(*some.StateReasonData).To(Equal(`{"version":"1.0","queryDate":"2026-03-02T09:03:05.000+0000",` +
		`"startDate":"2026-03-02T09:00:00.000+0000","statistic":"Sum","period":60,"recentDatapoints":[0.0,1.0,2.5],"threshold":0.5,` +
		`"evaluatedDatapoints":[{"timestamp":"2026-03-02T09:02:00.000+0000","sampleCount":1.0,"value":2.5},` +
		`{"timestamp":"2026-03-02T09:01:00.000+0000","sampleCount":1.0,"value":1.0},` +
		`{"timestamp":"2026-03-02T09:00:00.000+0000","sampleCount":1.0,"value":0.0}]}`))

	play(t, s, "some", "Errors", 0, 0)
	g.Expect(*describe(t, s, "some").StateReason).To(HaveSuffix("were not greater than the threshold (0.5) (minimum 2 datapoints for ALARM -> OK transition)."))
	s.AdvanceTo(s.Now().Add(10 * time.Minute))
	g.Expect(*describe(t, s, "some").StateReason).To(Equal("Insufficient Data: 3 datapoints were unknown."))
}

func TestTheHistoryDataHoldBothStates(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	put(t, s, sumAlarm("errors", "Errors", 1, 1))
	play(t, s, "errors", "Errors", 1)
	out, err := s.DescribeAlarmHistory(t.Context(), &cw.DescribeAlarmHistoryInput{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(out.AlarmHistoryItems).To(HaveLen(2))
	g.Expect(*out.AlarmHistoryItems[1].HistorySummary).To(Equal(`Alarm "errors" created`))

	var data struct {
		OldState, NewState struct {
			StateValue      string
			StateReasonData struct{ RecentDatapoints []float64 }
		}
	}
	g.Expect(json.Unmarshal([]byte(*out.AlarmHistoryItems[0].HistoryData), &data)).To(Succeed())
	g.Expect(data.OldState.StateValue).To(Equal("INSUFFICIENT_DATA"))
	g.Expect(data.NewState.StateValue).To(Equal("ALARM"))
	g.Expect(data.NewState.StateReasonData.RecentDatapoints).To(Equal([]float64{1}))
}

func TestAnUpdateKeepsTheStateAndTheTags(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	in := sumAlarm("errors", "Errors", 1, 1)
	in.Tags = []types.Tag{{Key: new("app"), Value: new("shop")}}
	in.AlarmDescription = new("too many errors")
	put(t, s, in)
	play(t, s, "errors", "Errors", 1)
	before := describe(t, s, "errors")

	updated := sumAlarm("errors", "Errors", 1, 1)
	updated.Threshold = new(100.0)
	updated.Tags = []types.Tag{{Key: new("app"), Value: new("other")}}
	put(t, s, updated)
	after := describe(t, s, "errors")
	g.Expect(after.StateValue).To(Equal(stAlarm))
	g.Expect(after.StateUpdatedTimestamp).To(Equal(before.StateUpdatedTimestamp))
	g.Expect(after.AlarmDescription).To(BeNil(), "an update overwrites the whole configuration")
	g.Expect(*before.Threshold).To(Equal(0.5), "an answer is a copy")
	tags, err := s.ListTagsForResource(t.Context(), &cw.ListTagsForResourceInput{ResourceARN: after.AlarmArn})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tags.Tags).To(Equal([]types.Tag{{Key: new("app"), Value: new("shop")}}))

	s.AdvanceTo(s.Next())
	g.Expect(describe(t, s, "errors").StateValue).To(Equal(stOK))
}

func TestSetAlarmStateIsUndoneAtTheNextEvaluation(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	put(t, s, sumAlarm("errors", "Errors", 1, 1))
	play(t, s, "errors", "Errors", 0)
	s.AdvanceTo(s.Now().Add(10 * time.Second))
	set := &cw.SetAlarmStateInput{AlarmName: new("errors"), StateValue: stAlarm, StateReason: new("drill"), StateReasonData: new(`{"by": "test"}`)}
	_, err := s.SetAlarmState(t.Context(), set)
	g.Expect(err).NotTo(HaveOccurred())
	a := describe(t, s, "errors")
	g.Expect(a.StateValue).To(Equal(stAlarm))
	g.Expect(*a.StateReason).To(Equal("drill"))
	g.Expect(*a.StateTransitionedTimestamp).To(Equal(s.Now()))

	s.AdvanceTo(s.Next())
	g.Expect(describe(t, s, "errors").StateValue).To(Equal(stOK))
	g.Expect(transitions(t, s, "errors")).To(Equal([]string{
		"Alarm updated from INSUFFICIENT_DATA to OK", "Alarm updated from OK to ALARM", "Alarm updated from ALARM to OK",
	}))
}

func TestSettingTheSameStateIsNoTransition(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	put(t, s, sumAlarm("errors", "Errors", 1, 1))
	play(t, s, "errors", "Errors", 1)
	before := describe(t, s, "errors")
	s.AdvanceTo(s.Now().Add(10 * time.Second))
	_, err := s.SetAlarmState(t.Context(), &cw.SetAlarmStateInput{AlarmName: new("errors"), StateValue: stAlarm, StateReason: new("drill")})
	g.Expect(err).NotTo(HaveOccurred())
	after := describe(t, s, "errors")
	g.Expect(after.StateTransitionedTimestamp).To(Equal(before.StateTransitionedTimestamp))
	g.Expect(*after.StateUpdatedTimestamp).To(Equal(s.Now()))
	g.Expect(transitions(t, s, "errors")).To(HaveLen(1))
}
