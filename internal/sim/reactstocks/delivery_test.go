package reactstocks_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	simsqs "github.com/runbook-operator/runbook-operator/internal/sim/sqs"
)

// received takes all messages of the alarm queue and counts the events of EventBridge and the notifications of SNS
// about one alarm.
func received(t *testing.T, cfg aws.Config, alarm string) (events, notifications int) {
	t.Helper()
	c := sqs.NewFromConfig(cfg)
	for {
		out, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
			QueueUrl: aws.String(reactstocks.AlarmQueueURL), MaxNumberOfMessages: 10,
		})
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		for _, m := range out.Messages {
			switch body := aws.ToString(m.Body); {
			case !strings.Contains(body, alarm):
			case strings.Contains(body, `"detail-type":"CloudWatch Alarm State Change"`):
				events++
			case strings.Contains(body, `"Type": "Notification"`):
				notifications++
			}
		}
		if len(out.Messages) == 0 {
			return events, notifications
		}
	}
}

func TestAlarmsTellTheQueueOfTheirStatesInTheWayThatWasChosen(t *testing.T) {
	for d, want := range map[reactstocks.Delivery][2]int{
		reactstocks.EventBridge: {1, 0}, reactstocks.SNS: {0, 1}, reactstocks.Both: {1, 1}, reactstocks.Nothing: {0, 0},
	} {
		t.Run(string(d), func(t *testing.T) {
			g := NewWithT(t)
			w, _, admin := serve(t, 7, reactstocks.Throttling)
			g.Expect(w.QueueURL(reactstocks.AlarmQueue)).To(Equal(reactstocks.AlarmQueueURL))
			g.Expect(w.Queue(reactstocks.AlarmQueue)).To(Equal(simsqs.Counts{}), "what happened before the start is not told")
			reactstocks.Deliver(w, d)
			w.AdvanceTo(w.Now().Add(10 * time.Minute))
			events, notifications := received(t, admin, reactstocks.ThrottlesAlarm)
			g.Expect([2]int{events, notifications}).To(Equal(want))
		})
	}
}

func TestANewWorldDeliversByEventBridge(t *testing.T) {
	w, _, admin := serve(t, 7, reactstocks.Throttling)
	w.AdvanceTo(w.Now().Add(10 * time.Minute))
	events, notifications := received(t, admin, reactstocks.ThrottlesAlarm)
	NewWithT(t).Expect([2]int{events, notifications}).To(Equal([2]int{1, 0}))
}
