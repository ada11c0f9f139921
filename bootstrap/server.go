package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"gatehouse/bootstrap/config"

	"go.uber.org/zap"
)

// Handlers are what is served: Internal on http.address and http.socket,
// Public on http.public_address.
type Handlers struct{ Internal, Public http.Handler }

// Addresses are where a Server listens; empty where it does not.
type Addresses struct{ TCP, Socket, Public string }

// Server listens where HTTP says, and serves until it is stopped.
type Server struct {
	doors  []*door
	log    *zap.Logger
	served sync.WaitGroup
	failed chan error
}

// door is one listener and the server behind it.
type door struct {
	key, address string
	listen       func(ctx context.Context, address string) (net.Listener, error)
	listener     net.Listener
	server       *http.Server
}

// NewServer makes a Server; it does not listen yet.
func NewServer(config config.HTTP, handlers Handlers, log *zap.Logger) *Server {
	s := &Server{log: log, failed: make(chan error, 1)}
	s.add("http.address", config.Address, listenTCP, handlers.Internal)
	s.add("http.socket", config.Socket, listenUnix, handlers.Internal)
	s.add("http.public_address", config.PublicAddress, listenTCP, handlers.Public)
	return s
}

func (s *Server) add(key, address string, listen func(context.Context, string) (net.Listener, error), handler http.Handler) {
	if address == "" {
		return
	}
	s.doors = append(s.doors, &door{key: key, address: address, listen: listen, server: &http.Server{
		Handler: handler,
		// A push of many refs may take long to be sent, so that there is no
		// limit on the body but its size.
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          zap.NewStdLog(s.log.Named("http")),
	}})
}

// Start listens everywhere or nowhere, and then serves in the background.
func (s *Server) Start(ctx context.Context) error {
	for _, d := range s.doors {
		var err error
		if d.listener, err = d.listen(ctx, d.address); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", d.key, err), s.closeAll())
		}
	}
	for _, d := range s.doors {
		s.log.Info("listening", zap.String("key", d.key), zap.String("address", d.listener.Addr().String()))
		s.served.Go(func() { s.serve(d) })
	}
	return nil
}

func (s *Server) closeAll() error {
	var errs []error
	for _, d := range s.doors {
		if d.listener != nil {
			errs = append(errs, d.listener.Close())
		}
	}
	return errors.Join(errs...)
}

func (s *Server) serve(d *door) {
	if err := d.server.Serve(d.listener); !errors.Is(err, http.ErrServerClosed) {
		select {
		case s.failed <- fmt.Errorf("%s: %w", d.key, err):
		default: // one reason to stop is enough
		}
	}
}

// Failed yields an error if the server cannot go on.
func (s *Server) Failed() <-chan error { return s.failed }

// Stop takes no more requests and waits until those under way are answered; it
// hangs up on what is left of them when ctx is done.
func (s *Server) Stop(ctx context.Context) error {
	errs := make([]error, len(s.doors))
	var drained sync.WaitGroup
	for i, d := range s.doors {
		drained.Go(func() {
			if err := d.server.Shutdown(ctx); err != nil {
				errs[i] = errors.Join(fmt.Errorf("%s: requests were cut off: %w", d.key, err), d.server.Close())
			}
		})
	}
	drained.Wait()
	s.served.Wait()
	return errors.Join(errs...)
}

// Addresses returns where the server really listens, once it does.
func (s *Server) Addresses() Addresses {
	at := map[string]string{}
	for _, d := range s.doors {
		if d.listener != nil {
			at[d.key] = d.listener.Addr().String()
		}
	}
	return Addresses{TCP: at["http.address"], Socket: at["http.socket"], Public: at["http.public_address"]}
}
