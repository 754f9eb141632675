package cloudwatch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// float is a number in AWS's JSON documents about alarms, which write 50 as 50.0.
type float float64

func (f float) String() string {
	text := strconv.FormatFloat(float64(f), 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// MarshalJSON writes the number with a decimal point.
func (f float) MarshalJSON() ([]byte, error) { return []byte(f.String()), nil }

// timestamp renders a time as the JSON documents about alarms do.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000-0700") }

// marshal renders a document of this package, none of which can fail to encode.
func marshal(document any) []byte {
	var raw bytes.Buffer
	encoder := json.NewEncoder(&raw)
	encoder.SetEscapeHTML(false) // AWS writes "OK -> ALARM" as it is
	if err := encoder.Encode(document); err != nil {
		panic(fmt.Sprintf("encoding %T: %v", document, err))
	}
	return bytes.TrimSuffix(raw.Bytes(), []byte("\n"))
}

// alarmDocument is the configuration of a metric alarm in history items and in the state text.
type alarmDocument struct {
	AlarmName                        string              `json:"alarmName"`
	AlarmARN                         string              `json:"alarmArn"`
	AlarmDescription                 *string             `json:"alarmDescription,omitempty"`
	ConfigurationUpdated             string              `json:"alarmConfigurationUpdatedTimestamp"`
	ActionsEnabled                   bool                `json:"actionsEnabled"`
	OKActions                        []string            `json:"okActions"`
	AlarmActions                     []string            `json:"alarmActions"`
	InsufficientDataActions          []string            `json:"insufficientDataActions"`
	Namespace                        *string             `json:"namespace,omitempty"`
	MetricName                       *string             `json:"metricName,omitempty"`
	Dimensions                       []dimensionDocument `json:"dimensions"`
	Statistic                        string              `json:"statistic,omitempty"`
	ExtendedStatistic                *string             `json:"extendedStatistic,omitempty"`
	Period                           *int32              `json:"period,omitempty"`
	Unit                             string              `json:"unit,omitempty"`
	Metrics                          []queryDocument     `json:"metrics,omitempty"`
	EvaluationPeriods                int32               `json:"evaluationPeriods"`
	DatapointsToAlarm                *int32              `json:"datapointsToAlarm,omitempty"`
	Threshold                        float               `json:"threshold"`
	ComparisonOperator               string              `json:"comparisonOperator"`
	TreatMissingData                 *string             `json:"treatMissingData,omitempty"`
	EvaluateLowSampleCountPercentile *string             `json:"evaluateLowSampleCountPercentile,omitempty"`
}

type dimensionDocument struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type queryDocument struct {
	ID         string              `json:"id"`
	Expression *string             `json:"expression,omitempty"`
	MetricStat *metricStatDocument `json:"metricStat,omitempty"`
	Label      *string             `json:"label,omitempty"`
	Period     *int32              `json:"period,omitempty"`
	ReturnData bool                `json:"returnData"`
}

type metricStatDocument struct {
	Metric struct {
		Namespace  string              `json:"namespace"`
		Name       string              `json:"name"`
		Dimensions []dimensionDocument `json:"dimensions"`
	} `json:"metric"`
	Period int32  `json:"period"`
	Stat   string `json:"stat"`
	Unit   string `json:"unit,omitempty"`
}

func newAlarmDocument(a *types.MetricAlarm) alarmDocument {
	document := alarmDocument{
		AlarmName:                        aws.ToString(a.AlarmName),
		AlarmARN:                         aws.ToString(a.AlarmArn),
		AlarmDescription:                 a.AlarmDescription,
		ConfigurationUpdated:             timestamp(aws.ToTime(a.AlarmConfigurationUpdatedTimestamp)),
		ActionsEnabled:                   aws.ToBool(a.ActionsEnabled),
		OKActions:                        a.OKActions,
		AlarmActions:                     a.AlarmActions,
		InsufficientDataActions:          a.InsufficientDataActions,
		Namespace:                        a.Namespace,
		MetricName:                       a.MetricName,
		Dimensions:                       newDimensionDocuments(a.Dimensions),
		Statistic:                        string(a.Statistic),
		ExtendedStatistic:                a.ExtendedStatistic,
		Period:                           a.Period,
		Unit:                             string(a.Unit),
		EvaluationPeriods:                aws.ToInt32(a.EvaluationPeriods),
		DatapointsToAlarm:                a.DatapointsToAlarm,
		Threshold:                        float(aws.ToFloat64(a.Threshold)),
		ComparisonOperator:               string(a.ComparisonOperator),
		TreatMissingData:                 a.TreatMissingData,
		EvaluateLowSampleCountPercentile: a.EvaluateLowSampleCountPercentile,
	}
	for _, query := range a.Metrics {
		document.Metrics = append(document.Metrics, newQueryDocument(query))
	}
	return document
}

func newDimensionDocuments(dimensions []types.Dimension) []dimensionDocument {
	documents := make([]dimensionDocument, 0, len(dimensions))
	for _, dimension := range sortedDimensions(dimensions) {
		documents = append(documents, dimensionDocument{Name: aws.ToString(dimension.Name), Value: aws.ToString(dimension.Value)})
	}
	return documents
}

func newQueryDocument(query types.MetricDataQuery) queryDocument {
	document := queryDocument{
		ID:         aws.ToString(query.Id),
		Expression: query.Expression,
		Label:      query.Label,
		Period:     query.Period,
		ReturnData: query.ReturnData == nil || *query.ReturnData,
	}
	if stat := query.MetricStat; stat != nil {
		document.MetricStat = &metricStatDocument{
			Period: aws.ToInt32(stat.Period),
			Stat:   aws.ToString(stat.Stat),
			Unit:   string(stat.Unit),
		}
		if stat.Metric != nil {
			document.MetricStat.Metric.Namespace = aws.ToString(stat.Metric.Namespace)
			document.MetricStat.Metric.Name = aws.ToString(stat.Metric.MetricName)
			document.MetricStat.Metric.Dimensions = newDimensionDocuments(stat.Metric.Dimensions)
		}
	}
	return document
}
