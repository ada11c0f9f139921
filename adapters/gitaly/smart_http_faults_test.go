package gitaly_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"gatehouse/adapters/gitaly/gitalypb"
	"gatehouse/application/gitaccess"
	"gatehouse/domain"
	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
)

// TestClient_smartHTTP_faults has Gitaly fail with every code: each request returns the kind
// that the port promises, and writes nothing.
func TestClient_smartHTTP_faults(t *testing.T) {
	t.Parallel()
	kinds := map[codes.Code]domain.Kind{
		codes.NotFound: domain.NotFound, codes.AlreadyExists: domain.Conflict, codes.ResourceExhausted: domain.TooMany,
		codes.Canceled: domain.Unavailable, codes.DeadlineExceeded: domain.Unavailable, codes.Unavailable: domain.Unavailable, codes.Aborted: domain.Unavailable,
		codes.InvalidArgument: domain.Unprocessable, codes.FailedPrecondition: domain.Unprocessable, codes.OutOfRange: domain.Unprocessable,
		codes.Unimplemented: domain.Unprocessable, codes.DataLoss: domain.Unprocessable,
		codes.Unknown: "", codes.Internal: "", codes.PermissionDenied: "", codes.Unauthenticated: "",
	}
	s := gitalytest.Start(t)
	d := started(t, s, 10)
	c := client(t, s)
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		want, listed := kinds[code]
		if !listed {
			t.Errorf("the code %v is not in the table", code)
		}
		s.Fail(func(gitalytest.Call) error { return status.Error(code, "so it is") })
		var got bytes.Buffer
		for name, request := range requests(c, transferOf(source.ReceivePack), d.wantAll(), &got) {
			err := request(t)
			if kind, _ := errors.AsType[domain.Kind](err); err == nil || kind != want || !strings.Contains(err.Error(), "so it is") || got.Len() > 0 {
				t.Errorf("%s after %v: got %q of %v, want %q", name, code, kind, err, want)
			}
		}
	}
}

// TestClient_smartHTTP_busy has Gitaly refuse calls because it has too many.
func TestClient_smartHTTP_busy(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	d := started(t, s, 10)
	c := client(t, s)
	for name, test := range map[string]struct {
		code  codes.Code
		retry *durationpb.Duration
		want  time.Duration
	}{
		"with a time":         {codes.ResourceExhausted, durationpb.New(90 * time.Second), 90 * time.Second},
		"without a time":      {codes.Unavailable, nil, 0},
		"with a time before":  {codes.Internal, durationpb.New(-time.Second), 0},
		"with part of second": {codes.FailedPrecondition, durationpb.New(1500 * time.Millisecond), 1500 * time.Millisecond},
	} {
		limited, err := status.New(test.code, "maximum queue size reached").WithDetails(&gitalypb.LimitError{ErrorMessage: "full", RetryAfter: test.retry})
		if err != nil {
			t.Fatal(err)
		}
		s.Fail(func(gitalytest.Call) error { return limited.Err() })
		for request, do := range requests(c, transferOf(source.UploadPack), d.wantAll(), io.Discard) {
			err := do(t)
			busy, ok := errors.AsType[*gitaccess.BusyError](err)
			if !ok || busy.RetryAfter != test.want || !errors.Is(err, domain.TooMany) {
				t.Errorf("%s, %s: got %v, want to wait for %v", request, name, err, test.want)
			}
		}
	}
}

func TestClient_smartHTTP_absent(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	d := started(t, s, 10)
	c := client(t, s)
	s.Forget(place("").RelativePath)
	for name, request := range requests(c, transferOf(source.UploadPack), d.wantAll(), io.Discard) {
		if err := request(t); !errors.Is(err, domain.NotFound) {
			t.Errorf("%s of an absent repository: got %v", name, err)
		}
	}
	s.Stop()
	for name, request := range requests(c, transferOf(source.UploadPack), d.wantAll(), io.Discard) {
		if err := request(t); !errors.Is(err, domain.Unavailable) {
			t.Errorf("%s of a stopped Gitaly: got %v", name, err)
		}
	}
}

// TestClient_smartHTTP_resume stops Gitaly and starts it again: transfers go on.
func TestClient_smartHTTP_resume(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	d := started(t, s, 10)
	c := client(t, s)
	for range 3 {
		waitFor(t, func() bool {
			var got bytes.Buffer
			_, err := c.UploadPack(t.Context(), transferOf(source.UploadPack), strings.NewReader(d.wantAll()), &got)
			return err == nil && bytes.Contains(got.Bytes(), []byte("PACK"))
		})
		s.Stop()
		s.Resume(t)
	}
}

// waitFor waits until a condition holds.
func waitFor(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !holds(); {
		if time.Now().After(end) {
			t.Fatal("the condition does not come to hold")
		}
	}
}

// TestClient_UploadPack_gitalyStops stops Gitaly in the middle of a pack.
func TestClient_UploadPack_gitalyStops(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	d := started(t, s, 4<<20)
	stopped, _ := s.Throttle(1 << 20)
	var got bytes.Buffer
	done := make(chan error, 1)
	c := client(t, s)
	go func() {
		_, err := c.UploadPack(t.Context(), transferOf(source.UploadPack), strings.NewReader(d.wantAll()), &got)
		done <- err
	}()
	<-stopped
	s.Stop()
	if err := <-done; !errors.Is(err, domain.Unavailable) {
		t.Errorf("got %v", err)
	}
	if got.Len() > 1<<20 {
		t.Errorf("got %d bytes", got.Len())
	}
}

// TestClient_ReceivePack_gitalyStops stops Gitaly while it judges a push.
func TestClient_ReceivePack_gitalyStops(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	started(t, s, 10)
	s.CallHooks(gitalytest.Hooks{PreReceive: func(gitalytest.Push) error {
		s.Stop()
		return nil
	}})
	if err := client(t, s).ReceivePack(t.Context(), transferOf(source.ReceivePack), strings.NewReader(deletion(one)), io.Discard); !errors.Is(err, domain.Unavailable) {
		t.Errorf("got %v", err)
	}
}

// deletion is a push that deletes a branch.
func deletion(id string) string {
	return packet(id+" "+strings.Repeat("0", 40)+" refs/heads/gone\x00report-status delete-refs") + "0000"
}

// TestClient_smartHTTP_endOfContext ends transfers that wait: for Gitaly, for the client's
// bytes, for a pack to go on.
func TestClient_smartHTTP_endOfContext(t *testing.T) {
	t.Parallel()
	gone := errors.New("the server shuts down")
	s := gitalytest.Start(t)
	d := started(t, s, 4<<20)
	c := client(t, s)
	ending := func(name string, when func(), move func(context.Context) error) {
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error, 1)
		go func() { done <- move(ctx) }()
		when()
		cancel(gone)
		if err := <-done; !errors.Is(err, gone) || !errors.Is(err, domain.Unavailable) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	upload := func(r io.Reader) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := c.UploadPack(ctx, transferOf(source.UploadPack), r, io.Discard)
			return err
		}
	}
	receive := func(r io.Reader) func(context.Context) error {
		return func(ctx context.Context) error {
			return c.ReceivePack(ctx, transferOf(source.ReceivePack), r, io.Discard)
		}
	}
	silent, close := io.Pipe()
	defer func() { _ = close.Close() }()
	came := func(method string, n int) func() {
		return func() { waitFor(t, func() bool { return len(s.Calls(method)) == n }) }
	}
	ending("fetch without a request", came("PostUploadPackWithSidechannel", 1), upload(silent))
	ending("push without an end", came("PostReceivePack", 1), receive(silent))
	stopped, release := s.Throttle(1000)
	ending("pack", func() { <-stopped }, upload(strings.NewReader(d.wantAll())))
	release()
	s.StopAnswering(func(gitalytest.Call) bool { return true })
	ending("fetch without an answer", came("PostUploadPackWithSidechannel", 3), upload(strings.NewReader(d.wantAll())))
	ending("push without an answer", came("PostReceivePack", 2), receive(strings.NewReader(deletion(one))))
	ending("refs without an answer", came("InfoRefsUploadPack", 1), func(ctx context.Context) error {
		return c.InfoRefs(ctx, transferOf(source.UploadPack), io.Discard)
	})
}

// broken is a client's end that fails.
type broken struct{ error }

func (b broken) Read([]byte) (int, error)  { return 0, b.error }
func (b broken) Write([]byte) (int, error) { return 0, b.error }

// TestClient_smartHTTP_brokenClient has the client's end fail, in the middle or at the
// beginning. That is not Gitaly's fault, and no clean end, even if the error is an end.
func TestClient_smartHTTP_brokenClient(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	d := started(t, s, 4<<20)
	c := client(t, s)
	for _, bad := range []error{errors.New("connection reset"), errors.Join(errors.New("cut short"), io.EOF), io.ErrUnexpectedEOF} {
		for name, err := range map[string]error{
			"InfoRefs, w": c.InfoRefs(t.Context(), transferOf(source.UploadPack), broken{bad}),
			"UploadPack, w": func() error {
				_, err := c.UploadPack(t.Context(), transferOf(source.UploadPack), strings.NewReader(d.wantAll()), broken{bad})
				return err
			}(),
			"UploadPack, r": func() error {
				_, err := c.UploadPack(t.Context(), transferOf(source.UploadPack), io.MultiReader(strings.NewReader(d.wantAll()[:20]), broken{bad}), io.Discard)
				return err
			}(),
			"ReceivePack, w": c.ReceivePack(t.Context(), transferOf(source.ReceivePack), strings.NewReader(deletion(one)), broken{bad}),
			"ReceivePack, r": c.ReceivePack(t.Context(), transferOf(source.ReceivePack), io.MultiReader(strings.NewReader(deletion(one)[:20]), broken{bad}), io.Discard),
		} {
			if kind, is := errors.AsType[domain.Kind](err); !errors.Is(err, bad) || is {
				t.Errorf("%s: got %q of %v, want %v without a kind", name, kind, err, bad)
			}
		}
	}
}

// TestClient_UploadPack_many runs 50 fetches at once, beside more than one per connection
// whose reader has stalled.
func TestClient_UploadPack_many(t *testing.T) {
	t.Parallel()
	s := gitalytest.Start(t)
	d := started(t, s, 1<<20)
	c := client(t, s)
	fetch := func(w io.Writer) error {
		_, err := c.UploadPack(t.Context(), transferOf(source.UploadPack), strings.NewReader(d.wantAll()), w)
		return err
	}
	var stalled sync.WaitGroup
	release := make(chan struct{})
	for range 8 {
		w := &stalling{reached: make(chan struct{}), release: release}
		stalled.Go(func() {
			if err := fetch(w); err != nil || w.size < 1<<20 {
				t.Errorf("a stalled reader: got %v after %d bytes", err, w.size)
			}
		})
		<-w.reached
	}
	var others sync.WaitGroup
	for range 50 {
		others.Go(func() {
			var got bytes.Buffer
			if err := fetch(&got); err != nil || got.Len() < 1<<20 {
				t.Errorf("got %v after %d bytes", err, got.Len())
			}
		})
	}
	others.Wait()
	close(release)
	stalled.Wait()
}

// stalling stops at the first bytes until it is released.
type stalling struct {
	once             sync.Once
	reached, release chan struct{}
	size             int
}

func (s *stalling) Write(p []byte) (int, error) {
	s.once.Do(func() {
		close(s.reached)
		<-s.release
	})
	s.size += len(p)
	return len(p), nil
}
