// Package process owns the operator as a child process that a test can kill, stop and continue, and the control plane as
// processes that a test can kill: the test binary executes itself. It must not decide what is right; the suites do.
package process
