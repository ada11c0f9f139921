package sidechannel

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/hashicorp/yamux"
)

// ErrLost says that the connection ended before the stream. What was received may be a part
// only, unless the call says that Gitaly had sent all.
var ErrLost = errors.New("sidechannel: the connection was lost")

// Stream carries the bytes of one call. Send and Receive may run at the same time.
type Stream struct{ stream *yamux.Stream }

const (
	// lengthSize is how many digits say the length of a frame, themselves included.
	lengthSize = 4
	maxFrame   = 65520
)

// buffers have room for a frame.
var buffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// Send sends r to its end, and says so to Gitaly. It returns the error of r as it is. The
// end of ctx ends it unless r blocks.
func (s *Stream) Send(ctx context.Context, r io.Reader) error {
	stop := context.AfterFunc(ctx, func() { _ = s.stream.SetWriteDeadline(past) })
	defer stop()
	buffer := buffers.Get().(*[64 << 10]byte)
	defer buffers.Put(buffer)
	return writeFrames(writer{ctx, s.stream}, r, buffer[:maxFrame])
}

// Receive writes to w what Gitaly sends until that closes the stream. It returns the error
// of w as it is, and ErrLost if the connection ended before. The end of ctx ends it unless w
// blocks.
func (s *Stream) Receive(ctx context.Context, w io.Writer) error {
	stop := context.AfterFunc(ctx, func() { _ = s.stream.SetReadDeadline(past) })
	defer stop()
	buffer := buffers.Get().(*[64 << 10]byte)
	defer buffers.Put(buffer)
	// Without their other methods the two cannot copy through a buffer of their own.
	_, err := io.CopyBuffer(struct{ io.Writer }{w}, reader{ctx, s.stream}, buffer[:])
	return err
}

// Close closes the stream. Gitaly cannot send on it any more, at the latest after a second.
func (s *Stream) Close() error { return s.stream.Close() }

// past is a deadline that ends reading and writing at once.
var past = time.Unix(1, 0)

// reader reads what Gitaly sends.
type reader struct {
	ctx    context.Context
	stream *yamux.Stream
}

// Read fails when ctx has ended, also while there is more to read.
func (r reader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	n, err := r.stream.Read(p)
	if errors.Is(err, io.EOF) && r.stream.Session().IsClosed() {
		// The end of a session looks like that of its streams.
		err = ErrLost
	}
	return n, err
}

// writer writes to Gitaly.
type writer struct {
	ctx    context.Context
	stream *yamux.Stream
}

// Write fails when ctx has ended, also while there is room for more.
func (w writer) Write(p []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	return w.stream.Write(p)
}

// writeFrames writes r in frames, and behind them the one that says that no more follow.
// The buffer holds one frame, which cannot be longer.
func writeFrames(w io.Writer, r io.Reader, buffer []byte) error {
	for {
		n, err := r.Read(buffer[lengthSize:])
		if n > 0 {
			putLength(buffer, n+lengthSize)
			if _, err := w.Write(buffer[:lengthSize+n]); err != nil {
				return err
			}
		}
		if err == io.EOF { // an error that wraps it is no end
			_, err := io.WriteString(w, "0000")
			return err
		}
		if err != nil {
			return err
		}
	}
}

func putLength(frame []byte, n int) {
	var length [2]byte
	binary.BigEndian.PutUint16(length[:], uint16(n))
	hex.Encode(frame[:lengthSize], length[:])
}
