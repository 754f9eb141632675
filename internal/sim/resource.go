package sim

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
)

// resources are the ARNs that a call names, by the members that AWS services use for them; "*" when the operation has
// no resource of its own (Service Authorization Reference).
func (w *World) resources(c *wire.Call) []string {
	if c.Input == nil {
		return []string{"*"}
	}
	in := reflect.ValueOf(c.Input).Elem()
	text := func(member string) string {
		f := reflect.Indirect(in.FieldByName(member))
		if !f.IsValid() || f.Kind() != reflect.String {
			return ""
		}
		return f.String()
	}
	for _, member := range []string{"Resource", "ResourceARN", "RoleARN"} {
		if arn := text(member); arn != "" {
			return []string{arn}
		}
	}
	if name := text("FunctionName"); name != "" && c.Service == "lambda" {
		return []string{w.lambda.ResourceARN(name)}
	}
	if c.Service == "ssm" {
		return w.parameters(text("Name"), in.FieldByName("Names"))
	}
	if c.Service == "sqs" {
		switch {
		case text("QueueUrl") != "":
			return []string{w.sqs.ResourceARN(text("QueueUrl"))}
		case text("QueueName") != "":
			return []string{w.sqs.ARN(text("QueueName"))}
		}
	}
	if c.Service != "cloudwatch" {
		return []string{"*"}
	}
	if strings.Contains(c.Operation, "AlarmMuteRule") {
		return w.muteRules(c.Input)
	}
	if name := text("AlarmName"); name != "" {
		return []string{w.AlarmARN(name)}
	}
	if names := in.FieldByName("AlarmNames"); names.IsValid() && c.Operation != "DescribeAlarms" {
		var out []string
		for i := range names.Len() {
			out = append(out, w.AlarmARN(names.Index(i).String()))
		}
		return out
	}
	if strings.HasPrefix(c.Operation, "DescribeAlarm") {
		return []string{w.AlarmARN("*")}
	}
	return []string{"*"}
}

// muteRules are the ARNs that a call about mute rules needs permission for: the rule's, and to put it also those of the
// alarms that it targets (API reference, PutAlarmMuteRule). Listing has no resource.
func (w *World) muteRules(input any) []string {
	arn := func(name *string) string {
		return fmt.Sprintf("arn:aws:cloudwatch:%s:%s:alarm-mute-rule:%s", w.o.Region, w.o.AccountID, aws.ToString(name))
	}
	switch in := input.(type) {
	case *cw.PutAlarmMuteRuleInput:
		out := []string{arn(in.Name)}
		if in.MuteTargets != nil {
			for _, name := range in.MuteTargets.AlarmNames {
				out = append(out, w.AlarmARN(name))
			}
		}
		return out
	case *cw.GetAlarmMuteRuleInput:
		return []string{arn(in.AlarmMuteRuleName)}
	case *cw.DeleteAlarmMuteRuleInput:
		return []string{arn(in.AlarmMuteRuleName)}
	default:
		return []string{"*"}
	}
}

// parameters are the ARNs of the parameters that a call names, without selector.
func (w *World) parameters(name string, names reflect.Value) []string {
	var out []string
	if name != "" {
		out = append(out, w.parameterARN(name))
	}
	if names.IsValid() {
		for i := range names.Len() {
			out = append(out, w.parameterARN(names.Index(i).String()))
		}
	}
	if len(out) == 0 {
		return []string{"*"}
	}
	return out
}

func (w *World) parameterARN(name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	name, _, _ = strings.Cut(name, ":")
	return w.ssm.ARN(name)
}

// AlarmARN is the ARN of a metric alarm of the world.
func (w *World) AlarmARN(name string) string {
	return fmt.Sprintf("arn:aws:cloudwatch:%s:%s:alarm:%s", w.o.Region, w.o.AccountID, name)
}

// FunctionARN is the unqualified ARN of a function of the world.
func (w *World) FunctionARN(name string) string { return w.lambda.ARN(name) }

func joined(arns []string) string { return strings.Join(arns, ",") }
