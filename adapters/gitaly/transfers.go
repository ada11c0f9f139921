package gitaly

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"gatehouse/adapters/gitaly/gitalypb"
	"gatehouse/adapters/gitaly/sidechannel"
	"gatehouse/application"
	"gatehouse/application/gitaccess"
	"gatehouse/domain"
)

// connsPerStorage spreads the transfers, so that those on one connection are few.
const connsPerStorage = 4

// transferConns are the connections of a storage for transfers. The other calls have one
// of their own, and do not wait behind packs.
type transferConns struct {
	all  []transferConn
	next atomic.Uint64
}

type transferConn struct {
	*grpc.ClientConn
	acceptor *sidechannel.Acceptor
}

func dialTransfers(s gitaccess.Storage, now application.Clock) (*transferConns, error) {
	conns := &transferConns{}
	for range connsPerStorage {
		acceptor := sidechannel.New()
		conn, err := dial(s, now, acceptor)
		if err != nil {
			return nil, errors.Join(err, conns.close())
		}
		conns.all = append(conns.all, transferConn{conn, acceptor})
	}
	return conns, nil
}

// pick returns the connections in turn, but for those that wait until they try again: after
// a restart of Gitaly a call on them would fail.
func (t *transferConns) pick() transferConn {
	first := t.next.Add(1)
	for i := range uint64(len(t.all)) {
		conn := t.all[(first+i)%uint64(len(t.all))]
		if conn.GetState() != connectivity.TransientFailure {
			return conn
		}
	}
	return t.all[first%uint64(len(t.all))]
}

func (t *transferConns) close() (all error) {
	if t == nil {
		return nil // it was not dialled
	}
	for _, conn := range t.all {
		all = errors.Join(all, conn.Close())
	}
	return all
}

// transfer returns the repository of a transfer, and a connection for it. It fails with
// domain.Unavailable for a storage that is not configured.
func (c *Client) transfer(t gitaccess.Transfer) (repository, transferConn, error) {
	r, err := c.location(t.Location)
	if err != nil {
		return repository{}, transferConn{}, fmt.Errorf("%s: no Gitaly for the storage %q: %w", t.Location.Repository, t.Location.Storage.Name, domain.Unavailable)
	}
	r.message.GlProjectPath = t.ProjectPath
	return r, c.transfers[t.Location.Storage.Name].pick(), nil
}

// transferring returns the context of a transfer's call. It has no time limit.
func transferring(ctx context.Context, t gitaccess.Transfer) context.Context {
	ctx = primary(ctx)
	for _, pair := range [][2]string{
		{"client_name", "gatehouse"},
		{"x-gitlab-correlation-id", t.CorrelationID},
		{"user_id", t.Actor.GLID()},
		{"username", t.Actor.User.Username},
		{"remote_ip", t.Address},
	} {
		if name, value := pair[0], pair[1]; value != "" && printable(value) {
			ctx = metadata.AppendToOutgoingContext(ctx, name, value)
		}
	}
	return ctx
}

// printable returns whether a value can be sent: gRPC refuses calls with others.
func printable(value string) bool {
	return !strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c > '~' })
}

// clientError is an error of the client's end of a transfer.
type clientError struct{ error }

// Unwrap returns the error.
func (e clientError) Unwrap() error { return e.error }

// clientReader ends a transfer when its reader fails.
type clientReader struct {
	r      io.Reader
	cancel context.CancelCauseFunc
}

// Read reads.
func (c clientReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil && err != io.EOF { // an error that wraps it is no end
		c.cancel(clientError{err})
	}
	return n, err
}

// clientWriter ends a transfer when its writer fails.
type clientWriter struct {
	w      io.Writer
	cancel context.CancelCauseFunc
}

// Write writes.
func (c clientWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if err != nil {
		c.cancel(clientError{err})
	}
	return n, err
}

// ending returns the error of a transfer that ended with err; ctx is that of its call. If
// the client's end broke, whatever came of it later does not count.
func (r repository) ending(ctx context.Context, err error, what string) error {
	cause := context.Cause(ctx)
	if broken, ok := errors.AsType[clientError](cause); ok {
		return fmt.Errorf("%s of %s: client: %w", what, r.name, broken.error)
	}
	if limit := busy(err); limit != nil {
		return fmt.Errorf("%s of %s: %w", what, r.name, limit)
	}
	if err = r.fault(err, what); err != nil && cause != nil {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// busy returns the error by which Gitaly takes no more calls; nil for any other.
func busy(err error) *gitaccess.BusyError {
	s := status.Convert(err)
	for _, detail := range s.Details() {
		if limit, ok := detail.(*gitalypb.LimitError); ok {
			return &gitaccess.BusyError{RetryAfter: max(limit.GetRetryAfter().AsDuration(), 0), Cause: err}
		}
	}
	if s.Code() == codes.ResourceExhausted {
		return &gitaccess.BusyError{Cause: err}
	}
	return nil
}
