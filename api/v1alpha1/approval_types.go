package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Approval is one person's decision on one plan of one Remediation. It is created and never changed.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=appr,categories=oncall
// +kubebuilder:selectablefield:JSONPath=`.spec.remediationRef.name`
// +kubebuilder:printcolumn:name="Remediation",type=string,JSONPath=`.spec.remediationRef.name`,description="The Remediation decided on."
// +kubebuilder:printcolumn:name="Decision",type=string,JSONPath=`.spec.decision`,description="What the person said. Whether it counts is in status.approvals of the Remediation."
// +kubebuilder:printcolumn:name="By",type=string,JSONPath=`.spec.approver.username`,description="The person, as the API server authenticated them."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Approval struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the decision.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="an Approval is never changed: create another one"
	Spec ApprovalSpec `json:"spec"`
}

// ApprovalSpec is one person's decision on one plan.
type ApprovalSpec struct {
	// remediationRef names the Remediation by name and UID.
	// +required
	RemediationRef UIDReference `json:"remediationRef"`

	// action of the Remediation. The API server asks whether the person may "approve" remediations/<action>.
	// +required
	Action ActionName `json:"action,omitempty"`

	// planDigest is the digest of the plan decided on, from the Remediation's status.plan.digest.
	// +required
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^sha256:[0-9a-f]{64}$')",message="copy status.plan.digest of the Remediation: sha256: and 64 hexadecimal digits"
	PlanDigest string `json:"planDigest,omitempty"`

	// decision on the plan. One rejection stops the plan.
	// +required
	Decision Decision `json:"decision,omitempty"`

	// reason in the person's own words.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Reason string `json:"reason,omitempty"`

	// approver is the person, filled in and compared by the API server.
	// +optional
	Approver *Person `json:"approver,omitempty"`
}

// Decision on a plan.
//
// +kubebuilder:validation:Enum=Approved;Rejected
type Decision string

const (
	// DecisionApproved agrees to the plan.
	DecisionApproved Decision = "Approved"
	// DecisionRejected forbids the plan.
	DecisionRejected Decision = "Rejected"
)

// ApprovalList is a list of Approvals.
//
// +kubebuilder:object:root=true
type ApprovalList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Approval `json:"items"`
}
