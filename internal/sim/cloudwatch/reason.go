package cloudwatch

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// initialReason is the state reason of an alarm that was never evaluated.
const initialReason = "Unchecked: Initial alarm creation"

// reasonDocument is StateReasonData (examples in the CloudWatch User Guide, "Alarm events and
// EventBridge"). Recent data points are listed oldest first, evaluated ones newest first.
type reasonDocument struct {
	Version             string              `json:"version"`
	QueryDate           string              `json:"queryDate"`
	StartDate           string              `json:"startDate,omitempty"`
	Unit                string              `json:"unit,omitempty"`
	Statistic           string              `json:"statistic,omitempty"`
	Period              int                 `json:"period"`
	RecentDatapoints    []float             `json:"recentDatapoints"`
	Threshold           float               `json:"threshold"`
	EvaluatedDatapoints []evaluatedDocument `json:"evaluatedDatapoints,omitempty"`
}

type evaluatedDocument struct {
	Timestamp   string `json:"timestamp"`
	SampleCount float  `json:"sampleCount,omitempty"`
	Value       float  `json:"value"`
}

func (a *alarm) reasonData(d decision, now time.Time) reasonDocument {
	document := reasonDocument{
		Version:          "1.0",
		QueryDate:        timestamp(now),
		Unit:             string(a.description.Unit),
		Statistic:        string(a.description.Statistic),
		Period:           int(a.period / time.Second),
		RecentDatapoints: []float{},
		Threshold:        float(aws.ToFloat64(a.description.Threshold)),
	}
	if a.description.ExtendedStatistic != nil {
		document.Statistic = *a.description.ExtendedStatistic
	}
	for _, point := range d.used {
		document.StartDate = timestamp(point.at)
		document.RecentDatapoints = append(document.RecentDatapoints, float(point.value))
		document.EvaluatedDatapoints = append(document.EvaluatedDatapoints, evaluatedDocument{
			Timestamp: timestamp(point.at), SampleCount: float(point.samples), Value: float(point.value),
		})
	}
	slices.Reverse(document.RecentDatapoints)
	return document
}

// reason is the state reason in the words of CloudWatch. Alarms with DatapointsToAlarm name how many out
// of how many data points crossed the threshold.
func (a *alarm) reason(d decision) string {
	if d.state == types.StateValueInsufficientData {
		return fmt.Sprintf("Insufficient Data: %s unknown.", counted(d.filled, "datapoint"))
	}
	var listed []string
	for _, point := range d.used {
		if a.breaching(point.value) == (d.state == types.StateValueAlarm) {
			listed = append(listed, fmt.Sprintf("%s (%s)", float(point.value), point.at.Format("02/01/06 15:04:05")))
		}
	}
	_, n := a.requirement()
	if len(listed) == 0 {
		periods := fmt.Sprintf("%d period", d.filled)
		if d.filled != 1 {
			periods += "s"
		}
		return fmt.Sprintf("Threshold Crossed: no datapoints were received for %s and %s.", periods, a.treated(d.filled))
	}

	values := "[" + strings.Join(listed, ", ") + "]"
	verb := "were"
	if len(listed) == 1 {
		verb = "was"
	}
	if d.state == types.StateValueOk {
		verb += " not"
	}
	comparison := fmt.Sprintf("%s %s the threshold (%s)", verb, a.operatorText(), float(aws.ToFloat64(a.description.Threshold)))

	var text string
	if a.description.DatapointsToAlarm != nil {
		text = fmt.Sprintf("Threshold Crossed: %d out of the last %d datapoints %s %s %s", len(listed), n, values, comparison, a.minimumText(d.state))
	} else {
		noun := "datapoints"
		if len(listed) == 1 {
			noun = "datapoint"
		}
		text = fmt.Sprintf("Threshold Crossed: %d %s %s %s", len(listed), noun, values, comparison)
	}
	if d.filled > 0 && a.fills(d.state) {
		text += " and " + a.treated(d.filled)
	}
	return text + "."
}

// fills reports whether filled data points count towards a state.
func (a *alarm) fills(state types.StateValue) bool {
	return a.treatment() == treatBreaching && state == types.StateValueAlarm ||
		a.treatment() == treatNotBreaching && state == types.StateValueOk
}

func (a *alarm) treated(count int) string {
	as := "NonBreaching"
	if a.treatment() == treatBreaching {
		as = "Breaching"
	}
	return fmt.Sprintf("%s treated as [%s]", counted(count, "missing datapoint"), as)
}

// minimumText names the data points that the transition needs: M for ALARM, N-M+1 for OK.
func (a *alarm) minimumText(state types.StateValue) string {
	m, n := a.requirement()
	minimum, arrow := m, "OK -> ALARM"
	if state == types.StateValueOk {
		minimum, arrow = n-m+1, "ALARM -> OK"
	}
	noun := "datapoints"
	if minimum == 1 {
		noun = "datapoint"
	}
	return fmt.Sprintf("(minimum %d %s for %s transition)", minimum, noun, arrow)
}

func (a *alarm) operatorText() string {
	switch a.description.ComparisonOperator {
	case types.ComparisonOperatorGreaterThanOrEqualToThreshold:
		return "greater than or equal to"
	case types.ComparisonOperatorGreaterThanThreshold:
		return "greater than"
	case types.ComparisonOperatorLessThanThreshold:
		return "less than"
	default:
		return "less than or equal to"
	}
}

func counted(count int, noun string) string {
	if count == 1 {
		return fmt.Sprintf("1 %s was", noun)
	}
	return fmt.Sprintf("%d %ss were", count, noun)
}
