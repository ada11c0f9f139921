package gitalytest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/hashicorp/yamux"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

// multiplexing takes connections that are plain gRPC, and those that are multiplexed.
type multiplexing struct {
	credentials.TransportCredentials
}

func newMultiplexing() multiplexing { return multiplexing{insecure.NewCredentials()} }

// Clone returns a copy.
func (m multiplexing) Clone() credentials.TransportCredentials {
	return multiplexing{m.TransportCredentials.Clone()}
}

// ServerHandshake looks at how a connection begins.
func (m multiplexing) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := m.TransportCredentials.ServerHandshake(raw)
	if err != nil {
		return nil, nil, err
	}
	first := make([]byte, len("backchannel"))
	if _, err := io.ReadFull(conn, first); err != nil {
		return nil, nil, err
	}
	if string(first) != "backchannel" {
		return plainConn{conn, io.MultiReader(bytes.NewReader(first), conn)}, info, nil
	}
	config := yamux.DefaultConfig()
	config.AcceptBacklog, config.LogOutput = 1, io.Discard
	session, err := yamux.Server(conn, config)
	if err != nil {
		return nil, nil, err
	}
	stream, err := session.AcceptStream()
	if err != nil {
		return nil, nil, errors.Join(err, session.Close())
	}
	return sessionConn{stream, session}, sessionInfo{info, session}, nil
}

// plainConn has the bytes again that were looked at.
type plainConn struct {
	net.Conn
	r io.Reader
}

// Read reads.
func (c plainConn) Read(p []byte) (int, error) { return c.r.Read(p) }

// sessionConn ends together with its session.
type sessionConn struct {
	net.Conn
	session *yamux.Session
}

// Close closes the session.
func (c sessionConn) Close() error { return c.session.Close() }

// sessionInfo tells calls the session that they came by.
type sessionInfo struct {
	credentials.AuthInfo
	session *yamux.Session
}

// openSidechannel opens a stream to the caller. It has no deadline, and ends with ctx.
func openSidechannel(ctx context.Context) (*yamux.Stream, error) {
	from, _ := peer.FromContext(ctx)
	info, ok := from.AuthInfo.(sessionInfo)
	if !ok {
		return nil, errors.New("the connection is not multiplexed")
	}
	md, _ := metadata.FromIncomingContext(ctx)
	ids := md.Get("gitaly-sidechannel-id")
	if len(ids) != 1 {
		return nil, fmt.Errorf("sidechannel ids %q, want one", ids)
	}
	id, err := strconv.ParseInt(ids[0], 10, 64)
	if err != nil {
		return nil, err
	}
	stream, err := info.session.OpenStream()
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = stream.SetDeadline(time.Unix(1, 0)) })
	if err := greet(stream, id); err != nil {
		return nil, errors.Join(err, stream.Close())
	}
	return stream, nil
}

// greet says which call a stream is for.
func greet(stream *yamux.Stream, id int64) error {
	if _, err := stream.Write(binary.BigEndian.AppendUint64([]byte("sidechannel"), uint64(id))); err != nil {
		return err
	}
	ok := make([]byte, 2)
	if _, err := io.ReadFull(stream, ok); err != nil || string(ok) != "ok" {
		return fmt.Errorf("got %q, %w", ok, err)
	}
	return nil
}

// frames reads what a client sends on a sidechannel.
type frames struct {
	r     io.Reader
	left  int
	ended bool
}

// Read reads up to the last frame.
func (f *frames) Read(p []byte) (int, error) {
	for f.left == 0 && !f.ended {
		length := make([]byte, 4)
		if _, err := io.ReadFull(f.r, length); err != nil {
			return 0, fmt.Errorf("length of a frame: %w", errors.Join(err, io.ErrUnexpectedEOF))
		}
		n, err := strconv.ParseUint(string(length), 16, 16)
		if err != nil || n > 0 && n <= 4 || n > 65520 {
			return 0, fmt.Errorf("frame of length %q", length)
		}
		f.left, f.ended = max(int(n)-4, 0), n == 0
	}
	if f.ended {
		return 0, io.EOF
	}
	n, err := f.r.Read(p[:min(len(p), f.left)])
	f.left -= n
	return n, err
}
