package diagnosis

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// Digest identifies the text of a Runbook: "sha256:" and 64 hexadecimal digits over its JSON with sorted keys, so
// that neither the order of fields nor the process that computes it matters. Take it of a spec as the API server
// stores it, with its defaults. It is empty for a spec that JSON cannot hold, which the API server never serves.
func Digest(spec v1alpha1.RunbookSpec) string {
	canonical, err := canonicalJSON(spec)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(canonical)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// canonicalJSON sorts keys by going through maps, which encoding/json writes sorted.
func canonicalJSON(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(tree); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(out.Bytes()), nil
}
