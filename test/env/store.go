package env

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// AskEtcd sends a request of the key-value store, such as range or put, past the API server (etcd documentation, gRPC
// gateway: bytes are base64, 64-bit integers are strings).
func (e *Environment) AskEtcd(ctx context.Context, operation string, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("encoding a question to etcd: %w", err)
	}
	question, err := http.NewRequestWithContext(ctx, http.MethodPost, e.Etcd+"/v3/kv/"+operation, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("asking etcd: %w", err)
	}
	response, err := http.DefaultClient.Do(question)
	if err != nil {
		return fmt.Errorf("asking etcd: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // it was read
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("asking etcd: %s: %s", operation, response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		return fmt.Errorf("decoding what etcd answered: %w", err)
	}
	return nil
}

// revision is the one that the last write to any key made.
func (e *Environment) revision(ctx context.Context) (string, error) {
	var answer struct {
		Header struct {
			Revision string `json:"revision"`
		} `json:"header"`
	}
	err := e.AskEtcd(ctx, "range", map[string]any{"key": []byte("/"), "keys_only": true}, &answer)
	return answer.Header.Revision, err
}

// written are the objects of a kind that were written since some revision.
type written struct {
	names []types.NamespacedName
	total int64 // how many objects of the kind there are
	until int64 // the revision that this was read at
}

// since asks etcd what was written of a kind after a revision; 0: everything. Of fifty objects the one that changed is then
// read, and not all of them again after every write. known is false for kinds whose place in etcd is not certain: custom
// resources have theirs by group (apiextensions-apiserver), and of those of Kubernetes, which do not, namespaces alone are
// watched by a controller often.
func (d *Driver) since(ctx context.Context, kind schema.GroupVersionKind, revision int64) (w written, known bool, err error) {
	prefix := "/registry/namespaces/"
	switch {
	case kind.Group == v1alpha1.GroupVersion.Group:
		mapping, err := d.Client.RESTMapper().RESTMapping(kind.GroupKind(), kind.Version)
		if err != nil {
			return written{}, false, fmt.Errorf("finding the resource of %s: %w", kind.Kind, err)
		}
		prefix = "/registry/" + kind.Group + "/" + mapping.Resource.Resource + "/"
	case kind != corev1.SchemeGroupVersion.WithKind("Namespace"):
		return written{}, false, nil
	}
	var answer struct {
		Header struct {
			Revision int64 `json:"revision,string"`
		} `json:"header"`
		Kvs []struct {
			Key []byte `json:"key"`
		} `json:"kvs"`
		Count int64 `json:"count,string"` // of the whole range, also of what was not written since
	}
	err = d.store.AskEtcd(ctx, "range", map[string]any{
		"key": []byte(prefix), "range_end": []byte(prefix[:len(prefix)-1] + "0"), "keys_only": true,
		"min_mod_revision": fmt.Sprint(revision + 1),
	}, &answer)
	if err != nil {
		return written{}, false, err
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
