package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Evidence is what one step saw: exactly one member, as in the step.
type Evidence struct {
	// metric that was read.
	// +optional
	Metric *MetricEvidence `json:"metric,omitempty"`

	// functionState that was read.
	// +optional
	FunctionState *FunctionStateEvidence `json:"functionState,omitempty"`

	// accountLimits that were read.
	// +optional
	AccountLimits *AccountLimitsEvidence `json:"accountLimits,omitempty"`

	// trafficPattern that was seen.
	// +optional
	TrafficPattern *TrafficPatternEvidence `json:"trafficPattern,omitempty"`
}

// MetricEvidence is one statistic of one metric over a window.
type MetricEvidence struct {
	// statistic that was asked for.
	// +required
	// +kubebuilder:validation:MaxLength=16
	Statistic string `json:"statistic,omitempty"`

	// value of the statistic over the window; a percentile is that of its worst minute, because percentiles of minutes
	// cannot be combined. Absent where the metric has no data there: absent is not zero.
	// +optional
	Value *Number `json:"value,omitempty"`

	// previous is the value over the same length of time before the window.
	// +optional
	Previous *Number `json:"previous,omitempty"`

	// datapoints is how many minutes of the window have data.
	// +optional
	Datapoints int32 `json:"datapoints,omitempty"`

	// start of the window, inclusive, on a minute.
	// +required
	Start metav1.Time `json:"start"`

	// end of the window, exclusive, on a minute.
	// +required
	End metav1.Time `json:"end"`
}

// FunctionStateEvidence is the configuration of a function. Values of environment variables and the location of
// the code are dropped where the answer of AWS is decoded.
type FunctionStateEvidence struct {
	// functionARN without a qualifier.
	// +required
	// +kubebuilder:validation:MaxLength=256
	FunctionARN string `json:"functionARN,omitempty"`

	// memoryMB is the memory size of the function, in MB.
	// +required
	MemoryMB int32 `json:"memoryMB"`

	// timeoutSeconds is the timeout of the function, in seconds.
	// +required
	TimeoutSeconds int32 `json:"timeoutSeconds"`

	// reservedConcurrency of the function. Absent: none is reserved. 0: somebody switched the function off.
	// +optional
	ReservedConcurrency *int32 `json:"reservedConcurrency,omitempty"`

	// lastUpdateStatus is Successful, InProgress or Failed.
	// +required
	// +kubebuilder:validation:MaxLength=32
	LastUpdateStatus string `json:"lastUpdateStatus,omitempty"`

	// alias through which the application calls the function.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Alias *string `json:"alias,omitempty"`

	// aliasVersion is the version that the alias points to.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	AliasVersion *string `json:"aliasVersion,omitempty"`

	// environmentNames are the names of the environment variables, sorted.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=256
	EnvironmentNames []string `json:"environmentNames,omitempty"`

	// stackName is the CloudFormation stack that owns the function.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	StackName *string `json:"stackName,omitempty"`

	// stackLogicalID is the function's logical ID in the stack.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	StackLogicalID *string `json:"stackLogicalID,omitempty"`
}

// FloorSource says where the unreserved floor comes from: no AWS API returns it.
//
// +kubebuilder:validation:Enum=Configured;Assumed
type FloorSource string

const (
	// FloorConfigured is AWSAccount.spec.lambda.unreservedConcurrencyFloor.
	FloorConfigured FloorSource = "Configured"
	// FloorAssumed is 100, or the account's limit if that is lower.
	FloorAssumed FloorSource = "Assumed"
)

// AccountLimitsEvidence is the account's concurrency in one Region.
type AccountLimitsEvidence struct {
	// concurrentExecutions is the account's limit.
	// +required
	ConcurrentExecutions int32 `json:"concurrentExecutions"`

	// unreserved is what is left of the limit after all reservations.
	// +required
	Unreserved int32 `json:"unreserved"`

	// unreservedFloor is the unreserved concurrency that Lambda refuses to go below.
	// +required
	UnreservedFloor int32 `json:"unreservedFloor"`

	// unreservedFloorSource says where the floor comes from.
	// +required
	UnreservedFloorSource FloorSource `json:"unreservedFloorSource,omitempty"`

	// peakUnreserved is the highest use of the unreserved concurrency in the last hour. Absent where there are
	// no data.
	// +optional
	PeakUnreserved *int32 `json:"peakUnreserved,omitempty"`
}

// TrafficKind is the shape of traffic.
//
// +kubebuilder:validation:Enum=Steady;Growth;Spike;Falling
type TrafficKind string

const (
	// TrafficSteady stays within half and one and a half of its average, or within what chance makes of few requests.
	TrafficSteady TrafficKind = "Steady"
	// TrafficGrowth rises over the window, or has just begun to.
	TrafficGrowth TrafficKind = "Growth"
	// TrafficSpike jumps within a few minutes.
	TrafficSpike TrafficKind = "Spike"
	// TrafficFalling falls over the window, or has just begun to.
	TrafficFalling TrafficKind = "Falling"
)

// TrafficPatternEvidence is the shape of the traffic that was offered: invocations and throttled invocations.
type TrafficPatternEvidence struct {
	// kind of the pattern. Absent where there are too few data to tell, or no kind fits.
	// +optional
	Kind *TrafficKind `json:"kind,omitempty"`

	// peakPerSecond is the highest minute of the window, per second.
	// +optional
	PeakPerSecond *Number `json:"peakPerSecond,omitempty"`

	// averagePerSecond is the average of the window, per second. A minute without data is one without requests, unless it
	// is so new that its data may still come.
	// +optional
	AveragePerSecond *Number `json:"averagePerSecond,omitempty"`

	// datapoints is how many minutes of the window have data.
	// +optional
	Datapoints int32 `json:"datapoints,omitempty"`

	// missing names what was not looked at.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MaxLength=256
	Missing []string `json:"missing,omitempty"`
}
