//go:build fault

package process

import (
	"net/http"
	"strings"

	"k8s.io/client-go/rest"

	"github.com/runbook-operator/runbook-operator/internal/operator"
)

// wrapKubernetes passes a point before each write to the API server and one after its answer. Reads leave nothing
// behind: whoever dies at one died after the write before.
func wrapKubernetes(cfg *rest.Config, p *points) {
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return kubernetesSeam{next: next, points: p} })
}

type kubernetesSeam struct {
	next   http.RoundTripper
	points *points
}

// RoundTrip makes the request, and passes the points around it.
func (s kubernetesSeam) RoundTrip(r *http.Request) (*http.Response, error) {
	place := written(r)
	if place == "" {
		return s.next.RoundTrip(r)
	}
	s.points.pass("kubernetes: before " + place)
	response, err := s.next.RoundTrip(r)
	s.points.pass("kubernetes: after " + place)
	return response, err
}

// written names a write: its verb and kind, and the name of a Lease, because each is another lock. Renewals of the leader's
// Lease come with the wall's time and with nothing that the operator does, and have no name.
func written(r *http.Request) string {
	if r.Method == http.MethodGet {
		return ""
	}
	// /api/v1/... or /apis/<group>/<version>/..., then namespaces/<namespace>/ or not, <resource>/<name>/<subresource>.
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	parts = parts[min(len(parts), map[bool]int{true: 2, false: 3}[parts[0] == "api"]):]
	if len(parts) > 2 && parts[0] == "namespaces" {
		parts = parts[2:]
	}
	if len(parts) == 0 {
		return ""
	}
	kind := parts[0]
	if len(parts) > 2 {
		kind += "/" + parts[2]
	}
	if kind == "leases" && len(parts) > 1 {
		if parts[1] == operator.Name {
			return ""
		}
		kind += "/" + parts[1]
	}
	return r.Method + " " + kind
}
