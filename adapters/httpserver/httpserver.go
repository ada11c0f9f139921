// Package httpserver serves HTTP on TCP addresses and Unix sockets, limits what a
// client may hold before a handler admits its request, and at the end waits for the
// admitted requests under way.
package httpserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	stdlog "log"
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
	// Permissions are those of a "unix" socket.
	Permissions Permissions
	// Listener is served in place of Network and Address, unless it is nil.
	Listener net.Listener
	// Handler answers the requests. Its http.ResponseWriter, or one that this unwraps
	// to, has the method Admit, which tells the server that the request is that of an
	// authenticated caller, and the method Stream, which gives it as long as its bytes
	// take.
	Handler http.Handler
	// Connections is how many connections may be open at once; the next ones wait
	// until one closes. 0 means any number.
	Connections int
	// Idle is how long a connection may wait for its next request. 0 means two
	// minutes.
	Idle time.Duration
}

const (
	// readTimeout is how long the head of a request may take to arrive, and together
	// with it the body, unless the handler sets a later deadline. A read that waits
	// for the end of the connection while the handler works has no deadline.
	readTimeout = 10 * time.Second
	idleTimeout = 2 * time.Minute
	// maxHead is the size of the head of a request, in bytes. A head of many short
	// fields takes some twenty times as much memory, on each connection.
	maxHead = 16 << 10
	// strangerGrace is how long Stop waits for requests that are not admitted.
	strangerGrace = 2 * time.Second
)

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
	server *http.Server
	// connections are the open ones, each a *conn.
	connections sync.Map
}

// New makes a Server that does not listen yet. It ignores endpoints without an
// address.
func New(log *zap.Logger, endpoints ...Endpoint) *Server {
	s := &Server{log: log, failed: make(chan error, 1)}
	for _, e := range endpoints {
		if e.Address != "" || e.Listener != nil {
			s.listeners = append(s.listeners, newListener(e, zap.NewStdLog(log.Named("http"))))
		}
	}
	return s
}

func newListener(e Endpoint, log *stdlog.Logger) *listener {
	l := &listener{Endpoint: e}
	l.server = &http.Server{
		Handler:                      http.HandlerFunc(l.handle),
		ReadTimeout:                  readTimeout,
		IdleTimeout:                  cmp.Or(e.Idle, idleTimeout),
		MaxHeaderBytes:               maxHead,
		ConnContext:                  withConn,
		ConnState:                    l.track,
		ErrorLog:                     log,
		DisableGeneralOptionsHandler: true,
	}
	return l
}

// Start listens at all endpoints, and serves them in the background. If it cannot
// listen at one of them it listens at none.
func (s *Server) Start(ctx context.Context) error {
	for _, l := range s.listeners {
		if err := l.listen(ctx); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", l.Key, err), s.closeAll())
		}
	}
	for _, l := range s.listeners {
		s.log.Info("listening", zap.String("key", l.Key), zap.String("address", l.Listener.Addr().String()))
		s.served.Go(func() { s.serve(l) })
	}
	return nil
}

func (s *Server) closeAll() error {
	var errs []error
	for _, l := range s.listeners {
		if l.Listener != nil {
			errs = append(errs, l.Listener.Close())
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

// Stop accepts no more requests and waits until the admitted ones under way are
// answered. After strangerGrace it closes the connections whose request is not
// admitted, and when ctx ends those of the rest.
func (s *Server) Stop(ctx context.Context) error {
	errs := make([]error, len(s.listeners))
	var drained sync.WaitGroup
	for i, l := range s.listeners {
		drained.Go(func() { errs[i] = l.stop(ctx) })
	}
	drained.Wait()
	s.served.Wait()
	return errors.Join(errs...)
}

func (l *listener) stop(ctx context.Context) error {
	strangers := time.AfterFunc(strangerGrace, l.closeStrangers)
	defer strangers.Stop()
	if err := l.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("%s: requests were cut off: %w", l.Key, err), l.server.Close())
	}
	return nil
}

// Address returns where the server listens for the key, with the port that the
// system chose. It is empty before Start, and for a key without an address.
func (s *Server) Address(key string) string {
	for _, l := range s.listeners {
		if l.Key == key && l.Listener != nil {
			return l.Listener.Addr().String()
		}
	}
	return ""
}
