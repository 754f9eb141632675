package detection

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/grant"
)

const (
	// mostMessages is how many messages are handled together: as many alarms as one DescribeAlarms call takes.
	mostMessages = 100
	// mostRounds is how often a Reconcile handles so many, before others have their turn.
	mostRounds = 10
	// fewest is how many messages the last receive of a round gives at most.
	fewest = 10
	// soon is the delay after a long poll that ended, and quiet after a receive that came back at once with nothing.
	soon, quiet = 200 * time.Millisecond, 5 * time.Second
	// outage is the delay after a receive that failed, or what was received could not be confirmed: to receive more meanwhile
	// would only hide it.
	outage = 10 * time.Second
)

// Receiver receives messages about the alarms of one AWSAccount at a time.
type Receiver struct {
	*Reconciler
	undeleted undeleted
}

// delivery is what came from one queue.
type delivery struct {
	queue v1alpha1.AlarmQueue
	fault *fault.Fault  // why nothing could be received, or something not be confirmed
	after time.Duration // when to receive again
	err   error         // of Kubernetes
}

// Reconcile receives from every queue of one account until they are empty, and again when the long poll ended.
func (r *Receiver) Reconcile(ctx context.Context, account *v1alpha1.AWSAccount) (ctrl.Result, error) {
	if !account.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	deliveries := make([]*delivery, len(account.Spec.Queues))
	var group errgroup.Group
	for i, queue := range account.Spec.Queues {
		deliveries[i] = &delivery{queue: queue}
		group.Go(func() error {
			r.drain(ctx, account, deliveries[i])
			return nil
		})
	}
	_ = group.Wait() // always nil: a delivery keeps its own trouble
	if ctx.Err() != nil {
		return ctrl.Result{}, nil //nolint:nilerr // the operator stops: what was received and not deleted comes again
	}
	return r.received(ctx, account, deliveries)
}

// drain receives from one queue until it is empty.
func (r *Receiver) drain(ctx context.Context, account *v1alpha1.AWSAccount, d *delivery) {
	if conditions.Reason(account.Status.Conditions, v1alpha1.ConditionClaimed) == v1alpha1.ReasonClaimedByAnotherCluster {
		d.after = interval
		d.fault = fault.New(fault.Blocked, v1alpha1.ReasonClaimedByAnotherCluster,
			"the messages are left to the cluster that holds the claim of the account, which acts upon them: see the condition Claimed")
		return
	}
	session, err := r.AWS.Session(ctx, grant.Account(account, d.queue.Region), sessionName)
	if err != nil {
		d.fault, d.after = fault.From(err), interval
		return
	}
	began := r.Wall.Now()
	for range mostRounds {
		messages, err := receive(ctx, session, d.queue.URL, session.SQS.LongPoll()-r.Wall.Since(began))
		if err == nil && len(messages) > 0 {
			err = r.handle(ctx, account, session, d, messages)
		}
		switch {
		case err != nil:
			d.fault, d.after = fault.From(err), outage
			return
		case d.err != nil:
			d.after = soon
			return
		case len(messages) == 0:
			d.fault, d.after = r.undeleted.of(d.queue.URL), soon
			if r.Wall.Since(began) < quiet {
				d.after = quiet
			}
			return
		}
	}
	d.after = soon
}

// receive waits for a message, and takes what else is there, as much as is handled together.
func receive(ctx context.Context, session *aws.Session, url string, wait time.Duration) ([]aws.Message, error) {
	all, err := session.SQS.Receive(ctx, url, wait)
	if err != nil {
		return nil, err
	}
	for more := len(all) > 0; more && len(all) <= mostMessages-fewest; {
		next, err := session.SQS.Receive(ctx, url, 0)
		if err != nil {
			log.FromContext(ctx).V(1).Info("Handling what was received so far", "reason", err.Error())
			break
		}
		all, more = append(all, next...), len(next) > 0
	}
	return all, nil
}

// handle finds out what follows from messages, writes it, and then deletes those of which nothing is left to do. Whatever
// ends it before leaves the messages in the queue: they come again, and what was written is known by then.
func (r *Receiver) handle(ctx context.Context, account *v1alpha1.AWSAccount, session *aws.Session, d *delivery, messages []aws.Message) error {
	letters := make([]*letter, 0, len(messages))
	for _, m := range messages {
		letters = append(letters, read(m, account.Spec.AccountID, string(d.queue.Region)))
	}
	trouble := confirm(ctx, session, r.mutes, letters, r.Clock.Now())
	d.err = r.follows(ctx, account, d.queue.Region, letters)
	if err := r.count(ctx, account, letters); err != nil {
		d.err = errors.Join(d.err, err)
		return nil
	}
	var done []aws.Message
	for _, l := range letters {
		log.FromContext(ctx).V(1).Info("Message about an alarm", "message", l.message.ID, "alarm", l.known(), "disposition", l.disposition)
		if l.disposition != undecided {
			done = append(done, l.message)
		}
	}
	for chunk := range slices.Chunk(done, fewest) {
		_, err := session.SQS.Delete(ctx, d.queue.URL, chunk)
		if r.undeleted.tried(d.queue.URL, err); err != nil {
			return err
		}
	}
	return trouble
}
