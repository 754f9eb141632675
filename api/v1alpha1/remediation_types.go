package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Remediation is one typed change to one function, with its plan, approval, outcome and undo.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=rem,categories=oncall
// +kubebuilder:selectablefield:JSONPath=`.spec.applicationRef.name`
// +kubebuilder:printcolumn:name="Function",type=string,JSONPath=`.spec.target.functionName`,description="The function to change."
// +kubebuilder:printcolumn:name="Plan",type=string,JSONPath=`.status.plan.summary`,description="What the plan would change, or did: State says which."
// +kubebuilder:printcolumn:name="Approved",type=string,JSONPath=`.status.conditions[?(@.type=="Approved")].reason`,description="Approved, or why the plan is not."
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.conditions[?(@.type=="Succeeded")].reason`,description="What it waits for, or how it ended. The change was proved to help with Succeeded, and with nothing else."
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
//
// +kubebuilder:validation:XValidation:rule="!has(self.cause) || has(self.incidentRef)",fieldPath=".cause",message="a cause is of an Incident: set incidentRef to its name and uid, or leave cause out"
type RemediationSpec struct {
	// applicationRef names the ServerlessApplication.
	// +required
	ApplicationRef LocalReference `json:"applicationRef"`

	// incidentRef names the Incident that the change answers.
	// +optional
	IncidentRef *UIDReference `json:"incidentRef,omitempty"`

	// cause is the rule of the Incident that proposed the change; it must still fire when the change is made. It needs
	// incidentRef.
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
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^20(([02468][048]|[13579][26])-02-29|[0-9]{2}-(02-(0[1-9]|1[0-9]|2[0-8])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])))T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$')",message="write a date and time before the year 2100, such as 2026-11-24T03:00:00Z"
	NotAfter metav1.Time `json:"notAfter"`

	// expiresAfter reverts the change so long after it was applied, from 1m to 24h, whether it helped or not. Unset:
	// a change that helped stays.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^([1-9][0-9]{0,2}m|1[0-3][0-9]{2}m|14[0-3][0-9]m|1440m|[1-9]h|1[0-9]h|2[0-4]h)$')",message="write whole minutes or hours from 1m to 24h, such as 30m or 2h"
	ExpiresAfter string `json:"expiresAfter,omitempty"`

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
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="write the name of an object, such as react-stocks: lower-case letters, digits, hyphens and dots, a letter or digit first and last"
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

// OnFailure is what happens to a change that does not help. One of which nobody can tell is never reverted by itself.
//
// +kubebuilder:validation:Enum=Hold;Revert
type OnFailure string

const (
	// OnFailureHold keeps the change and asks a person.
	OnFailureHold OnFailure = "Hold"
	// OnFailureRevert undoes the change.
	OnFailureRevert OnFailure = "Revert"
)

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

	// onFailure says what happens if the change does not help: Revert undoes it, Hold keeps it and asks a person.
	// +required
	OnFailure OnFailure `json:"onFailure,omitempty"`

	// expiresAfterSeconds after the change was applied, it is reverted. Unset: never.
	// +optional
	ExpiresAfterSeconds int32 `json:"expiresAfterSeconds,omitempty"`

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

	// replaces says which plan this one replaced, and why. Not part of the digest.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Replaces string `json:"replaces,omitempty"`

	// plannedAt is when the plan got its number.
	// +required
	PlannedAt metav1.Time `json:"plannedAt"`

	// expiresAt is when the plan's approvals lapse. Not part of the digest.
	// +required
	ExpiresAt metav1.Time `json:"expiresAt"`
}

// RemediationList is a list of Remediations.
//
// +kubebuilder:object:root=true
type RemediationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Remediation `json:"items"`
}
