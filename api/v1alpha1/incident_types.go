package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Incident is one episode of trouble of an application: which signals, what was seen, why, what was done.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=inc,categories=oncall
// +kubebuilder:selectablefield:JSONPath=`.spec.applicationRef.name`
// +kubebuilder:printcolumn:name="Application",type=string,JSONPath=`.spec.applicationRef.name`,description="The application in trouble."
// +kubebuilder:printcolumn:name="Severity",type=string,JSONPath=`.status.severity`,description="P1 is the most severe."
// +kubebuilder:printcolumn:name="Cause",type=string,JSONPath=`.status.conditions[?(@.type=="Diagnosed")].reason`,description="The cause, or why there is none."
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.conditions[?(@.type=="Resolved")].reason`,description="What it waits for. It is over with Remediated and RecoveredWithoutChange, and with nothing else."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Incident struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is written by the operator from a signal, by a person, or from Git.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="the spec of an Incident is never changed: create another Incident"
	Spec IncidentSpec `json:"spec"`

	// status is written by the operator.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status IncidentStatus `json:"status,omitempty"`
}

// IncidentSpec says what an Incident is about.
//
// +kubebuilder:validation:XValidation:rule="has(self.runbookRefs) || (has(self.signal) && has(self.signal.runbooks) && self.signal.runbooks.size() > 0)",message="say what to investigate: set runbookRefs to the names of one or more Runbooks"
type IncidentSpec struct {
	// applicationRef names the ServerlessApplication.
	// +required
	ApplicationRef LocalReference `json:"applicationRef"`

	// concern of the Incident. Further signals of an application join its oldest open Incident of their concern; one that
	// a person creates is an Incident of its own.
	// +optional
	// +kubebuilder:default=Availability
	Concern Concern `json:"concern,omitempty"`

	// signal that opened the Incident, where the operator did.
	// +optional
	Signal *Signal `json:"signal,omitempty"`

	// runbookRefs names Runbooks to follow: of the application's namespace, else of the operator's.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	RunbookRefs []LocalReference `json:"runbookRefs,omitempty"`

	// functions that are affected, where a person knows. Unset: those of the signals, else all of the
	// application.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Functions []FunctionName `json:"functions,omitempty"`

	// requestedBy is who created the Incident, filled in and compared by the API server.
	// +optional
	RequestedBy *Person `json:"requestedBy,omitempty"`
}

// Signal says that something is wrong: an alarm that changed its state to ALARM.
type Signal struct {
	// alarmName of the CloudWatch alarm.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	AlarmName string `json:"alarmName"`

	// alarmARN of the CloudWatch alarm.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1600
	AlarmARN string `json:"alarmARN,omitempty"`

	// functionName that the alarm's dimensions name.
	// +required
	FunctionName FunctionName `json:"functionName,omitempty"`

	// transitionedAt is when the alarm changed its state to ALARM.
	// +required
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^20(([02468][048]|[13579][26])-02-29|[0-9]{2}-(02-(0[1-9]|1[0-9]|2[0-8])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])))T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$')",message="write a date and time before the year 2100, such as 2026-11-24T03:00:00Z"
	TransitionedAt metav1.Time `json:"transitionedAt"`

	// silenced says that the alarm's own actions are disabled or muted: its owner does not want to be paged.
	// +optional
	Silenced bool `json:"silenced,omitempty"`

	// runbooks whose triggers match the alarm.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="write the name of an object, such as react-stocks: lower-case letters, digits, hyphens and dots, a letter or digit first and last"
	Runbooks []string `json:"runbooks,omitempty"`
}

// AlarmState of CloudWatch, or Deleted.
//
// +kubebuilder:validation:Enum=OK;ALARM;INSUFFICIENT_DATA;Deleted
type AlarmState string

const (
	// AlarmOK is the alarm's state OK.
	AlarmOK AlarmState = "OK"
	// AlarmFiring is the alarm's state ALARM.
	AlarmFiring AlarmState = "ALARM"
	// AlarmInsufficientData is the alarm's state INSUFFICIENT_DATA.
	AlarmInsufficientData AlarmState = "INSUFFICIENT_DATA"
	// AlarmDeleted says that there is no such alarm any more.
	AlarmDeleted AlarmState = "Deleted"
)

// IncidentList is a list of Incidents.
//
// +kubebuilder:object:root=true
type IncidentList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Incident `json:"items"`
}
