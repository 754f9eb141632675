package sim

import (
	"errors"
	"fmt"
	"net"
	"net/http"
)

// Start serves the world over HTTP on a loopback address, for example "127.0.0.1:0", and returns the endpoint for
// AWS_ENDPOINT_URL and a function that ends it. Anything but loopback is refused: the signatures are not verified.
func (w *World) Start(addr string) (endpoint string, stop func(), err error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return "", nil, fmt.Errorf("starting the simulated AWS: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", nil, fmt.Errorf("starting the simulated AWS: %s is not a loopback address", addr)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", nil, fmt.Errorf("starting the simulated AWS: %w", err)
	}
	s := &http.Server{Handler: w.handler, ReadHeaderTimeout: serverTimeout}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			panic(fmt.Sprintf("serving the simulated AWS: %v", err))
		}
	}()
	return "http://" + l.Addr().String(), func() { _ = s.Close(); <-done }, nil
}
