package sqs

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Defaults of a queue's attributes (API Reference, SetQueueAttributes).
const (
	defaultVisibility = 30 * time.Second
	defaultRetention  = 4 * 24 * time.Hour
	defaultSize       = 1 << 20
)

// Queue is the configuration of a standard queue. A zero value has the default of AWS.
type Queue struct {
	// Name has up to 80 letters, digits, hyphens and underscores.
	Name string
	// VisibilityTimeout is how long a received message is hidden, 30 s by default.
	VisibilityTimeout time.Duration
	// Delay is how long a message is hidden after it was sent, 0 by default.
	Delay time.Duration
	// ReceiveWait is how long a receive waits that names no time itself, 0 by default.
	ReceiveWait time.Duration
	// Retention is how long a message is kept, 4 days by default.
	Retention time.Duration
	// MaximumMessageSize is the largest message in bytes, 1 MiB by default.
	MaximumMessageSize int
}

func (q Queue) withDefaults() Queue {
	if q.VisibilityTimeout == 0 {
		q.VisibilityTimeout = defaultVisibility
	}
	if q.Retention == 0 {
		q.Retention = defaultRetention
	}
	if q.MaximumMessageSize == 0 {
		q.MaximumMessageSize = defaultSize
	}
	return q
}

// Delivery is what goes wrong, or only otherwise than one would like, with the messages sent from now on.
type Delivery struct {
	// Duplicate is the share of messages of which another copy is kept: it comes by itself, and deleting one leaves the
	// other ("at-least-once delivery", Developer Guide, "Amazon SQS standard queues").
	Duplicate float64
	// Lose is the share of messages that never arrive. SQS loses none; senders may.
	Lose float64
	// Reorder lets receives take messages in any order ("best-effort ordering", the same).
	Reorder bool
}

// Counts are the messages of a queue by their state.
type Counts struct{ Visible, InFlight, Delayed int }

// queue is a queue with its messages in the order in which they were sent.
type queue struct {
	Queue
	delivery Delivery
	created  time.Time
	purged   time.Time
	messages []*message
	receipts map[string]*message // by every receipt handle given out for a message that is still kept
}

// message is one kept copy of a message.
type message struct {
	id, body, sender string
	number, copy     int
	sent             time.Time
	hidden           time.Time // until when
	received         int
	first            time.Time // when it was received first
	receipt          string    // handle of the latest receive
}

func (m *message) visible(now time.Time) bool { return !now.Before(m.hidden) }

func (m *message) inFlight(now time.Time) bool { return m.received > 0 && !m.visible(now) }

// CreateQueue adds a queue, past the API. A queue of that name is replaced with its messages.
func (s *Service) CreateQueue(q Queue) {
	s.queues[q.Name] = &queue{Queue: q.withDefaults(), created: s.o.Now(), receipts: map[string]*message{}}
}

// DeleteQueue removes a queue with its messages, past the API.
func (s *Service) DeleteQueue(name string) { delete(s.queues, name) }

// SetDelivery sets how messages of a queue are delivered from now on; it reports whether the queue exists.
func (s *Service) SetDelivery(name string, d Delivery) bool {
	q, ok := s.queues[name]
	if ok {
		q.delivery = d
	}
	return ok
}

// Counts counts the messages of a queue; none if there is no such queue.
func (s *Service) Counts(name string) Counts {
	q, ok := s.queues[name]
	if !ok {
		return Counts{}
	}
	return q.counts(s.o.Now())
}

func (q *queue) counts(now time.Time) Counts {
	q.expire(now)
	var c Counts
	for _, m := range q.messages {
		switch {
		case m.visible(now):
			c.Visible++
		case m.received > 0:
			c.InFlight++
		default:
			c.Delayed++
		}
	}
	return c
}

// expire removes what was kept for the retention period.
func (q *queue) expire(now time.Time) {
	q.remove(func(m *message) bool { return now.Sub(m.sent) >= q.Retention })
}

// remove removes the messages that gone selects, with their receipt handles.
func (q *queue) remove(gone func(*message) bool) {
	kept := q.messages[:0]
	removed := false
	for _, m := range q.messages {
		if gone(m) {
			removed = true
			continue
		}
		kept = append(kept, m)
	}
	if !removed {
		return
	}
	clear(q.messages[len(kept):])
	q.messages = kept
	for handle, m := range q.receipts {
		if gone(m) {
			delete(q.receipts, handle)
		}
	}
}

// Deliver puts a message into a queue at a moment of the world's time, past the API, and says whether there is such a
// queue. What Delivery asks for happens to it.
func (s *Service) Deliver(name, body, sender string, at time.Time) bool {
	q, ok := s.queues[name]
	if ok {
		s.enqueue(q, body, sender, at, q.Delay)
	}
	return ok
}

// enqueue keeps a message, and returns its ID.
func (s *Service) enqueue(q *queue, body, sender string, at time.Time, delay time.Duration) string {
	s.last++
	m := message{id: s.uuid(s.last), body: body, sender: sender, number: s.last, sent: at, hidden: at.Add(delay)}
	if q.delivery.Lose > 0 && s.rand.Float64() < q.delivery.Lose {
		return m.id
	}
	copies := 1
	if q.delivery.Duplicate > 0 && s.rand.Float64() < q.delivery.Duplicate {
		copies = 2
	}
	for i := range copies {
		kept := m
		kept.copy = i
		q.messages = append(q.messages, &kept)
	}
	close(s.arrived)
	s.arrived = make(chan struct{})
	return m.id
}

func (s *Service) uuid(n int) string {
	h := fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "message/%d/%d", s.o.Seed, n)))
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:32]
}

// handlePrefix begins every receipt handle, handleSize is the length of what is encoded after it.
const (
	handlePrefix = "AQEB"
	handleSize   = 2 * sha256.Size
)

// newHandle makes the handle of one more receive of a message.
func (s *Service) newHandle(q *queue, m *message) string {
	of := sha256.Sum256([]byte(q.Name))
	one := sha256.Sum256(fmt.Appendf(nil, "receipt/%d/%d/%d/%d", s.o.Seed, m.number, m.copy, m.received))
	return handlePrefix + base64.StdEncoding.EncodeToString(slices.Concat(of[:], one[:]))
}

// byHandle is the message of a receipt handle, nil for one that is deleted. A handle that no receive of this queue can
// have returned is an error.
func (q *queue) byHandle(handle string) (*message, error) {
	if m, ok := q.receipts[handle]; ok {
		return m, nil
	}
	text, ok := strings.CutPrefix(handle, handlePrefix)
	raw, err := base64.StdEncoding.DecodeString(text)
	of := sha256.Sum256([]byte(q.Name))
	if !ok || err != nil || len(raw) != handleSize || !slices.Equal(raw[:sha256.Size], of[:]) {
		return nil, &types.ReceiptHandleIsInvalid{Message: new("The input receipt handle is invalid.")}
	}
	return nil, nil
}
