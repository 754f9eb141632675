//go:build fault

package process

import (
	"context"
	"net/http/httptrace"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/middleware"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
)

// loadAWS passes a point before each call to AWS is sent, one after its answer came, and one while a change is
// being sent: AWS gets a part of it.
func loadAWS(p *points) func(*awsconfig.LoadOptions) error {
	return awsconfig.WithAPIOptions([]func(*middleware.Stack) error{func(stack *middleware.Stack) error {
		if err := stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Errors", logErrors), middleware.Before); err != nil {
			return err
		}
		// The last step before the request is sent, and the first after: it is signed, and its answer is not read.
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("Points",
			func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
				action := strings.ToLower(awsmiddleware.GetServiceID(ctx)) + ":" + awsmiddleware.GetOperationName(ctx)
				p.pass("aws: before " + action)
				if ledger.ClassOf(action) == ledger.Change {
					ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
						WroteRequest: func(httptrace.WroteRequestInfo) { p.pass("aws: sending " + action) },
					})
				}
				out, metadata, err := next.HandleDeserialize(ctx, in)
				p.pass("aws: after " + action)
				return out, metadata, err
			}), middleware.After)
	}})
}

// logErrors logs what the operator never does: the whole text of an error.
func logErrors(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleInitialize(ctx, in)
	if err != nil {
		ctrl.Log.Info("AWS", "error", err.Error())
	}
	return out, metadata, err
}
