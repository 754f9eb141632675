package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"k8s.io/utils/clock"
)

// line is one line of the narration.
type line struct {
	// at is world time since the scenario began.
	at    time.Duration
	topic string
	text  string
}

// narrator prints lines and keeps them.
type narrator struct {
	out   io.Writer
	clock clock.PassiveClock
	began time.Time
	lines []line
}

var (
	dim    = lipgloss.NewStyle().Faint(true)
	bold   = lipgloss.NewStyle().Bold(true)
	good   = lipgloss.NewStyle().Foreground(lipgloss.Green)
	bad    = lipgloss.NewStyle().Foreground(lipgloss.Red)
	colour = map[string]lipgloss.Style{
		"-": bad, "+": good, "refused": bad, "stuck": bad, "resolved": good.Bold(true), "proved": good, "approved": good, "diagnosis": bold, "change": bold, "inverse": bold, "reverted": good.Bold(true),
	}
)

// say prints one line. Colour is left out where the output is no terminal, or NO_COLOR is set: lipgloss decides.
func (n *narrator) say(topic, format string, args ...any) {
	text := strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " ")
	l := line{at: n.clock.Since(n.began), topic: topic, text: text}
	n.lines = append(n.lines, l)
	style, ok := colour[topic]
	if !ok {
		style = lipgloss.NewStyle()
	}
	// A narration that cannot be printed is no reason to leave a change half-way.
	_, _ = lipgloss.Fprintln(n.out, dim.Render(stamp(l.at))+" "+style.Render(fmt.Sprintf("%-12s %s", topic, text)))
}

// stamp is a duration in minutes and seconds of the world, as on a stop watch.
func stamp(d time.Duration) string {
	s := int(d.Seconds())
	return fmt.Sprintf("%3d:%02d", s/60, s%60)
}
