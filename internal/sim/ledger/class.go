package ledger

// Class is what kind of operation a call is. It is a property of the operation; whether one call really changed
// something is Entry.Changed.
type Class string

const (
	// Read is an operation that only answers.
	Read Class = "read"
	// Bookkeeping is an operation that leaves a trace but changes nothing a customer runs, such as AssumeRole.
	Bookkeeping Class = "bookkeeping"
	// Change is an operation that may change a customer's resource.
	Change Class = "change"
	// Unknown is an operation that is not served.
	Unknown Class = "unknown"
)

// classes is the class of every served operation.
var classes = map[string]Class{
	"sts:GetCallerIdentity": Read,
	"sts:AssumeRole":        Bookkeeping,

	"lambda:GetAccountSettings":          Read,
	"lambda:GetFunction":                 Read,
	"lambda:GetFunctionConfiguration":    Read,
	"lambda:GetFunctionConcurrency":      Read,
	"lambda:GetAlias":                    Read,
	"lambda:ListAliases":                 Read,
	"lambda:ListFunctions":               Read,
	"lambda:ListVersionsByFunction":      Read,
	"lambda:ListTags":                    Read,
	"lambda:UpdateFunctionConfiguration": Change,
	"lambda:UpdateFunctionCode":          Change,
	"lambda:PublishVersion":              Change,
	"lambda:CreateAlias":                 Change,
	"lambda:UpdateAlias":                 Change,
	"lambda:PutFunctionConcurrency":      Change,
	"lambda:DeleteFunctionConcurrency":   Change,
	"lambda:TagResource":                 Change,
	"lambda:UntagResource":               Change,

	"cloudwatch:DescribeAlarms":          Read,
	"cloudwatch:DescribeAlarmHistory":    Read,
	"cloudwatch:DescribeAlarmsForMetric": Read,
	"cloudwatch:GetAlarmMuteRule":        Read,
	"cloudwatch:ListAlarmMuteRules":      Read,
	"cloudwatch:PutAlarmMuteRule":        Change,
	"cloudwatch:DeleteAlarmMuteRule":     Change,
	"cloudwatch:GetMetricData":           Read,
	"cloudwatch:GetMetricStatistics":     Read,
	"cloudwatch:ListMetrics":             Read,
	"cloudwatch:ListTagsForResource":     Read,
	"cloudwatch:PutMetricData":           Bookkeeping,
	"cloudwatch:PutMetricAlarm":          Change,
	"cloudwatch:DeleteAlarms":            Change,
	"cloudwatch:SetAlarmState":           Change,
	"cloudwatch:EnableAlarmActions":      Change,
	"cloudwatch:DisableAlarmActions":     Change,
	"cloudwatch:TagResource":             Change,
	"cloudwatch:UntagResource":           Change,

	// A parameter is a note that nothing a customer runs depends on.
	"ssm:GetParameter":       Read,
	"ssm:GetParameters":      Read,
	"ssm:DescribeParameters": Read,
	"ssm:PutParameter":       Bookkeeping,
	"ssm:DeleteParameter":    Bookkeeping,

	// Messages are not what a customer runs either. Receiving hides a message for a while and takes nothing away.
	"sqs:ListQueues":                   Read,
	"sqs:GetQueueUrl":                  Read,
	"sqs:GetQueueAttributes":           Read,
	"sqs:ReceiveMessage":               Read,
	"sqs:SendMessage":                  Bookkeeping,
	"sqs:DeleteMessage":                Bookkeeping,
	"sqs:DeleteMessageBatch":           Bookkeeping,
	"sqs:ChangeMessageVisibility":      Bookkeeping,
	"sqs:ChangeMessageVisibilityBatch": Bookkeeping,
	"sqs:PurgeQueue":                   Bookkeeping,
}

// ClassOf returns the class of an IAM action.
func ClassOf(action string) Class {
	if c, ok := classes[action]; ok {
		return c
	}
	return Unknown
}
