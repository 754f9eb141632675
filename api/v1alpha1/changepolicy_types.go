package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ChangePolicy says what a change needs before and after it is made: approvals and verification.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=cpol,categories=oncall
// +kubebuilder:printcolumn:name="Window",type=string,JSONPath=`.spec.verification.window`,description="How long a change must be seen to help."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ChangePolicy struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is written by a platform team.
	// +required
	Spec ChangePolicySpec `json:"spec"`
}

// ChangePolicySpec says what a change needs.
type ChangePolicySpec struct {
	// approvals lists demands by action. The first entry that names an action holds for it; an action that
	// none names needs one person, who is not its requester.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Approvals []ApprovalDemand `json:"approvals,omitempty"`

	// planExpiresAfter is how long a plan may wait for its approvals, from 1m to 24h.
	// +optional
	// +kubebuilder:default="30m"
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^([1-9][0-9]{0,2}m|1[0-3][0-9]{2}m|14[0-3][0-9]m|1440m|[1-9]h|1[0-9]h|2[0-4]h)$')",message="write whole minutes or hours from 1m to 24h, such as 30m or 2h"
	PlanExpiresAfter string `json:"planExpiresAfter,omitempty"`

	// verification says how a change is proved to help.
	// +optional
	// +kubebuilder:default={}
	Verification VerificationPolicy `json:"verification,omitempty"`

	// recovery says when an application counts as recovered without a change.
	// +optional
	// +kubebuilder:default={}
	Recovery RecoveryPolicy `json:"recovery,omitempty"`
}

// ApprovalDemand says who must approve.
type ApprovalDemand struct {
	// actions that the demand is for.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Actions []ActionName `json:"actions"`

	// people is how many different people must approve the same plan.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=5
	People int32 `json:"people,omitempty"`

	// allowRequester lets the person who asked for the change, or who opened the Incident that it is for, be one of them.
	// +optional
	AllowRequester bool `json:"allowRequester,omitempty"`
}

// VerificationPolicy says how a change is proved to help.
type VerificationPolicy struct {
	// window is how long everything must be seen good without a break, from 1m to 24h. It is never shorter than
	// the reach of the alarms that are watched.
	// +optional
	// +kubebuilder:default="15m"
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^([1-9][0-9]{0,2}m|1[0-3][0-9]{2}m|14[0-3][0-9]m|1440m|[1-9]h|1[0-9]h|2[0-4]h)$')",message="write whole minutes or hours from 1m to 24h, such as 30m or 2h"
	Window string `json:"window,omitempty"`

	// failureLimit is how many bad observations in a row end the verification as failed.
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=20
	FailureLimit int32 `json:"failureLimit,omitempty"`
}

// RecoveryPolicy says when an application counts as recovered without a change.
type RecoveryPolicy struct {
	// stableFor is how long every alarm of an Incident must be OK, from 1m to 24h.
	// +optional
	// +kubebuilder:default="5m"
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^([1-9][0-9]{0,2}m|1[0-3][0-9]{2}m|14[0-3][0-9]m|1440m|[1-9]h|1[0-9]h|2[0-4]h)$')",message="write whole minutes or hours from 1m to 24h, such as 30m or 2h"
	StableFor string `json:"stableFor,omitempty"`
}

// ChangePolicyList is a list of ChangePolicies.
//
// +kubebuilder:object:root=true
type ChangePolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ChangePolicy `json:"items"`
}
