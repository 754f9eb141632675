package incident

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// maxFunctions is how many functions of one Incident are looked at.
const maxFunctions = 16

// affected returns the functions of the Incident: those that a person named with those of the signals, which join
// whatever a person named; all of the application where a person named none; else those of the signals.
func (s *scope) affected() []v1alpha1.FunctionName {
	names := slices.Clone(s.inc.Spec.Functions)
	add := func(name v1alpha1.FunctionName) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if sig := s.inc.Spec.Signal; sig != nil {
		add(sig.FunctionName)
	}
	for _, sig := range s.inc.Status.Signals {
		add(sig.FunctionName)
	}
	for _, sig := range s.inc.Status.Signals {
		for _, name := range sig.OtherFunctions { // of an alarm on an expression over several
			add(name)
		}
	}
	if s.inc.Spec.Signal == nil && len(s.inc.Spec.Functions) == 0 {
		for _, f := range s.app.Spec.Functions {
			add(f.Name)
		}
	}
	return names
}

// bounded returns the first of the affected functions, and notes how many are not looked at.
func (s *scope) bounded(names []v1alpha1.FunctionName) []v1alpha1.FunctionName {
	if more := len(names) - maxFunctions; more > 0 {
		s.missing = append(s.missing, fmt.Sprintf("%d more functions, from %s on (an Incident looks at %d)", more, names[maxFunctions], maxFunctions))
	}
	return names[:min(len(names), maxFunctions)]
}

// concerns says whether a Remediation that names the Incident answers for it: its own do, those that it lists already, and
// those of a person for one of its functions. What somebody changes elsewhere and calls a change of this Incident proves
// nothing here, and holds nothing up.
func (s *scope) concerns(rem *v1alpha1.Remediation) bool {
	return metav1.IsControlledBy(rem, s.inc) || s.app == nil || slices.Contains(s.affected(), rem.Spec.Target.FunctionName) ||
		slices.ContainsFunc(s.inc.Status.Remediations, func(listed v1alpha1.IncidentRemediation) bool { return listed.Name == rem.Name })
}

// quiet says whether signals of the Incident tell of a function, and none of them is in ALARM: what its evidence explains is
// not what goes on.
func (s *scope) quiet(function v1alpha1.FunctionName) bool {
	told := false
	for _, sig := range s.inc.Status.Signals {
		if !sig.Tells(function) {
			continue
		}
		if sig.State == v1alpha1.AlarmFiring {
			return false
		}
		told = true
	}
	return told
}
