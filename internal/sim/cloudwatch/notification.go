package cloudwatch

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// regionNames are the Regions by the names that notifications use (AWS General Reference, "Regional endpoints").
var regionNames = map[string]string{
	"us-east-1": "US East (N. Virginia)", "us-east-2": "US East (Ohio)", "us-west-2": "US West (Oregon)",
	"eu-west-1": "EU (Ireland)", "eu-central-1": "EU (Frankfurt)", "ap-northeast-1": "Asia Pacific (Tokyo)",
}

// notificationDocument is what CloudWatch publishes to a topic (Amazon SNS notifications of CloudWatch alarms, as in the
// examples of the CloudWatch User Guide and of AWS Knowledge Center).
type notificationDocument struct {
	AlarmName               string          `json:"AlarmName"`
	AlarmDescription        *string         `json:"AlarmDescription"`
	AWSAccountID            string          `json:"AWSAccountId"`
	ConfigurationUpdated    string          `json:"AlarmConfigurationUpdatedTimestamp"`
	NewStateValue           string          `json:"NewStateValue"`
	NewStateReason          string          `json:"NewStateReason"`
	StateChangeTime         string          `json:"StateChangeTime"`
	Region                  string          `json:"Region"`
	AlarmARN                string          `json:"AlarmArn"`
	OldStateValue           string          `json:"OldStateValue"`
	OKActions               []string        `json:"OKActions"`
	AlarmActions            []string        `json:"AlarmActions"`
	InsufficientDataActions []string        `json:"InsufficientDataActions"`
	Trigger                 triggerDocument `json:"Trigger"`
}

type triggerDocument struct {
	*metricTrigger
	Period                           *int32         `json:"Period,omitempty"`
	EvaluationPeriods                int32          `json:"EvaluationPeriods"`
	DatapointsToAlarm                *int32         `json:"DatapointsToAlarm,omitempty"`
	ComparisonOperator               string         `json:"ComparisonOperator"`
	Threshold                        float          `json:"Threshold"`
	TreatMissingData                 string         `json:"TreatMissingData"`
	EvaluateLowSampleCountPercentile string         `json:"EvaluateLowSampleCountPercentile"`
	Metrics                          []triggerQuery `json:"Metrics,omitempty"`
}

// metricTrigger is the trigger of an alarm on a single metric.
type metricTrigger struct {
	MetricName        string             `json:"MetricName"`
	Namespace         string             `json:"Namespace"`
	StatisticType     string             `json:"StatisticType"`
	Statistic         string             `json:"Statistic,omitempty"`
	ExtendedStatistic string             `json:"ExtendedStatistic,omitempty"`
	Unit              *string            `json:"Unit"`
	Dimensions        []triggerDimension `json:"Dimensions"`
}

type triggerDimension struct {
	Value string `json:"value"`
	Name  string `json:"name"`
}

// triggerQuery is one metric or expression of an alarm on metric math.
type triggerQuery struct {
	Expression string       `json:"Expression,omitempty"`
	ID         string       `json:"Id"`
	Label      string       `json:"Label,omitempty"`
	MetricStat *triggerStat `json:"MetricStat,omitempty"`
	ReturnData bool         `json:"ReturnData"`
}

type triggerStat struct {
	Metric struct {
		Dimensions []triggerDimension `json:"Dimensions"`
		MetricName string             `json:"MetricName"`
		Namespace  string             `json:"Namespace"`
	} `json:"Metric"`
	Period int32  `json:"Period"`
	Stat   string `json:"Stat"`
}

// Notification is the subject and the message that CloudWatch publishes to the topics among the actions.
func (t Transition) Notification() (subject, message string) {
	const maxSubject = 100 // Amazon SNS API Reference, Publish, Subject
	parts := strings.SplitN(aws.ToString(t.After.AlarmArn), ":", 6)
	region := parts[3]
	if name, ok := regionNames[region]; ok {
		region = name
	}
	subject = fmt.Sprintf("%s: %q in %s", t.After.StateValue, aws.ToString(t.After.AlarmName), region)
	return subject[:min(len(subject), maxSubject)], string(marshal(notificationDocument{
		AlarmName: aws.ToString(t.After.AlarmName), AlarmDescription: t.After.AlarmDescription, AWSAccountID: parts[4],
		ConfigurationUpdated: timestamp(aws.ToTime(t.After.AlarmConfigurationUpdatedTimestamp)),
		NewStateValue:        string(t.After.StateValue), NewStateReason: aws.ToString(t.After.StateReason),
		StateChangeTime: timestamp(t.At), Region: region, AlarmARN: aws.ToString(t.After.AlarmArn), OldStateValue: string(t.Before.StateValue),
		OKActions: cloned(t.After.OKActions), AlarmActions: cloned(t.After.AlarmActions), InsufficientDataActions: cloned(t.After.InsufficientDataActions),
		Trigger: newTrigger(t.After),
	}))
}

func newTrigger(a types.MetricAlarm) triggerDocument {
	t := triggerDocument{
		Period: a.Period, EvaluationPeriods: aws.ToInt32(a.EvaluationPeriods), DatapointsToAlarm: a.DatapointsToAlarm,
		ComparisonOperator: string(a.ComparisonOperator), Threshold: float(aws.ToFloat64(a.Threshold)),
		TreatMissingData: aws.ToString(a.TreatMissingData), EvaluateLowSampleCountPercentile: aws.ToString(a.EvaluateLowSampleCountPercentile),
	}
	if a.MetricName != nil {
		t.metricTrigger = &metricTrigger{
			MetricName: *a.MetricName, Namespace: aws.ToString(a.Namespace), Dimensions: newTriggerDimensions(a.Dimensions),
			StatisticType: "Statistic", Statistic: strings.ToUpper(string(a.Statistic)),
		}
		if a.ExtendedStatistic != nil {
			t.StatisticType, t.ExtendedStatistic = "ExtendedStatistic", *a.ExtendedStatistic
		}
		if a.Unit != "" {
			t.Unit = new(string(a.Unit))
		}
		return t
	}
	for _, q := range a.Metrics {
		out := triggerQuery{
			Expression: aws.ToString(q.Expression), ID: aws.ToString(q.Id), Label: aws.ToString(q.Label),
			ReturnData: q.ReturnData == nil || *q.ReturnData,
		}
		if q.MetricStat != nil {
			out.MetricStat = &triggerStat{Period: aws.ToInt32(q.MetricStat.Period), Stat: aws.ToString(q.MetricStat.Stat)}
			metric := &out.MetricStat.Metric
			metric.Dimensions = newTriggerDimensions(q.MetricStat.Metric.Dimensions)
			metric.MetricName, metric.Namespace = aws.ToString(q.MetricStat.Metric.MetricName), aws.ToString(q.MetricStat.Metric.Namespace)
		}
		t.Metrics = append(t.Metrics, out)
	}
	return t
}

func newTriggerDimensions(dimensions []types.Dimension) []triggerDimension {
	out := make([]triggerDimension, 0, len(dimensions))
	for _, d := range dimensions {
		out = append(out, triggerDimension{Value: aws.ToString(d.Value), Name: aws.ToString(d.Name)})
	}
	return out
}
