package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Runbook says how one kind of trouble is investigated, named and answered. In a Runbook a number is itself and a
// string in when, because, severity and remediate is CEL.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=rbk,categories=oncall
// +kubebuilder:printcolumn:name="Title",type=string,JSONPath=`.spec.title`,description="What the Runbook is for."
// +kubebuilder:printcolumn:name="Concern",type=string,JSONPath=`.spec.concern`,description="Availability, Cost or Credentials."
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Whether every expression compiles."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Runbook struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is written by people or shipped.
	// +required
	Spec RunbookSpec `json:"spec"`

	// status is written by the operator.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status RunbookStatus `json:"status,omitempty"`
}

// MaxRunbookBytes is how large the spec of a Runbook may be as JSON: an Incident keeps a copy of it.
const MaxRunbookBytes = 48 << 10

// RunbookSpec is a procedure.
//
// +kubebuilder:validation:XValidation:rule="self.investigate.all(s, self.investigate.exists_one(t, t.name == s.name))",message="two steps have the same name: give each step a name of its own"
type RunbookSpec struct {
	// title of the procedure, for people.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=120
	Title string `json:"title,omitempty"`

	// concern of the procedure. Alarms that start it open an Incident of this concern, or join the one that is open.
	// +optional
	// +kubebuilder:default=Availability
	Concern Concern `json:"concern,omitempty"`

	// triggers say which alarms start the procedure.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Triggers []Trigger `json:"triggers"`

	// severity of an Incident, and when to raise it. A machine raises, a person lowers.
	// +optional
	// +kubebuilder:default={}
	Severity SeverityRules `json:"severity,omitempty"`

	// investigate lists the steps, which all start at once, for every affected function.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=24
	Investigate []Step `json:"investigate"`

	// diagnose lists the rules, best first. Every rule is asked.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Diagnose []Rule `json:"diagnose"`
}

// Trigger starts a procedure.
//
// +kubebuilder:validation:XValidation:rule="has(self.metric)",message="set metric to the metric of the alarms that start the procedure: its namespace and name"
type Trigger struct {
	// metric starts the procedure for alarms on this metric, also inside metric math.
	// +optional
	Metric *MetricTrigger `json:"metric,omitempty"`
}

// MetricTrigger matches alarms by the metric they watch.
type MetricTrigger struct {
	// namespace of the metric, such as AWS/Lambda.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Namespace string `json:"namespace,omitempty"`

	// name of the metric.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Name string `json:"name,omitempty"`
}

// SeverityRules say how severe an Incident is.
type SeverityRules struct {
	// initial severity, from the first signal on.
	// +optional
	// +kubebuilder:default=P3
	Initial Severity `json:"initial,omitempty"`

	// raise lists rules that raise the severity once the evidence is in.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Raise []SeverityRule `json:"raise,omitempty"`
}

// SeverityRule raises the severity.
type SeverityRule struct {
	// to is the severity to raise to.
	// +required
	To Severity `json:"to,omitempty"`

	// when is a CEL expression over the steps that yields a bool.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	When string `json:"when,omitempty"`
}

// Step reads facts.
//
// +kubebuilder:validation:XValidation:rule="[has(self.metric), has(self.functionState), has(self.accountLimits), has(self.trafficPattern)].filter(x, x).size() == 1",message="set exactly one of metric, functionState, accountLimits, trafficPattern"
type Step struct {
	// name of the step, under which rules speak of it: a CEL identifier.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=31
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z][a-zA-Z0-9]{0,30}$')",message="a step name starts with a lower-case letter and has letters and digits only, at most 31: rules use it as a variable"
	// +kubebuilder:validation:XValidation:rule="!(self in ['as', 'break', 'const', 'continue', 'else', 'false', 'for', 'function', 'if', 'import', 'in', 'let', 'loop', 'package', 'namespace', 'null', 'return', 'true', 'var', 'void', 'while', 'incident', 'application', 'alarm', 'int', 'uint', 'double', 'string', 'bytes', 'bool', 'list', 'map', 'type', 'duration', 'timestamp', 'size', 'has', 'optional', 'dyn', 'quantity', 'url', 'ip', 'cidr', 'semver'])",message="this step name is reserved in CEL: choose another, such as fn or limits"
	Name string `json:"name"`

	// metric reads one statistic of one metric of each affected function.
	// +optional
	Metric *MetricStep `json:"metric,omitempty"`

	// functionState reads the configuration of each affected function.
	// +optional
	FunctionState *FunctionStateStep `json:"functionState,omitempty"`

	// accountLimits reads the account's concurrency limits.
	// +optional
	AccountLimits *AccountLimitsStep `json:"accountLimits,omitempty"`

	// trafficPattern tells spikes, growth and steady traffic apart.
	// +optional
	TrafficPattern *TrafficPatternStep `json:"trafficPattern,omitempty"`
}

// MetricStep reads one statistic of one metric, over a window and over the same window before it.
type MetricStep struct {
	// namespace of the metric. Only metrics with the dimension FunctionName can be read.
	// +required
	// +kubebuilder:validation:Enum=AWS/Lambda
	Namespace string `json:"namespace,omitempty"`

	// name of the metric.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9 ._-]+$')",message="write the name of the metric, such as Throttles: letters, digits, spaces, dots, hyphens and underscores"
	Name string `json:"name,omitempty"`

	// statistic over the window. In rules it is a field in lower camel case, such as throttles.sum or
	// duration.p99, absent where there are no data, and of the window before as throttles.previousSum. A
	// percentile is the highest of the window's minutes: percentiles of minutes cannot be combined.
	// +required
	// +kubebuilder:validation:Enum=Sum;Average;Minimum;Maximum;SampleCount;p50;p90;p95;p99
	Statistic string `json:"statistic,omitempty"`

	// window that ends when the step starts, from 1m to 3h.
	// +optional
	// +kubebuilder:default="15m"
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^([1-9]m|[1-9][0-9]m|1[0-7][0-9]m|180m|[1-3]h)$')",message="write whole minutes or hours from 1m to 3h, such as 15m"
	Window string `json:"window,omitempty"`
}

// FunctionStateStep reads the configuration of a function.
type FunctionStateStep struct{}

// AccountLimitsStep reads the account's concurrency limits.
type AccountLimitsStep struct{}

// TrafficPatternStep tells spikes, growth and steady traffic apart.
type TrafficPatternStep struct {
	// window that ends when the step starts, from 10m to 3h.
	// +optional
	// +kubebuilder:default="1h"
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^([1-9][0-9]m|1[0-7][0-9]m|180m|[1-3]h)$')",message="write whole minutes or hours from 10m to 3h, such as 1h"
	Window string `json:"window,omitempty"`
}

// Confidence that a rule has in its cause.
//
// +kubebuilder:validation:Enum=High;Medium;Low
type Confidence string

const (
	// ConfidenceHigh ranks first.
	ConfidenceHigh Confidence = "High"
	// ConfidenceMedium ranks second.
	ConfidenceMedium Confidence = "Medium"
	// ConfidenceLow ranks last.
	ConfidenceLow Confidence = "Low"
)

// Rule names a cause from evidence, and answers it.
type Rule struct {
	// cause that the rule names, in PascalCase.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Z][A-Za-z0-9]*$')",message="write the cause in PascalCase, such as ReservedConcurrencyTooLow: it becomes the reason of a condition"
	Cause string `json:"cause,omitempty"`

	// when is a CEL expression over the steps that yields a bool. A rule that names a step without a result is
	// not asked.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	When string `json:"when,omitempty"`

	// confidence ranks causes.
	// +optional
	// +kubebuilder:default=Medium
	Confidence Confidence `json:"confidence,omitempty"`

	// because is a CEL expression that yields a string: the reason, for people.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Because string `json:"because,omitempty"`

	// respond says what to do about the cause.
	// +required
	Respond Response `json:"respond"`
}

// Response to a cause.
//
// +kubebuilder:validation:XValidation:rule="has(self.remediate) != has(self.instruct)",message="set exactly one of remediate, instruct"
type Response struct {
	// remediate lists changes, the first to be tried first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	Remediate []ActionTemplate `json:"remediate,omitempty"`

	// instruct says what a person has to do.
	// +optional
	Instruct *Instruction `json:"instruct,omitempty"`
}

// Instruction is for what only a person can do.
type Instruction struct {
	// text says what to do.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Text string `json:"text,omitempty"`
}

// ActionTemplate is an Action whose numbers may be expressions. It is applied to the affected function.
//
// +kubebuilder:validation:XValidation:rule="[has(self.setReservedConcurrency), has(self.setTimeout)].filter(x, x).size() == 1",message="set exactly one of setReservedConcurrency, setTimeout"
type ActionTemplate struct {
	// setReservedConcurrency sets how many executions are reserved for the function.
	// +optional
	SetReservedConcurrency *SetReservedConcurrencyTemplate `json:"setReservedConcurrency,omitempty"`

	// setTimeout sets how long one execution of the function may take.
	// +optional
	SetTimeout *SetTimeoutTemplate `json:"setTimeout,omitempty"`
}

// SetReservedConcurrencyTemplate makes a SetReservedConcurrency.
type SetReservedConcurrencyTemplate struct {
	// value is a number, or a CEL expression that yields an int.
	// +required
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == string || (self >= 1 && self <= 100000)",message="write a number from 1 to 100000, or a CEL expression in quotes"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Value intstr.IntOrString `json:"value"`
}

// SetTimeoutTemplate makes a SetTimeout.
type SetTimeoutTemplate struct {
	// seconds is a number, or a CEL expression that yields an int.
	// +required
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == string || (self >= 1 && self <= 900)",message="write a number from 1 to 900, or a CEL expression in quotes"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Seconds intstr.IntOrString `json:"seconds"`
}

// RunbookStatus is what the operator thinks of a Runbook.
type RunbookStatus struct {
	// observedGeneration is the generation that the conditions speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions of the Runbook.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// digest of the spec that the conditions speak of.
	// +optional
	// +kubebuilder:validation:MaxLength=80
	Digest string `json:"digest,omitempty"`
}

// RunbookList is a list of Runbooks.
//
// +kubebuilder:object:root=true
type RunbookList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Runbook `json:"items"`
}
