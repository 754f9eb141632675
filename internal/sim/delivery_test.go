package sim_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/cloudwatch"
	"github.com/runbook-operator/runbook-operator/internal/sim/eventbridge"
	simsqs "github.com/runbook-operator/runbook-operator/internal/sim/sqs"
)

const topic = "arn:aws:sns:us-east-1:123456789012:alarms"

// object is any JSON object, to be read by its members.
type object = map[string]any

// told receives and deletes all messages of the queue and returns their bodies.
func (m *mailbox) told() []object {
	m.t.Helper()
	out := []object{}
	for got := m.receive(); len(got) > 0; got = m.receive() {
		for _, one := range got {
			out = append(out, m.read(aws.ToString(one.Body)))
			m.g.Expect(m.delete(one.ReceiptHandle)).To(Succeed())
		}
	}
	return out
}

func (m *mailbox) read(text string) object {
	m.t.Helper()
	o := object{}
	m.g.Expect(json.Unmarshal([]byte(text), &o)).To(Succeed(), text)
	return o
}

// set changes the state of an alarm through the SDK.
func (m *mailbox) set(alarm string, state cwtypes.StateValue) {
	m.t.Helper()
	_, err := m.cloudwatch.SetAlarmState(m.t.Context(), &cw.SetAlarmStateInput{
		AlarmName: &alarm, StateValue: state, StateReason: aws.String("drill"),
	})
	m.g.Expect(err).NotTo(HaveOccurred())
}

func (m *mailbox) rule() {
	m.PutRule(eventbridge.Rule{Name: "alarms", DetailType: cloudwatch.StateChange, Queue: events})
}

func TestEventBridgeDeliversEveryTransitionAsItsDocumentedEvent(t *testing.T) {
	m := newMailbox(t, sim.Options{}, simsqs.Queue{})
	m.rule()
	m.pass(5 * time.Second)
	got := m.receive()
	m.g.Expect(got).To(HaveLen(1), "the alarm was evaluated for the first time")
	m.g.Expect(got[0].Attributes).To(HaveKeyWithValue("SentTimestamp", fmt.Sprint(start.Add(5*time.Second).UnixMilli())))
	e := m.read(aws.ToString(got[0].Body))
	m.g.Expect(e).To(And(
		HaveKeyWithValue("version", "0"), HaveKeyWithValue("id", HaveLen(36)),
		HaveKeyWithValue("detail-type", "CloudWatch Alarm State Change"), HaveKeyWithValue("source", "aws.cloudwatch"),
		HaveKeyWithValue("account", "123456789012"), HaveKeyWithValue("region", "us-east-1"),
		HaveKeyWithValue("time", "2026-11-23T09:00:05Z"),
		HaveKeyWithValue("resources", []any{"arn:aws:cloudwatch:us-east-1:123456789012:alarm:orders throttled"})))
	detail := e["detail"].(object)
	m.g.Expect(detail).To(HaveKeyWithValue("alarmName", alarm))
	m.g.Expect(detail["previousState"]).To(And(
		HaveKeyWithValue("value", "INSUFFICIENT_DATA"), HaveKeyWithValue("timestamp", "2026-11-23T09:00:00.000+0000")))
	m.g.Expect(detail["state"]).To(And(
		HaveKeyWithValue("value", "OK"), HaveKeyWithValue("timestamp", "2026-11-23T09:00:05.000+0000"),
		HaveKeyWithValue("reason", ContainSubstring("no datapoints were received")), HaveKeyWithValue("reasonData", ContainSubstring(`"version":"1.0"`))))
	metrics := detail["configuration"].(object)["metrics"].([]any)
	m.g.Expect(metrics).To(HaveLen(1))
	m.g.Expect(metrics[0]).To(And(HaveKeyWithValue("returnData", true), HaveKeyWithValue("id", HaveLen(36))))
	m.g.Expect(metrics[0].(object)["metricStat"]).To(Equal(object{
		"metric": object{"dimensions": object{"FunctionName": function}, "name": "Throttles", "namespace": "AWS/Lambda"},
		"period": 60.0, "stat": "Sum",
	}))
	m.DeleteRule("alarms")
	m.set(alarm, cwtypes.StateValueAlarm)
	m.g.Expect(m.told()).To(BeEmpty(), "nothing is delivered without a rule")
}

// putAlarms adds alarms on the same metric that carry out actions for ALARM.
func (m *mailbox) putAlarms(n int, actions ...string) {
	m.t.Helper()
	for i := range n {
		m.g.Expect(m.PutMetricAlarm(m.t.Context(), &cw.PutMetricAlarmInput{
			AlarmName: aws.String(fmt.Sprintf("alarm %04d", i)), Namespace: aws.String("Shop"), MetricName: aws.String("Load"),
			Statistic: cwtypes.StatisticMaximum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1),
			ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold, AlarmActions: actions,
		})).To(Succeed())
	}
}

func TestAThousandTransitionsInOneSecondAreAllDelivered(t *testing.T) {
	m := newMailbox(t, sim.Options{}, simsqs.Queue{})
	m.putAlarms(1000)
	m.pass(10 * time.Second)
	m.rule()
	_, err := m.cloudwatch.PutMetricData(t.Context(), &cw.PutMetricDataInput{Namespace: aws.String("Shop"), MetricData: []cwtypes.MetricDatum{
		{MetricName: aws.String("Load"), Value: aws.Float64(2)},
	}})
	m.g.Expect(err).NotTo(HaveOccurred())
	m.pass(time.Minute)
	names := map[any]bool{}
	for _, e := range m.told() {
		m.g.Expect(e).To(HaveKeyWithValue("time", "2026-11-23T09:01:05Z"))
		names[e["detail"].(object)["alarmName"]] = true
	}
	m.g.Expect(names).To(HaveLen(1000))
}

func TestSNSDeliversTheNotificationsOfStatesWhoseActionsNameTheTopic(t *testing.T) {
	m := newMailbox(t, sim.Options{}, simsqs.Queue{})
	m.putAlarms(1, topic, "arn:aws:sns:us-east-1:123456789012:somebody-else")
	m.Subscribe(topic, events)
	name := "alarm 0000"
	m.set(name, cwtypes.StateValueAlarm)
	m.set(name, cwtypes.StateValueOk)
	got := m.told()
	m.g.Expect(got).To(HaveLen(1), "OK has no action")
	m.g.Expect(got[0]).To(And(
		HaveKeyWithValue("Type", "Notification"), HaveKeyWithValue("TopicArn", topic), HaveKeyWithValue("MessageId", HaveLen(36)),
		HaveKeyWithValue("Subject", `ALARM: "alarm 0000" in US East (N. Virginia)`),
		HaveKeyWithValue("Timestamp", "2026-11-23T09:00:00.000Z")))
	n := m.read(got[0]["Message"].(string))
	m.g.Expect(n).To(And(
		HaveKeyWithValue("AlarmName", name), HaveKeyWithValue("AWSAccountId", "123456789012"),
		HaveKeyWithValue("AlarmArn", m.AlarmARN(name)), HaveKeyWithValue("Region", "US East (N. Virginia)"),
		HaveKeyWithValue("NewStateValue", "ALARM"), HaveKeyWithValue("OldStateValue", "INSUFFICIENT_DATA"),
		HaveKeyWithValue("NewStateReason", "drill"), HaveKeyWithValue("StateChangeTime", "2026-11-23T09:00:00.000+0000"),
		HaveKeyWithValue("OKActions", BeEmpty()), HaveKeyWithValue("AlarmActions", HaveLen(2))))
	m.g.Expect(n["Trigger"]).To(And(
		HaveKeyWithValue("MetricName", "Load"), HaveKeyWithValue("Namespace", "Shop"), HaveKeyWithValue("StatisticType", "Statistic"),
		HaveKeyWithValue("Statistic", "MAXIMUM"), HaveKeyWithValue("Unit", BeNil()), HaveKeyWithValue("Period", 60.0),
		HaveKeyWithValue("Threshold", 1.0), HaveKeyWithValue("ComparisonOperator", "GreaterThanThreshold")))
	m.rule()
	_, err := m.cloudwatch.DisableAlarmActions(t.Context(), &cw.DisableAlarmActionsInput{AlarmNames: []string{name}})
	m.g.Expect(err).NotTo(HaveOccurred())
	m.set(name, cwtypes.StateValueAlarm)
	got = m.told()
	m.g.Expect(got).To(HaveLen(1), "without actions only the event is delivered")
	m.g.Expect(got[0]).To(HaveKey("detail"))
}

func TestTheMetricsOfAMathAlarmAreInItsMessages(t *testing.T) {
	m := newMailbox(t, sim.Options{}, simsqs.Queue{})
	m.rule()
	m.Subscribe(topic, events)
	m.g.Expect(m.PutMetricAlarm(t.Context(), &cw.PutMetricAlarmInput{
		AlarmName: aws.String("rate"), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(5), AlarmActions: []string{topic},
		ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold,
		Metrics: []cwtypes.MetricDataQuery{
			{Id: aws.String("e"), ReturnData: aws.Bool(false), MetricStat: &cwtypes.MetricStat{
				Metric: &cwtypes.Metric{Namespace: aws.String("Shop"), MetricName: aws.String("Errors")}, Period: aws.Int32(60), Stat: aws.String("Sum"),
			}},
			{Id: aws.String("r"), Expression: aws.String("100 * e"), Label: aws.String("Rate")},
		},
	})).To(Succeed())
	m.set("rate", cwtypes.StateValueAlarm)
	got := m.told()
	m.g.Expect(got).To(HaveLen(2))
	m.g.Expect(got[0]["detail"].(object)["configuration"].(object)["metrics"]).To(HaveExactElements(
		And(HaveKeyWithValue("id", "e"), HaveKeyWithValue("returnData", false), HaveKey("metricStat")),
		Equal(any(object{"id": "r", "expression": "100 * e", "label": "Rate", "returnData": true}))))
	trigger := m.read(got[1]["Message"].(string))["Trigger"].(object)
	m.g.Expect(trigger).NotTo(HaveKey("MetricName"))
	m.g.Expect(trigger["Metrics"]).To(HaveExactElements(
		And(HaveKeyWithValue("Id", "e"), HaveKeyWithValue("MetricStat", HaveKeyWithValue("Stat", "Sum"))),
		Equal(any(object{"Id": "r", "Expression": "100 * e", "Label": "Rate", "ReturnData": true}))))
}
