// Package sqs simulates Amazon SQS: standard queues whose messages come at least once, in about the order in which
// they were sent, and stay until somebody deletes them. It must not know who sends or receives, and answers what it
// does not simulate with an error.
package sqs

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs/schemas"
	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
)

// Options are what the service needs of its world.
type Options struct {
	// Region and AccountID are those of the queues.
	Region, AccountID string
	// Seed decides about IDs, and about what Delivery leaves to chance.
	Seed int64
	// Now is the world's time.
	Now func() time.Time
	// Caller is the SenderId of who makes the call of a context.
	Caller func(context.Context) string
}

// Service is the queues of one account and Region. It is not safe for concurrent use: the caller holds one mutex around
// every method.
//
// Not simulated, and refused with an error where a request would need it: FIFO queues, message attributes, message
// groups, delivery to dead-letter queues, and creating, changing and deleting queues by API. Every receive asks all
// servers, so a short poll finds what there is.
type Service struct {
	o       Options
	queues  map[string]*queue
	arrived chan struct{}
	last    int // messages so far
	rand    *rand.Rand
}

// New returns a service without queues.
func New(o Options) *Service {
	return &Service{
		o: o, queues: map[string]*queue{}, arrived: make(chan struct{}),
		rand: rand.New(rand.NewPCG(uint64(o.Seed), 0x737173)),
	}
}

// Wire is the service's operations on awsJson1.0 (Amazon SQS API Reference, version 2012-11-05).
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name: "sqs", SigningName: "sqs", Schema: schemas.AmazonSQS, QueryCompatible: true,
		Operations: []wire.Operation{
			wire.Op(schemas.ListQueues, s.ListQueues),
			wire.Op(schemas.GetQueueUrl, s.GetQueueUrl),
			wire.Op(schemas.GetQueueAttributes, s.GetQueueAttributes),
			wire.Op(schemas.SendMessage, s.SendMessage),
			wire.Op(schemas.ReceiveMessage, s.ReceiveMessage),
			wire.Op(schemas.DeleteMessage, s.DeleteMessage),
			wire.Op(schemas.DeleteMessageBatch, s.DeleteMessageBatch),
			wire.Op(schemas.ChangeMessageVisibility, s.ChangeMessageVisibility),
			wire.Op(schemas.ChangeMessageVisibilityBatch, s.ChangeMessageVisibilityBatch),
			wire.Op(schemas.PurgeQueue, s.PurgeQueue),
		},
	}
}

// URL is the URL of a queue, whose host is that of AWS wherever the endpoint is.
func (s *Service) URL(name string) string {
	return fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", s.o.Region, s.o.AccountID, name)
}

// ARN is the ARN of a queue.
func (s *Service) ARN(name string) string {
	return fmt.Sprintf("arn:aws:sqs:%s:%s:%s", s.o.Region, s.o.AccountID, name)
}

// Arrived is closed as soon as the next message arrives in any queue.
func (s *Service) Arrived() <-chan struct{} { return s.arrived }
