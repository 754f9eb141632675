//go:build fault

package detection_test

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go/middleware"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// life is one process of the operator, which dies at a boundary: right before it sends a request, or right after the answer
// came and before it is read. From then on nothing of it reaches anybody.
type life struct {
	ctx   context.Context
	die   context.CancelFunc
	story *story

	mu     sync.Mutex
	at     int // the boundary to die at; 0: none
	passed []string
}

func newLife(s *story) *life {
	l := &life{story: s}
	l.ctx, l.die = context.WithCancel(s.ctx)
	return l
}

// arm counts boundaries anew, and lets the process die at one; 0 lets it live.
func (l *life) arm(at int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at, l.passed = at, nil
}

// boundaries are those that were passed since the process was armed.
func (l *life) boundaries() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.passed
}

// pass passes a boundary, or fails because the process is dead.
func (l *life) pass(format string, args ...any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() == nil {
		l.passed = append(l.passed, fmt.Sprintf(format, args...))
		if len(l.passed) == l.at {
			l.die()
		}
	}
	return l.ctx.Err()
}

// around sends a request between its two boundaries.
func (l *life) around(request string, send func() error) error {
	if err := l.pass("before %s", request); err != nil {
		return err
	}
	err := send()
	if dead := l.pass("after %s", request); dead != nil {
		return dead
	}
	return err
}

// load puts the boundaries between the SDK and the network, and shows the story which messages come and go.
func (l *life) load() func(*awsconfig.LoadOptions) error {
	seam := middleware.SerializeMiddlewareFunc("Life", func(
		ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler,
	) (out middleware.SerializeOutput, metadata middleware.Metadata, err error) {
		if deletion, ok := in.Parameters.(*sqs.DeleteMessageBatchInput); ok && l.ctx.Err() == nil {
			l.story.deletes(deletion)
		}
		request := strings.ToLower(awsmiddleware.GetServiceID(ctx)) + ":" + awsmiddleware.GetOperationName(ctx)
		err = l.around(request, func() error {
			out, metadata, err = next.HandleSerialize(ctx, in)
			return err
		})
		if messages, ok := out.Result.(*sqs.ReceiveMessageOutput); ok && err == nil {
			for _, m := range messages.Messages {
				l.story.received[aws.ToString(m.ReceiptHandle)] = aws.ToString(m.Body)
			}
		}
		return out, metadata, err
	})
	// Behind the operator's own middleware: what its budgets hold back is no request.
	return awsconfig.WithAPIOptions([]func(*middleware.Stack) error{
		func(stack *middleware.Stack) error { return stack.Serialize.Add(seam, middleware.Before) },
	})
}

// watched is a client with boundaries around every request.
func (l *life) watched(c client.WithWatch) client.Client {
	about := func(verb string, o runtime.Object) string { return fmt.Sprintf("%s %T", verb, o) }
	return interceptor.NewClient(c, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			return l.around(about("get", o), func() error { return c.Get(ctx, key, o, opts...) })
		},
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			return l.around(about("list", list), func() error { return c.List(ctx, list, opts...) })
		},
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			return l.around(about("create", o), func() error { return c.Create(ctx, o, opts...) })
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, patch client.Patch, opts ...client.PatchOption) error {
			return l.around(about("patch", o), func() error { return c.Patch(ctx, o, patch, opts...) })
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
			return l.around(about("patch "+sub, o), func() error { return c.SubResource(sub).Patch(ctx, o, patch, opts...) })
		},
		SubResourceUpdate: func(ctx context.Context, c client.Client, sub string, o client.Object, opts ...client.SubResourceUpdateOption) error {
			return l.around(about("update "+sub, o), func() error { return c.SubResource(sub).Update(ctx, o, opts...) })
		},
	})
}

// quiet writes no event after the death of its process.
type quiet struct {
	events.EventRecorder
	life *life
}

// Eventf writes an event.
func (q quiet) Eventf(regarding, related runtime.Object, eventType, reason, action, note string, args ...any) {
	if q.life.ctx.Err() == nil {
		q.EventRecorder.Eventf(regarding, related, eventType, reason, action, note, args...)
	}
}
