package sim

import (
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/runbook-operator/runbook-operator/internal/sim/cloudwatch"
	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
)

// cloudwatchWire is CloudWatch on rpc-v2-cbor, which the SDK speaks, and awsJson, which the AWS CLI speaks.
func cloudwatchWire(s *cloudwatch.Service) wire.Service {
	return wire.Service{
		Name: "cloudwatch", SigningName: "monitoring", QueryCompatible: true, Schema: schemas.GraniteServiceVersion20100801,
		Unions: []any{
			&types.EvaluationCriteriaMemberPromQLCriteria{},
			&types.EvaluationWindowMemberSlidingWindow{},
			&types.EvaluationWindowMemberWallClockWindow{},
		},
		Operations: []wire.Operation{
			wire.Op(schemas.DescribeAlarms, s.DescribeAlarms),
			wire.Op(schemas.DescribeAlarmHistory, s.DescribeAlarmHistory),
			wire.Op(schemas.DescribeAlarmsForMetric, s.DescribeAlarmsForMetric),
			wire.Op(schemas.PutMetricAlarm, s.PutMetricAlarm),
			wire.Op(schemas.DeleteAlarms, s.DeleteAlarms),
			wire.Op(schemas.SetAlarmState, s.SetAlarmState),
			wire.Op(schemas.EnableAlarmActions, s.EnableAlarmActions),
			wire.Op(schemas.DisableAlarmActions, s.DisableAlarmActions),
			wire.Op(schemas.PutAlarmMuteRule, s.PutAlarmMuteRule),
			wire.Op(schemas.GetAlarmMuteRule, s.GetAlarmMuteRule),
			wire.Op(schemas.ListAlarmMuteRules, s.ListAlarmMuteRules),
			wire.Op(schemas.DeleteAlarmMuteRule, s.DeleteAlarmMuteRule),
			wire.Op(schemas.GetMetricData, s.GetMetricData),
			wire.Op(schemas.GetMetricStatistics, s.GetMetricStatistics),
			wire.Op(schemas.ListMetrics, s.ListMetrics),
			wire.Op(schemas.PutMetricData, s.PutMetricData),
			wire.Op(schemas.ListTagsForResource, s.ListTagsForResource),
			wire.Op(schemas.TagResource, s.TagResource),
			wire.Op(schemas.UntagResource, s.UntagResource),
		},
	}
}
