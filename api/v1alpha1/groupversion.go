package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the API group and version of every kind in this package.
var GroupVersion = schema.GroupVersion{Group: "runbook-operator.io", Version: "v1alpha1"}

// AddToScheme registers every kind of this package.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion,
		&AWSAccount{}, &AWSAccountList{},
		&Approval{}, &ApprovalList{},
		&ChangePolicy{}, &ChangePolicyList{},
		&Incident{}, &IncidentList{},
		&Remediation{}, &RemediationList{},
		&Runbook{}, &RunbookList{},
		&ServerlessApplication{}, &ServerlessApplicationList{},
	)
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}

const (
	// LabelApplication names the ServerlessApplication of an object that the operator made.
	LabelApplication = "runbook-operator.io/application"
	// LabelIncident names the Incident of a Remediation that the operator made.
	LabelIncident = "runbook-operator.io/incident"
	// FinalizerChange keeps a Remediation until a change that was begun is settled.
	FinalizerChange = "runbook-operator.io/change"
)
