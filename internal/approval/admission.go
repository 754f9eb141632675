package approval

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/config"
)

const (
	// settle is how long after a policy was first seen an approval is still void: every API server has a policy
	// in force within seconds of its creation, and clocks differ by little.
	settle = 10 * time.Second
	// seenName is the ConfigMap, in the operator's namespace, that keeps since when the policies are in force.
	seenName = "runbook-operator-admission-seen"
)

// Admission says whether the API server vouches for approvals.
type Admission struct {
	// Intact says that every policy and binding is exactly as shipped.
	Intact bool
	// Message says what differs, for people; empty where nothing does.
	Message string
	// SettledAt, on the wall: approvals created then or before are void. It is 10 seconds after the newest of the
	// policies and bindings was first seen as it is now.
	SettledAt time.Time
	// RequestersSince, on the wall: who asked for a Remediation or an Incident that was created before is not known. It is when
	// the newest of the policies and bindings that are about Remediations was first seen as it is now; those about Incidents are
	// the same ones. There is no time to settle: the operator proposes changes within moments of its installation.
	RequestersSince time.Time
}

// AdmissionPolicies compares the installed admission policies with those shipped in the binary.
type AdmissionPolicies struct {
	reader    client.Reader
	writer    client.Writer
	namespace string
	wall      clock.PassiveClock
	shipped   []*unstructured.Unstructured
}

// NewAdmissionPolicies returns a comparison with the shipped policies. The reader must not be a cache; the writer
// keeps a ConfigMap in the operator's namespace; wall is the real time, as the API server's. claimKeys, or nil for
// the shipped ones, are the keys of extra claims that the installed policies record.
func NewAdmissionPolicies(
	reader client.Reader, writer client.Writer, namespace string, wall clock.PassiveClock, claimKeys []string,
) (*AdmissionPolicies, error) {
	shipped, err := config.AdmissionPolicies(claimKeys)
	if err != nil {
		return nil, fmt.Errorf("reading the shipped admission policies: %w", err)
	}
	return &AdmissionPolicies{reader: reader, writer: writer, namespace: namespace, wall: wall, shipped: shipped}, nil
}

// sighting is when one version of a policy or binding was first seen.
type sighting struct {
	UID        string    `json:"uid"`
	Generation int64     `json:"generation"`
	FirstSeen  time.Time `json:"firstSeen"`
}

// Check compares every policy and binding with the shipped one and records when it first saw each version of it.
//
// Read approvals first and check afterwards: what Check finds unchanged since SettledAt was in force when they were
// created, while a policy that goes away after the check would not be noticed. The MutatingAdmissionPolicies may be
// absent, as before Kubernetes 1.36; where they are, they must be as shipped. An error says that nothing is known, or
// that a sighting could not be recorded.
func (a *AdmissionPolicies) Check(ctx context.Context) (Admission, error) {
	record, before, err := a.sightings(ctx)
	if err != nil {
		return Admission{}, err
	}
	seen := make(map[string]sighting, len(a.shipped))
	var differences []string
	var settledAt, requestersSince time.Time
	about := aboutRemediations(a.shipped)
	for _, want := range a.shipped {
		live, difference, err := a.compare(ctx, want)
		if err != nil {
			return Admission{}, err
		}
		if difference != "" {
			differences = append(differences, difference)
		}
		if live == nil {
			continue
		}
		key := strings.ToLower(want.GetKind()) + "." + want.GetName()
		s, known := before[key]
		if !known || s.UID != string(live.GetUID()) || s.Generation != live.GetGeneration() {
			s = sighting{UID: string(live.GetUID()), Generation: live.GetGeneration(), FirstSeen: a.wall.Now().UTC()}
		}
		seen[key] = s
		if at := s.FirstSeen.Add(settle); at.After(settledAt) {
			settledAt = at
		}
		if about[want.GetName()] && s.FirstSeen.After(requestersSince) {
			requestersSince = s.FirstSeen
		}
	}
	if !maps.Equal(seen, before) {
		if err := a.remember(ctx, record, seen); err != nil {
			return Admission{}, err
		}
	}
	result := Admission{Intact: len(differences) == 0, SettledAt: settledAt, RequestersSince: requestersSince}
	if !result.Intact {
		result.Message = clip("no approval counts while the admission policies are not as shipped; install config/admission again: " +
			strings.Join(differences, "; "))
	}
	return result, nil
}

// aboutRemediations are the names of the policies whose rules name Remediations, and so of their bindings.
func aboutRemediations(shipped []*unstructured.Unstructured) map[string]bool {
	about := map[string]bool{}
	for _, policy := range shipped {
		rules, _, _ := unstructured.NestedSlice(policy.Object, "spec", "matchConstraints", "resourceRules")
		for _, rule := range rules {
			resources, _, _ := unstructured.NestedStringSlice(rule.(map[string]any), "resources")
			if slices.Contains(resources, "remediations") {
				about[policy.GetName()] = true
			}
		}
	}
	return about
}

// compare returns the live object, or nil where it is absent, and a sentence about what differs.
func (a *AdmissionPolicies) compare(ctx context.Context, want *unstructured.Unstructured) (live *unstructured.Unstructured, difference string, err error) {
	name := want.GetKind() + " " + want.GetName()
	live = &unstructured.Unstructured{}
	live.SetGroupVersionKind(want.GroupVersionKind())
	err = a.reader.Get(ctx, client.ObjectKey{Name: want.GetName()}, live)
	switch {
	case apierrors.IsNotFound(err) || meta.IsNoMatchError(err):
		if strings.HasPrefix(want.GetKind(), "Mutating") {
			return nil, "", nil
		}
		return nil, name + " is missing", nil
	case err != nil:
		return nil, "", fmt.Errorf("reading %s: %w", name, err)
	case live.GetDeletionTimestamp() != nil:
		return live, name + " is being deleted", nil
	}
	if differing := differingFields(want.Object["spec"], live.Object["spec"]); len(differing) > 0 {
		return live, fmt.Sprintf("%s differs in %s", name, strings.Join(differing, ", ")), nil
	}
	return live, "", nil
}

// differingFields returns the members of two specs that differ, sorted. Members that the shipped spec does not have
// differ too, whatever they mean: one that a later Kubernetes knows may narrow a policy.
func differingFields(want, live any) []string {
	w, _ := want.(map[string]any)
	l, _ := live.(map[string]any)
	differing := map[string]bool{}
	for key, value := range w {
		if !reflect.DeepEqual(value, l[key]) {
			differing["spec."+key] = true
		}
	}
	for key := range l {
		if _, shipped := w[key]; !shipped {
			differing["spec."+key] = true
		}
	}
	return slices.Sorted(maps.Keys(differing))
}

// sightings reads what was seen before. Without a record, and where an entry cannot be read, nothing was: that
// voids approvals and never revives one.
func (a *AdmissionPolicies) sightings(ctx context.Context) (*corev1.ConfigMap, map[string]sighting, error) {
	record := &corev1.ConfigMap{}
	err := a.reader.Get(ctx, client.ObjectKey{Namespace: a.namespace, Name: seenName}, record)
	if client.IgnoreNotFound(err) != nil {
		return nil, nil, fmt.Errorf("reading since when the admission policies are in force: %w", err)
	}
	seen := make(map[string]sighting, len(record.Data))
	for key, text := range record.Data {
		var s sighting
		if json.Unmarshal([]byte(text), &s) == nil && !s.FirstSeen.IsZero() {
			s.FirstSeen = s.FirstSeen.UTC()
			seen[key] = s
		}
	}
	return record, seen, nil
}

// remember writes the record; a writer that knew an older one fails with a conflict.
func (a *AdmissionPolicies) remember(ctx context.Context, record *corev1.ConfigMap, seen map[string]sighting) error {
	data := make(map[string]string, len(seen))
	for key, s := range seen {
		text, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("encoding a sighting of %s: %w", key, err)
		}
		data[key] = string(text)
	}
	write := func() error { return a.writer.Update(ctx, record) }
	if record.ResourceVersion == "" {
		record.ObjectMeta = metav1.ObjectMeta{Namespace: a.namespace, Name: seenName}
		write = func() error { return a.writer.Create(ctx, record) }
	}
	record.Data = data
	if err := write(); err != nil {
		return fmt.Errorf("recording since when the admission policies are in force: %w", err)
	}
	return nil
}
