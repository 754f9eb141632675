package main

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/hack/world"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// hear lets a story happen and returns it, with its world still running.
func hear(t *testing.T, o options, steps func(*story) []step) *story {
	t.Helper()
	o.log = filepath.Join(t.TempDir(), "operator.log")
	w, err := world.Start(t.Context(), world.Options{Seed: o.seed, Factor: o.factor, Log: o.log, Progress: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Stop(); err != nil {
			t.Error(err)
		}
	})
	var out bytes.Buffer
	s, err := newStory(w, o, &out)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.tell(t.Context(), steps(s)); err != nil {
		t.Fatalf("%v, after:\n%s", err, &out)
	}
	NewWithT(t).Expect(strings.Count(out.String(), "\n")).To(Equal(len(s.lines)), "each line of the narration is one line of the output")
	NewWithT(t).Expect(out.String()).NotTo(ContainSubstring("\x1b"), "the output is no terminal, so it has no colour")
	return s
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

// Each step that the demo waits for must fail the demo when it does not happen.
func TestADemoWhoseAlarmNeverFiresSaysSoAndFails(t *testing.T) {
	t.Parallel() // with the whole story, which mostly waits for its clock
	g := NewWithT(t)
	var out, errs bytes.Buffer

	code := run(t.Context(), []string{"-scenario", "steady", "-seed", "3", "-factor", "300", "-log", filepath.Join(t.TempDir(), "operator.log")}, &out, &errs)

	g.Expect(code).To(Equal(1))
	g.Expect(errs.String()).To(ContainSubstring("an alarm that opens an Incident did not happen within 12m0s of the world"))
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

// throttling is the course of the main scenario, fast enough for a test.
func throttling(seed int64) options {
	return options{seed: seed, scenario: reactstocks.Throttling, factor: 90}
}
