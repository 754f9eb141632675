package scene

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/middleware"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// Boundary is a moment right before the operator sends a request, or right after it has the answer.
type Boundary struct {
	// Number counts boundaries from 1.
	Number int64
	// After says that the answer is there; otherwise the request is still to be sent.
	After bool
	// Request is the verb and the kind of a request to the API server, as "update Remediation/status", or the operation
	// of one to AWS, as "lambda:GetFunction".
	Request string
}

// String says when it is.
func (b Boundary) String() string {
	if b.After {
		return "after " + b.Request
	}
	return "before " + b.Request
}

type counter struct{ atomic.Int64 }

func (s *Scene) pass(ctx context.Context, after bool, request string) {
	if s.Seam != nil {
		s.Seam(ctx, Boundary{Number: s.boundary.Add(1), After: after, Request: request})
	}
}

// load puts the seam between the SDK and the network.
func (s *Scene) load() []func(*awsconfig.LoadOptions) error {
	seam := middleware.FinalizeMiddlewareFunc("Seam", func(
		ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
	) (middleware.FinalizeOutput, middleware.Metadata, error) {
		request := strings.ToLower(awsmiddleware.GetServiceID(ctx)) + ":" + awsmiddleware.GetOperationName(ctx)
		s.pass(ctx, false, request)
		out, metadata, err := next.HandleFinalize(ctx, in)
		s.pass(ctx, true, request)
		return out, metadata, err
	})
	return []func(*awsconfig.LoadOptions) error{awsconfig.WithAPIOptions([]func(*middleware.Stack) error{
		func(stack *middleware.Stack) error { return stack.Finalize.Add(seam, middleware.Before) },
	})}
}

// Watched returns a client with the seam around every request.
func (s *Scene) Watched(c client.Client) client.Client { return watched{Client: c, scene: s} }

type watched struct {
	client.Client
	scene *Scene
}

// around passes the seam before and after a request.
func (w watched) around(ctx context.Context, verb string, o runtime.Object, sub string, send func() error) error {
	request := verb + " " + kind(w.Scheme(), o) + sub
	w.scene.pass(ctx, false, request)
	err := send()
	w.scene.pass(ctx, true, request)
	return err
}

func kind(scheme *runtime.Scheme, o runtime.Object) string {
	gvk, err := apiutil.GVKForObject(o, scheme)
	if err != nil {
		return fmt.Sprintf("%T", o)
	}
	return strings.TrimSuffix(gvk.Kind, "List")
}

func (w watched) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	return w.around(ctx, "get", o, "", func() error { return w.Client.Get(ctx, key, o, opts...) })
}

func (w watched) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	return w.around(ctx, "list", list, "", func() error { return w.Client.List(ctx, list, opts...) })
}

func (w watched) Create(ctx context.Context, o client.Object, opts ...client.CreateOption) error {
	return w.around(ctx, "create", o, "", func() error { return w.Client.Create(ctx, o, opts...) })
}

func (w watched) Delete(ctx context.Context, o client.Object, opts ...client.DeleteOption) error {
	return w.around(ctx, "delete", o, "", func() error { return w.Client.Delete(ctx, o, opts...) })
}

func (w watched) Update(ctx context.Context, o client.Object, opts ...client.UpdateOption) error {
	return w.around(ctx, "update", o, "", func() error { return w.Client.Update(ctx, o, opts...) })
}

func (w watched) Patch(ctx context.Context, o client.Object, patch client.Patch, opts ...client.PatchOption) error {
	return w.around(ctx, "patch", o, "", func() error { return w.Client.Patch(ctx, o, patch, opts...) })
}

func (w watched) Status() client.SubResourceWriter {
	return watchedStatus{SubResourceWriter: w.Client.Status(), watched: w}
}

type watchedStatus struct {
	client.SubResourceWriter
	watched watched
}

func (w watchedStatus) Update(ctx context.Context, o client.Object, opts ...client.SubResourceUpdateOption) error {
	return w.watched.around(ctx, "update", o, "/status", func() error { return w.SubResourceWriter.Update(ctx, o, opts...) })
}

func (w watchedStatus) Patch(ctx context.Context, o client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
	return w.watched.around(ctx, "patch", o, "/status", func() error { return w.SubResourceWriter.Patch(ctx, o, patch, opts...) })
}
