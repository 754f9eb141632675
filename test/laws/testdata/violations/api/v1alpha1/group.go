// Package v1alpha1 plants imports that the API must not have.
package v1alpha1

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"                     // want: depguard
	"sigs.k8s.io/controller-runtime/pkg/client" // want: depguard

	"github.com/runbook-operator/runbook-operator/internal/action" // want: depguard
)

// Group is the API group.
const Group = "runbook-operator.io" + action.Name

// GroupVersion uses what it imports.
var GroupVersion = schema.GroupVersion{Group: Group, Version: "v1alpha1"}

// Reader uses what it imports.
type Reader = client.Reader

// Config uses what it imports.
type Config = rest.Config
