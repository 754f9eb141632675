//go:build fault

package bounds

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// canaries are texts that may appear nowhere, by the place where they were planted.
type canaries struct {
	mu sync.Mutex
	by map[string]string // text to place
}

// plant makes a text for a place.
func (c *canaries) plant(place string) string {
	text := "canary-" + strings.ReplaceAll(place, " ", "-") + "-7Jq2"
	c.add(text, place)
	return text
}

// add makes a canary of a secret that is there by itself.
func (c *canaries) add(text, place string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by[text] = place
}

// in returns the places of those that are found in a text.
func (c *canaries) in(text string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := map[string]bool{}
	for canary, place := range c.by {
		if strings.Contains(text, canary) {
			found[place] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// talkative is an AWS that says more than it has to: headers, bodies of proxies, and credentials.
type talkative struct {
	next     http.Handler
	canaries *canaries
	header   string
	body     string

	mu     sync.Mutex
	proxy  int // how many calls a proxy answers in place of AWS
	fooled int // how many it did
}

// secrets are what AssumeRole gives away, in its XML.
var secrets = regexp.MustCompile(`<(SecretAccessKey|SessionToken)>([^<]{8,})</`)

// ServeHTTP answers a call.
func (p *talkative) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, name := range []string{"Server", "X-Cache", "X-Amz-Cf-Id", "X-Canary", "Set-Cookie"} {
		w.Header().Set(name, p.header)
	}
	p.mu.Lock()
	fool := p.proxy > 0
	if fool {
		p.proxy, p.fooled = p.proxy-1, p.fooled+1
	}
	n := p.fooled
	p.mu.Unlock()
	if fool {
		w.Header().Set("X-Amzn-Requestid", p.header)
		w.Header().Set("X-Amzn-Errortype", p.header+":http://internal.amazon.com/"+p.header)
		w.Header().Set("Content-Type", []string{"text/html", "application/json", "text/xml", "application/cbor"}[n%4])
		w.WriteHeader([]int{502, 403, 400, 200, 504}[n%5])
		_, _ = fmt.Fprintf(w, []string{"<html>%s</html>", `{"message": %q, "Message": 7, "__type": 3}`, "<Error>%s</Error>", "\xa1%s"}[n%4], p.body)
		return
	}
	recorded := httptest.NewRecorder()
	p.next.ServeHTTP(recorded, r)
	for _, found := range secrets.FindAllStringSubmatch(recorded.Body.String(), -1) {
		p.canaries.add(found[2], "credentials of a session: "+found[1])
	}
	maps.Copy(w.Header(), recorded.Header())
	w.WriteHeader(recorded.Code)
	_, _ = w.Write(recorded.Body.Bytes())
}

// fool lets a proxy answer the next calls.
func (p *talkative) fool(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.proxy = n
}

func (p *talkative) done() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.proxy == 0
}

// dump returns every object of every kind but Secrets, as text by name.
func dump(t *testing.T, cfg *rest.Config, admin client.Client) map[string]string {
	t.Helper()
	found, err := discovery.NewDiscoveryClientForConfigOrDie(cfg).ServerPreferredResources()
	must(t, "finding the kinds", err)
	out := map[string]string{}
	for _, list := range found {
		group, err := schema.ParseGroupVersion(list.GroupVersion)
		must(t, "reading a version", err)
		for _, resource := range list.APIResources {
			if strings.Contains(resource.Name, "/") || !slices.Contains(resource.Verbs, "list") || resource.Name == "secrets" {
				continue
			}
			objects := &unstructured.UnstructuredList{}
			objects.SetGroupVersionKind(group.WithKind(resource.Kind + "List"))
			must(t, "listing "+resource.Name, admin.List(t.Context(), objects))
			for _, o := range objects.Items {
				var text bytes.Buffer
				encoder := json.NewEncoder(&text)
				encoder.SetEscapeHTML(false)
				must(t, "writing an object", encoder.Encode(o.Object))
				out[fmt.Sprintf("%s %s/%s", resource.Name, o.GetNamespace(), o.GetName())] = text.String()
			}
		}
	}
	return out
}

// leaks says which canary is where.
func leaks(c *canaries, texts map[string]string) []string {
	var out []string
	for where, text := range texts {
		for _, place := range c.in(text) {
			at := strings.Index(text, "canary-")
			out = append(out, fmt.Sprintf("%s is in %s: …%.200s", place, where, text[max(0, at-60):]))
		}
	}
	slices.Sort(out)
	return out
}
