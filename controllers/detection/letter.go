package detection

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/signal"
)

const (
	// patience is how long a message waits for CloudWatch to show what it says: reads are eventually consistent.
	patience = 5 * time.Minute
	// slack is how far the times of one change may be apart: the message, the alarm and the history each have one.
	slack = 2 * time.Second
)

// disposition says what became of a message. A message is deleted when it has one.
type disposition string

const (
	undecided disposition = ""
	followed  disposition = "Followed" // by an Incident, new or not, or by the list of preexisting alarms
)

// letter is a message on its way to its disposition.
type letter struct {
	message     aws.Message
	hint        signal.Hint
	disposition disposition
	exists      bool              // CloudWatch has an alarm of that name
	present     alarms.Alarm      // as it is, where it exists
	confirmed   bool              // the alarm is in ALARM, or was as the message says
	past        bool              // it was, and is not any more
	transition  alarms.Transition // to ALARM, where that is past
}

// known returns the name of the alarm, if CloudWatch has it: any other is the text of whoever sent the message.
func (l *letter) known() string {
	if !l.exists {
		return ""
	}
	return l.hint.Name
}

// read says what is known of a message by its text alone.
func read(m aws.Message, accountID, region string) *letter {
	hint, reason := signal.Parse(m.Body, accountID, region)
	return &letter{message: m, hint: hint, disposition: disposition(reason)}
}

// confirm asks CloudWatch for the alarms that messages name. A fault leaves what was not answered undecided; one of mute
// rules only leaves alarms not muted, which the poll says in the condition Detecting.
func confirm(ctx context.Context, s *aws.Session, mutes *alarms.MuteRules, letters []*letter, now time.Time) error {
	var names []string
	for _, l := range letters {
		if l.disposition == undecided {
			names = append(names, l.hint.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	query := alarms.QueryNames(names)
	if err := query.Read(ctx, s); err != nil {
		return err
	}
	muting, err := mutes.Read(ctx, s, now)
	if err != nil {
		log.FromContext(ctx).V(1).Info("Not known which alarms are muted", "reason", err.Error())
	}
	named := map[string]alarms.Alarm{}
	for _, alarm := range query.Alarms() {
		named[alarm.Name] = muting.Mark(alarm)
	}
	var trouble error
	for _, l := range letters {
		if l.disposition != undecided {
			continue
		}
		l.present, l.exists = named[l.hint.Name]
		if l.exists && l.present.State == v1alpha1.AlarmFiring {
			l.confirmed = true
			continue
		}
		if err := l.lookUp(ctx, s, now); err != nil {
			trouble = err
		}
	}
	return trouble
}

// lookUp finds out about a message whose alarm is not in ALARM: whether it was, as its history has it. A message that is
// a little ahead of CloudWatch is left for a while.
func (l *letter) lookUp(ctx context.Context, s *aws.Session, now time.Time) error {
	age := now.Sub(l.hint.TransitionedAt)
	if age > mostBack {
		l.disposition = v1alpha1.ReasonTooOld
		return nil
	}
	if l.exists && age >= -patience { // what is ahead by more is no message of CloudWatch
		history := alarms.QueryHistoryOf(l.hint.Name, l.hint.TransitionedAt.Add(-slack), l.hint.TransitionedAt.Add(slack))
		if err := history.Read(ctx, s); err != nil {
			return err
		}
		for _, t := range history.Transitions() {
			l.confirmed, l.past, l.transition = true, true, t
		}
	}
	if !l.confirmed && (age > patience || age < -patience) {
		l.disposition = v1alpha1.ReasonNotConfirmed
	}
	return nil
}
