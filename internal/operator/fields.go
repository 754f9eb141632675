package operator

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// Field is a field of a kind by which it can be listed. The API server serves it as a selectable field of the kind's
// definition, and the cache by an index of the same name, so that a List means the same live and cached.
type Field struct {
	// Object is an empty object of the kind.
	Object client.Object
	// Path of the field, without the leading dot of the definition.
	Path string
	// Value returns the field of an object.
	Value func(client.Object) string
}

// Fields lists the fields that objects are listed by.
func Fields() []Field {
	return []Field{
		field("spec.aws.accountRef.name", func(o *v1alpha1.ServerlessApplication) string { return o.Spec.AWS.AccountRef.Name }),
		field("spec.applicationRef.name", func(o *v1alpha1.Incident) string { return o.Spec.ApplicationRef.Name }),
		field("spec.applicationRef.name", func(o *v1alpha1.Remediation) string { return o.Spec.ApplicationRef.Name }),
		field("spec.remediationRef.name", func(o *v1alpha1.Approval) string { return o.Spec.RemediationRef.Name }),
	}
}

// kind is an object of a kind T.
type kind[T any] interface {
	*T
	client.Object
}

func field[T any, O kind[T]](path string, value func(O) string) Field {
	return Field{Object: O(new(T)), Path: path, Value: func(o client.Object) string {
		typed, ok := o.(O)
		if !ok {
			return ""
		}
		return value(typed)
	}}
}

func indexFields(ctx context.Context, indexer client.FieldIndexer) error {
	for _, f := range Fields() {
		index := func(o client.Object) []string { return []string{f.Value(o)} }
		if err := indexer.IndexField(ctx, f.Object, f.Path, index); err != nil {
			return fmt.Errorf("indexing %T by %s: %w", f.Object, f.Path, err)
		}
	}
	return nil
}
