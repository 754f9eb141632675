package cloudwatch

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// schedule is when a mute rule mutes: from every moment that its expression names, for its duration (API reference,
// Schedule).
type schedule struct {
	duration time.Duration
	zone     *time.Location
	once     time.Time // of an at expression
	cron     [5]field  // of a cron expression: minutes, hours, day of month, month, day of week
}

// field is one field of a cron expression: the values that match, and whether that is all.
type field struct {
	values []int
	all    bool
}

// Shortest and longest duration: "minimum of 1 minute (PT1M) and maximum of 15 days (P15D)" (API reference, Schedule).
const (
	minMute = time.Minute
	maxMute = 15 * 24 * time.Hour
)

var iso8601 = regexp.MustCompile(`^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$`)

func newSchedule(in *types.Schedule) (*schedule, error) {
	if in == nil || in.Expression == nil || in.Duration == nil {
		return nil, validationError("The parameters Expression and Duration of the schedule are required.")
	}
	s := &schedule{zone: time.UTC}
	parts := iso8601.FindStringSubmatch(*in.Duration)
	if parts == nil {
		return nil, invalidParameterValue("The duration %s is not an ISO 8601 duration.", *in.Duration)
	}
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi("0" + parts[i+1]) // digits or nothing
		s.duration += time.Duration(n) * unit
	}
	if s.duration < minMute || s.duration > maxMute {
		return nil, invalidParameterValue("The duration %s is not between PT1M and P15D.", *in.Duration)
	}
	var err error
	if in.Timezone != nil {
		if s.zone, err = time.LoadLocation(*in.Timezone); err != nil {
			return nil, invalidParameterValue("The time zone %s is not known.", *in.Timezone)
		}
	}
	if text, ok := inside(*in.Expression, "at("); ok {
		if s.once, err = time.ParseInLocation("2006-01-02T15:04", text, s.zone); err == nil {
			return s, nil
		}
	}
	if text, ok := inside(*in.Expression, "cron("); ok && s.parse(text) {
		return s, nil
	}
	return nil, invalidParameterValue("The expression %s is neither cron(Minutes Hours Day-of-month Month Day-of-week) nor at(yyyy-MM-ddThh:mm).", *in.Expression)
}

func inside(expression, kind string) (string, bool) {
	text, ok := strings.CutPrefix(expression, kind)
	text, end := strings.CutSuffix(text, ")")
	return text, ok && end
}

var (
	months   = []string{"", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	weekdays = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
)

// parse reads the five fields: "The characters *, -, and , are supported in all fields", and English names of months
// and weekdays (the same).
func (s *schedule) parse(text string) bool {
	fields := strings.Fields(text)
	if len(fields) != len(s.cron) {
		return false
	}
	limits := [5]struct {
		low, high int
		names     []string
	}{{0, 59, nil}, {0, 23, nil}, {1, 31, nil}, {1, 12, months}, {0, 6, weekdays}}
	for i, text := range fields {
		if s.cron[i].all = text == "*"; s.cron[i].all {
			continue
		}
		for part := range strings.SplitSeq(text, ",") {
			first, last, isRange := strings.Cut(part, "-")
			if !isRange {
				last = first
			}
			from, ok1 := valueOf(first, limits[i].names)
			to, ok2 := valueOf(last, limits[i].names)
			if !ok1 || !ok2 || from < limits[i].low || to > limits[i].high || from > to {
				return false
			}
			for n := from; n <= to; n++ {
				s.cron[i].values = append(s.cron[i].values, n)
			}
		}
	}
	return true
}

func valueOf(text string, names []string) (int, bool) {
	if i := slices.Index(names, strings.ToUpper(text)); i >= 0 && text != "" {
		return i, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

func (f field) matches(n int) bool { return f.all || slices.Contains(f.values, n) }

// starts says whether the expression names a minute. As in every cron, of a day of the month and a day of the week that
// are both restricted one must match.
func (s *schedule) starts(minute time.Time) bool {
	if !s.once.IsZero() {
		return minute.Equal(s.once)
	}
	t := minute.In(s.zone)
	day, weekday := s.cron[2], s.cron[4]
	onDay := day.matches(t.Day()) && weekday.matches(int(t.Weekday()))
	if !day.all && !weekday.all {
		onDay = day.matches(t.Day()) || weekday.matches(int(t.Weekday()))
	}
	return onDay && s.cron[0].matches(t.Minute()) && s.cron[1].matches(t.Hour()) && s.cron[3].matches(int(t.Month()))
}

// mutes says whether a moment is within the duration from a moment that the expression names.
func (s *schedule) mutes(at time.Time) bool {
	if !s.once.IsZero() {
		return !at.Before(s.once) && at.Before(s.once.Add(s.duration))
	}
	for minute := at.Truncate(time.Minute); minute.After(at.Add(-s.duration)); minute = minute.Add(-time.Minute) {
		if s.starts(minute) {
			return true
		}
	}
	return false
}

// kind is the MuteType.
func (s *schedule) kind() string {
	if s.once.IsZero() {
		return "RECURRING"
	}
	return "ONE_TIME"
}

// status is the state of a rule at a moment: expired after its ExpireDate, or after the one time of an at expression.
func (r *muteRule) status(at time.Time) types.AlarmMuteRuleStatus {
	switch {
	case r.in.ExpireDate != nil && !at.Before(*r.in.ExpireDate),
		!r.schedule.once.IsZero() && !at.Before(r.schedule.once.Add(r.schedule.duration)):
		return types.AlarmMuteRuleStatusExpired
	case at.Before(aws.ToTime(r.in.StartDate)) || !r.schedule.mutes(at):
		return types.AlarmMuteRuleStatusScheduled
	default:
		return types.AlarmMuteRuleStatusActive
	}
}
