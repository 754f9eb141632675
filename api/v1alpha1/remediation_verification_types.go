package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ObservationResult is what one look at the world said.
//
// +kubebuilder:validation:Enum=Good;Bad;Inconclusive;Error
type ObservationResult string

const (
	// ObservationGood says that every alarm is OK and users are served.
	ObservationGood ObservationResult = "Good"
	// ObservationBad says that an alarm is in ALARM or users are turned away.
	ObservationBad ObservationResult = "Bad"
	// ObservationInconclusive says that nothing can be concluded: no traffic, or no alarm to look at.
	ObservationInconclusive ObservationResult = "Inconclusive"
	// ObservationError says that the look failed.
	ObservationError ObservationResult = "Error"
)

// Deployment is what of a function somebody else may deploy while a change is being verified.
type Deployment struct {
	// codeSHA256 of the function's code.
	// +required
	// +kubebuilder:validation:MaxLength=64
	CodeSHA256 string `json:"codeSHA256,omitempty"`

	// lastModified is when Lambda last updated code or configuration, in its own format: before the change, and, once the
	// change was seen applied, as that left it.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	LastModified string `json:"lastModified,omitempty"`

	// alias that the function is called through.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Alias string `json:"alias,omitempty"`

	// aliasVersion that the alias points to.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	AliasVersion string `json:"aliasVersion,omitempty"`

	// aliasRevisionID changes with every update of the alias.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	AliasRevisionID string `json:"aliasRevisionID,omitempty"`
}

// VerificationStatus counts observations.
type VerificationStatus struct {
	// notBefore is when the first observation counts.
	// +required
	NotBefore metav1.Time `json:"notBefore"`

	// deadline after which the verification is inconclusive.
	// +required
	Deadline metav1.Time `json:"deadline"`

	// successesPerMinute before the change. Absent without data.
	// +optional
	SuccessesPerMinute *Number `json:"successesPerMinute,omitempty"`

	// offeredPerMinute before the change: invocations and throttled invocations. Absent without data.
	// +optional
	OfferedPerMinute *Number `json:"offeredPerMinute,omitempty"`

	// firing are the alarms that were in ALARM before the change.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=300
	Firing []string `json:"firing,omitempty"`

	// peakSuccessesPerMinute is the most in one minute before the change. Absent without data.
	// +optional
	PeakSuccessesPerMinute *Number `json:"peakSuccessesPerMinute,omitempty"`

	// peakThrottledPerMinute is the most that were turned away in one minute before the change in which more than one in twenty
	// were: of a failure that began a minute ago an average says little. Absent where the change is not made against
	// throttling, and without data.
	// +optional
	PeakThrottledPerMinute *Number `json:"peakThrottledPerMinute,omitempty"`

	// throttledPerMinute before the change: those of the offered requests that were turned away. Absent without data.
	// +optional
	ThrottledPerMinute *Number `json:"throttledPerMinute,omitempty"`

	// deployment that is verified: another one in the window makes the verification inconclusive.
	// +optional
	Deployment *Deployment `json:"deployment,omitempty"`

	// observations made.
	// +optional
	Observations int32 `json:"observations,omitempty"`

	// good observations in a row, up to now.
	// +optional
	Good int32 `json:"good,omitempty"`

	// goodSince is the first of them.
	// +optional
	GoodSince *metav1.Time `json:"goodSince,omitempty"`

	// bad observations in a row, up to now.
	// +optional
	Bad int32 `json:"bad,omitempty"`

	// firstAt is the first observation.
	// +optional
	FirstAt *metav1.Time `json:"firstAt,omitempty"`

	// lastAt is the newest observation.
	// +optional
	LastAt *metav1.Time `json:"lastAt,omitempty"`

	// largestGapSeconds between two observations in a row.
	// +optional
	LargestGapSeconds int32 `json:"largestGapSeconds,omitempty"`

	// last is the result of the newest observation.
	// +optional
	Last ObservationResult `json:"last,omitempty"`

	// message about the newest observation, for people.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message,omitempty"`
}
