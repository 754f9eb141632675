package ssm

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
)

const (
	// maxName is the longest ARN of a parameter: 1011 characters "include the characters in the ARN that precede the
	// name" (API Reference, PutParameter, Name).
	maxName = 1011
	// maxLevels is the depth of a hierarchy (the same).
	maxLevels = 15
)

var allowedName = regexp.MustCompile(`^[a-zA-Z0-9_.\-/]+$`)

// checkName checks the name of a parameter that is created (API Reference, PutParameter, Name).
func (s *Service) checkName(name string) error {
	first := strings.ToLower(strings.TrimPrefix(name, "/"))
	switch {
	case name == "":
		return invalid("1 validation error detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1.")
	case len(s.ARN(name)) > maxName:
		return invalid("The parameter name must be at most %d characters long, with its ARN.", maxName)
	case strings.HasPrefix(first, "aws"):
		return &wire.Error{
			Code: "AccessDeniedException", Message: "No access to reserved parameter name: " + name + ".", Status: http.StatusBadRequest,
		}
	case strings.HasPrefix(first, "ssm") || !allowedName.MatchString(name):
		return invalid("Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths " +
			"divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_")
	case strings.Contains(name, "/") && name[0] != '/' || strings.HasSuffix(name, "/") || strings.Contains(name, "//"):
		return invalid("Parameter name must be a fully qualified name.")
	case strings.Count(name, "/") > maxLevels:
		return &types.HierarchyLevelLimitExceededException{Message: ptr("Hierarchy depth must be at most %d levels.", maxLevels)}
	}
	return nil
}

// invalid is the error of a request that does not meet the constraints.
func invalid(format string, args ...any) error {
	return &wire.Error{Code: "ValidationException", Message: fmt.Sprintf(format, args...), Status: http.StatusBadRequest}
}

func notFound() error { return &types.ParameterNotFound{} }

func ptr(format string, args ...any) *string { return new(fmt.Sprintf(format, args...)) }
