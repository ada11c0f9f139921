package gitalytest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gatehouse/adapters/gitaly/gitalypb"
)

type smartHTTP struct {
	gitalypb.UnimplementedSmartHTTPServiceServer
	s *Server
}

// begin returns where the repository of a transfer is on disk. The transfer ends with done,
// unless there is an error.
func (s *Server) begin(m *gitalypb.Repository) (path string, done func(), err error) {
	switch path = s.path(m.GetRelativePath()); {
	case m.GetStorageName() != s.Storage:
		err = status.Errorf(codes.InvalidArgument, "storage %q not found", m.GetStorageName())
	case path == "":
		err = status.Error(codes.Unimplemented, "the repositories are in memory")
	case !exists(path):
		err = status.Error(codes.NotFound, "repository not found")
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.closed {
		err = status.Error(codes.Unavailable, "the server has stopped")
	}
	if err != nil {
		return "", nil, err
	}
	s.transfers.Add(1)
	return path, s.transfers.Done, nil
}

// settings are the options of git's that Gitaly always has, and those of a call.
func settings(options []string) (arguments []string) {
	for _, option := range append([]string{"uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"}, options...) {
		arguments = append(arguments, "-c", option)
	}
	return arguments
}

func protocolOf(call interface{ GetGitProtocol() string }) []string {
	if call.GetGitProtocol() == "" {
		return nil
	}
	return []string{"GIT_PROTOCOL=" + call.GetGitProtocol()}
}

// InfoRefsUploadPack advertises the refs to fetch.
func (v smartHTTP) InfoRefsUploadPack(in *gitalypb.InfoRefsRequest, out grpc.ServerStreamingServer[gitalypb.InfoRefsResponse]) error {
	return v.infoRefs(in, out, "upload-pack")
}

// InfoRefsReceivePack advertises the refs to push to.
func (v smartHTTP) InfoRefsReceivePack(in *gitalypb.InfoRefsRequest, out grpc.ServerStreamingServer[gitalypb.InfoRefsResponse]) error {
	return v.infoRefs(in, out, "receive-pack")
}

func (v smartHTTP) infoRefs(in *gitalypb.InfoRefsRequest, out grpc.ServerStreamingServer[gitalypb.InfoRefsResponse], service string) error {
	path, done, err := v.s.begin(in.GetRepository())
	if err != nil {
		return err
	}
	defer done()
	w := sending(func(p []byte) error { return out.Send(&gitalypb.InfoRefsResponse{Data: p}) })
	line := fmt.Sprintf("# service=git-%s\n", service)
	if _, err := fmt.Fprintf(w, "%04x%s0000", len(line)+4, line); err != nil {
		return err
	}
	arguments := append(settings(in.GetGitConfigOptions()), "-c", "receive.advertisePushOptions=true", service, "--stateless-rpc", "--advertise-refs", path)
	return failure(serve(out.Context(), protocolOf(in), bytes.NewReader(nil), w, arguments...))
}

// sending sends what is written as messages.
type sending func([]byte) error

// Write sends.
func (s sending) Write(p []byte) (int, error) {
	if err := s(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// failure is Gitaly's error for one of git.
func failure(err error) error {
	if err == nil {
		return nil
	}
	return status.Error(codes.FailedPrecondition, err.Error())
}

// PostUploadPackWithSidechannel sends a pack.
func (v smartHTTP) PostUploadPackWithSidechannel(ctx context.Context, in *gitalypb.PostUploadPackWithSidechannelRequest) (*gitalypb.PostUploadPackWithSidechannelResponse, error) {
	path, done, err := v.s.begin(in.GetRepository())
	if err != nil {
		return nil, err
	}
	defer done()
	stream, err := openSidechannel(ctx)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "open sidechannel: %v", err)
	}
	var asked bytes.Buffer
	arguments := append(settings(in.GetGitConfigOptions()), "upload-pack", "--stateless-rpc", path)
	err = serve(ctx, protocolOf(in), io.TeeReader(&frames{r: stream}, &asked), v.s.throttled(ctx, stream), arguments...)
	closed := stream.Close()
	if bytes.Contains(asked.Bytes(), []byte("deepen")) {
		err = nil // git fails behind the first of the two requests of a shallow fetch
	}
	if err := failure(errors.Join(err, closed)); err != nil {
		return nil, err
	}
	return &gitalypb.PostUploadPackWithSidechannelResponse{PackfileNegotiationStatistics: statistics(asked.Bytes())}, nil
}

// statistics counts what a request asks for.
func statistics(request []byte) *gitalypb.PackfileNegotiationStatistics {
	all := &gitalypb.PackfileNegotiationStatistics{}
	for len(request) >= 4 {
		var n int
		if _, err := fmt.Sscanf(string(request[:4]), "%04x", &n); err != nil {
			break
		}
		n = min(max(n, 4), len(request))
		payload := request[4:n]
		request = request[n:]
		all.Packets++
		all.PayloadSize += int64(len(payload))
		switch {
		case bytes.HasPrefix(payload, []byte("want ")):
			all.Wants++
		case bytes.HasPrefix(payload, []byte("have ")):
			all.Haves++
		}
	}
	return all
}

// PostReceivePack receives a push.
func (v smartHTTP) PostReceivePack(stream grpc.BidiStreamingServer[gitalypb.PostReceivePackRequest, gitalypb.PostReceivePackResponse]) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	if first.GetGlId() == "" || first.Data != nil {
		return status.Error(codes.InvalidArgument, "empty GlId, or data")
	}
	path, done, err := v.s.begin(first.GetRepository())
	if err != nil {
		return err
	}
	defer done()
	push := Push{
		Repository: first.GetRepository(), Protocol: "http",
		User: &gitalypb.User{GlId: first.GetGlId(), GlUsername: first.GetGlUsername()},
	}
	out := sending(func(p []byte) error { return stream.Send(&gitalypb.PostReceivePackResponse{Data: p}) })
	in := &receiving{next: func() ([]byte, error) {
		message, err := stream.Recv()
		return message.GetData(), err
	}}
	return failure(v.s.receive(stream.Context(), push, path, in, out, protocolOf(first), settings(first.GetGitConfigOptions())))
}

// receiving reads the data of messages.
type receiving struct {
	next func() ([]byte, error)
	rest []byte
}

// Read reads.
func (r *receiving) Read(p []byte) (n int, err error) {
	for len(r.rest) == 0 {
		if r.rest, err = r.next(); err != nil {
			return 0, err
		}
	}
	n = copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// throttle is where packs stop.
type throttle struct {
	after             int
	reached, released chan struct{}
}

// Throttle has every fetch that begins from now on stop when so many bytes of its answer
// are sent. The channel gets a value for each one that does. They go on when release is
// called, once, and later fetches do not stop.
func (s *Server) Throttle(after int) (stopped <-chan struct{}, release func()) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	t := &throttle{after, make(chan struct{}, 1000), make(chan struct{})}
	s.throttle = t
	return t.reached, func() {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		if s.throttle == t {
			s.throttle = nil
		}
		close(t.released)
	}
}

// throttled returns a writer that stops where it should.
func (s *Server) throttled(ctx context.Context, w io.Writer) io.Writer {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.throttle == nil {
		return w
	}
	return &throttledWriter{ctx: ctx, w: w, throttle: s.throttle, left: s.throttle.after}
}

type throttledWriter struct {
	ctx      context.Context
	w        io.Writer
	throttle *throttle
	left     int
	once     sync.Once
}

// Write writes, and waits once.
func (t *throttledWriter) Write(p []byte) (int, error) {
	if len(p) <= t.left {
		t.left -= len(p)
		return t.w.Write(p)
	}
	n, err := t.w.Write(p[:t.left])
	if err != nil {
		return n, err
	}
	t.once.Do(func() {
		t.throttle.reached <- struct{}{}
		select {
		case <-t.throttle.released:
		case <-t.ctx.Done():
		}
	})
	t.left = 0
	rest, err := t.w.Write(p[n:])
	return n + rest, err
}
