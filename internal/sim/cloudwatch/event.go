package cloudwatch

import (
	"crypto/sha256"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// StateChange is the detail-type of an EventBridge event about a transition.
const StateChange = "CloudWatch Alarm State Change"

// eventDocument is the detail of an EventBridge event about a transition (CloudWatch User Guide, "Alarm events and
// EventBridge", single metric alarm and metric math alarm).
type eventDocument struct {
	AlarmName     string             `json:"alarmName"`
	Configuration eventConfiguration `json:"configuration"`
	PreviousState eventState         `json:"previousState"`
	State         eventState         `json:"state"`
}

type eventConfiguration struct {
	Description string        `json:"description,omitempty"`
	Metrics     []eventMetric `json:"metrics"`
}

type eventMetric struct {
	Expression string           `json:"expression,omitempty"`
	ID         string           `json:"id"`
	Label      string           `json:"label,omitempty"`
	MetricStat *eventMetricStat `json:"metricStat,omitempty"`
	ReturnData bool             `json:"returnData"`
}

type eventMetricStat struct {
	Metric struct {
		Dimensions map[string]string `json:"dimensions"`
		Name       string            `json:"name"`
		Namespace  string            `json:"namespace"`
	} `json:"metric"`
	Period int32  `json:"period"`
	Stat   string `json:"stat"`
	Unit   string `json:"unit,omitempty"`
}

type eventState struct {
	Reason     string `json:"reason"`
	ReasonData string `json:"reasonData,omitempty"`
	Timestamp  string `json:"timestamp"`
	Value      string `json:"value"`
}

// EventDetail is the detail of the EventBridge event about the transition, in JSON.
func (t Transition) EventDetail() []byte {
	return marshal(eventDocument{
		AlarmName: aws.ToString(t.After.AlarmName),
		Configuration: eventConfiguration{
			Description: aws.ToString(t.After.AlarmDescription), Metrics: eventMetrics(t.After),
		},
		PreviousState: newEventState(t.Before), State: newEventState(t.After),
	})
}

func newEventState(a types.MetricAlarm) eventState {
	return eventState{
		Reason: aws.ToString(a.StateReason), ReasonData: aws.ToString(a.StateReasonData),
		Timestamp: timestamp(aws.ToTime(a.StateUpdatedTimestamp)), Value: string(a.StateValue),
	}
}

// eventMetrics are the metrics of an alarm. That of a single-metric alarm has an ID that CloudWatch made up.
func eventMetrics(a types.MetricAlarm) []eventMetric {
	var out []eventMetric
	for _, q := range queries(a) {
		m := eventMetric{
			Expression: aws.ToString(q.Expression), ID: aws.ToString(q.Id), Label: aws.ToString(q.Label),
			ReturnData: q.ReturnData == nil || *q.ReturnData,
		}
		if q.MetricStat != nil {
			m.MetricStat = &eventMetricStat{
				Period: aws.ToInt32(q.MetricStat.Period), Stat: aws.ToString(q.MetricStat.Stat), Unit: string(q.MetricStat.Unit),
			}
			metric := &m.MetricStat.Metric
			metric.Name, metric.Namespace = aws.ToString(q.MetricStat.Metric.MetricName), aws.ToString(q.MetricStat.Metric.Namespace)
			metric.Dimensions = map[string]string{}
			for _, d := range q.MetricStat.Metric.Dimensions {
				metric.Dimensions[aws.ToString(d.Name)] = aws.ToString(d.Value)
			}
		}
		out = append(out, m)
	}
	return out
}

// queries are the metric data queries of an alarm, also of one on a single metric.
func queries(a types.MetricAlarm) []types.MetricDataQuery {
	if a.MetricName == nil {
		return a.Metrics
	}
	h := fmt.Sprintf("%x", sha256.Sum256([]byte(aws.ToString(a.AlarmArn))))
	stat := string(a.Statistic)
	if a.ExtendedStatistic != nil {
		stat = *a.ExtendedStatistic
	}
	return []types.MetricDataQuery{{
		Id: new(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:32]),
		MetricStat: &types.MetricStat{
			Metric: &types.Metric{Namespace: a.Namespace, MetricName: a.MetricName, Dimensions: a.Dimensions},
			Period: a.Period, Stat: &stat, Unit: a.Unit,
		},
	}}
}
