package aws

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// row is one line of the table of AWS error codes: what became of the call, and where the outcome alone does not tell
// what to do, what people read. {action} is the IAM action of the call, {code} the code.
type row struct {
	outcome outcome
	// status stands for every code that no row has. Zero: none.
	status int
	codes  []string
	says   string
	// own is said of a call that the operator makes with its own credentials, to assume a role. Empty: says.
	own string
	// after is the least to wait, of what is waited for.
	after time.Duration
}

// codes is the one table of AWS error codes. The first row that has a code, or else its status, is its row.
var codes = []row{
	// What took too long on its way to AWS may still be carried out.
	{outcome: outcomeUnavailable, codes: []string{"RequestTimeout", "RequestTimeoutException"}},
	{
		outcome: outcomeExpired, codes: []string{"ExpiredToken", "ExpiredTokenException"},
		says: "the session of the role ended, and a new one is taken",
		own:  "the operator's own AWS credentials have ended: new ones are taken where its service account has a role; where it was given credentials, give it others",
	},
	{
		outcome: outcomeThrottled, status: http.StatusTooManyRequests,
		codes: []string{
			"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
			"TooManyRequestsException", "RequestLimitExceeded", "KMS.ThrottlingException", "KmsThrottled",
		},
	},
	{
		outcome: outcomeThrottled, codes: []string{"OverLimit"}, after: 30 * time.Second,
		says: "the queue has as many messages received and not deleted as SQS allows: it gives others once these are deleted or visible again",
	},
	// The SDK takes these for throttling. No document of a service that the operator changes has them: whether anything was
	// changed is found out by looking.
	{
		outcome: outcomeBusy,
		codes: []string{
			"LimitExceededException", "SlowDown", "BandwidthLimitExceeded", "PriorRequestNotComplete", "EC2ThrottledException",
			"ProvisionedThroughputExceededException", "TransactionInProgressException",
		},
	},
	{
		outcome: outcomeDenied, codes: []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"},
		says: "the role may not call {action}: allow it in the role's IAM policy",
		own:  "the operator may not assume the role: allow sts:AssumeRole in its own IAM policy, and the operator with the external ID in the role's trust policy",
	},
	{
		outcome: outcomeDenied, codes: []string{"KMS.AccessDeniedException", "KmsAccessDenied"},
		says: "the role may not use the key that encrypts the queue: allow kms:Decrypt in the role's IAM policy and in the key's",
	},
	{
		outcome: outcomeDenied,
		codes: []string{
			"KMS.DisabledException", "KmsDisabled", "KMS.InvalidStateException", "KmsInvalidState", "KMS.NotFoundException", "KmsNotFound",
			"KMS.InvalidKeyUsageException", "KmsInvalidKeyUsage", "KMS.OptInRequired", "KmsOptInRequired",
		},
		says: "the key that encrypts the queue cannot be used ({code}): enable it in KMS, or let the queue use another key",
	},
	{
		outcome: outcomeDenied, codes: []string{"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"},
		says: "the clock of the operator's node is not the time of AWS, and signatures are good for minutes: set the node's clock right",
	},
	{
		outcome: outcomeDenied, codes: []string{"SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "IncompleteSignatureException"},
		says: "AWS finds the signature of the call wrong: see that the clock of the operator's node is right, and that no proxy alters requests",
		own:  "AWS finds the signature of the call wrong: see that the operator's secret access key and the clock of its node are right, and that no proxy alters requests",
	},
	{
		outcome: outcomeDenied,
		codes: []string{
			"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "MissingAuthenticationToken", "MissingAuthenticationTokenException",
		},
		says: "AWS does not know the session of the role here: see that the account has this Region enabled, and that AWS_ENDPOINT_URL, if it is set, leads to the same AWS for every service",
		own:  "AWS does not know the operator's own credentials: give it valid ones, or its service account an AWS role",
	},
	{
		outcome: outcomeDenied, codes: []string{"RegionDisabledException", "OptInRequired"},
		says: "the account has this Region, or the service in it, not enabled: enable it in the account, or name another Region",
		own:  "the operator's own account has this Region, or STS in it, not enabled: enable it in that account, or name another Region",
	},
	{
		outcome: outcomeDenied, status: http.StatusForbidden,
		says: "AWS does not allow {action} ({code}): look the code up in the documents of the service, and at the role's IAM policy and its boundaries",
		own:  "AWS does not let the operator assume the role ({code}): look the code up in the documents of STS, and at the role's trust policy",
	},
	{outcome: outcomeStale, status: http.StatusPreconditionFailed, codes: []string{"PreconditionFailedException"}},
	{outcome: outcomeConflict, status: http.StatusConflict, codes: []string{"ResourceConflictException", "TooManyUpdates"}},
	{outcome: outcomeExists, codes: []string{"ParameterAlreadyExists"}},
	{
		outcome: outcomeNotFound, status: http.StatusNotFound,
		codes: []string{
			"ResourceNotFoundException", "ResourceNotFound", "QueueDoesNotExist", "ParameterNotFound", "AWS.SimpleQueueService.NonExistentQueue",
		},
	},
}

// rowOf returns the row of an answer that has a code. An answer that the table does not know is a refusal.
func rowOf(a answer) row {
	for _, r := range codes {
		if slices.Contains(r.codes, a.code) {
			return r
		}
	}
	for _, r := range codes {
		if r.status != 0 && r.status == a.status {
			return r
		}
	}
	if a.code == "InvalidParameterValueException" && belowFloor.MatchString(a.message) {
		return row{outcome: outcomeFloor}
	}
	return row{outcome: outcomeRefused}
}

// sentence is what people read of a code, if the row has one.
func (r row) sentence(action, code string) string {
	says := r.says
	if r.own != "" && action == assumeRole {
		says = r.own
	}
	return strings.NewReplacer("{action}", action, "{code}", code).Replace(says)
}

// assumeRole is the one call that the operator makes with its own credentials.
const assumeRole = "sts:AssumeRole"
