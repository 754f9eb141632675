// Package v1alpha1 owns the API of the group runbook-operator.io: its kinds, their validation and the names of
// their conditions and reasons. It must not hold behaviour, and imports k8s.io packages only.
//
// +kubebuilder:object:generate=true
// +groupName=runbook-operator.io
package v1alpha1
