package sidechannel_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/yamux"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"gatehouse/adapters/gitaly/sidechannel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// connection is a multiplexed connection, with Gitaly's end of it.
type connection struct {
	acceptor *sidechannel.Acceptor
	client   net.Conn
	gitaly   *yamux.Session
}

// connect makes a connection and reads how it begins.
func connect(t *testing.T) connection {
	t.Helper()
	near, far := net.Pipe()
	return multiplex(t, insecure.NewCredentials(), near, far)
}

// multiplex makes a connection of two ends.
func multiplex(t *testing.T, inner credentials.TransportCredentials, near, far net.Conn) connection {
	t.Helper()
	acceptor, accepted := sidechannel.New(), make(chan *yamux.Session, 1)
	go func() {
		defer close(accepted)
		magic := make([]byte, 11)
		if _, err := io.ReadFull(far, magic); err != nil || string(magic) != "backchannel" {
			t.Errorf("got %q, %v as first bytes", magic, err)
			return
		}
		config := yamux.DefaultConfig()
		config.LogOutput = io.Discard
		session, err := yamux.Server(far, config)
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := session.AcceptStream(); err != nil {
			t.Error(err)
		}
		accepted <- session
	}()
	client, _, err := acceptor.Credentials(inner).Clone().ClientHandshake(t.Context(), "example.com", near)
	if err != nil {
		t.Fatal(err)
	}
	gitaly := <-accepted
	if gitaly == nil {
		t.Fatal("no session")
	}
	t.Cleanup(func() { _, _ = client.Close(), gitaly.Close() })
	return connection{acceptor, client, gitaly}
}

// number is what a call tells Gitaly.
func number(t *testing.T, c *sidechannel.Call) uint64 {
	t.Helper()
	md, _ := metadata.FromOutgoingContext(c.Outgoing(t.Context()))
	id, err := strconv.ParseUint(strings.Join(md.Get("gitaly-sidechannel-id"), ","), 10, 63)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func hello(magic string, id uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte(magic), id)
}

// open opens a stream as Gitaly and begins it.
func (c connection) open(t *testing.T, hello []byte) *yamux.Stream {
	t.Helper()
	stream, err := c.gitaly.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Write(hello); err != nil {
		t.Fatal(err)
	}
	return stream
}

// pair opens the stream of a new call, and returns both ends.
func (c connection) pair(t *testing.T) (near *sidechannel.Stream, far *yamux.Stream) {
	t.Helper()
	call := c.acceptor.Expect()
	t.Cleanup(call.Drop)
	far = c.open(t, hello("sidechannel", number(t, call)))
	near = <-call.Arrived()
	ok := make([]byte, 2)
	if _, err := io.ReadFull(far, ok); err != nil || string(ok) != "ok" {
		t.Fatalf("got %q, %v", ok, err)
	}
	return near, far
}

// readFrames reads frames up to the last, as Gitaly does.
func readFrames(r io.Reader) (all []byte, err error) {
	for length := make([]byte, 4); ; {
		if _, err := io.ReadFull(r, length); err != nil {
			return all, errors.Join(err, io.ErrUnexpectedEOF)
		}
		n, err := strconv.ParseUint(string(length), 16, 16)
		switch {
		case err != nil:
			return all, err
		case n == 0:
			return all, nil
		case n <= 4 || n > sidechannel.MaxFrame:
			return all, errors.New("frame of length " + string(length))
		}
		all = append(all, make([]byte, n-4)...)
		if _, err := io.ReadFull(r, all[len(all)-int(n)+4:]); err != nil {
			return all, err
		}
	}
}

func TestStream_transfer(t *testing.T) {
	t.Parallel()
	near, far := connect(t).pair(t)
	question, answer := bytes.Repeat([]byte("want "), 100_000), bytes.Repeat([]byte("pack"), 500_000)
	sent, asked := make(chan error, 1), make(chan []byte, 1)
	go func() { sent <- near.Send(t.Context(), bytes.NewReader(question)) }()
	go func() {
		got, err := readFrames(far)
		if err != nil {
			t.Error(err)
		}
		asked <- got
		if _, err := far.Write(answer); err != nil {
			t.Error(err)
		}
		_ = far.Close()
	}()
	var got bytes.Buffer
	if err := near.Receive(t.Context(), &got); err != nil || !bytes.Equal(got.Bytes(), answer) {
		t.Errorf("received %d bytes, %v, want %d", got.Len(), err, len(answer))
	}
	if err := <-sent; err != nil {
		t.Errorf("sending: %v", err)
	}
	if got := <-asked; !bytes.Equal(got, question) {
		t.Errorf("sent %d bytes, want %d", len(got), len(question))
	}
	if err := near.Close(); err != nil {
		t.Error(err)
	}
}

// TestAcceptor_refuses opens streams for which no call waits: they are closed, and a stream
// behind them is served.
func TestAcceptor_refuses(t *testing.T) {
	t.Parallel()
	c := connect(t)
	dropped, served := c.acceptor.Expect(), c.acceptor.Expect()
	dropped.Drop()
	dropped.Drop()
	c.open(t, hello("sidechannel", number(t, served)))
	stream := <-served.Arrived()
	t.Cleanup(func() { _ = stream.Close() })
	for name, first := range map[string][]byte{
		"another protocol":  []byte("GET / HTTP/1.1\r\n\r\n"),
		"other letter case": hello("Sidechannel", number(t, served)),
		"unknown call":      hello("sidechannel", 1<<40),
		"negative number":   hello("sidechannel", 1<<63),
		"dropped call":      hello("sidechannel", number(t, dropped)),
		"served call":       hello("sidechannel", number(t, served)),
	} {
		got, err := io.ReadAll(c.open(t, first))
		if len(got) > 0 || err != nil && !errors.Is(err, yamux.ErrConnectionReset) {
			t.Errorf("%s: got %q, %v, want a closed stream", name, got, err)
		}
	}
	c.pair(t)
}

// TestAcceptor_gRPC calls the caller as Gitaly could: it offers no service, but answers.
func TestAcceptor_gRPC(t *testing.T) {
	t.Parallel()
	c := connect(t)
	conn, err := grpc.NewClient("passthrough:///caller", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return c.gitaly.OpenStream() }))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for range 3 {
		err := conn.Invoke(t.Context(), "/gitaly.RefTransaction/VoteTransaction", &emptypb.Empty{}, &emptypb.Empty{})
		if status.Code(err) != codes.Unimplemented {
			t.Errorf("got %v", err)
		}
	}
	if n := c.gitaly.NumStreams(); n != 2 {
		t.Errorf("got %d streams, want one for the calls in each direction", n)
	}
	c.pair(t)
}

// TestAcceptor_TLS transfers over a secured connection, and refuses a certificate that it
// does not trust.
func TestAcceptor_TLS(t *testing.T) {
	t.Parallel()
	known := httptest.NewTLSServer(nil)
	known.Close()
	server := &tls.Config{Certificates: known.TLS.Certificates, NextProtos: []string{"h2"}}
	roots := x509.NewCertPool()
	roots.AddCert(known.Certificate())
	near, far := net.Pipe()
	c := multiplex(t, credentials.NewTLS(&tls.Config{RootCAs: roots}), near, tls.Server(far, server))
	stream, gitaly := c.pair(t)
	go func() {
		_, _ = gitaly.Write([]byte("PACK"))
		_ = gitaly.Close()
	}()
	var got bytes.Buffer
	if err := stream.Receive(t.Context(), &got); err != nil || got.String() != "PACK" {
		t.Errorf("got %q, %v", got.String(), err)
	}
	_ = stream.Close()

	near, far = net.Pipe()
	done := make(chan error, 1)
	go func() { done <- tls.Server(far, server).HandshakeContext(t.Context()) }()
	_, _, err := sidechannel.New().Credentials(credentials.NewTLS(&tls.Config{RootCAs: x509.NewCertPool()})).ClientHandshake(t.Context(), "example.com", near)
	if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); !unknown {
		t.Errorf("got %v, want an unknown authority", err)
	}
	_ = near.Close()
	<-done
}

// TestAcceptor_numbers takes numbers on two connections: none comes twice.
func TestAcceptor_numbers(t *testing.T) {
	t.Parallel()
	a, b, seen := sidechannel.New(), sidechannel.New(), map[uint64]bool{}
	for range 100 {
		for _, acceptor := range []*sidechannel.Acceptor{a, b} {
			call := acceptor.Expect()
			id := number(t, call)
			if seen[id] || id == 0 {
				t.Fatalf("the number %d came twice", id)
			}
			seen[id] = true
			call.Drop()
		}
	}
}

// TestAcceptor_silentStreams opens streams that do not begin. It runs alone because it counts
// goroutines.
func TestAcceptor_silentStreams(t *testing.T) {
	c := connect(t)
	var silent []*yamux.Stream
	for range sidechannel.MaxHellos + 10 {
		silent = append(silent, c.open(t, []byte("side")))
	}
	c.pair(t) // when the first of them are closed
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	if n := bytes.Count(stacks, []byte("sidechannel.(*Acceptor).admit(")); n > sidechannel.MaxHellos {
		t.Errorf("%d streams are read from, want at most %d", n, sidechannel.MaxHellos)
	}
	if got, err := io.ReadAll(silent[0]); len(got) > 0 || err != nil && !errors.Is(err, yamux.ErrConnectionReset) {
		t.Errorf("got %q, %v, want a closed stream", got, err)
	}
}

// TestStream_Receive_lost ends the connection in the middle of an answer.
func TestStream_Receive_lost(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(connection){
		"by Gitaly":        func(c connection) { _ = c.gitaly.Close() },
		"by the client":    func(c connection) { _ = c.client.Close() },
		"by a broken peer": func(c connection) { _ = c.gitaly.GoAway(); _ = c.gitaly.Close() },
	} {
		c := connect(t)
		near, far := c.pair(t)
		got := make(received, 1)
		done := make(chan error, 1)
		go func() { done <- near.Receive(t.Context(), got) }()
		if _, err := far.Write([]byte("PACK")); err != nil {
			t.Fatal(err)
		}
		if part := <-got; part != "PACK" {
			t.Errorf("%s: got %q", name, part)
		}
		end(c)
		if err := <-done; !errors.Is(err, sidechannel.ErrLost) {
			t.Errorf("%s: got %v, want that the connection was lost", name, err)
		}
	}
}

// received gets what is written.
type received chan string

func (r received) Write(p []byte) (int, error) {
	r <- string(p)
	return len(p), nil
}

// TestStream_endOfContext ends the context while nothing comes, while something comes
// without an end, and while no more can be sent.
func TestStream_endOfContext(t *testing.T) {
	t.Parallel()
	gone := errors.New("the client is gone")
	c := connect(t)
	for name, run := range map[string]func(context.Context, *sidechannel.Stream, *yamux.Stream, func()) error{
		"silence": func(ctx context.Context, near *sidechannel.Stream, _ *yamux.Stream, end func()) error {
			time.AfterFunc(time.Millisecond, end)
			return near.Receive(ctx, io.Discard)
		},
		"bytes without an end": func(ctx context.Context, near *sidechannel.Stream, far *yamux.Stream, end func()) error {
			go func() { _, _ = io.Copy(far, endless{}) }()
			return near.Receive(ctx, after(3, end))
		},
		"full window": func(ctx context.Context, near *sidechannel.Stream, _ *yamux.Stream, end func()) error {
			time.AfterFunc(time.Millisecond, end)
			return near.Send(ctx, endless{})
		},
		"reader without an end": func(ctx context.Context, near *sidechannel.Stream, far *yamux.Stream, end func()) error {
			go func() { _, _ = io.Copy(after(3, end), far) }()
			return near.Send(ctx, endless{})
		},
	} {
		near, far := c.pair(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		if err := run(ctx, near, far, func() { cancel(gone) }); !errors.Is(err, gone) && !errors.Is(err, yamux.ErrTimeout) {
			t.Errorf("%s: got %v", name, err)
		}
		_, _ = near.Close(), far.Close()
	}
}

// endless never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// after calls do behind so many writes.
func after(writes int, do func()) io.Writer { return &counting{writes, do} }

type counting struct {
	left int
	do   func()
}

func (c *counting) Write(p []byte) (int, error) {
	if c.left--; c.left == 0 {
		c.do()
	}
	return len(p), nil
}

// TestStream_errors returns the errors of what is read from and written to.
func TestStream_errors(t *testing.T) {
	t.Parallel()
	near, far := connect(t).pair(t)
	bad := errors.New("bad disk")
	if err := near.Send(t.Context(), io.MultiReader(strings.NewReader("part"), failing{bad})); !errors.Is(err, bad) {
		t.Errorf("sending: got %v", err)
	}
	if _, err := far.Write([]byte("answer")); err != nil {
		t.Fatal(err)
	}
	if err := near.Receive(t.Context(), failing{bad}); !errors.Is(err, bad) {
		t.Errorf("receiving: got %v", err)
	}
	_ = near.Close()
	if got, err := readFrames(far); string(got) != "part" || err == nil {
		t.Errorf("got %q, %v, want no last frame behind the error", got, err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error)  { return 0, f.err }
func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestWriteFrames_allocations counts what is allocated for 16 MiB: less than once per frame.
func TestWriteFrames_allocations(t *testing.T) {
	buffer := make([]byte, sidechannel.MaxFrame)
	got := testing.AllocsPerRun(3, func() {
		if err := sidechannel.WriteFrames(io.Discard, io.LimitReader(endless{}, 16<<20), buffer); err != nil {
			t.Error(err)
		}
	})
	if got > 10 {
		t.Errorf("got %v allocations", got)
	}
}

func FuzzReadHello(f *testing.F) {
	f.Add([]byte("sidechannel\x00\x00\x00\x00\x00\x00\x00\x07"))
	f.Add([]byte("backchannel\x00\x00\x00\x00\x00\x00\x00\x07"))
	f.Add([]byte("sidechannel\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		id, err := sidechannel.ReadHello(bytes.NewReader(in))
		want := len(in) >= 19 && string(in[:11]) == "sidechannel"
		if want != (err == nil) {
			t.Fatalf("got %d, %v", id, err)
		}
		if want && !bytes.Equal(hello("sidechannel", uint64(id)), in[:19]) {
			t.Errorf("got %d of %q", id, in)
		}
	})
}

func FuzzWriteFrames(f *testing.F) {
	f.Add([]byte("0032want"), uint16(100))
	f.Add([]byte{}, uint16(5))
	f.Add(bytes.Repeat([]byte("x"), 100_000), uint16(sidechannel.MaxFrame))
	f.Fuzz(func(t *testing.T, in []byte, size uint16) {
		buffer := make([]byte, min(max(int(size), 5), sidechannel.MaxFrame))
		var frames bytes.Buffer
		if err := sidechannel.WriteFrames(&frames, bytes.NewReader(in), buffer); err != nil {
			t.Fatal(err)
		}
		got, err := readFrames(&frames)
		if err != nil || !bytes.Equal(got, in) || frames.Len() > 0 {
			t.Errorf("got %d bytes, %v, and %d behind the last frame", len(got), err, frames.Len())
		}
	})
}
