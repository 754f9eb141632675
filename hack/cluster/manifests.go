package cluster

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// strict makes the API server refuse what it would otherwise drop in silence.
const strict = client.FieldValidation(metav1.FieldValidationStrict)

// Create creates objects, in their order. One that exists, or has a field that its kind does not know, is an error.
func (c *Cluster) Create(ctx context.Context, objects []*unstructured.Unstructured) error {
	for _, o := range objects {
		if err := c.Admin.Create(ctx, o.DeepCopy(), strict); err != nil {
			return fmt.Errorf("creating %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

// Manifests reads every object of the manifests in a folder of the repository, in the order of the files' names but
// namespaces first. None is an error: nothing would be installed in silence.
func Manifests(elem ...string) ([]*unstructured.Unstructured, error) {
	root, err := Repository()
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(root, filepath.Join(elem...))
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		some, err := decode(file)
		if err != nil {
			return nil, err
		}
		objects = append(objects, some...)
	}
	if len(objects) == 0 {
		return nil, fmt.Errorf("no manifests in %s", folder)
	}
	slices.SortStableFunc(objects, func(a, b *unstructured.Unstructured) int { return cmp.Compare(rank(a), rank(b)) })
	return objects, nil
}

func rank(o *unstructured.Unstructured) int {
	if o.GetKind() == "Namespace" {
		return 0
	}
	return 1
}

func decode(file string) ([]*unstructured.Unstructured, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the manifests: %w", err)
	}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	var objects []*unstructured.Unstructured
	for {
		o := &unstructured.Unstructured{}
		switch err := decoder.Decode(o); {
		case errors.Is(err, io.EOF):
			return objects, nil
		case err != nil:
			return nil, fmt.Errorf("decoding %s: %w", file, err)
		case len(o.Object) > 0:
			objects = append(objects, o)
		}
	}
}

// Repository walks up from the working directory to the root of the module.
func Repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("getting the working directory: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("the working directory is not inside the repository")
		}
		dir = filepath.Dir(dir)
	}
}
