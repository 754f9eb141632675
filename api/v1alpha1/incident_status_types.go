package v1alpha1

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SignalStatus is a signal of an Incident and its present state.
type SignalStatus struct {
	// alarmName of the CloudWatch alarm.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	AlarmName string `json:"alarmName"`

	// alarmARN of the CloudWatch alarm.
	// +required
	// +kubebuilder:validation:MaxLength=1600
	AlarmARN string `json:"alarmARN,omitempty"`

	// functionName that the alarm's dimensions name.
	// +required
	FunctionName FunctionName `json:"functionName,omitempty"`

	// otherFunctions of the application that the alarm's dimensions name as well, where it is on metric math over
	// several. An alarm is one signal, however many functions it is about.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	OtherFunctions []FunctionName `json:"otherFunctions,omitempty"`

	// silenced says that the alarm's own actions are disabled or muted.
	// +optional
	Silenced bool `json:"silenced,omitempty"`

	// runbooks whose triggers match the alarm.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MaxLength=253
	Runbooks []string `json:"runbooks,omitempty"`

	// state of the alarm when it was last looked at. INSUFFICIENT_DATA also where CloudWatch says OK and that it could
	// not evaluate the alarm with all of its data.
	// +required
	State AlarmState `json:"state,omitempty"`

	// transitionedAt is when the alarm came to this state.
	// +required
	TransitionedAt metav1.Time `json:"transitionedAt"`
}

// Tells says whether the signal's alarm tells of a function.
func (s SignalStatus) Tells(of FunctionName) bool {
	return s.FunctionName == of || slices.Contains(s.OtherFunctions, of)
}

// PinnedRunbook is a Runbook as it was when it joined the Incident. Later edits are for later Incidents.
type PinnedRunbook struct {
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

	// spec of the Runbook, as JSON.
	// +required
	// +kubebuilder:validation:MaxLength=49152
	Spec string `json:"spec"`
}

// StepResult is what one step of one Runbook saw at one function: evidence, or a gap.
type StepResult struct {
	// runbook of the step.
	// +required
	// +kubebuilder:validation:MaxLength=253
	Runbook string `json:"runbook"`

	// step is its name.
	// +required
	// +kubebuilder:validation:MaxLength=31
	Step string `json:"step"`

	// functionName that was looked at.
	// +required
	FunctionName FunctionName `json:"functionName"`

	// at is when the step ran; of a gap, when it was first seen as it is.
	// +required
	At metav1.Time `json:"at"`

	// evidence that was seen.
	// +optional
	Evidence *Evidence `json:"evidence,omitempty"`

	// gap says why there is no evidence.
	// +optional
	Gap *Gap `json:"gap,omitempty"`
}

// Gap says why a step has no evidence.
type Gap struct {
	// reason in PascalCase.
	// +required
	// +kubebuilder:validation:MaxLength=63
	Reason string `json:"reason,omitempty"`

	// message for people: what is missing and what to do about it.
	// +required
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message,omitempty"`
}

// Verdict on a rule.
//
// +kubebuilder:validation:Enum=Fired;DidNotFire;NotAsked;Failed
type Verdict string

const (
	// VerdictFired says that the rule holds.
	VerdictFired Verdict = "Fired"
	// VerdictDidNotFire says that the rule does not hold, or names a value that is not set.
	VerdictDidNotFire Verdict = "DidNotFire"
	// VerdictNotAsked says that the rule names a step without a result.
	VerdictNotAsked Verdict = "NotAsked"
	// VerdictFailed says that the rule could not be evaluated.
	VerdictFailed Verdict = "Failed"
)

// RuleResult is the verdict on one rule for one function.
type RuleResult struct {
	// runbook of the rule.
	// +required
	// +kubebuilder:validation:MaxLength=253
	Runbook string `json:"runbook"`

	// cause that the rule names.
	// +required
	// +kubebuilder:validation:MaxLength=63
	Cause string `json:"cause"`

	// functionName that the rule was asked of.
	// +required
	FunctionName FunctionName `json:"functionName"`

	// confidence of the rule.
	// +required
	Confidence Confidence `json:"confidence,omitempty"`

	// verdict on the rule.
	// +required
	Verdict Verdict `json:"verdict,omitempty"`

	// message says why it fired or did not.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`

	// uses lists the values that the rule looked at, as name=value.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=256
	Uses []string `json:"uses,omitempty"`
}

// Cause is a rule that fired, and what it would do.
type Cause struct {
	// runbook of the rule.
	// +required
	// +kubebuilder:validation:MaxLength=253
	Runbook string `json:"runbook"`

	// name of the cause.
	// +required
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`

	// functionName that has it.
	// +required
	FunctionName FunctionName `json:"functionName"`

	// confidence of the rule.
	// +required
	Confidence Confidence `json:"confidence,omitempty"`

	// because is the reason, for people.
	// +required
	// +kubebuilder:validation:MaxLength=1024
	Because string `json:"because,omitempty"`

	// actions that answer it, the first to be tried first, with their numbers worked out.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=4
	Actions []Action `json:"actions,omitempty"`

	// instruction says what a person has to do.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Instruction string `json:"instruction,omitempty"`

	// problem says why an action of the rule could not be worked out.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Problem string `json:"problem,omitempty"`
}

// IncidentRemediation names a Remediation of the Incident.
type IncidentRemediation struct {
	// name of the Remediation.
	// +required
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// action of the Remediation.
	// +required
	Action ActionName `json:"action,omitempty"`

	// result is the reason of its condition Succeeded.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Result string `json:"result,omitempty"`
}

// IncidentStatus is what the operator saw and did.
type IncidentStatus struct {
	// observedGeneration is the generation that the conditions speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions of the Incident.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// openedAt is when the operator first worked on the Incident.
	// +optional
	OpenedAt *metav1.Time `json:"openedAt,omitempty"`

	// severity now.
	// +optional
	Severity Severity `json:"severity,omitempty"`

	// severityReason says why the severity is what it is.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	SeverityReason string `json:"severityReason,omitempty"`

	// signals that joined the Incident.
	// +optional
	// +listType=map
	// +listMapKey=alarmName
	// +kubebuilder:validation:MaxItems=32
	Signals []SignalStatus `json:"signals,omitempty"`

	// runbooks that joined the Incident.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=8
	Runbooks []PinnedRunbook `json:"runbooks,omitempty"`

	// evidence of every step at every affected function.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	Evidence []StepResult `json:"evidence,omitempty"`

	// rules that were asked, and their verdicts.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	Rules []RuleResult `json:"rules,omitempty"`

	// causes that were named, the first ranked first. Only the first is answered.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Causes []Cause `json:"causes,omitempty"`

	// remediations of the Incident, in order.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Remediations []IncidentRemediation `json:"remediations,omitempty"`

	// recoveredSince is since when every signal is OK.
	// +optional
	RecoveredSince *metav1.Time `json:"recoveredSince,omitempty"`
}
