package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Remediation is one typed change to one function, with its plan, approval, outcome and undo.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=rem,categories=oncall
// +kubebuilder:selectablefield:JSONPath=`.spec.applicationRef.name`
// +kubebuilder:printcolumn:name="Function",type=string,JSONPath=`.spec.target.functionName`,description="The function to change."
// +kubebuilder:printcolumn:name="Change",type=string,JSONPath=`.status.plan.summary`,description="What the plan changes."
// +kubebuilder:printcolumn:name="Approved",type=string,JSONPath=`.status.conditions[?(@.type=="Approved")].reason`,description="Whether the plan is approved."
// +kubebuilder:printcolumn:name="Succeeded",type=string,JSONPath=`.status.conditions[?(@.type=="Succeeded")].reason`,description="How it ended, or what it waits for."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Remediation struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is written by the operator from a diagnosis, by a person, or from Git.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="the spec of a Remediation is never changed: create another Remediation"
	Spec RemediationSpec `json:"spec"`

	// status is written by the operator.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status RemediationStatus `json:"status,omitempty"`
}

// RemediationSpec says what to change.
type RemediationSpec struct {
	// applicationRef names the ServerlessApplication.
	// +required
	ApplicationRef LocalReference `json:"applicationRef"`

	// incidentRef names the Incident that the change answers.
	// +optional
	IncidentRef *UIDReference `json:"incidentRef,omitempty"`

	// cause is the rule of the Incident that proposed the change; it must still fire when the change is made.
	// +optional
	Cause *CauseReference `json:"cause,omitempty"`

	// target is what to change.
	// +required
	Target Target `json:"target"`

	// action is the change.
	// +required
	Action Action `json:"action"`

	// notAfter is when a change that was not begun is given up, so that a rebuilt cluster does not make it again.
	// +required
	// +kubebuilder:validation:XValidation:rule="self < timestamp('2100-01-01T00:00:00Z')",message="notAfter is too far away: write a time before 2100-01-01T00:00:00Z"
	NotAfter metav1.Time `json:"notAfter"`

	// requestedBy is who created the Remediation, filled in and compared by the API server.
	// +optional
	RequestedBy *Person `json:"requestedBy,omitempty"`
}

// Target of a change.
type Target struct {
	// functionName of the function to change.
	// +required
	FunctionName FunctionName `json:"functionName,omitempty"`
}

// CauseReference names a rule of a Runbook that an Incident pinned.
type CauseReference struct {
	// runbook of the rule.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Runbook string `json:"runbook,omitempty"`

	// name of the cause.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`
}

// Field is one field of an AWS resource. Without a value it is not set there.
type Field struct {
	// name of the field, as the AWS API has it.
	// +required
	// +kubebuilder:validation:MaxLength=64
	Name string `json:"name"`

	// value of the field as text.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Value *string `json:"value,omitempty"`
}

// Call is one mutating call of the AWS API.
type Call struct {
	// operation of the AWS API, as service:Operation.
	// +required
	// +kubebuilder:validation:MaxLength=128
	Operation string `json:"operation,omitempty"`

	// resourceARN that the call changes.
	// +required
	// +kubebuilder:validation:MaxLength=512
	ResourceARN string `json:"resourceARN,omitempty"`

	// writes are the fields that the call sets, with their new values.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Writes []Field `json:"writes"`
}

// PlannedCall is a call with what it was planned upon and what undoes it.
type PlannedCall struct {
	// call to make.
	// +required
	Call Call `json:"call"`

	// before are the fields that the plan was made upon: what the call writes and what its guard read. The call
	// is made only while they still hold.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Before []Field `json:"before"`

	// inverse is the call that undoes it.
	// +required
	Inverse Call `json:"inverse"`

	// observe says how the call's effect is read back.
	// +required
	// +kubebuilder:validation:MaxLength=256
	Observe string `json:"observe,omitempty"`
}

// PlannedVerification is how the change will be proved to help.
type PlannedVerification struct {
	// alarms that must be OK.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=300
	Alarms []string `json:"alarms,omitempty"`

	// settleSeconds is how long after the change nothing is concluded, as the alarms cannot have seen it.
	// +required
	SettleSeconds int32 `json:"settleSeconds"`

	// windowSeconds is how long everything must be seen good without a break.
	// +required
	WindowSeconds int32 `json:"windowSeconds"`

	// periodSeconds is the time from one observation to the next.
	// +required
	PeriodSeconds int32 `json:"periodSeconds"`

	// failureLimit is how many bad observations in a row are a failure.
	// +required
	FailureLimit int32 `json:"failureLimit"`
}

// BlastRadius says what else a change touches.
type BlastRadius struct {
	// requestsPerMinute that the function was offered over the last 15 minutes. Absent without data.
	// +optional
	RequestsPerMinute *Number `json:"requestsPerMinute,omitempty"`

	// message names who else is touched, and by how much.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message,omitempty"`
}

// Plan is what would be done. Its digest is what a person approves.
type Plan struct {
	// number of the plan; it only grows, so that a voided approval never becomes valid again.
	// +required
	Number int64 `json:"number"`

	// digest over the plan: "sha256:" and 64 hexadecimal digits.
	// +required
	// +kubebuilder:validation:MaxLength=71
	Digest string `json:"digest,omitempty"`

	// summary of the change in one line.
	// +required
	// +kubebuilder:validation:MaxLength=128
	Summary string `json:"summary,omitempty"`

	// accountID that the calls go to.
	// +required
	// +kubebuilder:validation:MaxLength=12
	AccountID string `json:"accountID,omitempty"`

	// region that the calls go to.
	// +required
	Region Region `json:"region,omitempty"`

	// roleARN that the calls are made with.
	// +required
	RoleARN RoleARN `json:"roleARN,omitempty"`

	// calls to make, in order.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Calls []PlannedCall `json:"calls"`

	// verification of the change.
	// +required
	Verification PlannedVerification `json:"verification"`

	// onFailure says what happens if the change does not help: Hold keeps it and asks a person.
	// +required
	// +kubebuilder:validation:Enum=Hold
	OnFailure string `json:"onFailure,omitempty"`

	// revertUntilSeconds after the change, the approval also covers its inverse.
	// +required
	RevertUntilSeconds int32 `json:"revertUntilSeconds"`

	// policyDigest is the digest of the ChangePolicy that the plan was made under.
	// +required
	// +kubebuilder:validation:MaxLength=71
	PolicyDigest string `json:"policyDigest,omitempty"`

	// warnings for the person who decides. Not part of the digest.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=512
	Warnings []string `json:"warnings,omitempty"`

	// cost of the change as an estimate with its source. Not part of the digest.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Cost string `json:"cost,omitempty"`

	// blastRadius of the change. Not part of the digest.
	// +optional
	BlastRadius *BlastRadius `json:"blastRadius,omitempty"`

	// plannedAt is when the plan got its number.
	// +required
	PlannedAt metav1.Time `json:"plannedAt"`

	// expiresAt is when the plan's approvals lapse. Not part of the digest.
	// +required
	ExpiresAt metav1.Time `json:"expiresAt"`
}

// PinnedPolicy is the ChangePolicy as it was when the Remediation was first planned. An approval must satisfy the
// stricter of it and the present one.
type PinnedPolicy struct {
	// name of the ChangePolicy. Empty: the application names none.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// digest of what follows.
	// +required
	// +kubebuilder:validation:MaxLength=71
	Digest string `json:"digest"`

	// people who must approve.
	// +required
	People int32 `json:"people"`

	// allowRequester lets the person who asked for the change be one of them.
	// +optional
	AllowRequester bool `json:"allowRequester,omitempty"`

	// planExpiresAfterSeconds is how long a plan may wait.
	// +required
	PlanExpiresAfterSeconds int32 `json:"planExpiresAfterSeconds"`

	// windowSeconds of the verification.
	// +required
	WindowSeconds int32 `json:"windowSeconds"`

	// failureLimit of the verification.
	// +required
	FailureLimit int32 `json:"failureLimit"`

	// stableForSeconds before an application counts as recovered without a change.
	// +required
	StableForSeconds int32 `json:"stableForSeconds"`
}

// CountedApproval is an Approval that counts for the present plan, or why it does not.
type CountedApproval struct {
	// name of the Approval.
	// +required
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// username of the person.
	// +required
	// +kubebuilder:validation:MaxLength=512
	Username string `json:"username"`

	// decision of the person.
	// +required
	Decision Decision `json:"decision"`

	// counts says that the Approval is valid for the present plan.
	// +optional
	Counts bool `json:"counts,omitempty"`

	// message says why it does not count.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message,omitempty"`
}

// Outcome of an attempt at a call.
//
// +kubebuilder:validation:Enum=Unknown;Applied;NotApplied;Refused;Diverged
type Outcome string

const (
	// OutcomeUnknown is the outcome until it was observed; it is never called success.
	OutcomeUnknown Outcome = "Unknown"
	// OutcomeApplied says that the fields were read back as written.
	OutcomeApplied Outcome = "Applied"
	// OutcomeNotApplied says that the fields were read back as before, after the call could no longer arrive.
	OutcomeNotApplied Outcome = "NotApplied"
	// OutcomeRefused says that AWS refused the call and changed nothing.
	OutcomeRefused Outcome = "Refused"
	// OutcomeDiverged says that the fields are neither as before nor as written.
	OutcomeDiverged Outcome = "Diverged"
)

// Intent is written before a call is made, so that no call is ever made twice without knowing.
type Intent struct {
	// index of the call in the plan.
	// +required
	Index int32 `json:"index"`

	// attempt at the call, from 1.
	// +required
	Attempt int32 `json:"attempt"`

	// planNumber of the plan that the call is from.
	// +required
	PlanNumber int64 `json:"planNumber"`

	// token names the attempt. It is part of the AWS session name, so that CloudTrail shows it.
	// +required
	// +kubebuilder:validation:MaxLength=64
	Token string `json:"token,omitempty"`

	// approvals that the attempt is made upon.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=5
	// +kubebuilder:validation:items:MaxLength=253
	Approvals []string `json:"approvals"`

	// before are the fields as read immediately before.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Before []Field `json:"before"`

	// revisionID is the RevisionId that the call is conditional on, where the API takes one.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	RevisionID string `json:"revisionID,omitempty"`

	// at is when the intent was written.
	// +required
	At metav1.Time `json:"at"`

	// notAfter is the deadline of the call on the wall clock: after it, the call can no longer arrive.
	// +required
	NotAfter metav1.Time `json:"notAfter"`

	// outcome of the attempt.
	// +required
	Outcome Outcome `json:"outcome,omitempty"`

	// message about the outcome, for people.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message,omitempty"`
}

// ObservationResult is what one look at the world said.
//
// +kubebuilder:validation:Enum=Good;Bad;Inconclusive;Error
type ObservationResult string

const (
	// ObservationGood says that every alarm is OK and users are served.
	ObservationGood ObservationResult = "Good"
	// ObservationBad says that an alarm is in ALARM or users are turned away.
	ObservationBad ObservationResult = "Bad"
	// ObservationInconclusive says that nothing can be concluded: no traffic, or no alarm to look at.
	ObservationInconclusive ObservationResult = "Inconclusive"
	// ObservationError says that the look failed.
	ObservationError ObservationResult = "Error"
)

// VerificationStatus counts observations.
type VerificationStatus struct {
	// notBefore is when the first observation counts.
	// +required
	NotBefore metav1.Time `json:"notBefore"`

	// deadline after which the verification is inconclusive.
	// +required
	Deadline metav1.Time `json:"deadline"`

	// successesPerMinute before the change. Absent without data.
	// +optional
	SuccessesPerMinute *Number `json:"successesPerMinute,omitempty"`

	// offeredPerMinute before the change: invocations and throttled invocations. Absent without data.
	// +optional
	OfferedPerMinute *Number `json:"offeredPerMinute,omitempty"`

	// observations made.
	// +optional
	Observations int32 `json:"observations,omitempty"`

	// good observations in a row, up to now.
	// +optional
	Good int32 `json:"good,omitempty"`

	// goodSince is the first of them.
	// +optional
	GoodSince *metav1.Time `json:"goodSince,omitempty"`

	// bad observations in a row, up to now.
	// +optional
	Bad int32 `json:"bad,omitempty"`

	// firstAt is the first observation.
	// +optional
	FirstAt *metav1.Time `json:"firstAt,omitempty"`

	// lastAt is the newest observation.
	// +optional
	LastAt *metav1.Time `json:"lastAt,omitempty"`

	// largestGapSeconds between two observations in a row.
	// +optional
	LargestGapSeconds int32 `json:"largestGapSeconds,omitempty"`

	// last is the result of the newest observation.
	// +optional
	Last ObservationResult `json:"last,omitempty"`

	// message about the newest observation, for people.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message,omitempty"`
}

// RemediationStatus is what the operator planned and did.
type RemediationStatus struct {
	// observedGeneration is the generation that the conditions speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions of the Remediation.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// policy is the ChangePolicy as it was when the Remediation was first planned.
	// +optional
	Policy *PinnedPolicy `json:"policy,omitempty"`

	// plan that waits for approval, or was carried out.
	// +optional
	Plan *Plan `json:"plan,omitempty"`

	// planNumber is the number of the newest plan.
	// +optional
	PlanNumber int64 `json:"planNumber,omitempty"`

	// staleAt is when the newest plans went stale.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=3
	StaleAt []metav1.Time `json:"staleAt,omitempty"`

	// approvals that were given for the present plan.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Approvals []CountedApproval `json:"approvals,omitempty"`

	// intents of every attempt at a call, in order.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Intents []Intent `json:"intents,omitempty"`

	// appliedAt is when the last call was seen applied.
	// +optional
	AppliedAt *metav1.Time `json:"appliedAt,omitempty"`

	// verification of the change.
	// +optional
	Verification *VerificationStatus `json:"verification,omitempty"`

	// endedAt is when the Remediation ended; nothing happens to it after.
	// +optional
	EndedAt *metav1.Time `json:"endedAt,omitempty"`

	// templatePatch is what to change in the CloudFormation template, so that the next deployment does not undo
	// the change.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	TemplatePatch string `json:"templatePatch,omitempty"`
}

// RemediationList is a list of Remediations.
//
// +kubebuilder:object:root=true
type RemediationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Remediation `json:"items"`
}
