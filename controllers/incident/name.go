package incident

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// maxTaken is how many names that others took are passed over before it is an error.
const maxTaken = 32

// free returns the name of the next Remediation: <incident>-<number>, with a number after those of the Remediations
// that the Incident has or had, and that nobody else has.
func (r *Reconciler) free(ctx context.Context, s *scope) (string, error) {
	first := highest(s.inc.Name, s.inc.Status.Remediations) + 1
	for n := first; n < first+maxTaken; n++ {
		name := remediationName(s.inc.Name, n)
		var taken v1alpha1.Remediation
		err := r.APIReader.Get(ctx, client.ObjectKey{Namespace: s.inc.Namespace, Name: name}, &taken)
		if client.IgnoreNotFound(err) != nil {
			return "", fmt.Errorf("getting Remediation %s: %w", name, err)
		}
		if err != nil {
			return name, nil
		}
	}
	return "", fmt.Errorf("naming a Remediation: others have the names %s to %s: delete them", remediationName(s.inc.Name, first), remediationName(s.inc.Name, first+maxTaken-1))
}

// highest returns the highest number among the names of an Incident's Remediations. Pure.
func highest(incident string, list []v1alpha1.IncidentRemediation) int {
	most := 0
	for _, entry := range list {
		suffix := entry.Name[strings.LastIndex(entry.Name, "-")+1:]
		if n, err := strconv.Atoi(suffix); err == nil && n > 0 && n < 1<<20 && entry.Name == remediationName(incident, n) {
			most = max(most, n)
		}
	}
	return most
}

// remediationName is <incident>-<number>, cut to the length of a name in Kubernetes.
func remediationName(incident string, n int) string {
	suffix := "-" + strconv.Itoa(n)
	return strings.TrimRight(incident[:min(len(incident), validation.DNS1123SubdomainMaxLength-len(suffix))], "-.") + suffix
}

// labelsOf names application and Incident, as far as labels may be so long.
func labelsOf(application, incident string) map[string]string {
	labels := map[string]string{}
	for key, value := range map[string]string{v1alpha1.LabelApplication: application, v1alpha1.LabelIncident: incident} {
		if len(value) <= validation.LabelValueMaxLength {
			labels[key] = value
		}
	}
	return labels
}
