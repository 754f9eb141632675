//go:build fault

package contract

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"k8s.io/client-go/rest"
)

// request is one request to the API server as its authorizer sees it.
type request struct {
	group, resource, verb, namespace, name string
	code                                   int
}

func (r request) String() string {
	return fmt.Sprintf("%s %s.%s %s/%s: %d", r.verb, r.resource, r.group, r.namespace, r.name, r.code)
}

// recorder writes down every request for a resource that is sent, and its answer.
type recorder struct {
	mu   sync.Mutex
	seen []request
}

// record lets a configuration send its requests through the recorder.
func (r *recorder) record(cfg *rest.Config) {
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return recording{r, next} })
}

func (r *recorder) requests() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

type recording struct {
	*recorder
	next http.RoundTripper
}

// RoundTrip sends a request.
func (r recording) RoundTrip(in *http.Request) (*http.Response, error) {
	response, err := r.next.RoundTrip(in)
	if one, ok := requestOf(in); ok && err == nil {
		one.code = response.StatusCode
		r.mu.Lock()
		r.seen = append(r.seen, one)
		r.mu.Unlock()
	}
	return response, err
}

// requestOf reads a request as the API server does (Kubernetes documentation, "Authorization: determine the request verb").
// Discovery is no request for a resource.
func requestOf(in *http.Request) (request, bool) {
	parts := strings.Split(strings.Trim(in.URL.Path, "/"), "/")
	r := request{}
	switch {
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		r.group, parts = parts[1], parts[3:]
	default:
		return r, false
	}
	if len(parts) > 2 && parts[0] == "namespaces" {
		r.namespace, parts = parts[1], parts[2:]
	}
	r.resource = parts[0]
	if len(parts) > 1 {
		r.name = parts[1]
	}
	if len(parts) > 2 {
		r.resource += "/" + parts[2]
	}
	switch in.Method {
	case http.MethodGet:
		r.verb = "get"
		switch {
		case in.URL.Query().Get("watch") != "":
			r.verb = "watch"
		case r.name == "":
			r.verb = "list"
		}
	case http.MethodPost:
		r.verb = "create"
	case http.MethodPut:
		r.verb = "update"
	case http.MethodPatch:
		r.verb = "patch"
	case http.MethodDelete:
		r.verb = "delete"
		if r.name == "" {
			r.verb = "deletecollection"
		}
	}
	return r, true
}
