// Package incident plants what a controller must not do.
package incident

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda" // want: depguard
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/runbook-operator/runbook-operator/internal/clock" // want: depguard
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// Reconcile asks for an immediate retry.
func Reconcile(_ context.Context, _ *lambda.Client) ctrl.Result {
	result := ctrl.Result{}
	result.Requeue = true // want: forbidigo, staticcheck
	return result
}

// Again asks for it in a literal.
func Again() ctrl.Result {
	return ctrl.Result{Requeue: true} // want: staticcheck
}

// Accept writes a condition outside status.go.
func Accept(conditions *[]metav1.Condition) {
	meta.SetStatusCondition(conditions, metav1.Condition{Type: "Accepted"}) // want: forbidigo
	meta.RemoveStatusCondition(conditions, "Accepted")                      // want: forbidigo
}

// Refuse does so through the package that the writers share.
func Refuse(list *[]metav1.Condition) {
	conditions.Set(list, metav1.Condition{Type: "Accepted"}) // want: forbidigo
	conditions.Present(list, "Accepted")                     // want: forbidigo
}

// Started is wall time, of a clock that main.go did not choose.
func Started() time.Time { return clock.Now() }
