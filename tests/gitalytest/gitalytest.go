// Package gitalytest is a Gitaly for tests: it stores repositories in memory or on disk,
// serves gRPC over TCP or a Unix socket, and can be made to hang or stop.
package gitalytest

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"gatehouse/adapters/gitaly/gitalypb"
)

// Server is one Gitaly. It is safe for concurrent use.
type Server struct {
	// Storage is the name of its only storage. Secret is the token of its callers;
	// empty means that calls need no token.
	Storage, Secret string

	network, address string
	server           *grpc.Server

	mutex        sync.Mutex
	repositories map[string]*Repository
	calls        []Call
	hangs        func(Call) bool
	fails        func(Call) error
	locked       int
	hooks        Hooks
	// folder has the repositories on disk, incoming the new objects of pushes that are
	// judged. transfers are those of Git over HTTP that run.
	folder    string
	incoming  map[string][]string
	throttle  *throttle
	transfers sync.WaitGroup
	closed    bool
}

// Call is a call that came in.
type Call struct {
	// Method is the last part of the full name.
	Method string
	// Repository is nil where the call names none.
	Repository *gitalypb.Repository
	Metadata   metadata.MD
	// Left is the time until the caller's deadline; 0 if there is none.
	Left time.Duration
	// Request is the caller's first message.
	Request any
}

// Start serves the storage "default" on a free port until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	return StartAt(t, "")
}

// StartAt serves at a Unix socket of that path.
func StartAt(t testing.TB, socket string) *Server {
	t.Helper()
	s := &Server{
		Storage: "default", repositories: map[string]*Repository{}, incoming: map[string][]string{},
		hangs: func(Call) bool { return false }, fails: func(Call) error { return nil },
	}
	if socket != "" {
		s.network, s.address = "unix", socket
	}
	s.Resume(t)
	t.Cleanup(s.Stop)
	return s
}

// Address returns the address as in a configuration.
func (s *Server) Address() string {
	if s.network == "unix" {
		return "unix:" + s.address
	}
	return "tcp://" + s.address
}

// Stop closes all connections and refuses new ones.
func (s *Server) Stop() { s.server.Stop() }

// ownHost returns a loopback address that hardly any other server has: where this one
// stopped, another must not get its port, and answer its clients.
func ownHost() string {
	if runtime.GOOS != "linux" {
		return "127.0.0.1" // others have no more of them
	}
	return fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
}

// Resume serves again, at the same address.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	address := s.address
	if address == "" {
		address = net.JoinHostPort(ownHost(), "0")
	}
	listener, err := net.Listen(cmp.Or(s.network, "tcp"), address)
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	s.server = grpc.NewServer(grpc.Creds(newMultiplexing()), grpc.UnaryInterceptor(s.unary), grpc.StreamInterceptor(s.stream),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}))
	gitalypb.RegisterRepositoryServiceServer(s.server, repositories{s: s})
	gitalypb.RegisterRefServiceServer(s.server, refs{s: s})
	gitalypb.RegisterCommitServiceServer(s.server, commits{s: s})
	gitalypb.RegisterDiffServiceServer(s.server, diffs{s: s})
	gitalypb.RegisterOperationServiceServer(s.server, operations{s: s})
	gitalypb.RegisterServerServiceServer(s.server, info{s: s})
	gitalypb.RegisterSmartHTTPServiceServer(s.server, smartHTTP{s: s})
	go func() { _ = s.server.Serve(listener) }()
}

// StopAnswering leaves the calls for which the function returns true without an
// answer.
func (s *Server) StopAnswering(which func(Call) bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.hangs = which
}

// Fail makes calls fail with the error that the function returns, if any.
func (s *Server) Fail(how func(Call) error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.fails = how
}

// Lock makes the next calls of CreateRepository fail because of a lock.
func (s *Server) Lock(times int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.locked = times
}

// takeLock returns whether this call fails because of a lock.
func (s *Server) takeLock() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.locked--
	return s.locked >= 0
}

// Calls returns the calls so far of some methods.
func (s *Server) Calls(methods ...string) []Call {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var some []Call
	for _, c := range s.calls {
		for _, m := range methods {
			if c.Method == m {
				some = append(some, c)
			}
		}
	}
	return some
}

func (s *Server) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	if err := s.enter(ctx, info.FullMethod, request); err != nil {
		return nil, err
	}
	return handle(ctx, request)
}

func (s *Server) stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	return handle(server, &entering{ServerStream: stream, s: s, method: info.FullMethod})
}

// entering records a streaming call once its first request is received.
type entering struct {
	grpc.ServerStream
	s       *Server
	method  string
	entered bool
}

// RecvMsg receives a request.
func (e *entering) RecvMsg(request any) error {
	if err := e.ServerStream.RecvMsg(request); err != nil || e.entered {
		return err
	}
	e.entered = true
	return e.s.enter(e.Context(), e.method, request)
}

// enter records a call, hangs or fails if it should, and checks the caller's token.
func (s *Server) enter(ctx context.Context, method string, request any) error {
	call := Call{Method: method[strings.LastIndexByte(method, '/')+1:], Request: request}
	call.Metadata, _ = metadata.FromIncomingContext(ctx)
	if named, ok := request.(interface{ GetRepository() *gitalypb.Repository }); ok {
		call.Repository = named.GetRepository()
	}
	if commit, ok := request.(*gitalypb.UserCommitFilesRequest); ok {
		call.Repository = commit.GetHeader().GetRepository()
	}
	if deadline, ok := ctx.Deadline(); ok {
		call.Left = time.Until(deadline)
	}
	s.mutex.Lock()
	s.calls = append(s.calls, call)
	hangs, failure := s.hangs(call), s.fails(call)
	s.mutex.Unlock()
	if hangs {
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err()
	}
	if failure != nil {
		return failure
	}
	return s.authenticate(call.Metadata)
}

func (s *Server) authenticate(md metadata.MD) error {
	if s.Secret == "" {
		return nil
	}
	given := strings.Join(md.Get("authorization"), ",")
	rest, bearer := strings.CutPrefix(given, "Bearer v2.")
	signature, moment, _ := strings.Cut(rest, ".")
	mac := hmac.New(sha256.New, []byte(s.Secret))
	mac.Write([]byte(moment))
	second, err := strconv.ParseInt(moment, 10, 64)
	fresh := time.Since(time.Unix(second, 0)).Abs() < 30*time.Second
	if !bearer || err != nil || !fresh || !hmac.Equal([]byte(signature), []byte(hex.EncodeToString(mac.Sum(nil)))) {
		return status.Error(codes.PermissionDenied, "permission denied")
	}
	return nil
}
