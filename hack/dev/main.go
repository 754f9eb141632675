// Command dev leaves the world of the demo running at the speed of the wall, for kubectl and aws by hand. It must not
// act in it: what happens is traffic, the operator, and whoever types.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/runbook-operator/runbook-operator/hack/world"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit code: 0 when it was told to stop, 1 when something failed, 2 for wrong flags.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("dev", flag.ContinueOnError)
	flags.SetOutput(stderr)
	seed := flags.Int64("seed", 1, "another `number` makes other traffic")
	name := flags.String("scenario", string(reactstocks.Throttling), "what happens, a `name` of: "+world.ScenarioNames())
	folder := flags.String("dir", "", "the `folder` for the files env and kubeconfig and for the log; the default is .dev in the repository")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	scenario, err := world.Scenario(*name)
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "dev: %v\n", err)
		return 2
	}
	if *folder == "" {
		*folder, err = world.Folder()
	}
	if err == nil {
		said := context.AfterFunc(ctx, func() {
			_, _ = fmt.Fprintln(stdout, "\nStopping. What is being started is stopped too: that may take half a minute.")
		})
		defer said()
		err = leave(ctx, *folder, *seed, scenario, stdout, stderr)
	}
	if err != nil && (ctx.Err() == nil || !errors.Is(err, context.Canceled)) {
		_, _ = fmt.Fprintf(stderr, "dev: %v\n", err)
		return 1
	}
	return 0
}

// leave starts the world, says how to use it, and leaves it running until the context ends. The folder is this world's
// alone: two would lead their users into each other's.
func leave(ctx context.Context, folder string, seed int64, scenario reactstocks.Scenario, stdout, stderr io.Writer) (err error) {
	unlock, err := world.Lock(folder)
	if err != nil {
		return err
	}
	defer unlock()
	log := filepath.Join(folder, "dev.log")
	_, _ = fmt.Fprintln(stdout, "Starting an API server, a simulated AWS and the operator.")
	w, err := world.Start(ctx, world.Options{Seed: seed, Factor: 1, Log: log, Progress: stderr})
	if err != nil {
		return interrupted(ctx, err)
	}
	defer func() { err = errors.Join(err, w.Stop()) }()
	f := files{kubeconfig: filepath.Join(folder, "kubeconfig"), env: filepath.Join(folder, "env")}
	defer func() { err = errors.Join(err, f.remove()) }()
	if err := f.write(w); err != nil {
		return err
	}
	beginning, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		_, _ = w.Begin(beginning, scenario) // it fails only where it is told to stop
	}()
	defer func() { cancel(); <-over }() // before the world is stopped
	text := strings.NewReplacer("$ENV", f.env, "$LOG", log, "$SCENARIO", string(scenario), "$COURSE", courses[scenario]).Replace(manual)
	_, _ = io.WriteString(stdout, text)
	select {
	case <-ctx.Done():
		return nil
	case err := <-w.Failed():
		return fmt.Errorf("the operator stopped: %w; its log is %s", err, log)
	}
}

// interrupted is the error of a start that a person interrupted: whatever failed then failed for that.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// courses say what to wait for.
var courses = map[reactstocks.Scenario]string{
	reactstocks.Steady:           "Nothing happens, and no alarm fires.",
	reactstocks.Throttling:       "Traffic grows, and brings an alarm after about five minutes.",
	reactstocks.RecoversByItself: "Traffic grows, brings an alarm after about five minutes, and falls back after twelve.",
	reactstocks.TrafficGone:      "Traffic grows, brings an alarm after about five minutes, and stops after twelve.",
	reactstocks.SlowDependency:   "Calls of the news worker take longer than its timeout, which brings an alarm after some minutes.",
	reactstocks.WrongFix:         "Calls of the news worker wait for an answer that never comes, which brings an alarm after some minutes.",
}

// manual is what is printed once everything runs.
const manual = `The world runs until you press Ctrl-C, at the speed of the wall. Scenario: $SCENARIO. In another terminal:

  source $ENV

  kubectl get serverlessapplications,incidents,remediations     # as on-call, who may approve
  kubectl describe remediation react-stocks-1-1                 # the plan, and the command that approves it
  kubectl --context developer auth whoami                       # contexts: on-call, developer, platform, admin
  aws cloudwatch describe-alarms --query 'MetricAlarms[].[AlarmName,StateValue]' --output table
  aws lambda get-function-concurrency --function-name react-stocks-backend-prod-ReactStocksFunction

$COURSE The operator's log is $LOG
`
