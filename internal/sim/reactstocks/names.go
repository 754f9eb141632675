package reactstocks

// The account and its Region.
const (
	AccountID = "123456789012"
	Region    = "us-east-1"
)

// The stack and its functions.
const (
	// Stack is the CloudFormation stack of React Stocks.
	Stack = "react-stocks-backend-prod"
	// BackendFunction serves the API through the alias Alias; it has 512 MB, a timeout of 30 s and reserved concurrency
	// of BackendReserved.
	BackendFunction = "react-stocks-backend-prod-ReactStocksFunction"
	// NewsSyncFunction is a worker without alias and reservation; its timeout is 10 s.
	NewsSyncFunction = "react-stocks-backend-prod-NewsSyncFunction"
	// CheckoutFunction belongs to another application.
	CheckoutFunction = "orders-backend-prod-CheckoutFunction"
	// Alias is the alias through which the backend is called.
	Alias = "live"
	// BackendReserved is the backend's reserved concurrency.
	BackendReserved = 100
	// APIName and APIStage are the REST API in front of the backend.
	APIName, APIStage = "react-stocks-backend-prod", "prod"
	// AppTag and AppValue are the tag on the functions of React Stocks.
	AppTag, AppValue = "app", "react-stocks"
)

// The alarms, by the names of the runbook.
const (
	ThrottlesAlarm   = "Lambda Throttles Detected"
	ErrorRateAlarm   = "Lambda Error Rate High"
	DurationAlarm    = "Lambda Duration P95 High"
	TimeoutAlarm     = "Lambda Timeout Rate High"
	APIErrorsAlarm   = "API Gateway 5xx Rate High"
	APILatencyAlarm  = "API Gateway Latency P95 High"
	OtherErrorsAlarm = "Orders Checkout Errors"
)

// Where the alarms tell of their states.
const (
	// AlarmQueue is the queue to which Deliver lets them tell, AlarmQueueURL its URL.
	AlarmQueue    = "runbook-operator-alarms"
	AlarmQueueURL = "https://sqs." + Region + ".amazonaws.com/" + AccountID + "/" + AlarmQueue
	// AlarmTopicARN is the SNS topic among the actions of the alarms of React Stocks, for ALARM and OK.
	AlarmTopicARN = "arn:aws:sns:" + Region + ":" + AccountID + ":react-stocks-alarms"
)

// The roles.
const (
	// OperatorRole is the base role of the operator, which its static keys act as.
	OperatorRole = "runbook-operator"
	// GrantRole is the role that the operator assumes for React Stocks, with ExternalID.
	GrantRole = "runbook-operator-react-stocks"
	// AccountRole is the role that the operator assumes for what belongs to the whole account: alarms, their queue and
	// parameters, with ExternalID.
	AccountRole = "runbook-operator-account"
	// AdminRole is a person's role for tests and the AWS CLI.
	AdminRole = "platform-admin"
	// ExternalID is what the trust policies of GrantRole and AccountRole demand.
	ExternalID = "react-stocks"

	OperatorRoleARN = "arn:aws:iam::" + AccountID + ":role/" + OperatorRole
	GrantRoleARN    = "arn:aws:iam::" + AccountID + ":role/" + GrantRole
	AccountRoleARN  = "arn:aws:iam::" + AccountID + ":role/" + AccountRole
	AdminRoleARN    = "arn:aws:iam::" + AccountID + ":role/" + AdminRole
)

// Static access keys. They are no secrets: the simulator does not verify signatures, and the values work nowhere else.
const (
	OperatorAccessKeyID     = "AKIASIMULATEDOPERATR"
	OperatorSecretAccessKey = "simulated-secret-of-the-operator"
	AdminAccessKeyID        = "AKIASIMULATEDADMIN00"
	AdminSecretAccessKey    = "simulated-secret-of-the-admin"
)

// Environment are the environment variables of the backend. The values look like secrets on purpose: GetFunction returns
// them, and whoever reads the function must not let them appear anywhere.
func Environment() map[string]string {
	return map[string]string{
		"STAGE":           "prod",
		"LOG_LEVEL":       "info",
		"TIINGO_API_KEY":  "7f3c9a1e5b2d8f4061a7c3e9d5b8f20416a9c7e3",
		"POLYGON_API_KEY": "pK_Zx81vQmT5uWc3Yb7RnE2sLd9Ga4Hf6",
		"DATABASE_URL":    "postgres://stocks:Tr0ub4dor-and-3@db.internal:5432/stocks",
		"SESSION_SECRET":  "c2Vzc2lvbi1zaWduaW5nLXNlY3JldC0yMDI2",
	}
}

// Secrets are the values of Environment that must not leave the operator's decoding.
func Secrets() []string {
	e := Environment()
	return []string{e["TIINGO_API_KEY"], e["POLYGON_API_KEY"], e["DATABASE_URL"], e["SESSION_SECRET"]}
}
