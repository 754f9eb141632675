// Package bench owns the benchmarks: the operator of production as a process, a real API server and the simulated AWS on
// this machine, measured from outside. It must not judge a figure, nor print one that it did not measure; it runs with
// the build tag bench.
package bench
