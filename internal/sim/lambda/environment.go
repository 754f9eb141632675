package lambda

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// maxEnvironmentBytes is the size of all keys and values (Lambda Developer Guide, "Lambda quotas").
const maxEnvironmentBytes = 4096

// environmentKeyPattern is the pattern of a key (API Reference, Environment).
const environmentKeyPattern = `[a-zA-Z]([a-zA-Z0-9_])+`

var environmentKey = regexp.MustCompile(`^` + environmentKeyPattern + `$`)

// reservedKeys "are reserved and cannot be set in your function configuration" (Lambda Developer Guide, "Working with
// Lambda environment variables", "Defined runtime environment variables"). Those that begin with an underscore do not
// match the pattern either.
var reservedKeys = []string{
	"AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
	"AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
	"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API",
	"LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "AWS_LAMBDA_MAX_CONCURRENCY",
}

// checkEnvironment holds environment variables to their rules; the texts are those that AWS answers.
func checkEnvironment(variables map[string]string) error {
	size := 0
	var reserved []string
	for _, k := range slices.Sorted(maps.Keys(variables)) {
		if !environmentKey.MatchString(k) {
			return validationException("1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: " +
				"Map keys must satisfy constraint: [Member must satisfy regular expression pattern: " + environmentKeyPattern + "]")
		}
		if slices.Contains(reservedKeys, k) {
			reserved = append(reserved, k)
		}
		size += len(k) + len(variables[k])
	}
	switch {
	case len(reserved) > 0:
		return invalidParameter("Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", strings.Join(reserved, ", "))
	case size > maxEnvironmentBytes:
		return invalidParameter("Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.")
	}
	return nil
}
