package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Thing has a status, and does not say so.
//
// +kubebuilder:object:root=true
type Thing struct { // want: kubeapilinter
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// spec is written by people.
	// +required
	Spec ConventionsSpec `json:"spec"`
	// status is written by the operator.
	// +optional
	Status ConventionsStatus `json:"status,omitempty"`
}

// Member has nothing that must be there.
type Member struct {
	// name of the member.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=10
	// +optional
	Name string `json:"name,omitempty"`
}

// ConventionsSpec plants one violation of each of the other conventions.
type ConventionsSpec struct {
	// members have no field that is required.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:MinItems=1
	// +required
	Members []Member `json:"members"` // want: kubeapilinter
	// merged does not say how appliers share it.
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:items:MaxLength=10
	// +required
	Merged []string `json:"merged"` // want: kubeapilinter
	// defaulted has a default and is required.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=10
	// +kubebuilder:default=a
	// +required
	Defaulted string `json:"defaulted"` // want: kubeapilinter
	// twice says the same twice.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=10
	// +required
	Twice string `json:"twice"` // want: kubeapilinter
	// both says two things at once.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=10
	// +kubebuilder:validation:MaxLength=20
	// +required
	Both string `json:"both"` // want: kubeapilinter
	// Tagged_name is not written in the way of JSON.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=10
	// +required
	Tagged string `json:"Tagged_name"` // want: kubeapilinter
	// nullable may be null.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=10
	// +nullable
	// +optional
	Nullable *string `json:"nullable,omitempty"` // want: kubeapilinter
	// podReference names what is a ref.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=10
	// +required
	PodReference string `json:"podReference"` // want: kubeapilinter
	// startTimestamp is a time.
	// +required
	StartTimestamp metav1.Time `json:"startTimestamp"` // want: kubeapilinter
	// pointed is required, and nothing but a pointer could be absent.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=10
	// +required
	Pointed *string `json:"pointed"` // want: kubeapilinter
}

// ConventionsStatus plants those of a status.
type ConventionsStatus struct {
	// conditions do not merge, and are named as if they did.
	// +kubebuilder:validation:MaxItems=10
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty" patchStrategy:"merge" patchMergeKey:"type"` // want: kubeapilinter
	// message must be there.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	// +required
	Message string `json:"message"` // want: kubeapilinter
}
