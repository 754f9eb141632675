package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ThingSpec plants what the API conventions forbid.
type ThingSpec struct {
	// The comment does not begin with the field's name. // want: kubeapilinter
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=10
	// +required
	Comment string `json:"comment"`
	// ratio is a float.
	// +kubebuilder:validation:Minimum=1
	// +required
	Ratio float64 `json:"ratio"` // want: kubeapilinter
	// labels is a map.
	// +required
	Labels map[string]string `json:"labels"` // want: kubeapilinter
	// unbounded is a string of any length.
	// +kubebuilder:validation:MinLength=1
	// +required
	Unbounded string `json:"unbounded"` // want: kubeapilinter
	// undecided is neither optional nor required.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=10
	Undecided string `json:"undecided"` // want: kubeapilinter
	// phase is what conditions are for.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=10
	// +required
	Phase string `json:"phase"` // want: kubeapilinter
	// port is an unsized integer.
	// +kubebuilder:validation:Minimum=1
	// +required
	Port int `json:"port"` // want: kubeapilinter
	// zero may be zero, which a value cannot tell from absence.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10
	// +optional
	Zero int32 `json:"zero,omitempty"` // want: kubeapilinter
}

// ThingStatus keeps the conventions.
type ThingStatus struct {
	// observedGeneration is the generation that the operator has seen.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// message is a sentence for people.
	// +kubebuilder:validation:MaxLength=100
	// +optional
	Message string `json:"message,omitempty"`
	// conditions of the thing.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=10
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
