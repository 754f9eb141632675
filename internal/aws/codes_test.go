package aws

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

const (
	refusedCaller = "who calls is checked before what is called is done (Signature Version 4, \"Authorization in AWS\")"
	refusedRate   = "the rate is checked before the call is done (the errors of the operation, or the common errors of the service)"
)

// meaning is what a code means to people, written from AWS's documents and not from the table.
type meaning struct {
	class  fault.Class
	reason string
	// sure is why it is known that a call with this answer changed nothing. Empty: it is found out by looking.
	sure string
	// says is of the message, own of the message where the operator's own credentials are meant.
	says, own string
}

func meanings() map[string]meaning {
	role := meaning{fault.Blocked, "AccessDenied", refusedCaller, "the role may not call lambda:PutFunctionConcurrency: allow it", "allow sts:AssumeRole in its own IAM policy"}
	clock := meaning{fault.Blocked, "AccessDenied", refusedCaller, "set the node's clock right", "set the node's clock right"}
	signature := meaning{fault.Blocked, "AccessDenied", refusedCaller, "finds the signature of the call wrong", "the operator's secret access key"}
	stranger := meaning{fault.Blocked, "AccessDenied", refusedCaller, "the account has this Region enabled", "does not know the operator's own credentials"}
	region := meaning{fault.Blocked, "AccessDenied", refusedCaller, "enable it in the account, or name another Region", "the operator's own account has this Region, or STS in it, not enabled"}
	denied := meaning{fault.Blocked, "AccessDenied", "SQS gives no message that it cannot decrypt (SQS API reference, ReceiveMessage)", "allow kms:Decrypt", "allow kms:Decrypt"}
	key := meaning{fault.Blocked, "AccessDenied", denied.sure, "the key that encrypts the queue cannot be used", "the key that encrypts"}
	ended := meaning{fault.Transient, "AWSUnavailable", refusedCaller, "the session of the role ended", "the operator's own AWS credentials have ended"}
	slow := meaning{fault.Waiting, "AWSUnavailable", refusedRate, "slowed the operator down", "slowed the operator down"}
	busy := meaning{fault.Waiting, "AWSUnavailable", "", "slowed the operator down", "slowed the operator down"}
	unknown := meaning{fault.Transient, "AWSUnavailable", "", "gave no answer in time", "gave no answer in time"}
	conflict := meaning{fault.Waiting, "UpdateInProgress", "one update at a time (Lambda API reference, SSM API reference)", "another update", "another update"}
	missing := meaning{fault.Terminal, "FunctionNotFound", "what is not there is not changed", "has no such object", "has no such object"}
	return map[string]meaning{
		"AccessDenied": role, "AccessDeniedException": role, "UnauthorizedOperation": role,
		"RequestTimeTooSkewed": clock, "RequestExpired": clock, "RequestInTheFuture": clock,
		"SignatureDoesNotMatch": signature, "InvalidSignatureException": signature, "IncompleteSignature": signature, "IncompleteSignatureException": signature,
		"UnrecognizedClientException": stranger, "InvalidClientTokenId": stranger, "InvalidAccessKeyId": stranger,
		"MissingAuthenticationToken": stranger, "MissingAuthenticationTokenException": stranger,
		"RegionDisabledException": region, "OptInRequired": region,
		"KMS.AccessDeniedException": denied, "KmsAccessDenied": denied,
		"KMS.DisabledException": key, "KmsDisabled": key, "KMS.InvalidStateException": key, "KmsInvalidState": key,
		"KMS.NotFoundException": key, "KmsNotFound": key, "KMS.InvalidKeyUsageException": key, "KmsInvalidKeyUsage": key,
		"KMS.OptInRequired": key, "KmsOptInRequired": key,
		"ExpiredToken": ended, "ExpiredTokenException": ended,
		"Throttling": slow, "ThrottlingException": slow, "ThrottledException": slow, "RequestThrottled": slow, "RequestThrottledException": slow,
		"TooManyRequestsException": slow, "RequestLimitExceeded": slow, "KMS.ThrottlingException": slow, "KmsThrottled": slow,
		"OverLimit":              {fault.Waiting, "AWSUnavailable", refusedRate, "messages received and not deleted", "messages received and not deleted"},
		"LimitExceededException": busy, "SlowDown": busy, "BandwidthLimitExceeded": busy, "PriorRequestNotComplete": busy,
		"EC2ThrottledException": busy, "ProvisionedThroughputExceededException": busy, "TransactionInProgressException": busy,
		"RequestTimeout": unknown, "RequestTimeoutException": unknown,
		"PreconditionFailedException": {fault.Waiting, "Stale", "the condition is checked first (Lambda API reference, RevisionId)", "changed by another hand", "changed by another hand"},
		"ResourceConflictException":   conflict, "TooManyUpdates": conflict,
		"ParameterAlreadyExists":    {fault.Waiting, "AlreadyExists", "nothing is overwritten unless it is asked for (SSM API reference, PutParameter)", "somebody else created it", "somebody else created it"},
		"ResourceNotFoundException": missing, "ResourceNotFound": missing, "QueueDoesNotExist": missing, "ParameterNotFound": missing,
		"AWS.SimpleQueueService.NonExistentQueue": missing,
	}
}

func TestEveryCodeHasItsOwnSentence(t *testing.T) {
	g := NewWithT(t)
	var table []string
	for _, r := range codes {
		table = append(table, r.codes...)
	}
	g.Expect(table).To(ConsistOf(slices.Collect(maps.Keys(meanings()))), "each code once, and with a meaning here")
	for code, m := range meanings() {
		t.Run(code, func(t *testing.T) {
			g := NewWithT(t)
			endpoint, _ := answering(t, http.StatusBadRequest, code, `{"message":"`+canary+`"}`)
			err := lambdaAt(t, endpoint).PutFunctionConcurrency(t.Context(), "checkout", 200)
			f := fault.From(err)
			g.Expect(f.Class).To(Equal(m.class))
			g.Expect(f.Reason).To(Equal(m.reason))
			g.Expect(f.Message).To(ContainSubstring(m.says))
			g.Expect(f.Refused).To(Equal(m.sure != ""), "whether it changed nothing: %s", m.sure)
			if m.class == fault.Waiting && m.reason == reasonUnavailable {
				g.Expect(HeldBack(err)).To(BeFalse(), "AWS said it, and not the operator's own budget")
			}
			expectClean(g, err, endpoint)

			err = assuming(t, code)
			g.Expect(fault.From(err).Message).To(ContainSubstring(m.own))
			g.Expect(fault.From(err).Message).NotTo(ContainSubstring("session of the role ended"), "there is none yet")
			expectClean(g, err, endpoint)
		})
	}
}

// assuming assumes a role where STS answers a code.
func assuming(t *testing.T, code string) error {
	t.Helper()
	endpoint, _ := answering(t, http.StatusBadRequest, "", fmt.Sprintf(
		`<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>`, code, canary))
	clock := clocktesting.NewFakeClock(epoch)
	clients, err := New(t.Context(), Options{Clock: clock, Wall: clock, Load: static(endpoint)})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	_, err = clients.Session(t.Context(), Access{AccountID: reactstocks.AccountID, Region: reactstocks.Region, RoleARN: reactstocks.GrantRoleARN}, "test")
	return err
}

func TestWhatTheSDKTakesForThrottlingIsWaitedFor(t *testing.T) {
	g := NewWithT(t)
	for code := range retry.DefaultThrottleErrorCodes {
		g.Expect(rowOf(answer{code: code, status: http.StatusBadRequest}).outcome).To(BeElementOf(outcomeThrottled, outcomeBusy), code)
	}
	for code := range retry.DefaultRetryableErrorCodes {
		g.Expect(rowOf(answer{code: code, status: http.StatusBadRequest}).outcome).To(Equal(outcomeUnavailable), code)
	}
}

func TestACodeThatNobodyKnowsAccusesNobody(t *testing.T) {
	g := NewWithT(t)
	for status, says := range map[int]string{
		403: "AWS does not allow lambda:PutFunctionConcurrency (NewException): look the code up",
		429: "slowed the operator down",
		400: "AWS refused lambda:PutFunctionConcurrency (NewException) and changed nothing",
	} {
		endpoint, _ := answering(t, status, "NewException", "{}")
		f := fault.From(lambdaAt(t, endpoint).PutFunctionConcurrency(t.Context(), "checkout", 200))
		g.Expect(f.Message).To(ContainSubstring(says))
		g.Expect(f.Message).NotTo(ContainSubstring("IAM policy: "))
	}
}
