package quota_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim/quota"
)

func TestEveryOperationOfCloudWatchHasItsPublishedRate(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	// General Reference, "Amazon CloudWatch endpoints and quotas": requests per second in an account and Region.
	for operation, rate := range map[string]int{
		"DeleteAlarmMuteRule": 3, "DeleteAlarms": 3, "DescribeAlarmHistory": 20, "DescribeAlarms": 9, "DescribeAlarmsForMetric": 9,
		"DisableAlarmActions": 3, "EnableAlarmActions": 3, "GetAlarmMuteRule": 20, "GetMetricData": 500, "GetMetricStatistics": 400,
		"ListAlarmMuteRules": 50, "ListMetrics": 25, "ListTagsForResource": 10, "PutAlarmMuteRule": 3, "PutMetricAlarm": 3,
		"PutMetricData": 500, "SetAlarmState": 3, "TagResource": 20, "UntagResource": 20,
	} {
		q := quota.New(quota.Defaults())
		admitted := 0
		for q.Take("cloudwatch", "cloudwatch:"+operation, now) == nil && admitted < 1000 {
			admitted++
		}
		NewWithT(t).Expect(admitted).To(Equal(rate), operation)
	}
}
