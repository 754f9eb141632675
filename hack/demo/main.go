// Command demo shows one incident from the alarm to its end: a real API server, a simulated AWS and the operator, in
// one terminal, on a clock that runs fast. It must not print a number of its own: every line is rendered from an
// object, the ledger of AWS calls or a clock.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"charm.land/lipgloss/v2"

	"github.com/runbook-operator/runbook-operator/hack/world"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// factor is how many seconds pass in the world while one passes on the wall.
const factor = 30

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit code: 0 when every step of the scenario happened, 1 when one did not, 2 for wrong flags.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o := options{}
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Int64Var(&o.seed, "seed", 1, "another `number` makes other traffic")
	scenario := flags.String("scenario", string(reactstocks.Throttling), "what happens, a `name` of: "+world.ScenarioNames())
	flags.Float64Var(&o.factor, "factor", factor, "how many seconds pass in the world in one second; the limit is what the machine keeps up with")
	flags.StringVar(&o.log, "log", "", "the `file` for the operator's log; the default is .dev/demo.log in the repository, or demo-2.log and so on while other demos run")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	var err error
	if o.scenario, err = world.Scenario(*scenario); err == nil && o.factor <= 0 {
		err = errors.New("-factor must be above 0")
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "demo: %v\n", err)
		return 2
	}
	if o.log == "" {
		var folder string
		folder, err = world.Folder()
		if err == nil {
			o.log, err = world.FreeLog(folder, "demo")
		}
	}
	if err == nil {
		said := context.AfterFunc(ctx, func() {
			_, _ = fmt.Fprintln(stderr, "\ndemo: stopping; what is being started is stopped too, which may take half a minute")
		})
		defer said()
		err = play(ctx, o, stdout, stderr)
	}
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		_, _ = fmt.Fprintln(stderr, "demo: stopped before its end")
	default:
		_, _ = fmt.Fprintf(stderr, "demo: %v\nThe operator's log is %s\n", err, o.log)
	}
	return 1
}

// options of a demo.
type options struct {
	seed     int64
	scenario reactstocks.Scenario
	factor   float64
	log      string
}

// world is the world of a demo.
func (o options) world(progress io.Writer) world.Options {
	return world.Options{Seed: o.seed, Factor: o.factor, Log: o.log, Progress: progress}
}

// play starts a world, narrates a scenario in it, and stops the world.
func play(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	_, _ = lipgloss.Fprintln(stdout, bold.Render("runbook-operator: starting an API server, a simulated AWS and the operator"))
	w, err := world.Start(ctx, o.world(stderr))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Stop()) }()
	s, err := newStory(w, o, stdout)
	if err != nil {
		return err
	}
	return s.tell(ctx, s.steps())
}
