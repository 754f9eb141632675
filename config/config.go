// Package config owns the manifests that are installed with the operator, as part of its binary: the operator
// compares the cluster with them, and tests install them. It must not change anything in a cluster.
package config

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

//go:embed admission/*.yaml crd/bases/*.yaml
var files embed.FS

// claimKey is what the keys of a user's extra claims may look like here: those of the authenticators of Kubernetes
// and of the AWS IAM Authenticator, and nothing that would end a CEL string.
var claimKey = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/-]{0,255}$`)

// AdmissionPolicies returns the admission policies and their bindings, in the order of their files.
//
// claimKeys, at most 16, are the keys of the extra claims of a user that tell people apart who share a username; nil
// leaves the keys that the files have. An error names the key or the file that is not usable.
func AdmissionPolicies(claimKeys []string) ([]*unstructured.Unstructured, error) {
	objects, err := read[unstructured.Unstructured]("admission")
	if err != nil || claimKeys == nil {
		return objects, err
	}
	if len(claimKeys) > 16 {
		return nil, fmt.Errorf("%d claim keys: name at most 16", len(claimKeys))
	}
	quoted := make([]string, len(claimKeys))
	for i, key := range claimKeys {
		if !claimKey.MatchString(key) {
			return nil, fmt.Errorf("claim key %q: use letters, digits and . _ : / - only", key)
		}
		quoted[i] = "'" + key + "'"
	}
	for _, o := range objects {
		if err := setVariable(o, "claimKeys", "["+strings.Join(quoted, ", ")+"]"); err != nil {
			return nil, fmt.Errorf("setting the claim keys of %s: %w", o.GetName(), err)
		}
	}
	return objects, nil
}

// CustomResourceDefinitions returns the definition of every kind of the API, in the order of their files.
func CustomResourceDefinitions() ([]*apiextensionsv1.CustomResourceDefinition, error) {
	return read[apiextensionsv1.CustomResourceDefinition]("crd/bases")
}

// setVariable sets the expression of a variable of a policy that has it.
func setVariable(policy *unstructured.Unstructured, name, expression string) error {
	variables, found, err := unstructured.NestedSlice(policy.Object, "spec", "variables")
	if err != nil || !found {
		return err
	}
	for _, v := range variables {
		if variable, ok := v.(map[string]any); ok && variable["name"] == name {
			variable["expression"] = expression
		}
	}
	return unstructured.SetNestedSlice(policy.Object, variables, "spec", "variables")
}

// read decodes every document of every manifest in a folder.
func read[T any](folder string) ([]*T, error) {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		return nil, fmt.Errorf("reading the manifests: %w", err)
	}
	var all []*T
	for _, entry := range entries {
		if entry.Name() == "kustomization.yaml" {
			continue
		}
		text, err := files.ReadFile(path.Join(folder, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("reading the manifests: %w", err)
		}
		decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
		for {
			object := new(T)
			err := decoder.Decode(object)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("decoding %s/%s: %w", folder, entry.Name(), err)
			}
			all = append(all, object)
		}
	}
	return all, nil
}
