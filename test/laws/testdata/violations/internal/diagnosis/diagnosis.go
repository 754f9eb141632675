// Package diagnosis plants clients and a clock in a pure package.
package diagnosis

import (
	"net/http" // want: depguard

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch" // want: depguard
	"k8s.io/client-go/kubernetes"                     // want: depguard
	"k8s.io/utils/clock"                              // want: depguard
	"sigs.k8s.io/controller-runtime/pkg/client"       // want: depguard

	wall "github.com/runbook-operator/runbook-operator/internal/clock" // want: depguard
)

func init() { // want: gochecknoinits
	_ = wall.Now()
}

// Diagnose has everything that it must not have.
func Diagnose(*http.Client, *cloudwatch.Client, kubernetes.Interface, clock.PassiveClock, client.Client) {
}
