package lambda

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// Function describes a function to put into the world, in place of CreateFunction.
type Function struct {
	// Name is the function's name.
	Name string
	// MemorySize is in MB and Timeout in seconds.
	MemorySize, Timeout int32
	// Runtime, Handler and Role are as in the API.
	Runtime, Handler, Role string
	// Code stands for the deployment package; only its hash and size are kept.
	Code string
	// Environment are the environment variables, secrets included: GetFunction returns them.
	Environment map[string]string
	// Tags are the tags, those of CloudFormation included.
	Tags map[string]string
	// Alias, when set, is an alias that points to a version that is published for it: 1, if the name is new.
	Alias string
	// CapacityProviderARN, when set, is the capacity provider of a function on Lambda Managed Instances. Reads tell of it; that
	// $LATEST.PUBLISHED serves its calls (Lambda Developer Guide, version publishing) is not simulated.
	CapacityProviderARN string
	// ReservedConcurrency is the reservation; nil for none.
	ReservedConcurrency *int32
}

// PutFunction adds a function, or deletes one of that name and creates it anew. It is the scenario's way in and skips
// the API's checks.
func (s *Service) PutFunction(d Function) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.issued[d.Name] == nil {
		s.issued[d.Name] = &issued{}
	}
	f := &function{
		name: d.Name, aliases: map[string]*alias{}, tags: maps.Clone(d.Tags), reserved: d.ReservedConcurrency, issued: s.issued[d.Name],
	}
	f.latest = &version{
		number: latestVersion, runtime: types.Runtime(d.Runtime), handler: d.Handler, role: d.Role,
		codeSHA256: sha256Base64([]byte(d.Code)), codeSize: int64(len(d.Code)),
		memory: d.MemorySize, timeout: d.Timeout, ephemeral: minEphemeral,
		tracing: types.TracingModePassThrough, architecture: types.ArchitectureX8664,
		environment: maps.Clone(d.Environment), modified: s.o.Now(), capacityProvider: d.CapacityProviderARN,
	}
	f.latest.revisionID = f.nextRevision(s.o.Seed)
	f.serving = f.latest.clone()
	if d.Alias != "" {
		v := f.publish("", s.o.Seed)
		f.aliases[d.Alias] = &alias{name: d.Alias, version: v.number, revisionID: f.nextRevision(s.o.Seed)}
	}
	s.functions[d.Name] = f
	s.remember(f, s.o.Now())
}

// RemoveFunction deletes a function, as a person in the console would.
func (s *Service) RemoveFunction(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.functions, name)
	s.history[name] = append(s.history[name], snapshot{from: s.o.Now()})
}

// SetConcurrencyLimit changes the account's limit, as a granted quota increase does.
func (s *Service) SetConcurrencyLimit(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.o.ConcurrentExecutions = n
	s.limits = append(s.limits, limit{s.o.Now(), n})
}

// Target is one version that serves calls, with its share of them.
type Target struct {
	// Version is the version's number or $LATEST.
	Version string
	// Weight is the share of calls, 0 to 1.
	Weight float64
	// MemorySize is in MB and Timeout in seconds.
	MemorySize, Timeout int32
}

// Targets are the versions that serve calls to a function through a qualifier ("" for $LATEST). None means that calls
// fail because function or qualifier do not exist.
func (s *Service) Targets(name, qualifier string) []Target {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.functions[name]
	if !ok {
		return nil
	}
	a, isAlias := f.aliases[qualifier]
	if !isAlias {
		v := f.resolve(qualifier)
		if v == nil {
			return nil
		}
		return []Target{f.target(v.number, 1)}
	}
	rest := 1.0
	var out []Target
	for number, weight := range a.weights {
		rest -= weight
		out = append(out, f.target(number, weight))
	}
	return append([]Target{f.target(a.version, rest)}, out...)
}

func (f *function) target(number string, weight float64) Target {
	v := f.serving
	if number != latestVersion {
		v = f.find(number)
	}
	return Target{Version: number, Weight: weight, MemorySize: v.memory, Timeout: v.timeout}
}

// Concurrency is a function's reservation, false without one, and the pool that functions without one share.
func (s *Service) Concurrency(name string) (reserved int, isReserved bool, pool int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	pool = s.unreserved("")
	f, ok := s.functions[name]
	if !ok || f.reserved == nil {
		return 0, false, pool
	}
	return int(*f.reserved), true, pool
}

// WriteState writes the configuration of the account in a canonical text, the same for the same state.
func (s *Service) WriteState(w io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
	p("lambda limit %d floor %d\n", s.o.ConcurrentExecutions, s.o.UnreservedFloor)
	for _, name := range s.names() {
		f := s.functions[name]
		p("function %s updating until %s failed %q\n", name, f.updateDue, f.failed)
		if f.reserved != nil {
			p("reserved %d\n", *f.reserved)
		}
		for _, v := range append([]*version{f.latest, f.serving}, f.published...) {
			p("version %s %s %q code %s %s\n", v.number, v.revisionID, v.description, v.codeSHA256, v.config())
		}
		for _, n := range slices.Sorted(maps.Keys(f.aliases)) {
			a := f.aliases[n]
			p("alias %s %s %q -> %s %v\n", n, a.revisionID, a.description, a.version, a.weights)
		}
		for _, k := range slices.Sorted(maps.Keys(f.tags)) {
			p("tag %q=%q\n", k, f.tags[k])
		}
	}
}
