package sidechannel

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/hashicorp/yamux"
	"google.golang.org/grpc/credentials"
)

// connectionMagic tells Gitaly that a connection is multiplexed.
const connectionMagic = "backchannel"

// transport multiplexes the connections that other credentials secure.
type transport struct {
	credentials.TransportCredentials
	acceptor *Acceptor
}

// ClientHandshake returns the stream that gRPC talks over.
func (t transport) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	secured, info, err := t.TransportCredentials.ClientHandshake(ctx, authority, raw)
	if err != nil {
		return nil, nil, err
	}
	session, err := multiplex(ctx, secured)
	if err != nil {
		_ = secured.Close()
		return nil, nil, err
	}
	calls, err := session.OpenStream()
	if err != nil {
		_ = session.Close()
		return nil, nil, fmt.Errorf("sidechannel: stream for gRPC: %w", err)
	}
	go t.acceptor.serve(session)
	return connection{calls, session}, info, nil
}

// Clone returns a copy with the same Acceptor.
func (t transport) Clone() credentials.TransportCredentials {
	return transport{t.TransportCredentials.Clone(), t.acceptor}
}

// multiplex begins a session on a connection.
func multiplex(ctx context.Context, conn net.Conn) (*yamux.Session, error) {
	deadline, _ := ctx.Deadline()
	if err := conn.SetWriteDeadline(deadline); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(conn, connectionMagic); err != nil {
		return nil, fmt.Errorf("sidechannel: first bytes of the connection: %w", err)
	}
	if err := conn.SetWriteDeadline(time.Time{}); err != nil {
		return nil, err
	}
	config := yamux.DefaultConfig()
	config.EnableKeepAlive = false // gRPC's own pings notice a dead connection
	config.StreamCloseTimeout = time.Second
	config.LogOutput = io.Discard
	return yamux.Client(conn, config)
}

// connection is the stream that gRPC talks over. It ends together with its session.
type connection struct {
	net.Conn
	session *yamux.Session
}

// Close closes the session with all its streams, and the connection below.
func (c connection) Close() error { return c.session.Close() }
