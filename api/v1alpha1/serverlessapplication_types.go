package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ServerlessApplication says what is protected: the functions of one application in one account and Region.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=sapp,categories=oncall
// +kubebuilder:selectablefield:JSONPath=`.spec.aws.accountRef.name`
// +kubebuilder:printcolumn:name="Mode",type=string,JSONPath=`.status.mode`,description="How far the operator goes: the lower of the application's mode and the grant's."
// +kubebuilder:printcolumn:name="Account",type=string,JSONPath=`.spec.aws.accountRef.name`,description="The AWSAccount."
// +kubebuilder:printcolumn:name="Region",type=string,JSONPath=`.spec.aws.region`,description="The AWS Region."
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Whether the application is watched."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ServerlessApplication struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is written by a person or from Git.
	// +required
	Spec ServerlessApplicationSpec `json:"spec"`

	// status is written by the operator.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status ServerlessApplicationStatus `json:"status,omitempty"`
}

// ServerlessApplicationSpec says what is protected and how far the operator may go.
type ServerlessApplicationSpec struct {
	// mode says how far the operator may go; it never goes above the grant's maxMode.
	// +optional
	// +kubebuilder:default=Observe
	Mode Mode `json:"mode,omitempty"`

	// aws says where the application runs.
	// +required
	AWS ApplicationAWS `json:"aws"`

	// functions of the application. An alarm belongs to the application when one of its dimensions names one.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Functions []ApplicationFunction `json:"functions"`

	// changePolicyRef names the ChangePolicy. Unset: one person approves every change, never its requester.
	// +optional
	ChangePolicyRef *LocalReference `json:"changePolicyRef,omitempty"`
}

// ApplicationAWS says where an application runs.
type ApplicationAWS struct {
	// accountRef names the AWSAccount.
	// +required
	AccountRef LocalReference `json:"accountRef"`

	// region of the application.
	// +required
	Region Region `json:"region,omitempty"`
}

// ApplicationFunction is one Lambda function of an application.
type ApplicationFunction struct {
	// name of the function.
	// +required
	Name FunctionName `json:"name"`

	// alias through which the function is called, if it is called through one.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z0-9_-]+$')",message="write the name of the alias, such as live: letters, digits, hyphens and underscores"
	Alias string `json:"alias,omitempty"`

	// callerTimeout is how long the caller of the function waits for it, at most 15m: an API's integration
	// timeout, or a queue's visibility timeout. A function's timeout is never set beyond it.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^([1-9][0-9]?s|[1-8][0-9]{2}s|900s|[1-9]m|1[0-5]m)$')",message="write whole seconds or minutes from 1s to 15m, such as 29s"
	CallerTimeout string `json:"callerTimeout,omitempty"`
}

// ServerlessApplicationStatus is what the operator knows of an application.
type ServerlessApplicationStatus struct {
	// observedGeneration is the generation that the conditions speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions of the application.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// mode is the lower of the spec's mode and the grant's maxMode, and Observe while this cluster does not hold the
	// claim of the account.
	// +optional
	Mode Mode `json:"mode,omitempty"`

	// watchedSince is when the operator first watched the alarms of the application. Alarms that were in ALARM
	// before are listed in preexistingAlarms and open no Incident.
	// +optional
	WatchedSince *metav1.Time `json:"watchedSince,omitempty"`

	// episode is the number of the newest Incident that the operator opened for the application.
	// +optional
	Episode int64 `json:"episode,omitempty"`

	// runbooks that apply to the application, as resolved in its namespace and then in the operator's.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Runbooks []ResolvedRunbook `json:"runbooks,omitempty"`

	// preexistingAlarms were in ALARM when the application was first watched.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	PreexistingAlarms []AlarmTransition `json:"preexistingAlarms,omitempty"`

	// unmatchedAlarms belong to the application, but no runbook has a trigger for them.
	// +optional
	UnmatchedAlarms *UnmatchedAlarms `json:"unmatchedAlarms,omitempty"`

	// ambiguousAlarms name functions of more than one application: shown on each, and no Incident is opened.
	// +optional
	AmbiguousAlarms *UnmatchedAlarms `json:"ambiguousAlarms,omitempty"`
}

// AlarmTransition is one change of state of an alarm.
type AlarmTransition struct {
	// name of the alarm.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	Name string `json:"name"`

	// transitionedAt is when it changed its state.
	// +required
	TransitionedAt metav1.Time `json:"transitionedAt"`
}

// ResolvedRunbook is a Runbook that applies to an application.
type ResolvedRunbook struct {
	// namespace of the Runbook.
	// +required
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace"`

	// name of the Runbook.
	// +required
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// generation of the Runbook.
	// +required
	Generation int64 `json:"generation"`

	// digest of the Runbook's spec.
	// +required
	// +kubebuilder:validation:MaxLength=80
	Digest string `json:"digest"`
}

// ServerlessApplicationList is a list of ServerlessApplications.
//
// +kubebuilder:object:root=true
type ServerlessApplicationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ServerlessApplication `json:"items"`
}
