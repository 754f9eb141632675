package env

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// store is etcd, asked past the API server what was written: of fifty objects the one that changed is read, and not all of
// them again after every write.
type store struct {
	url       string                                                          // of etcd
	resources func(kind schema.GroupVersionKind) (resource string, err error) // the plural
}

// written are the objects of a kind that were written since some revision.
type written struct {
	names []types.NamespacedName
	total int64 // how many objects of the kind there are
	until int64 // the revision that this was read at
}

// since says what was written of a kind after a revision; 0: everything. known is false for kinds whose place in etcd is
// not certain: custom resources have theirs by group (apiextensions-apiserver), those of Kubernetes do not.
func (s *store) since(ctx context.Context, kind schema.GroupVersionKind, revision int64) (w written, known bool, err error) {
	if kind.Group != v1alpha1.GroupVersion.Group {
		return written{}, false, nil
	}
	resource, err := s.resources(kind)
	if err != nil {
		return written{}, false, fmt.Errorf("finding the resource of %s: %w", kind.Kind, err)
	}
	prefix := "/registry/" + kind.Group + "/" + resource + "/"
	// etcd documentation, gRPC gateway: bytes are base64, 64-bit integers are strings, and count is that of the whole range.
	body, err := json.Marshal(map[string]any{
		"key": []byte(prefix), "range_end": []byte(prefix[:len(prefix)-1] + "0"), "keys_only": true,
		"min_mod_revision": fmt.Sprint(revision + 1),
	})
	if err != nil {
		return written{}, false, fmt.Errorf("encoding a question: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v3/kv/range", bytes.NewReader(body))
	if err != nil {
		return written{}, false, fmt.Errorf("asking etcd: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return written{}, false, fmt.Errorf("asking etcd: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // it was read
	if response.StatusCode != http.StatusOK {
		return written{}, false, fmt.Errorf("asking etcd: %s", response.Status)
	}
	var answer struct {
		Header struct {
			Revision int64 `json:"revision,string"`
		} `json:"header"`
		Kvs []struct {
			Key []byte `json:"key"`
		} `json:"kvs"`
		Count int64 `json:"count,string"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return written{}, false, fmt.Errorf("decoding what etcd answered: %w", err)
	}
	w = written{total: answer.Count, until: answer.Header.Revision}
	for _, kv := range answer.Kvs {
		place := strings.TrimPrefix(string(kv.Key), prefix)
		namespace, name, namespaced := strings.Cut(place, "/")
		if !namespaced {
			namespace, name = "", place
		}
		w.names = append(w.names, types.NamespacedName{Namespace: namespace, Name: name})
	}
	return w, true, nil
}
