package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// ReasonExists is the reason of the fault of creating what is there already.
const ReasonExists = "AlreadyExists"

const (
	reasonAccessDenied  = v1alpha1.ReasonAccessDenied
	reasonUnavailable   = v1alpha1.ReasonAWSUnavailable
	reasonWrongIdentity = v1alpha1.ReasonWrongIdentity
	// reasonUnexpected is that of an error that nobody expects (package fault).
	reasonUnexpected = "Error"
)

// errNoAnswer is an answer of AWS that lacks what it must hold.
var errNoAnswer = errors.New("the answer lacks a required member")

// maxRetryAfter bounds what a Retry-After header can ask for.
const maxRetryAfter = 5 * time.Minute

// outcome of a call, for the breaker and the ledger.
type outcome string

const (
	outcomeOK          outcome = "OK"
	outcomeDenied      outcome = "AccessDenied"
	outcomeExpired     outcome = "Expired"
	outcomeThrottled   outcome = "Throttled"
	outcomeBusy        outcome = "Busy"
	outcomeConflict    outcome = "Conflict"
	outcomeStale       outcome = "Stale"
	outcomeFloor       outcome = "UnreservedFloor"
	outcomeNotFound    outcome = "NotFound"
	outcomeExists      outcome = "AlreadyExists"
	outcomeRefused     outcome = "Refused"
	outcomeUnavailable outcome = "Unavailable"
	outcomeCanceled    outcome = "Canceled"
	outcomeNotSent     outcome = "NotSent"
)

// belowFloor is Lambda's text when a reservation would leave too little, the only place where the account's floor
// appears: "… decreases account's UnreservedConcurrentExecution below its minimum value of [100]."
var belowFloor = regexp.MustCompile(`UnreservedConcurrentExecution below its minimum value of \[(\d{1,6})\]`)

// answer is what AWS said in an error. Without a code nothing is known of what it did.
type answer struct {
	code       string
	message    string
	status     int
	retryAfter time.Duration
}

// codeFormat keeps text that is no AWS error code out of messages.
var codeFormat = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9.]{0,63}$`)

func answerOf(err error) (a answer) {
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) && response.Response != nil && response.Response.Response != nil {
		a.status = response.HTTPStatusCode()
		seconds, err := strconv.Atoi(response.Response.Header.Get("Retry-After"))
		if err == nil && seconds > 0 {
			a.retryAfter = min(time.Duration(seconds)*time.Second, maxRetryAfter)
		}
	}
	var api smithy.APIError
	if errors.As(err, &api) && codeFormat.MatchString(api.ErrorCode()) && api.ErrorCode() != "UnknownError" {
		a.code, a.message = api.ErrorCode(), api.ErrorMessage()
	}
	return a
}

func outcomeOf(err error) outcome {
	if err == nil {
		return outcomeOK
	}
	var f *fault.Fault
	if errors.As(err, &f) {
		return outcomeNotSent
	}
	if errors.Is(err, context.Canceled) {
		return outcomeCanceled
	}
	a := answerOf(err)
	if a.code == "" || a.status >= 500 || a.status < 400 || a.status == http.StatusRequestTimeout {
		return outcomeUnavailable
	}
	return rowOf(a).outcome
}

// Fault turns an error of an AWS call into a *fault.Fault. doing says in our words what was being done to which
// object, such as "reading function checkout"; it begins the message. A fault without Refused, of a mutating call,
// leaves open whether the call arrived. Neither message nor cause holds a URL, a request ID or text of AWS.
func Fault(err error, doing string) error {
	if err == nil {
		return nil
	}
	var own *fault.Fault
	if errors.As(err, &own) {
		f := *own
		f.Message = doing + ": " + own.Message
		return &f
	}
	a, action := answerOf(err), actionOf(err)
	r := rowOf(a)
	f := &fault.Fault{Refused: true, Err: cause(err)}
	switch outcomeOf(err) {
	case outcomeDenied:
		f.Class, f.Reason, f.Message = fault.Blocked, reasonAccessDenied, r.sentence(action, a.code)
	case outcomeExpired:
		f.Class, f.Reason, f.Message = fault.Transient, reasonUnavailable, r.sentence(action, a.code)
	case outcomeThrottled:
		f.Class, f.Reason, f.After = fault.Waiting, reasonUnavailable, max(a.retryAfter, r.after, time.Second)
		f.Message = cmp.Or(r.sentence(action, a.code), "AWS slowed the operator down")
	case outcomeBusy:
		f.Class, f.Reason, f.After, f.Refused = fault.Waiting, reasonUnavailable, max(a.retryAfter, time.Second), false
		f.Message = fmt.Sprintf("AWS slowed the operator down (%s)", a.code)
	case outcomeConflict:
		f.Class, f.Reason, f.After = fault.Waiting, v1alpha1.ReasonUpdateInProgress, 5*time.Second
		f.Message = "another update of it is in progress"
	case outcomeStale:
		f.Class, f.Reason = fault.Waiting, v1alpha1.ReasonStale
		f.Message = "it was changed by another hand just before, and nothing was changed now"
	case outcomeFloor:
		f.Class, f.Reason = fault.Terminal, v1alpha1.ReasonUnreservedFloor
		f.Message = fmt.Sprintf("AWS refused it, as the account must keep at least %s unreserved executions: ask for less, or raise the account's concurrency quota",
			belowFloor.FindStringSubmatch(a.message)[1])
	case outcomeNotFound:
		f.Class, f.Reason, f.NotFound = fault.Terminal, "NotFound", true
		if strings.HasPrefix(action, "lambda:") {
			f.Reason = v1alpha1.ReasonFunctionNotFound
		}
		f.Message = "AWS has no such object in this account and Region: correct its name, or create it"
	case outcomeExists:
		f.Class, f.Reason, f.After = fault.Waiting, ReasonExists, time.Second
		f.Message = "somebody else created it before"
	case outcomeRefused:
		f.Class, f.Reason = fault.Terminal, v1alpha1.ReasonRefused
		f.Message = fmt.Sprintf("AWS refused %s (%s) and changed nothing", action, a.code)
	default:
		f.Class, f.Reason, f.Refused = fault.Transient, reasonUnavailable, false
		f.Message = lostOf(err).says()
	}
	f.Message = doing + ": " + f.Message
	return f
}

// actions are the IAM actions of calls that are not named as the operation is (Service Authorization Reference, Amazon
// SQS: deleting a batch needs sqs:DeleteMessage).
var actions = map[string]string{"sqs:DeleteMessageBatch": "sqs:DeleteMessage"}

// actionOf names the IAM action of the call that failed, as service:Operation. For every other call of the operator the
// action is named as the operation is (Service Authorization Reference).
func actionOf(err error) string {
	var operation *smithy.OperationError
	if !errors.As(err, &operation) {
		return "the call"
	}
	called := strings.ToLower(operation.Service()) + ":" + operation.Operation()
	return cmp.Or(actions[called], called)
}

// cause describes an error for the log in our own words: the SDK's text may hold URLs, request IDs, and of an answer
// that could not be decoded, its content.
func cause(err error) error {
	a, action := answerOf(err), actionOf(err)
	var decode *smithy.DeserializationError
	switch {
	case a.code != "":
		return fmt.Errorf("%s: status %d: %s", action, a.status, a.code)
	case errors.As(err, &decode):
		return fmt.Errorf("%s: status %d: the answer cannot be decoded", action, a.status)
	case a.status != 0:
		return fmt.Errorf("%s: status %d", action, a.status)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", action, context.Canceled)
	case errors.Is(err, errNoAnswer):
		return fmt.Errorf("%s: %w", action, errNoAnswer)
	}
	l := lostOf(err)
	if l == late {
		return fmt.Errorf("%s: %w", action, context.DeadlineExceeded)
	}
	return fmt.Errorf("%s: %s", action, l.what)
}
