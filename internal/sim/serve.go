package sim

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
)

type callerKey struct{}

func callerOf(ctx context.Context) iam.Principal {
	p, _ := ctx.Value(callerKey{}).(iam.Principal)
	return p
}

type accessKeyKey struct{}

// accessKeyOf is the access key of the call of a context, "" for whoever reaches the world without a call.
func accessKeyOf(ctx context.Context) string {
	id, _ := ctx.Value(accessKeyKey{}).(string)
	return id
}

// serve is the way of every call: who calls, what is disturbed on purpose, may they, is there quota, the operation
// itself, and the entry in the ledger.
func (w *World) serve(ctx context.Context, c *wire.Call) (any, error) {
	out, effect, err := w.handle(ctx, c)
	if err == nil {
		out, err = w.poll(ctx, c.Input, out)
	}
	if errors.Is(err, wire.ErrNoAnswer) {
		<-ctx.Done()
		return nil, err
	}
	if effect.Latency > 0 {
		select {
		case <-w.o.Wall.After(effect.Latency):
		case <-ctx.Done():
		}
	}
	return out, err
}

func (w *World) handle(ctx context.Context, c *wire.Call) (any, faults.Effect, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	w.requests++
	c.RequestID = w.requestID(w.requests)
	ctx = context.WithValue(ctx, accessKeyKey{}, c.AccessKeyID)
	action := c.Service + ":" + c.Operation
	principal, err := w.iam.Authenticate(c.AccessKeyID, c.SessionToken, w.o.Wall.Now())
	if err == nil {
		err = w.inScope(c)
	}
	resources := w.resources(c)
	e := ledger.Entry{
		At: w.now, Wall: w.o.Wall.Now(), Service: c.Service, Operation: c.Operation, Principal: principal.ARN,
		Class: ledger.ClassOf(action), Resource: joined(resources), RequestID: c.RequestID, Input: c.Input,
	}
	var effect faults.Effect
	var out any
	if err == nil {
		effect = w.faults.Next(c.Service, action, principal.ARN, w.now)
		err = w.admit(c, action, resources, effect)
	}
	ctx = faults.WithUpdateFailure(ctx, effect.UpdateFailure)
	if err == nil && effect.Late > 0 {
		e.Error = wire.Code(wire.ErrNoAnswer)
		ctx = context.WithValue(context.WithoutCancel(ctx), callerKey{}, principal)
		w.postpone(postponed{at: w.now.Add(effect.Late), ctx: ctx, call: c, sequence: w.ledger.Append(e)})
		return nil, effect, wire.ErrNoAnswer
	}
	if err == nil {
		hash := w.stateHash
		if stateless[c.Service] {
			hash = func() string { return "" }
		}
		before := hash()
		ctx = context.WithValue(ctx, callerKey{}, mistaken(principal, effect.Account))
		if effect.Stale > 0 {
			ctx = faults.WithStaleness(ctx, effect.Stale)
		}
		out, err = c.Invoke(ctx)
		e.Changed = hash() != before
		if lost := effect.After(); lost != nil {
			out, err = nil, lost
		}
	}
	e.Error = wire.Code(err)
	w.ledger.Append(e)
	return out, effect, err
}

// inScope refuses a signature for another Region or service, as AWS does: "Credential should be scoped to a valid
// Region" and "to correct service" (IAM User Guide, "Troubleshoot signed requests for AWS APIs"). A client of another
// Region that reached this one by its endpoint would otherwise read and change the wrong resources.
func (w *World) inScope(c *wire.Call) error {
	var wrong []string
	if c.SignedRegion != w.o.Region {
		wrong = append(wrong, fmt.Sprintf("Credential should be scoped to a valid region, not '%s'.", c.SignedRegion))
	}
	if c.SigningName != "" && c.SignedService != c.SigningName {
		wrong = append(wrong, fmt.Sprintf("Credential should be scoped to correct service: '%s'.", c.SigningName))
	}
	if len(wrong) == 0 {
		return nil
	}
	return &wire.Error{
		Code: "InvalidSignatureException", QueryCode: "SignatureDoesNotMatch",
		Message: strings.Join(wrong, " "), Status: http.StatusForbidden,
	}
}

// mistaken is a caller that is taken for one of another account, if there is one.
func mistaken(p iam.Principal, account string) iam.Principal {
	if account != "" {
		p.ARN, p.Account = strings.Replace(p.ARN, ":"+p.Account+":", ":"+account+":", 1), account
	}
	return p
}

// stateless are the services that hold nothing of what StateHash covers and reach nothing that does, by their IAM
// prefixes: hashing a world of a thousand alarms for every message would take longer than all else.
var stateless = map[string]bool{"sqs": true, "ssm": true}

// admit is everything that may refuse a call before its operation runs.
func (w *World) admit(c *wire.Call, action string, resources []string, effect faults.Effect) error {
	if err := c.Malformed(); err != nil {
		return err
	}
	if err := effect.Before(); err != nil {
		return err
	}
	// "No permissions are required to perform this operation" (AWS STS API Reference, GetCallerIdentity).
	if action != "sts:GetCallerIdentity" {
		for _, r := range resources {
			if err := w.iam.Authorize(c.AccessKeyID, iam.ActionOf(action), r); err != nil {
				return err
			}
		}
	}
	return w.quotas.Take(c.Service, action, w.now)
}

// requestID makes an ID in the form of a UUID from the world's seed and a counter.
func (w *World) requestID(n int) string {
	h := fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "request/%d/%d", w.o.Seed, n)))
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:32]
}

// serverTimeout bounds the reading of a request's header, wall time.
const serverTimeout = 10 * time.Second
