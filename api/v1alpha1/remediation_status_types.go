package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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

	// inverse says that the intent is to undo the call.
	// +optional
	Inverse bool `json:"inverse,omitempty"`

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

	// answered says that AWS answered that it makes the change: whoever reads the function as before, once reads are not
	// stale any more, sees what somebody else did since.
	// +optional
	Answered bool `json:"answered,omitempty"`

	// outcome of the attempt.
	// +required
	Outcome Outcome `json:"outcome,omitempty"`

	// message about the outcome, for people.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message,omitempty"`
}

// RevertReason is why a change is undone.
//
// +kubebuilder:validation:Enum=VerificationFailed;Expired
type RevertReason string

const (
	// RevertVerificationFailed says that the change did not help.
	RevertVerificationFailed RevertReason = "VerificationFailed"
	// RevertExpired says that spec.expiresAfter was over.
	RevertExpired RevertReason = "Expired"
)

// RevertStatus is how a change is undone.
type RevertStatus struct {
	// reason of the revert.
	// +required
	Reason RevertReason `json:"reason,omitempty"`

	// startedAt is when it was decided.
	// +required
	StartedAt metav1.Time `json:"startedAt"`

	// appliedAt is when the last inverse call was seen applied.
	// +optional
	AppliedAt *metav1.Time `json:"appliedAt,omitempty"`

	// verification that users are served no worse than before the change.
	// +optional
	Verification *VerificationStatus `json:"verification,omitempty"`
}

// UnreachableStatus counts the time in which a function could not be read.
type UnreachableStatus struct {
	// since is the first look of a row without a long gap that all failed.
	// +required
	Since metav1.Time `json:"since"`

	// lastAt is the newest of them.
	// +required
	LastAt metav1.Time `json:"lastAt"`

	// message says why, and until when it is waited for.
	// +required
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message"`
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
	// +kubebuilder:validation:MaxItems=32
	Intents []Intent `json:"intents,omitempty"`

	// appliedAt is when the last call was seen applied.
	// +optional
	AppliedAt *metav1.Time `json:"appliedAt,omitempty"`

	// verification of the change.
	// +optional
	Verification *VerificationStatus `json:"verification,omitempty"`

	// revert of the change, once it was decided.
	// +optional
	Revert *RevertStatus `json:"revert,omitempty"`

	// unreachable says since when the function cannot be read, of a Remediation that is deleted in the middle of its
	// change.
	// +optional
	Unreachable *UnreachableStatus `json:"unreachable,omitempty"`

	// endedAt is when the Remediation ended; nothing happens to it after.
	// +optional
	EndedAt *metav1.Time `json:"endedAt,omitempty"`

	// templatePatch is what to change in the CloudFormation template, so that the next deployment does not undo
	// the change.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	TemplatePatch string `json:"templatePatch,omitempty"`
}
