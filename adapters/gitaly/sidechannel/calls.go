package sidechannel

import (
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/yamux"
	"google.golang.org/grpc"
)

// callMagic is how a stream of gRPC begins.
const callMagic = "PRI * HTTP/"

// noCalls answers the stream on which Gitaly would call its caller: gRPC without a service.
// It would open that again and again, and log a warning each time, were it only closed.
type noCalls struct {
	session *yamux.Session
	conns   chan net.Conn
}

// serve ends with the session.
func (n noCalls) serve() {
	server := grpc.NewServer()
	defer server.Stop()
	_ = server.Serve(n)
}

// answer returns when the stream is closed. Its first bytes have been read.
func (n noCalls) answer(stream *yamux.Stream) error {
	if err := stream.SetDeadline(time.Time{}); err != nil {
		return err
	}
	conn := &callConn{Stream: stream, r: io.MultiReader(strings.NewReader(callMagic), stream), closed: make(chan struct{})}
	select {
	case n.conns <- conn:
		<-conn.closed
		return nil
	case <-n.session.CloseChan():
		return net.ErrClosed
	}
}

// Accept implements net.Listener.
func (n noCalls) Accept() (net.Conn, error) {
	select {
	case conn := <-n.conns:
		return conn, nil
	case <-n.session.CloseChan():
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (n noCalls) Close() error { return nil }

// Addr implements net.Listener.
func (n noCalls) Addr() net.Addr { return n.session.Addr() }

// callConn is a stream that has its first bytes again.
type callConn struct {
	*yamux.Stream
	r      io.Reader
	once   sync.Once
	closed chan struct{}
}

// Read reads.
func (c *callConn) Read(p []byte) (int, error) { return c.r.Read(p) }

// Close closes the stream.
func (c *callConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Stream.Close()
}
