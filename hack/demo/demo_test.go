package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/hack/world"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// factors are how fast the clock of a story runs: the next slower one where the machine did not keep up. That nobody
// looked in time is a fact of the story itself, and nothing else is told twice.
var factors = []float64{60, 20, 7}

// hear lets a story happen from beginning to end and returns it, with its world still running.
func hear(t *testing.T, seed int64, scenario reactstocks.Scenario) *story {
	t.Helper()
	for i, factor := range factors {
		s, out, err := told(t, options{seed: seed, scenario: scenario, factor: factor})
		switch slow := new(errBehind); {
		case err == nil:
			NewWithT(t).Expect(strings.Count(out, "\n")).To(Equal(len(s.lines)), "each line of the narration is one line of the output")
			NewWithT(t).Expect(out).NotTo(ContainSubstring("\x1b"), "the output is no terminal, so it has no colour")
			return s
		case errors.As(err, &slow) && i+1 < len(factors):
			t.Logf("again with a slower clock: %v", err)
		default:
			t.Fatalf("%v, after:\n%s", err, out)
		}
	}
	return nil
}

// told lets a story happen on one clock. The world of one that failed is stopped.
func told(t *testing.T, o options) (*story, string, error) {
	t.Helper()
	o.log = filepath.Join(t.TempDir(), "operator.log")
	w, err := world.Start(t.Context(), o.world(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	s, err := newStory(w, o, &out)
	if err == nil {
		err = s.tell(t.Context(), s.steps())
	}
	if err != nil {
		return s, out.String(), errors.Join(err, w.Stop())
	}
	t.Cleanup(func() {
		if err := w.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s, out.String(), nil
}

// texts are the lines of a topic.
func (s *story) texts(topic string) []string {
	var out []string
	for _, l := range s.lines {
		if l.topic == topic {
			out = append(out, l.text)
		}
	}
	return out
}

func TestADemoWhoseAlarmNeverFiresSaysSoAndFails(t *testing.T) {
	t.Parallel() // with the stories, which mostly wait for their clocks
	g := NewWithT(t)
	var out, errs bytes.Buffer

	code := run(t.Context(), []string{"-scenario", "steady", "-seed", "3", "-factor", "300", "-log", filepath.Join(t.TempDir(), "operator.log")}, &out, &errs)

	g.Expect(code).To(Equal(1))
	g.Expect(errs.String()).To(ContainSubstring(`step "alarm": an alarm that opens an Incident did not happen within 12m0s of the world`))
	g.Expect(out.String()).To(MatchRegexp(`stuck +AWSAccount prod: Detecting=True AlarmsRead`))
	g.Expect(out.String()).To(MatchRegexp(`stuck +ServerlessApplication react-stocks: Ready=True Watched`))
	g.Expect(out.String()).To(ContainSubstring("there is no Incident"))
	g.Expect(out.String()).NotTo(ContainSubstring("resolved"))
}

func TestWrongFlagsAreRefused(t *testing.T) {
	for _, args := range [][]string{{"-scenario", "nonsense"}, {"-factor", "0"}, {"-seed", "x"}} {
		t.Run(fmt.Sprint(args), func(t *testing.T) {
			g := NewWithT(t)
			var out, errs bytes.Buffer
			g.Expect(run(t.Context(), args, &out, &errs)).To(Equal(2))
			g.Expect(out.String()).To(BeEmpty())
			g.Expect(errs.String()).NotTo(BeEmpty())
		})
	}
}
