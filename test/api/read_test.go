package api

import (
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/action"
	"github.com/runbook-operator/runbook-operator/internal/approval"
	"github.com/runbook-operator/runbook-operator/internal/diagnosis"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/grant"
)

// read reads an object as the operator does, and fails where that is not possible or yields something else than what
// was written.
func read(o client.Object) error {
	switch o := o.(type) {
	case *v1alpha1.AWSAccount:
		return readAWSAccount(o)
	case *v1alpha1.ServerlessApplication:
		return readServerlessApplication(o)
	case *v1alpha1.Runbook:
		return readRunbook(o)
	case *v1alpha1.ChangePolicy:
		return readChangePolicy(o)
	case *v1alpha1.Incident:
		if o.Spec.Signal != nil {
			return readTime("signal.transitionedAt", o.Spec.Signal.TransitionedAt.Time)
		}
		return nil
	case *v1alpha1.Remediation:
		if _, known := action.Get(o.Spec.Action.Name()); !known {
			return fmt.Errorf("nothing carries out the action %q", o.Spec.Action.Name())
		}
		if after := o.Spec.ExpiresAfter; after != "" {
			if err := within("expiresAfter", after, time.Minute, 24*time.Hour); err != nil {
				return err
			}
		}
		return readTime("notAfter", o.Spec.NotAfter.Time)
	case *v1alpha1.Approval:
		if _, known := action.Get(o.Spec.Action); !known {
			return fmt.Errorf("nothing carries out the action %q", o.Spec.Action)
		}
		return nil
	}
	return fmt.Errorf("nothing reads %T", o)
}

func readAWSAccount(account *v1alpha1.AWSAccount) error {
	for _, g := range account.Spec.Grants {
		role, err := arn.Parse(string(g.RoleARN))
		if err != nil {
			return fmt.Errorf("reading roleARN %q: %w", g.RoleARN, err)
		}
		if role.Service != "iam" || len(role.AccountID) != 12 {
			return fmt.Errorf("roleARN %q is of no account's role", g.RoleARN)
		}
		for _, pattern := range g.Resources.ARNPatterns {
			if resource, err := arn.Parse(pattern); err != nil || len(resource.AccountID) != 12 || resource.Resource == "" {
				return fmt.Errorf("arnPattern %q is of no account's resource: %w", pattern, err)
			}
		}
	}
	// The labels are of no importance: a grant that Kubernetes does not understand selects nothing.
	_, err := grant.Resolve(&v1alpha1.ServerlessApplication{}, account, map[string]string{"a": "b"})
	return blocked(err)
}

func readServerlessApplication(app *v1alpha1.ServerlessApplication) error {
	account := &v1alpha1.AWSAccount{}
	account.Spec.AccountID = "123456789012"
	for _, f := range app.Spec.Functions {
		name, err := arn.Parse(grant.FunctionARN(app.Spec.AWS.Region, account.Spec.AccountID, f.Name))
		if err != nil || name.Resource != "function:"+string(f.Name) || name.Region != string(app.Spec.AWS.Region) {
			return fmt.Errorf("function %q in %q has no ARN: %w", f.Name, app.Spec.AWS.Region, err)
		}
		if f.CallerTimeout == "" {
			continue
		}
		if err := within("callerTimeout", f.CallerTimeout, time.Second, 15*time.Minute); err != nil {
			return err
		}
	}
	_, err := grant.Resolve(app, account, nil)
	return blocked(err)
}

// blocked fails where an error is not for the person who wrote the object.
func blocked(err error) error {
	if f := (*fault.Fault)(nil); err == nil || errors.As(err, &f) {
		return nil
	}
	return err
}

func readRunbook(rbk *v1alpha1.Runbook) error {
	for _, step := range rbk.Spec.Investigate {
		if m := step.Metric; m != nil {
			if err := within("metric.window", m.Window, time.Minute, 3*time.Hour); err != nil {
				return err
			}
		}
		if p := step.TrafficPattern; p != nil {
			if err := within("trafficPattern.window", p.Window, 10*time.Minute, 3*time.Hour); err != nil {
				return err
			}
		}
	}
	if program, problems := diagnosis.Compile(rbk.Spec); program == nil && len(problems) == 0 {
		return errors.New("it does not compile, and nobody is told why")
	}
	return nil
}

func readChangePolicy(p *v1alpha1.ChangePolicy) error {
	pinned := approval.Pin(p, v1alpha1.ActionSetTimeout)
	for _, d := range []struct {
		name, written string
		read          int32
	}{
		{"planExpiresAfter", p.Spec.PlanExpiresAfter, pinned.PlanExpiresAfterSeconds},
		{"verification.window", p.Spec.Verification.Window, pinned.WindowSeconds},
		{"recovery.stableFor", p.Spec.Recovery.StableFor, pinned.StableForSeconds},
	} {
		if err := within(d.name, d.written, time.Minute, 24*time.Hour); err != nil {
			return err
		}
		if meant, _ := time.ParseDuration(d.written); meant != time.Duration(d.read)*time.Second {
			return fmt.Errorf("%s %q is read as %d seconds", d.name, d.written, d.read)
		}
	}
	return nil
}

// within fails where a duration is not one, or out of the bounds that its documentation names.
func within(name, written string, shortest, longest time.Duration) error {
	d, err := time.ParseDuration(written)
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	if d < shortest || d > longest {
		return fmt.Errorf("%s %q is not from %s to %s", name, written, shortest, longest)
	}
	return nil
}

func readTime(name string, t time.Time) error {
	if year := t.UTC().Year(); year < 1999 || year > 2100 {
		return fmt.Errorf("%s is in the year %d", name, year)
	}
	return nil
}
