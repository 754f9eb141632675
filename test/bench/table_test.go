//go:build bench

package bench

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// samples are measured durations of the wall.
type samples []time.Duration

// quantile returns the nearest-rank quantile.
func (s samples) quantile(q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(s))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// row is one line of the table: what, how often, and either a latency or a number.
type row struct{ what, n, value, p99, note string }

type table struct{ rows []row }

// section begins a part of the table, and says so: it takes minutes.
func (t *table) section(name string) {
	fmt.Fprintf(os.Stderr, "bench: %s\n", name)
	t.rows = append(t.rows, row{what: name})
}

func (t *table) latency(what string, s samples, note string) {
	if len(s) == 0 {
		panic("nothing was measured for " + what)
	}
	t.rows = append(t.rows, row{what, fmt.Sprint(len(s)), short(s.quantile(0.5)), short(s.quantile(0.99)), note})
}

func (t *table) number(what string, n int, value, note string) {
	t.rows = append(t.rows, row{what, fmt.Sprint(n), value, "", note})
}

func short(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// String writes the table for a terminal.
func (t *table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-58s %7s %12s %12s  %s\n", "", "n", "p50 / value", "p99", "")
	for _, r := range t.rows {
		if r.n == "" {
			fmt.Fprintf(&b, "\n%s\n", r.what)
			continue
		}
		fmt.Fprintln(&b, strings.TrimRight(fmt.Sprintf("  %-56s %7s %12s %12s  %s", r.what, r.n, r.value, r.p99, r.note), " "))
	}
	return b.String()
}

// machine says where the figures are from.
func machine() string {
	return fmt.Sprintf("%d cores, %s, %s of memory, %s %s/%s, load %s at the beginning", runtime.NumCPU(), field("/proc/cpuinfo", "model name"),
		field("/proc/meminfo", "MemTotal"), runtime.Version(), runtime.GOOS, runtime.GOARCH, load())
}

// field returns a field of a file of /proc.
func field(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "unknown " + name
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown " + name
}

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(text))[0]
}
