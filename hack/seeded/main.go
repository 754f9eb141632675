// Command seeded plants one known bug after the other into a copy of the tree and runs the suites that must fail on it, so
// that a suite which cannot fail is found. It must not touch the tree that it copies.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/runbook-operator/runbook-operator/hack/controlplane"
)

// folder is where the bugs are, from the root of the repository: one patch a file.
const folder = "test/fault/seeded"

func main() {
	var o options
	flag.BoolVar(&o.check, "check", false, "only check that every patch applies and that what it makes compiles")
	flag.BoolVar(&o.all, "all", false, "run every suite that a patch names, not only until the first fails")
	flag.BoolVar(&o.sound, "sound", true, "run each suite without a bug first: one that fails then catches nothing")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: seeded [flags] [bug ...]\nbugs are names of files in "+folder+", without .patch; none: all of them")
		flag.PrintDefaults()
	}
	flag.Parse()
	o.names = flag.Args()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "seeded:", err)
		os.Exit(1)
	}
}

type options struct {
	check, all, sound bool
	names             []string
}

// run plants the bugs, and fails if one was not caught.
func run(ctx context.Context, o options) error {
	bugs, err := readBugs(folder, o.names)
	if err != nil {
		return err
	}
	if !o.check {
		assets, err := controlplane.Assets(ctx, os.Stderr)
		if err != nil {
			return fmt.Errorf("finding the control plane: %w", err)
		}
		if err := os.Setenv("KUBEBUILDER_ASSETS", assets); err != nil {
			return fmt.Errorf("setting the folder of the control plane: %w", err)
		}
	}
	tree, err := copyTree(ctx, ".")
	if err != nil {
		return err
	}
	defer tree.unlock()
	r := runner{tree: tree, options: o, sound: map[string]error{}}
	var rows []row
	var failures error
	for _, b := range bugs {
		began := time.Now()
		rs, err := r.plant(ctx, b)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failures = errors.Join(failures, fmt.Errorf("%s: %w", b.name, err))
			rs = append(rs, row{bug: b.name, by: "NOTHING", spec: firstLine(err.Error()), took: time.Since(began)})
		}
		for _, one := range rs {
			fmt.Fprintln(os.Stderr, one)
		}
		rows = append(rows, rs...)
	}
	print(os.Stdout, rows)
	if failures != nil {
		return failures
	}
	return nil
}

// runner plants bugs into one tree.
type runner struct {
	options
	tree  *tree
	sound map[string]error // what a suite said of the tree without a bug
}

// plant plants one bug, and returns what became of each suite that was run. It fails if none caught it, or if the patch
// does not make a program.
func (r *runner) plant(ctx context.Context, b bug) (rows []row, err error) {
	if !r.check && r.options.sound {
		for _, s := range b.suites {
			if err := r.isSound(ctx, s); err != nil {
				return nil, err
			}
		}
	}
	began := time.Now()
	if err := r.tree.apply(ctx, b, false); err != nil {
		return nil, err
	}
	defer func() {
		if back := r.tree.apply(context.WithoutCancel(ctx), b, true); err == nil {
			err = back
		}
	}()
	if err := r.tree.build(ctx, b); err != nil {
		return nil, err
	}
	if r.check {
		return []row{{bug: b.name, by: "applies and compiles", took: time.Since(began)}}, nil
	}
	caught := false
	for _, s := range b.suites {
		began := time.Now()
		failed, err := r.tree.test(ctx, s, b.name)
		one := row{bug: b.name, by: s.String(), spec: failed, took: time.Since(began)}
		switch {
		case err != nil:
			return rows, fmt.Errorf("suite %s: %w", s, err)
		case failed == "":
			one.spec = "did not notice"
		}
		rows = append(rows, one)
		caught = caught || failed != ""
		if caught && !r.all {
			break
		}
	}
	if !caught {
		return rows, errors.New("no suite caught it")
	}
	return rows, nil
}

// isSound says that a suite passes where there is no bug.
func (r *runner) isSound(ctx context.Context, s suite) error {
	err, known := r.sound[s.String()]
	if known {
		return err
	}
	began := time.Now()
	failed, err := r.tree.test(ctx, s, "no-bug")
	if err == nil && failed != "" {
		err = fmt.Errorf("suite %s fails without a bug, and so catches nothing: %s", s, failed)
	}
	r.sound[s.String()] = err
	if err == nil {
		fmt.Fprintf(os.Stderr, "%s passes without a bug (%s)\n", s, time.Since(began).Round(time.Second))
	}
	return err
}

// row of the table.
type row struct {
	bug, by, spec string
	took          time.Duration
}

func (r row) String() string {
	return fmt.Sprintf("%-28s %6.1f s  %s: %s", r.bug, r.took.Seconds(), r.by, r.spec)
}

// print prints which suite caught which bug.
func print(out *os.File, rows []row) {
	wide := [2]int{len("bug"), len("caught by")}
	for _, r := range rows {
		wide[0], wide[1] = max(wide[0], len(r.bug)), max(wide[1], len(r.by))
	}
	format := fmt.Sprintf("%%-%ds  %%-%ds  %%8s  %%s\n", wide[0], wide[1])
	_, _ = fmt.Fprintf(out, format, "bug", "caught by", "seconds", "the first that failed")
	for _, r := range rows {
		_, _ = fmt.Fprintf(out, format, r.bug, r.by, fmt.Sprintf("%.1f", r.took.Seconds()), r.spec)
	}
	names := map[string]bool{}
	for _, r := range slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.by == "NOTHING" }) {
		names[r.bug] = true
	}
	_, _ = fmt.Fprintf(out, "%d bugs\n", len(names))
}
