package cloudwatch_test

import (
	"strings"
	"testing"
	"time"

	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/gomega"
)

const (
	ok           = string(types.StateValueOk)
	inAlarm      = string(types.StateValueAlarm)
	insufficient = string(types.StateValueInsufficientData)
	retain       = "Retain current state"
)

// missingDataRow is a row of a table in the CloudWatch User Guide, "Configuring how CloudWatch alarms
// treat missing data": the 5 most recent data points with the newest on the right (0 not breaching, X
// breaching, - missing) and the state for each treatment of missing data.
type missingDataRow struct {
	points       string
	missing      string
	ignore       string
	breaching    string
	notBreaching string
}

// missingDataTables are the tables of the page: 3 out of 3, and 2 out of 3, periods of 5 minutes.
var missingDataTables = map[int32][]missingDataRow{
	3: {
		{"0 - X - X", ok, ok, ok, ok},
		{"0 - - - -", ok, ok, ok, ok},
		{"- - - - -", insufficient, retain, inAlarm, ok},
		{"0 X X - X", inAlarm, inAlarm, inAlarm, inAlarm},
		{"- - X - -", inAlarm, retain, inAlarm, ok},
	},
	2: {
		{"0 - X - X", inAlarm, inAlarm, inAlarm, inAlarm},
		{"0 0 X 0 X", inAlarm, inAlarm, inAlarm, inAlarm},
		{"0 - X - -", ok, ok, inAlarm, ok},
		{"- - - - 0", ok, ok, inAlarm, ok},
		{"- - - X -", inAlarm, retain, inAlarm, ok},
	},
}

// earlierMissingDataTables are the rows of the page's first edition (2018) that later ones replaced by
// other examples and do not contradict.
var earlierMissingDataTables = map[int32][]missingDataRow{
	3: {
		{"- - - - X", insufficient, retain, inAlarm, ok},
		{"X - - - -", inAlarm, retain, inAlarm, ok},
	},
	2: {
		{"- - - - X", insufficient, retain, inAlarm, ok},
	},
}

func TestMissingDataIsTreatedAsInTheTablesOfTheUserGuide(t *testing.T) {
	for m, rows := range missingDataTables {
		for _, row := range rows {
			checkMissingData(t, m, row)
		}
	}
}

func TestMissingDataIsTreatedAsInEarlierEditionsOfTheUserGuide(t *testing.T) {
	for m, rows := range earlierMissingDataTables {
		for _, row := range rows {
			checkMissingData(t, m, row)
		}
	}
}

// checkMissingData puts alarms into each state, lets them evaluate the data points and compares.
func checkMissingData(t *testing.T, m int32, row missingDataRow) {
	t.Helper()
	for treat, want := range map[string]string{
		"missing": row.missing, "ignore": row.ignore, "breaching": row.breaching, "notBreaching": row.notBreaching,
	} {
		for _, before := range []string{ok, inAlarm, insufficient} {
			expected := want
			if want == retain {
				expected = before
			}
			got := stateAfter(t, m, row.points, treat, types.StateValue(before))
			NewWithT(t).Expect(got).To(Equal(expected), "%d out of 3, %s, %s, from %s", m, row.points, treat, before)
		}
	}
}

func stateAfter(t *testing.T, m int32, points, treat string, before types.StateValue) string {
	t.Helper()
	g := NewWithT(t)
	const period = 5 * time.Minute
	s := newService()
	end := s.Next().Truncate(time.Minute)
	fields := strings.Fields(points)
	g.Expect(fields).To(HaveLen(5))
	for i, point := range fields {
		at := end.Add(-time.Duration(len(fields)-i) * period).Add(90 * time.Second)
		switch point {
		case "0":
			s.Record(namespace, "Errors", dims, "Count", at, []float64{0})
		case "X":
			s.Record(namespace, "Errors", dims, "Count", at, []float64{1})
		}
	}
	in := sumAlarm("errors", "Errors", m, 3)
	in.Period = new(int32(period / time.Second))
	in.TreatMissingData = new(treat)
	put(t, s, in)
	_, err := s.SetAlarmState(t.Context(), &cw.SetAlarmStateInput{AlarmName: new("errors"), StateValue: before, StateReason: new("test")})
	g.Expect(err).NotTo(HaveOccurred())
	s.AdvanceTo(s.Next())
	return string(describe(t, s, "errors").StateValue)
}

// "Because the next data point may be non-breaching, the alarm does not go immediately into ALARM state
// when the data is either - - - - X or - - - X - and Datapoints to Alarm is 3" (same page, "Avoiding
// premature transitions to alarm state").
func TestAnAlarmDoesNotGoPrematurelyIntoAlarm(t *testing.T) {
	for _, points := range []string{"- - - - X", "- - - X -"} {
		for _, treat := range []string{"missing", "ignore"} {
			g := NewWithT(t)
			g.Expect(stateAfter(t, 3, points, treat, types.StateValueOk)).NotTo(Equal(inAlarm), "%s, %s", points, treat)
		}
	}
	for _, points := range []string{"- - - X 0", "- - X - 0"} {
		NewWithT(t).Expect(stateAfter(t, 3, points, "missing", types.StateValueOk)).To(Equal(ok), points)
	}
}

func TestAlarmsOnDynamoDBIgnoreMissingDataByDefault(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	in := sumAlarm("throttled", "ThrottledRequests", 1, 1)
	in.Namespace = new("AWS/DynamoDB")
	put(t, s, in)
	s.Record("AWS/DynamoDB", "ThrottledRequests", dims, "Count", start, []float64{1})
	s.AdvanceTo(start.Add(20 * time.Minute))
	g.Expect(transitions(t, s, "throttled")).To(Equal([]string{"Alarm updated from INSUFFICIENT_DATA to ALARM"}))
}

func TestTheLastDataPointsAreEvaluatedAgainForAWhile(t *testing.T) {
	// One data point of 9:00 is in the evaluation range of 1 + 2 periods up to the evaluation at 9:03:05.
	g := NewWithT(t)
	s := newService()
	in := sumAlarm("errors", "Errors", 1, 1)
	in.TreatMissingData = new("notBreaching")
	put(t, s, in)
	s.Record(namespace, "Errors", dims, "Count", start, []float64{1})
	s.AdvanceTo(start.Add(3 * time.Minute))
	g.Expect(describe(t, s, "errors").StateValue).To(Equal(types.StateValueAlarm))
	s.AdvanceTo(start.Add(4 * time.Minute))
	g.Expect(describe(t, s, "errors").StateValue).To(Equal(types.StateValueOk))
	g.Expect(*describe(t, s, "errors").StateReason).To(Equal(
		"Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching]."))
}
