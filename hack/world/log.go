package world

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"syscall"

	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// The loggers of controller-runtime and of the Kubernetes client belong to the whole process, and klog's may not be set
// while anything runs. So they are set once, to write to wherever the newest world logs.
var (
	setLoggers sync.Once
	sink       = &switched{to: io.Discard}
)

// FreeLog returns the file for the log of one more world: name.log, or name-2.log and so on while others run.
func FreeLog(folder, name string) (string, error) {
	for n := 1; ; n++ {
		path := filepath.Join(folder, name+".log")
		if n > 1 {
			path = filepath.Join(folder, fmt.Sprintf("%s-%d.log", name, n))
		}
		f, err := take(path)
		if err == nil {
			return path, f.Close()
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return "", err
		}
	}
}

// logTo sends the log of the operator, and of the Kubernetes client that it uses, to a file that no other world writes.
// It returns what closes it.
func logTo(file string) (func() error, error) {
	f, err := take(file)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("another world writes its log to %s: name another file", file)
	}
	if err != nil {
		return nil, err
	}
	sink.set(f)
	setLoggers.Do(func() {
		logger := zap.New(zap.WriteTo(sink))
		ctrl.SetLogger(logger)
		klog.SetLogger(logger)
	})
	return func() error { sink.unset(f); return f.Close() }, nil
}

// switched is a writer whose destination changes.
type switched struct {
	mu sync.Mutex
	to io.Writer
}

// Write writes to the present destination.
func (s *switched) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to.Write(p)
}

func (s *switched) set(to io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = to
}

// unset drops what is written from now on, unless somebody else took over.
func (s *switched) unset(from io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.to == from {
		s.to = io.Discard
	}
}
