package sim_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	simsqs "github.com/runbook-operator/runbook-operator/internal/sim/sqs"
)

const events = "events"

// mailbox is a harness with a queue and an SDK client of it.
type mailbox struct {
	*harness
	sqs *sqs.Client
	url string
}

func newMailbox(t *testing.T, o sim.Options, q simsqs.Queue) *mailbox {
	t.Helper()
	h := newHarness(t, o, lambda.Function{})
	q.Name = events
	h.CreateQueue(q)
	return &mailbox{harness: h, sqs: sqs.NewFromConfig(h.cfg), url: h.QueueURL(events)}
}

func (m *mailbox) send(bodies ...string) {
	m.t.Helper()
	for _, body := range bodies {
		m.g.Expect(m.SendMessage(m.t.Context(), events, body)).To(Succeed())
	}
}

// receive takes up to ten messages through the SDK, which checks their digests.
func (m *mailbox) receive() []sqstypes.Message {
	m.t.Helper()
	out, err := m.sqs.ReceiveMessage(m.t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &m.url, MaxNumberOfMessages: 10, WaitTimeSeconds: 20,
		MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{sqstypes.MessageSystemAttributeNameAll},
	})
	m.g.Expect(err).NotTo(HaveOccurred())
	return out.Messages
}

func (m *mailbox) delete(handle *string) error {
	_, err := m.sqs.DeleteMessage(m.t.Context(), &sqs.DeleteMessageInput{QueueUrl: &m.url, ReceiptHandle: handle})
	return err
}

func bodies(messages []sqstypes.Message) []string {
	out := []string{}
	for _, m := range messages {
		out = append(out, aws.ToString(m.Body))
	}
	return out
}

func TestAMessageComesAgainUntilItIsDeletedByItsLatestHandle(t *testing.T) {
	m := newMailbox(t, sim.Options{}, simsqs.Queue{})
	sent, err := m.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &m.url, MessageBody: aws.String("hello")})
	m.g.Expect(err).NotTo(HaveOccurred())
	first := m.receive()
	m.g.Expect(bodies(first)).To(Equal([]string{"hello"}))
	m.g.Expect(first[0].MessageId).To(Equal(sent.MessageId))
	m.g.Expect(m.Queue(events)).To(Equal(simsqs.Counts{InFlight: 1}))
	m.g.Expect(m.receive()).To(BeEmpty(), "a received message is hidden")
	m.pass(30*time.Second - time.Millisecond)
	m.g.Expect(m.receive()).To(BeEmpty(), "for 30 seconds by default")
	m.pass(time.Millisecond)
	again := m.receive()
	m.g.Expect(bodies(again)).To(Equal([]string{"hello"}))
	m.g.Expect(again[0].MessageId).To(Equal(sent.MessageId))
	m.g.Expect(again[0].ReceiptHandle).NotTo(Equal(first[0].ReceiptHandle))
	m.g.Expect(again[0].Attributes).To(And(
		HaveKeyWithValue("ApproximateReceiveCount", "2"),
		HaveKeyWithValue("SentTimestamp", fmt.Sprint(start.UnixMilli())),
		HaveKeyWithValue("ApproximateFirstReceiveTimestamp", fmt.Sprint(start.UnixMilli())),
		HaveKeyWithValue("SenderId", HaveSuffix(":test"))))
	m.g.Expect(m.delete(first[0].ReceiptHandle)).To(Succeed())
	m.g.Expect(m.Queue(events).InFlight).To(Equal(1), "an older handle deletes nothing")
	m.pass(time.Minute)
	m.g.Expect(m.delete(again[0].ReceiptHandle)).To(Succeed(), "the latest deletes also after its time")
	m.g.Expect(m.Queue(events)).To(Equal(simsqs.Counts{}))
	m.g.Expect(m.delete(again[0].ReceiptHandle)).To(Succeed(), "deleting twice is no error")
}

func TestTheVisibilityOfAMessageInFlightCanBeChanged(t *testing.T) {
	m := newMailbox(t, sim.Options{}, simsqs.Queue{VisibilityTimeout: time.Minute})
	change := func(handle *string, seconds int32) error {
		_, err := m.sqs.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{
			QueueUrl: &m.url, ReceiptHandle: handle, VisibilityTimeout: seconds,
		})
		return err
	}
	m.send("one")
	got := m.receive()
	m.g.Expect(change(got[0].ReceiptHandle, 300)).To(Succeed())
	m.pass(4 * time.Minute)
	m.g.Expect(m.receive()).To(BeEmpty())
	m.g.Expect(code(change(got[0].ReceiptHandle, 43200))).To(Equal("InvalidParameterValue"), "12 hours in all from the first receive")
	m.g.Expect(change(got[0].ReceiptHandle, 0)).To(Succeed())
	m.g.Expect(code(change(got[0].ReceiptHandle, 5))).To(Equal("AWS.SimpleQueueService.MessageNotInflight"))
	m.g.Expect(m.receive()).To(HaveLen(1), "0 shows it again at once")
	m.pass(time.Minute)
	m.g.Expect(m.receive()).To(HaveLen(1), "the next receive has the queue's own timeout")
}

func TestBatchesSayOfEachEntryWhetherItWentWell(t *testing.T) {
	m := newMailbox(t, sim.Options{}, simsqs.Queue{})
	m.send("a", "b")
	got := m.receive()
	hidden, err := m.sqs.ChangeMessageVisibilityBatch(t.Context(), &sqs.ChangeMessageVisibilityBatchInput{
		QueueUrl: &m.url, Entries: []sqstypes.ChangeMessageVisibilityBatchRequestEntry{
			{Id: aws.String("a"), ReceiptHandle: got[0].ReceiptHandle, VisibilityTimeout: 0},
			{Id: aws.String("b"), ReceiptHandle: got[1].ReceiptHandle, VisibilityTimeout: 50000},
		},
	})
	m.g.Expect(err).NotTo(HaveOccurred())
	m.g.Expect(hidden.Successful).To(HaveLen(1))
	m.g.Expect(hidden.Failed).To(HaveLen(1))
	m.g.Expect(aws.ToString(hidden.Failed[0].Code)).To(Equal("InvalidParameterValue"))
	deleted, err := m.sqs.DeleteMessageBatch(t.Context(), &sqs.DeleteMessageBatchInput{
		QueueUrl: &m.url, Entries: []sqstypes.DeleteMessageBatchRequestEntry{
			{Id: aws.String("a"), ReceiptHandle: got[0].ReceiptHandle},
			{Id: aws.String("b"), ReceiptHandle: aws.String("nonsense")},
		},
	})
	m.g.Expect(err).NotTo(HaveOccurred())
	m.g.Expect(aws.ToString(deleted.Successful[0].Id)).To(Equal("a"))
	m.g.Expect(aws.ToString(deleted.Failed[0].Code)).To(Equal("ReceiptHandleIsInvalid"))
	m.g.Expect(m.Queue(events)).To(Equal(simsqs.Counts{InFlight: 1}))
	for want, entries := range map[string][]sqstypes.DeleteMessageBatchRequestEntry{
		"AWS.SimpleQueueService.EmptyBatchRequest":            {},
		"AWS.SimpleQueueService.TooManyEntriesInBatchRequest": make([]sqstypes.DeleteMessageBatchRequestEntry, 11),
		"AWS.SimpleQueueService.BatchEntryIdsNotDistinct":     {{Id: aws.String("a")}, {Id: aws.String("a")}},
		"AWS.SimpleQueueService.InvalidBatchEntryId":          {{Id: aws.String("a b")}},
	} {
		for i := range entries {
			entries[i].ReceiptHandle = aws.String("h")
			if entries[i].Id == nil {
				entries[i].Id = aws.String(fmt.Sprint(i))
			}
		}
		_, err = m.sqs.DeleteMessageBatch(t.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: &m.url, Entries: entries})
		m.g.Expect(code(err)).To(Equal(want))
	}
}

func TestDeliveryMayDuplicateReorderAndLose(t *testing.T) {
	all := func(d simsqs.Delivery, seed int64) []string {
		m := newMailbox(t, sim.Options{Seed: seed}, simsqs.Queue{})
		m.g.Expect(m.SetDelivery(events, d)).To(BeTrue())
		for i := range 100 {
			m.send(fmt.Sprintf("%03d", i))
		}
		out, ids := []string{}, map[string]bool{}
		for got := m.receive(); len(got) > 0; got = m.receive() {
			out = append(out, bodies(got)...)
			for _, one := range got {
				ids[*one.MessageId] = true
				m.g.Expect(m.delete(one.ReceiptHandle)).To(Succeed())
			}
		}
		m.g.Expect(len(ids)).To(BeNumerically("<=", 100), "a copy has the ID of its message")
		m.g.Expect(m.Queue(events)).To(Equal(simsqs.Counts{}))
		return out
	}
	g := NewWithT(t)
	plain := all(simsqs.Delivery{}, 1)
	g.Expect(plain).To(HaveLen(100))
	duplicated := all(simsqs.Delivery{Duplicate: 0.3}, 1)
	g.Expect(len(duplicated)).To(And(BeNumerically(">", 115), BeNumerically("<", 145)))
	g.Expect(all(simsqs.Delivery{Duplicate: 0.3}, 1)).To(Equal(duplicated), "equal seeds repeat")
	g.Expect(all(simsqs.Delivery{Duplicate: 0.3}, 2)).NotTo(Equal(duplicated))
	g.Expect(all(simsqs.Delivery{Duplicate: 1}, 1)).To(HaveLen(200))
	g.Expect(len(all(simsqs.Delivery{Lose: 0.3}, 1))).To(And(BeNumerically(">", 55), BeNumerically("<", 85)))
	reordered := all(simsqs.Delivery{Reorder: true}, 1)
	g.Expect(reordered).To(ConsistOf(plain))
	g.Expect(reordered).NotTo(Equal(plain))
}

func TestMessagesAreDelayedAndExpireAndPurgingIsRareAtMost(t *testing.T) {
	m := newMailbox(t, sim.Options{}, simsqs.Queue{Delay: 5 * time.Second, Retention: time.Hour})
	m.send("late")
	_, err := m.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &m.url, MessageBody: aws.String("later"), DelaySeconds: 60})
	m.g.Expect(err).NotTo(HaveOccurred())
	m.g.Expect(m.receive()).To(BeEmpty())
	m.g.Expect(m.Queue(events)).To(Equal(simsqs.Counts{Delayed: 2}))
	m.pass(5 * time.Second)
	m.g.Expect(bodies(m.receive())).To(Equal([]string{"late"}))
	m.pass(55 * time.Second)
	m.g.Expect(bodies(m.receive())).To(Equal([]string{"late", "later"}))
	m.pass(time.Hour - time.Minute)
	m.g.Expect(m.Queue(events)).To(Equal(simsqs.Counts{}))
	m.send("unwanted")
	purge := func() error {
		_, err := m.sqs.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: &m.url})
		return err
	}
	m.g.Expect(purge()).To(Succeed())
	m.g.Expect(m.Queue(events)).To(Equal(simsqs.Counts{}))
	m.g.Expect(code(purge())).To(Equal("AWS.SimpleQueueService.PurgeQueueInProgress"))
}

func TestAQueueIsFoundAndDescribed(t *testing.T) {
	m := newMailbox(t, sim.Options{}, simsqs.Queue{})
	m.CreateQueue(simsqs.Queue{Name: "else"})
	m.CreateQueue(simsqs.Queue{Name: "events-2"})
	m.g.Expect(m.url).To(Equal("https://sqs.us-east-1.amazonaws.com/123456789012/events"))
	found, err := m.sqs.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String(events)})
	m.g.Expect(err).NotTo(HaveOccurred())
	m.g.Expect(aws.ToString(found.QueueUrl)).To(Equal(m.url))
	pages := sqs.NewListQueuesPaginator(m.sqs, &sqs.ListQueuesInput{QueueNamePrefix: aws.String("event"), MaxResults: aws.Int32(1)})
	var urls []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		m.g.Expect(err).NotTo(HaveOccurred())
		urls = append(urls, page.QueueUrls...)
	}
	m.g.Expect(urls).To(Equal([]string{m.url, m.url + "-2"}))
	m.send("a", "b", "c")
	_, err = m.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &m.url})
	m.g.Expect(err).NotTo(HaveOccurred())
	described, err := m.sqs.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: &m.url, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll},
	})
	m.g.Expect(err).NotTo(HaveOccurred())
	m.g.Expect(described.Attributes).To(And(
		HaveKeyWithValue("QueueArn", m.QueueARN(events)), HaveKeyWithValue("VisibilityTimeout", "30"),
		HaveKeyWithValue("ApproximateNumberOfMessages", "2"), HaveKeyWithValue("ApproximateNumberOfMessagesNotVisible", "1"),
		HaveKeyWithValue("MaximumMessageSize", "1048576"), HaveKeyWithValue("MessageRetentionPeriod", "345600")))
}

func TestRequestsAboutQueuesAreChecked(t *testing.T) {
	m := newMailbox(t, sim.Options{}, simsqs.Queue{MaximumMessageSize: 1024})
	receive := func(in sqs.ReceiveMessageInput) error {
		if in.QueueUrl == nil {
			in.QueueUrl = &m.url
		}
		_, err := m.sqs.ReceiveMessage(t.Context(), &in)
		return err
	}
	send := func(in sqs.SendMessageInput) error {
		in.QueueUrl = &m.url
		_, err := m.sqs.SendMessage(t.Context(), &in)
		return err
	}
	for want, errs := range map[string][]error{
		"InvalidParameterValue": {
			receive(sqs.ReceiveMessageInput{MaxNumberOfMessages: 11}), receive(sqs.ReceiveMessageInput{WaitTimeSeconds: 21}),
			receive(sqs.ReceiveMessageInput{VisibilityTimeout: 43201}), send(sqs.SendMessageInput{MessageBody: aws.String(strings.Repeat("a", 1025))}),
			send(sqs.SendMessageInput{MessageBody: aws.String("a"), DelaySeconds: 901}),
			send(sqs.SendMessageInput{MessageBody: aws.String("a"), MessageDeduplicationId: aws.String("a")}),
		},
		"MissingParameter":                            {send(sqs.SendMessageInput{MessageBody: aws.String("")})},
		"InvalidMessageContents":                      {send(sqs.SendMessageInput{MessageBody: aws.String("a\x00")})},
		"AWS.SimpleQueueService.UnsupportedOperation": {send(sqs.SendMessageInput{MessageBody: aws.String("a"), MessageGroupId: aws.String("a")})},
		"InvalidAddress": {
			receive(sqs.ReceiveMessageInput{QueueUrl: aws.String("https://sqs.eu-west-1.amazonaws.com/123456789012/events")}),
			receive(sqs.ReceiveMessageInput{QueueUrl: aws.String("events")}),
		},
		"AWS.SimpleQueueService.NonExistentQueue": {
			receive(sqs.ReceiveMessageInput{QueueUrl: aws.String(m.QueueURL("other"))}),
			receive(sqs.ReceiveMessageInput{QueueUrl: aws.String("https://sqs.us-east-1.amazonaws.com/999999999999/events")}),
		},
		"ReceiptHandleIsInvalid": {m.delete(aws.String("made up"))},
	} {
		for i, err := range errs {
			m.g.Expect(code(err)).To(Equal(want), "%d", i)
		}
	}
	var missing *sqstypes.QueueDoesNotExist
	m.g.Expect(errors.As(receive(sqs.ReceiveMessageInput{QueueUrl: aws.String(m.QueueURL("other"))}), &missing)).To(BeTrue())
}

func TestAQueueIsNoPartOfTheApplicationsWorldAndPermitsByAction(t *testing.T) {
	m := newMailbox(t, sim.Options{}, simsqs.Queue{})
	before := m.StateHash()
	m.send("one", "two")
	got := m.receive()
	m.g.Expect(m.delete(got[0].ReceiptHandle)).To(Succeed())
	m.g.Expect(m.StateHash()).To(Equal(before))
	m.g.Expect(m.Ledger().Count(ledger.Changed())).To(BeZero())
	m.g.Expect(m.Ledger().Entries(ledger.ByAction("sqs:ReceiveMessage"))[0].Resource).To(Equal(m.QueueARN(events)))
	m.g.Expect(m.Ledger().Count(ledger.ByClass(ledger.Bookkeeping))).To(Equal(1))
	p := iam.Policy{Statements: []iam.Statement{{
		Effect: "Allow", Actions: []string{"sqs:DeleteMessage"}, Resources: []string{m.QueueARN(events)},
	}}}
	m.IAM().SetRolePolicy(m.IAM().RoleARN(role), &p)
	_, err := m.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &m.url})
	m.g.Expect(code(err)).To(Equal("AccessDenied"))
	_, err = m.sqs.DeleteMessageBatch(t.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: &m.url, Entries: []sqstypes.DeleteMessageBatchRequestEntry{
		{Id: aws.String("1"), ReceiptHandle: got[1].ReceiptHandle},
	}})
	m.g.Expect(err).NotTo(HaveOccurred(), "DeleteMessage permits the batch too")
	m.Faults().Add(faults.Rule{Action: "sqs:Delete*", Effect: faults.Effect{Throttle: true}})
	m.g.Expect(code(m.delete(got[1].ReceiptHandle))).To(Equal("RequestThrottled"))
}
