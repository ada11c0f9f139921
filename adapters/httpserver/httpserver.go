// Package httpserver serves HTTP on TCP addresses and Unix sockets, and at the end
// waits for the requests under way.
package httpserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Endpoint is an address, and what is served there.
type Endpoint struct {
	// Key is the setting of the address. It begins each error.
	Key string
	// Network is "tcp" or "unix".
	Network string
	// Address is host:port, or the path of a socket.
	Address string
	Handler http.Handler
}

// Server serves all its endpoints or none.
type Server struct {
	listeners []*listener
	log       *zap.Logger
	served    sync.WaitGroup
	failed    chan error
}

// listener listens at an endpoint, from Start on.
type listener struct {
	Endpoint
	net.Listener
	server *http.Server
}

// New makes a Server that does not listen yet. It ignores endpoints without an
// address.
func New(log *zap.Logger, endpoints ...Endpoint) *Server {
	s := &Server{log: log, failed: make(chan error, 1)}
	for _, e := range endpoints {
		if e.Address == "" {
			continue
		}
		s.listeners = append(s.listeners, &listener{Endpoint: e, server: &http.Server{
			Handler: e.Handler,
			// There is no time limit for a body: a push of many refs may take long to
			// arrive. Its size is limited elsewhere.
			ReadHeaderTimeout: 10 * time.Second,
			IdleTimeout:       2 * time.Minute,
			ErrorLog:          zap.NewStdLog(log.Named("http")),
		}})
	}
	return s
}

// Start listens at all endpoints, and serves them in the background. If it cannot
// listen at one of them it listens at none.
func (s *Server) Start(ctx context.Context) error {
	for _, l := range s.listeners {
		var err error
		if l.Listener, err = listen(ctx, l.Network, l.Address); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", l.Key, err), s.closeAll())
		}
	}
	for _, l := range s.listeners {
		s.log.Info("listening", zap.String("key", l.Key), zap.String("address", l.Addr().String()))
		s.served.Go(func() { s.serve(l) })
	}
	return nil
}

func (s *Server) closeAll() error {
	var errs []error
	for _, l := range s.listeners {
		if l.Listener != nil {
			errs = append(errs, l.Close())
		}
	}
	return errors.Join(errs...)
}

func (s *Server) serve(l *listener) {
	if err := l.server.Serve(l.Listener); !errors.Is(err, http.ErrServerClosed) {
		select {
		case s.failed <- fmt.Errorf("%s: %w", l.Key, err):
		default: // one error is enough to stop
		}
	}
}

// Failed returns a channel that yields an error if the server cannot go on.
func (s *Server) Failed() <-chan error { return s.failed }

// Stop accepts no more requests and waits until those under way are answered. When
// ctx ends it closes the connections of the rest.
func (s *Server) Stop(ctx context.Context) error {
	errs := make([]error, len(s.listeners))
	var drained sync.WaitGroup
	for i, l := range s.listeners {
		drained.Go(func() {
			if err := l.server.Shutdown(ctx); err != nil {
				errs[i] = errors.Join(fmt.Errorf("%s: requests were cut off: %w", l.Key, err), l.server.Close())
			}
		})
	}
	drained.Wait()
	s.served.Wait()
	return errors.Join(errs...)
}

// Address returns where the server listens for the key, with the port that the
// system chose. It is empty before Start, and for a key without an address.
func (s *Server) Address(key string) string {
	for _, l := range s.listeners {
		if l.Key == key && l.Listener != nil {
			return l.Addr().String()
		}
	}
	return ""
}
