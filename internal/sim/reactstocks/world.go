// Package reactstocks owns the world to try and test against: the account of React Stocks with its functions, alarms,
// roles and ways for things to go wrong. It must not script outcomes: a scenario is only traffic and durations, and
// everything else follows from them.
package reactstocks

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/sqs"
)

// WarmUp is how long the world has already been running with steady traffic at its start, so that alarms are OK and
// evidence has a past to compare with.
const WarmUp = 15 * time.Minute

// New returns the world at o.Start (or the clock's time) with a scenario that begins then. Region and account are fixed.
func New(ctx context.Context, o sim.Options, s Scenario) (*sim.World, error) {
	start := o.Start
	if start.IsZero() && o.Clock != nil {
		start = o.Clock.Now()
	}
	clock := o.Clock
	o.Region, o.AccountID, o.Start, o.Clock = Region, AccountID, start.Add(-WarmUp), nil
	w := sim.New(o)
	putRoles(w.IAM())
	for _, f := range functions() {
		w.PutFunction(f)
	}
	for _, a := range alarms() {
		if err := w.PutMetricAlarm(ctx, a); err != nil {
			return nil, err
		}
	}
	Apply(w, Steady, o.Seed)
	w.AdvanceTo(start)
	w.CreateQueue(sqs.Queue{Name: AlarmQueue})
	Deliver(w, EventBridge)
	w.FollowClock(clock)
	if s != Steady {
		Apply(w, s, o.Seed)
	}
	return w, nil
}

func putRoles(d *iam.Directory) {
	d.PutRole(iam.Role{Name: OperatorRole})
	d.PutRole(iam.Role{Name: GrantRole, TrustedARNs: []string{OperatorRoleARN}, ExternalID: ExternalID})
	d.PutRole(iam.Role{Name: AccountRole, TrustedARNs: []string{OperatorRoleARN}, ExternalID: ExternalID})
	d.PutRole(iam.Role{Name: AdminRole})
	d.PutAccessKey(OperatorAccessKeyID, OperatorRole, "runbook-operator")
	d.PutAccessKey(AdminAccessKeyID, AdminRole, "platform")
}

func functions() []lambda.Function {
	tags := func(stack, logicalID, app string) map[string]string {
		return map[string]string{
			"aws:cloudformation:stack-name": stack,
			"aws:cloudformation:logical-id": logicalID,
			"aws:cloudformation:stack-id":   "arn:aws:cloudformation:" + Region + ":" + AccountID + ":stack/" + stack + "/5d1f2c80-0b6e-11f0-9c3a-0e3d5f7a9b1c",
			AppTag:                          app,
		}
	}
	return []lambda.Function{
		{
			Name: BackendFunction, MemorySize: 512, Timeout: 30, Runtime: "nodejs22.x", Handler: "index.handler",
			Role:        "arn:aws:iam::" + AccountID + ":role/react-stocks-backend-prod-ReactStocksFunctionRole",
			Code:        "react-stocks backend, build 41",
			Environment: Environment(), Tags: tags(Stack, "ReactStocksFunction", AppValue),
			Alias: Alias, ReservedConcurrency: aws.Int32(BackendReserved),
		},
		{
			Name: NewsSyncFunction, MemorySize: 256, Timeout: 10, Runtime: "nodejs22.x", Handler: "news.handler",
			Role:        "arn:aws:iam::" + AccountID + ":role/react-stocks-backend-prod-NewsSyncFunctionRole",
			Code:        "react-stocks news sync, build 41",
			Environment: map[string]string{"STAGE": "prod", "POLYGON_API_KEY": Environment()["POLYGON_API_KEY"]},
			Tags:        tags(Stack, "NewsSyncFunction", AppValue),
		},
		{
			Name: CheckoutFunction, MemorySize: 1024, Timeout: 15, Runtime: "python3.13", Handler: "app.handler",
			Role: "arn:aws:iam::" + AccountID + ":role/orders-backend-prod-CheckoutFunctionRole",
			Code: "orders checkout, build 7",
			Tags: tags("orders-backend-prod", "CheckoutFunction", "orders"),
		},
	}
}
