//go:build fault

package process

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Incarnation is one process of the operator.
type Incarnation struct {
	// Name of the incarnation, unique in its World: the User-Agent of everything that it writes, and in that of its
	// calls to AWS.
	Name string
	// Ended is closed when the process is gone.
	Ended <-chan struct{}

	points string
	log    string
	stdin  io.WriteCloser
	armed  chan struct{}
	cmd    *exec.Cmd

	mu     sync.Mutex
	status syscall.WaitStatus
	died   time.Time
}

// Start starts another process of the operator. One that is armed passes points from its start on.
func (w *World) Start(armed bool, at Point) (*Incarnation, error) {
	binary, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the test binary: %w", err)
	}
	w.started++
	i := &Incarnation{Name: fmt.Sprintf("incarnation-%d", w.started), armed: make(chan struct{}, 1)}
	i.points, i.log = filepath.Join(w.dir, i.Name+".points"), filepath.Join(w.dir, i.Name+".log")
	cfg := w.Cluster.OperatorConfig
	text, err := json.Marshal(orders{
		Name: i.Name, Host: cfg.Host, CA: cfg.CAData, Token: cfg.BearerToken, Namespace: w.Namespace,
		Endpoint: w.Endpoint, Clock: w.clockFile, Points: i.points, Elect: w.Elect, Armed: armed, At: at,
	})
	if err != nil {
		return nil, fmt.Errorf("writing the orders: %w", err)
	}
	log, err := os.Create(i.log)
	if err != nil {
		return nil, fmt.Errorf("creating the log: %w", err)
	}
	defer func() { _ = log.Close() }() // the child has its own
	i.cmd = exec.Command(binary)
	i.cmd.Env = append(os.Environ(), variable+"="+string(text))
	i.cmd.Stderr = log
	stdout, err := i.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	if i.stdin, err = i.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	if err := i.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the operator: %w", err)
	}
	ended := make(chan struct{})
	i.Ended = ended
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			i.armed <- struct{}{}
		}
		_ = i.cmd.Wait() // the status says it all
		i.mu.Lock()
		defer i.mu.Unlock()
		i.died = time.Now()
		i.status, _ = i.cmd.ProcessState.Sys().(syscall.WaitStatus)
	}()
	w.running = append(w.running, i)
	return i, nil
}

// Arm lets the process count points anew from here, and end or stop at one; it returns when it does.
func (i *Incarnation) Arm(at Point) error {
	text, err := json.Marshal(at)
	if err != nil {
		return fmt.Errorf("arming %s: %w", i.Name, err)
	}
	if _, err := fmt.Fprintln(i.stdin, string(text)); err != nil {
		return fmt.Errorf("arming %s: %w", i.Name, err)
	}
	select {
	case <-i.armed:
		return nil
	case <-i.Ended:
		return fmt.Errorf("%s ended before it was armed: %s", i.Name, i.Log())
	}
}

// Signal sends a signal to the process.
func (i *Incarnation) Signal(s syscall.Signal) error {
	if err := i.cmd.Process.Signal(s); err != nil {
		return fmt.Errorf("sending %s to %s: %w", s, i.Name, err)
	}
	return nil
}

// Alive says whether the process runs, or is stopped.
func (i *Incarnation) Alive() bool {
	select {
	case <-i.Ended:
		return false
	default:
		return true
	}
}

// Stopped says whether the process is stopped, by SIGSTOP.
func (i *Incarnation) Stopped() bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", i.cmd.Process.Pid))
	if err != nil {
		return false
	}
	// The state comes after the name in parentheses (proc_pid_stat(5)).
	_, state, _ := strings.Cut(string(text), ") ")
	return strings.HasPrefix(state, "T")
}

// Killed says whether the process ended by SIGKILL, and when that was seen.
func (i *Incarnation) Killed() (bool, time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.status.Signaled() && i.status.Signal() == syscall.SIGKILL, i.died
}

// Status says how the process ended.
func (i *Incarnation) Status() syscall.WaitStatus {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.status
}

// Points returns the points that the process passed since it was first armed, in their order.
func (i *Incarnation) Points() ([]string, error) { return readPoints(i.points) }

// Log returns the end of what the process logged.
func (i *Incarnation) Log() string {
	text, err := os.ReadFile(i.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

// Said returns the lines of the log that hold a text.
func (i *Incarnation) Said(text string) []string {
	log, err := os.ReadFile(i.log)
	if err != nil {
		return []string{err.Error()}
	}
	return slices.DeleteFunc(strings.Split(string(log), "\n"), func(line string) bool { return !strings.Contains(line, text) })
}

// end ends the process, whatever it does, and waits for it.
func (i *Incarnation) end() error {
	if !i.Alive() {
		return nil
	}
	err := i.cmd.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-i.Ended
	return err
}
