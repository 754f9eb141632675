// Package effect owns the attacks on the promise that an approved change is made once: the operator, the API server and
// etcd are killed, stopped and started again at every point, and AWS answers so that nobody can tell. It must not
// emulate what it can do to real processes.
package effect
