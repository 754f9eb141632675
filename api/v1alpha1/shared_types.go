package v1alpha1

// Number is a decimal number written as text: an API object holds no floats. In a rule it is a CEL double.
//
// +kubebuilder:validation:MaxLength=40
// +kubebuilder:validation:Pattern=`^-?[0-9]{1,18}(\.[0-9]{1,9})?$`
type Number string

// Mode says how far the operator may go.
//
// +kubebuilder:validation:Enum=Observe;Propose;Act
type Mode string

const (
	// ModeObserve investigates and diagnoses, and proposes nothing.
	ModeObserve Mode = "Observe"
	// ModePropose plans changes and takes approvals, and changes nothing.
	ModePropose Mode = "Propose"
	// ModeAct makes approved changes.
	ModeAct Mode = "Act"
)

// Severity is the seed runbook's scale.
//
// +kubebuilder:validation:Enum=P1;P2;P3;P4
type Severity string

// Concern separates incidents of one application that are worked on apart.
//
// +kubebuilder:validation:Enum=Availability;Cost;Credentials
type Concern string

const (
	// ConcernAvailability is errors, latency, throttling and outages.
	ConcernAvailability Concern = "Availability"
	// ConcernCost is spending.
	ConcernCost Concern = "Cost"
	// ConcernCredentials is third-party keys.
	ConcernCredentials Concern = "Credentials"
)

// ActionName names one kind of change; it is the member of the action union.
//
// +kubebuilder:validation:Enum=setReservedConcurrency;setTimeout
type ActionName string

const (
	// ActionSetReservedConcurrency is one PutFunctionConcurrency call.
	ActionSetReservedConcurrency ActionName = "setReservedConcurrency"
	// ActionSetTimeout is one UpdateFunctionConfiguration call that writes Timeout.
	ActionSetTimeout ActionName = "setTimeout"
)

// FunctionName is the name of a Lambda function, without ARN or qualifier (AWS Lambda API reference: 1 to 64
// letters, digits, hyphens and underscores).
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=256
// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z0-9_-]{1,64}$')",message="write the name of the function alone, without ARN, alias or version: 1 to 64 letters, digits, hyphens and underscores"
type FunctionName string

// Region is an AWS Region name.
//
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]{2}(-[a-z]+)+-[0-9]$')",message="write the code of an AWS Region, such as us-east-1"
type Region string

// RoleARN is the ARN of an IAM role.
//
// +kubebuilder:validation:MaxLength=256
// +kubebuilder:validation:XValidation:rule="self.matches('^arn:(aws|aws-us-gov|aws-cn):iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,200}$')",message="write the ARN of an IAM role, such as arn:aws:iam::123456789012:role/runbook-operator"
type RoleARN string

// LocalReference names an object in the same namespace.
type LocalReference struct {
	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="write the name of an object, such as react-stocks: lower-case letters, digits, hyphens and dots, a letter or digit first and last"
	Name string `json:"name"`
}

// UIDReference names one object in the same namespace, and not a later one of the same name.
type UIDReference struct {
	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="write the name of an object, such as react-stocks: lower-case letters, digits, hyphens and dots, a letter or digit first and last"
	Name string `json:"name"`

	// uid of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	UID string `json:"uid"`
}

// Person is who made a request, as the API server authenticated it. Admission policies compare it with the
// request's own user; nobody can write another's name.
type Person struct {
	// username of the request's user.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Username string `json:"username,omitempty"`

	// uid of the request's user, where the authenticator gives one.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	UID string `json:"uid,omitempty"`

	// groups of the request's user.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MaxLength=512
	Groups []string `json:"groups,omitempty"`

	// extra claims of the request's user, of the configured keys only: where several people share a username
	// (EKS), they tell one from the other.
	// +optional
	// +listType=map
	// +listMapKey=key
	// +kubebuilder:validation:MaxItems=16
	Extra []PersonClaim `json:"extra,omitempty"`
}

// PersonClaim is one extra claim of a user.
type PersonClaim struct {
	// key of the claim.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Key string `json:"key"`

	// values of the claim.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=1024
	Values []string `json:"values"`
}
