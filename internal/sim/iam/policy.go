package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Policy is an IAM policy document reduced to what the simulator evaluates: statements of effect, actions and
// resources. Conditions are not simulated and refused on parsing.
type Policy struct {
	Statements []Statement
}

// Statement allows or denies actions on resources. Both may contain the wildcards * and ? (IAM User Guide, "IAM JSON
// policy elements").
type Statement struct {
	Effect    string
	Actions   []string
	Resources []string
}

// Allow is a policy that allows the actions on every resource.
func Allow(actions ...string) Policy {
	return Policy{Statements: []Statement{{Effect: "Allow", Actions: actions, Resources: []string{"*"}}}}
}

// ParsePolicy reads a policy document in JSON.
func ParsePolicy(document []byte) (Policy, error) {
	var doc struct {
		Version   string
		Statement oneOrMany[struct {
			Sid       string
			Effect    string
			Action    oneOrMany[string]
			Resource  oneOrMany[string]
			Condition map[string]any
		}]
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		return Policy{}, fmt.Errorf("reading policy document: %w", err)
	}
	var p Policy
	for i, s := range doc.Statement {
		switch {
		case s.Effect != "Allow" && s.Effect != "Deny":
			return Policy{}, fmt.Errorf("statement %d: Effect must be Allow or Deny, not %q", i, s.Effect)
		case len(s.Action) == 0 || len(s.Resource) == 0:
			return Policy{}, fmt.Errorf("statement %d: Action and Resource are required", i)
		case len(s.Condition) > 0:
			return Policy{}, fmt.Errorf("statement %d: the simulator does not evaluate Condition", i)
		}
		p.Statements = append(p.Statements, Statement{Effect: s.Effect, Actions: s.Action, Resources: s.Resource})
	}
	if len(p.Statements) == 0 {
		return Policy{}, errors.New("the policy has no statement")
	}
	return p, nil
}

// oneOrMany reads a JSON value that may stand alone or in a list.
type oneOrMany[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (o *oneOrMany[T]) UnmarshalJSON(b []byte) error {
	if strings.HasPrefix(strings.TrimSpace(string(b)), "[") {
		return json.Unmarshal(b, (*[]T)(o))
	}
	var one T
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*o = []T{one}
	return nil
}

// decision is the outcome of evaluating one policy.
type decision int

const (
	implicitDeny decision = iota
	allowed
	explicitDeny
)

// decide evaluates the policy: an explicit deny wins, then an allow, and without either it is an implicit deny
// (IAM User Guide, "Policy evaluation logic").
func (p Policy) decide(action, resource string) decision {
	d := implicitDeny
	for _, s := range p.Statements {
		if !anyMatch(s.Actions, action, true) || !anyMatch(s.Resources, resource, false) {
			continue
		}
		if s.Effect == "Deny" {
			return explicitDeny
		}
		d = allowed
	}
	return d
}

func anyMatch(patterns []string, s string, foldCase bool) bool {
	for _, p := range patterns {
		if foldCase {
			p, s = strings.ToLower(p), strings.ToLower(s)
		}
		if wildcard(p, s) {
			return true
		}
	}
	return false
}

// wildcard matches * (any run of characters) and ? (any one character).
func wildcard(pattern, s string) bool {
	for len(pattern) > 0 {
		switch pattern[0] {
		case '*':
			for i := 0; i <= len(s); i++ {
				if wildcard(pattern[1:], s[i:]) {
					return true
				}
			}
			return false
		case '?':
			if s == "" {
				return false
			}
		default:
			if s == "" || s[0] != pattern[0] {
				return false
			}
		}
		pattern, s = pattern[1:], s[1:]
	}
	return s == ""
}
