package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/runbook-operator/runbook-operator/internal/action"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/claim"
	"github.com/runbook-operator/runbook-operator/internal/evidence"
	"github.com/runbook-operator/runbook-operator/internal/grant"
)

// Placeholders, to be replaced by whoever installs the policies.
const (
	functions    = "arn:aws:lambda:REGION:ACCOUNT_ID:function:FUNCTION_NAME"
	muteRules    = "arn:aws:cloudwatch:REGION:ACCOUNT_ID:alarm-mute-rule:*"
	alarmQueue   = "arn:aws:sqs:REGION:ACCOUNT_ID:QUEUE_NAME"
	accountRole  = "arn:aws:iam::ACCOUNT_ID:role/ACCOUNT_ROLE"
	grantedRole  = "arn:aws:iam::ACCOUNT_ID:role/GRANTED_ROLE"
	operatorRole = "arn:aws:iam::OPERATOR_ACCOUNT_ID:role/OPERATOR_ROLE"
)

// claimParameter is the one parameter that the operator reads and writes, in the one Region where it is.
var claimParameter = fmt.Sprintf("arn:aws:ssm:%s:ACCOUNT_ID:parameter%s", grant.HomeRegion(accountRole), claim.ParameterName)

// withoutResource lists actions that IAM cannot limit to a resource, or that list across resources (Service
// Authorization Reference, Amazon CloudWatch and AWS Lambda). Every other Lambda action is limited to functions.
var withoutResource = []string{
	"cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:ListAlarmMuteRules", "lambda:GetAccountSettings",
}

type policy struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid       string
	Effect    string
	Principal map[string]string            `json:",omitempty"`
	Action    []string                     `json:",omitempty"`
	Resource  []string                     `json:",omitempty"`
	Condition map[string]map[string]string `json:",omitempty"`
}

// files returns the content of every file by its name.
func files() map[string][]byte {
	all := map[string][]byte{"README.md": []byte(readme())}
	for name, p := range policies() {
		all[name+".json"] = encode(p)
	}
	return all
}

// policies returns every policy by its name: detect for the account role, and claim besides where anything is proposed;
// investigate for granted roles in the modes Observe and Propose, and remediate besides for the mode Act.
func policies() map[string]policy {
	return map[string]policy{
		"base":        allow(statement{Sid: "AssumeRoles", Action: []string{"sts:AssumeRole"}, Resource: []string{accountRole, grantedRole}}),
		"trust":       trust(),
		"detect":      allow(scoped("Detect", detect())...),
		"claim":       allow(statement{Sid: "ClaimAccount", Action: claim.Permissions(), Resource: []string{claimParameter}}),
		"investigate": allow(scoped("Investigate", investigate())...),
		"remediate":   allow(scoped("Remediate", remediate())...),
	}
}

func detect() []string {
	return slices.Concat(alarms.Permissions(), alarms.HistoryPermissions(), alarms.MutePermissions(), aws.QueuePermissions())
}

// investigate is what steps read, and what actions read to plan and to look back.
func investigate() []string {
	actions := slices.Concat(alarms.Permissions(), alarms.MutePermissions()) // by which a change is verified
	for _, s := range evidence.Steps() {
		actions = append(actions, s.Permissions()...)
	}
	for _, a := range action.All() {
		actions = append(actions, a.Permissions().Read...)
	}
	return actions
}

func remediate() []string {
	var actions []string
	for _, a := range action.All() {
		actions = append(actions, a.Permissions().Write...)
	}
	return actions
}

// scoped splits actions by what IAM can limit them to.
func scoped(sid string, actions []string) []statement {
	slices.Sort(actions)
	var everywhere, limited, mutes, queues []string
	for _, a := range slices.Compact(actions) {
		switch {
		case slices.Contains(withoutResource, a):
			everywhere = append(everywhere, a)
		case slices.Contains(alarms.MutePermissions(), a):
			mutes = append(mutes, a)
		case strings.HasPrefix(a, "sqs:"):
			queues = append(queues, a)
		default:
			limited = append(limited, a)
		}
	}
	var all []statement
	if len(everywhere) > 0 {
		all = append(all, statement{Sid: sid + "Account", Action: everywhere, Resource: []string{"*"}})
	}
	if len(mutes) > 0 {
		all = append(all, statement{Sid: sid + "MuteRules", Action: mutes, Resource: []string{muteRules}})
	}
	if len(limited) > 0 {
		all = append(all, statement{Sid: sid + "Functions", Action: limited, Resource: []string{functions}})
	}
	if len(queues) > 0 {
		all = append(all, statement{Sid: sid + "Queues", Action: queues, Resource: []string{alarmQueue}})
	}
	return all
}

func allow(statements ...statement) policy {
	for i := range statements {
		statements[i].Effect = "Allow"
	}
	return policy{Version: "2012-10-17", Statement: statements}
}

// trust lets the operator's own role, and nobody else, assume a granted role, with the grant's external ID.
func trust() policy {
	return allow(statement{
		Sid:       "TrustOperator",
		Principal: map[string]string{"AWS": operatorRole},
		Action:    []string{"sts:AssumeRole"},
		Condition: map[string]map[string]string{"StringEquals": {"sts:ExternalId": "EXTERNAL_ID"}},
	})
}

func encode(p policy) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(p); err != nil {
		panic(err) // strings in structs always encode
	}
	return b.Bytes()
}

func readme() string {
	var b strings.Builder
	b.WriteString(`# IAM policies

<!-- Generated by hack/iam from the code; run make generate. -->

What the operator may do in AWS, generated from what its code calls. Replace the words in capitals before use.

| file | attach to | so that |
|---|---|---|
| base.json | the operator's own role | it can become the account role and the granted roles, and nothing else |
| trust.json | the account role and each granted role, as its trust policy | only the operator can become it, and only with the external ID |
| detect.json | the account role | alarms are watched |
| claim.json | the account role | this cluster claims the account, without which the mode is Observe (docs/claim.md) |
| investigate.json | each granted role | evidence is read and changes are planned: the modes Observe and Propose |
| remediate.json | granted roles of applications in the mode Act | approved changes are made |

A granted role without remediate.json cannot change anything, whatever the mode says. Write one FUNCTION_NAME
resource for each function or prefix that the grant of the AWSAccount allows, and one QUEUE_NAME resource for each queue of the
AWSAccount; without queues, leave that statement out. Actions on * are those that IAM cannot
limit to a function.

| IAM action | asked for by |
|---|---|
`)
	by := askers()
	var actions []string
	for a := range by {
		actions = append(actions, a)
	}
	slices.Sort(actions)
	for _, a := range actions {
		fmt.Fprintf(&b, "| %s | %s |\n", a, strings.Join(by[a], ", "))
	}
	return b.String()
}

// askers returns what asks for each IAM action.
func askers() map[string][]string {
	by := map[string][]string{"sts:AssumeRole": {"sessions"}}
	add := func(who string, actions []string) {
		for _, a := range actions {
			by[a] = append(by[a], who)
		}
	}
	add("alarms", alarms.Permissions())
	add("history of alarms", alarms.HistoryPermissions())
	add("mute rules of alarms", alarms.MutePermissions())
	add("queues of alarms", aws.QueuePermissions())
	add("claim of the account", claim.Permissions())
	for _, s := range evidence.Steps() {
		add("step "+s.Name(), s.Permissions())
	}
	for _, a := range action.All() {
		add("action "+string(a.Name()), append(slices.Clone(a.Permissions().Read), a.Permissions().Write...))
	}
	return by
}
