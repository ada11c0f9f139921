// Package sidechannel moves raw bytes beside a call of Gitaly's: over the connection of the
// call, but not through gRPC. Gitaly opens a stream back to the caller while it answers the
// call; which call it is for, it says with a number that the call had in its metadata.
package sidechannel

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/yamux"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
)

const (
	magic = "sidechannel"
	// helloTimeout limits how long a stream may take until it is accepted.
	helloTimeout = 5 * time.Second
	// maxHellos is how many streams of a connection are read from before they have said
	// which call they are for. More of them wait.
	maxHellos = 64
)

// Acceptor accepts the streams that Gitaly opens, and gives each to the call that it is
// for. Every grpc.ClientConn needs its own. It is safe for concurrent use.
type Acceptor struct {
	mutex sync.Mutex
	calls map[int64]*Call
}

// New makes an Acceptor for which no call waits.
func New() *Acceptor { return &Acceptor{calls: map[int64]*Call{}} }

// Credentials returns credentials for the connections of the Acceptor's grpc.ClientConn.
// Such a connection is first secured by inner and then multiplexed. Gitaly knows it by its
// first bytes.
func (a *Acceptor) Credentials(inner credentials.TransportCredentials) credentials.TransportCredentials {
	return transport{inner, a}
}

// Call is a call that waits for its stream.
type Call struct {
	acceptor *Acceptor
	id       int64
	arrived  chan *Stream
	dropped  chan struct{}
	drop     sync.Once
}

// lastID is shared by all connections, so that no stream can be taken for that of another.
var lastID atomic.Int64

// Expect registers a call, under a number that no other call ever has. The caller has to
// receive from Arrived until the call has ended, and to Drop the Call then.
func (a *Acceptor) Expect() *Call {
	c := &Call{acceptor: a, id: lastID.Add(1), arrived: make(chan *Stream), dropped: make(chan struct{})}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.calls[c.id] = c
	return c
}

// Outgoing returns the context to make the call with: its metadata has the number.
func (c *Call) Outgoing(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "gitaly-sidechannel-id", strconv.FormatInt(c.id, 10))
}

// Arrived is where the stream comes once Gitaly has opened it. The receiver has to close
// it. No second one comes.
func (c *Call) Arrived() <-chan *Stream { return c.arrived }

// Drop has a stream that comes later closed. It may be called more than once.
func (c *Call) Drop() {
	c.acceptor.find(c.id)
	c.drop.Do(func() { close(c.dropped) })
}

// find returns the call with a number and forgets it; nil if there is none.
func (a *Acceptor) find(id int64) *Call {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	c := a.calls[id]
	delete(a.calls, id)
	return c
}

// serve accepts the streams of a session until that ends.
func (a *Acceptor) serve(session *yamux.Session) {
	free, calls := make(chan struct{}, maxHellos), noCalls{session, make(chan net.Conn)}
	go calls.serve()
	for {
		select {
		case free <- struct{}{}:
		case <-session.CloseChan():
			return
		}
		stream, err := session.AcceptStream()
		if err != nil {
			_ = session.Close()
			return
		}
		go func() {
			defer func() { <-free }()
			if err := a.admit(stream, calls); err != nil {
				_ = stream.Close()
			}
		}()
	}
}

var (
	errNoSidechannel = errors.New("sidechannel: not the stream of one")
	errGRPC          = errors.New("sidechannel: the stream of gRPC")
	errNoCall        = errors.New("sidechannel: no call waits for the stream")
)

// admit gives a stream to its call.
func (a *Acceptor) admit(stream *yamux.Stream, calls noCalls) error {
	if err := stream.SetDeadline(time.Now().Add(helloTimeout)); err != nil {
		return err
	}
	id, err := readHello(stream)
	if errors.Is(err, errGRPC) {
		return calls.answer(stream)
	}
	if err != nil {
		return err
	}
	call := a.find(id)
	if call == nil {
		return errNoCall
	}
	if _, err := stream.Write([]byte("ok")); err != nil {
		return err
	}
	if err := stream.SetDeadline(time.Time{}); err != nil {
		return err
	}
	select {
	case call.arrived <- &Stream{stream}:
		return nil
	case <-call.dropped:
		return errNoCall
	}
}

// readHello reads how a stream begins, and returns the number of its call.
func readHello(r io.Reader) (id int64, err error) {
	var hello [len(magic) + 8]byte
	if _, err := io.ReadFull(r, hello[:len(magic)]); err != nil {
		return 0, fmt.Errorf("sidechannel: first bytes: %w", err)
	}
	switch string(hello[:len(magic)]) {
	case magic:
	case callMagic:
		return 0, errGRPC
	default:
		return 0, errNoSidechannel
	}
	if _, err := io.ReadFull(r, hello[len(magic):]); err != nil {
		return 0, fmt.Errorf("sidechannel: number of the call: %w", err)
	}
	return int64(binary.BigEndian.Uint64(hello[len(magic):])), nil
}
