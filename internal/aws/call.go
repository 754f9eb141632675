package aws

import (
	"context"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// config returns the SDK configuration for one account and Region, in which every call passes the breaker, the
// budget and the ledger. onExpired, if any, is called when AWS says that the credentials are no longer good.
func (c *Clients) config(a Access, onExpired func()) awssdk.Config {
	cfg := c.base.Copy()
	cfg.Region = a.Region
	p := place{account: a.AccountID, region: a.Region}
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("RunbookOperatorCall",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				return c.call(ctx, p, onExpired, in, next)
			}), middleware.After)
	})
	return cfg
}

func (c *Clients) call(ctx context.Context, p place, onExpired func(), in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	service := strings.ToLower(awsmiddleware.GetServiceID(ctx))
	operation := awsmiddleware.GetOperationName(ctx)
	now, caller := c.clock.Now(), callerOf(ctx)
	if err := c.breaker.enter(p, service, caller, now); err != nil {
		c.ledger.held(p, service, operation)
		return middleware.InitializeOutput{}, middleware.Metadata{}, err
	}
	if err := c.budgets.take(p, service, operation, now); err != nil {
		c.breaker.leave(p, service, caller, outcomeNotSent, lost{}, now)
		c.ledger.held(p, service, operation)
		return middleware.InitializeOutput{}, middleware.Metadata{}, err
	}
	sentAt := c.wall.Now()
	out, metadata, err := next.HandleInitialize(ctx, in)
	o := outcomeOf(err)
	c.breaker.leave(p, service, caller, o, lostOf(err), c.clock.Now())
	c.ledger.sent(p, service, operation, o, c.wall.Since(sentAt))
	c.teller.tell(ctx, p, service, operation, o, err, c.wall.Now())
	if o == outcomeExpired && onExpired != nil {
		onExpired()
	}
	return out, metadata, err
}
