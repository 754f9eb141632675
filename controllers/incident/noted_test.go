package incident

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
)

// noted keeps events.
type noted struct{ all []string }

func (n *noted) Eventf(_, _ runtime.Object, kind, reason, _, note string, args ...any) {
	n.all = append(n.all, fmt.Sprintf("%s %s ", kind, reason)+fmt.Sprintf(note, args...))
}
