package httpserver

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"
)

const (
	// writeTimeout and writeRate say how fast a peer must take what is written to it:
	// the time for any write, and the bytes in each further second.
	writeTimeout = 10 * time.Second
	writeRate    = 64 << 10
)

// listen opens the listener, unless there is one, and limits its connections.
func (l *listener) listen(ctx context.Context) (err error) {
	if l.Listener == nil {
		if l.Listener, err = listen(ctx, l.Network, l.Address, l.Permissions); err != nil {
			return err
		}
	}
	if l.Connections > 0 {
		l.Listener = netutil.LimitListener(l.Listener, l.Connections)
	}
	l.Listener = connListener{l.Listener}
	return nil
}

// connListener accepts connections as *conn.
type connListener struct{ net.Listener }

// Accept implements net.Listener.
func (l connListener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: accepted}, nil
}

// conn is a connection whose writes fail if the peer does not take them in time. It
// knows whether its current request is admitted.
type conn struct {
	net.Conn
	admitted atomic.Bool
	// idle is a time.Duration: how long a write may wait for the peer to take anything.
	// 0 means that writes have a time by their size.
	idle atomic.Int64
}

// Write implements net.Conn.
func (c *conn) Write(p []byte) (int, error) {
	if idle := time.Duration(c.idle.Load()); idle > 0 {
		return c.stream(p, idle)
	}
	allowed := writeTimeout + time.Duration(len(p)/writeRate)*time.Second
	if err := c.SetWriteDeadline(time.Now().Add(allowed)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// looks is how often a write that streams looks in each idle time whether the peer has taken
// anything.
const looks = 10

// stream writes p for as long as the peer takes some of it in each idle.
func (c *conn) stream(p []byte, idle time.Duration) (written int, err error) {
	for silent := 0; silent < looks; {
		if err := c.SetWriteDeadline(time.Now().Add(idle / looks)); err != nil {
			return written, err
		}
		var n int
		n, err = c.Conn.Write(p[written:])
		written += n
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return written, err
		}
		silent++
		if n > 0 {
			silent = 0
		}
	}
	return written, err
}

// endRequest forgets what a handler has said of the request.
func (c *conn) endRequest() {
	c.admitted.Store(false)
	c.idle.Store(0)
}

// CloseWrite ends what the peer reads, while its own writes still arrive: net/http
// calls it so that the peer sees an answer that it did not expect. A connection
// that cannot do so is left as it is.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// track keeps the open connections. The next request of a connection is not admitted,
// nor streamed, because the one before it was.
func (l *listener) track(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		l.connections.Store(c, nil)
	case http.StateIdle:
		c.(*conn).endRequest()
	case http.StateClosed, http.StateHijacked:
		l.connections.Delete(c)
	}
}

// closeStrangers closes the connections whose request is not admitted, or is not
// there yet.
func (l *listener) closeStrangers() {
	l.connections.Range(func(key, _ any) bool {
		if c := key.(*conn); !c.admitted.Load() {
			_ = c.Close()
		}
		return true
	})
}

func (l *listener) handle(w http.ResponseWriter, r *http.Request) {
	l.Handler.ServeHTTP(response{w, r.Context().Value(connKey{}).(*conn)}, r)
}

// response is a http.ResponseWriter by which a handler can admit the request, and give
// its bytes as long as they take.
type response struct {
	http.ResponseWriter
	conn *conn
}

// Admit says that the request is that of an authenticated caller: Stop waits until
// it is answered.
func (r response) Admit() { r.conn.admitted.Store(true) }

// Stream gives the request as long as its bytes take. From now until the next request
// of the connection a write goes on while the peer takes at least one byte in each
// idle, which is more than 0: a peer that stops is cut off a little later than that.
// Reads have no deadline, unless the handler sets one before each.
func (r response) Stream(idle time.Duration) {
	r.conn.idle.Store(int64(idle))
	_ = r.conn.SetReadDeadline(time.Time{}) // it fails only if the connection is closed
}

// Unwrap returns the writer of net/http, for http.ResponseController.
func (r response) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Flush implements http.Flusher.
func (r response) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }
