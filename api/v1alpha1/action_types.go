package v1alpha1

// Action is one typed change.
//
// +kubebuilder:validation:XValidation:rule="[has(self.setReservedConcurrency), has(self.setTimeout)].filter(x, x).size() == 1",message="set exactly one of setReservedConcurrency, setTimeout"
type Action struct {
	// setReservedConcurrency sets how many executions are reserved for the function.
	// +optional
	SetReservedConcurrency *SetReservedConcurrency `json:"setReservedConcurrency,omitempty"`

	// setTimeout sets how long one execution of the function may take.
	// +optional
	SetTimeout *SetTimeout `json:"setTimeout,omitempty"`
}

// SetReservedConcurrency sets how many executions are reserved for the function (Lambda PutFunctionConcurrency).
type SetReservedConcurrency struct {
	// value is the number of executions, from 1. Zero would switch the function off, which no runbook does.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	Value int32 `json:"value,omitempty"`
}

// SetTimeout sets how long one execution may take (Lambda UpdateFunctionConfiguration).
type SetTimeout struct {
	// seconds from 1 to 900.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=900
	Seconds int32 `json:"seconds,omitempty"`
}

// Name returns the name of the member that is set, or "" where none is.
func (a Action) Name() ActionName {
	switch {
	case a.SetReservedConcurrency != nil:
		return ActionSetReservedConcurrency
	case a.SetTimeout != nil:
		return ActionSetTimeout
	}
	return ""
}
