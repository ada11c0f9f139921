package gitaly

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"gatehouse/adapters/gitaly/sidechannel"
	"gatehouse/application"
	"gatehouse/application/gitaccess"
)

// dial prepares a connection to a storage. The first call connects, and a lost
// connection is made again. Without a connection calls fail at once. An acceptor makes
// the connection one that Gitaly can open streams on.
func dial(s gitaccess.Storage, now application.Clock, acceptor *sidechannel.Acceptor) (*grpc.ClientConn, error) {
	target, transport := s.Address, insecure.NewCredentials()
	if rest, ok := strings.CutPrefix(s.Address, "tcp://"); ok {
		target = "dns:///" + rest
	}
	if rest, ok := strings.CutPrefix(s.Address, "tls://"); ok {
		target, transport = "dns:///"+rest, credentials.NewTLS(nil)
	}
	if acceptor != nil {
		transport = acceptor.Credentials(transport)
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithNoProxy(),
		grpc.WithDefaultServiceConfig(serviceConfig),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 3 * time.Second},
			MinConnectTimeout: 5 * time.Second,
		}),
		// Pings notice a machine that is down. Gitaly accepts one every ten seconds.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 20 * time.Second, Timeout: 10 * time.Second, PermitWithoutStream: true}),
	}
	if s.Token != "" {
		options = append(options, grpc.WithPerRPCCredentials(token{s.Token, now}))
	}
	conn, err := grpc.NewClient(target, options...)
	if err != nil {
		return nil, fmt.Errorf("storage %q at %s: %w", s.Name, s.Address, err)
	}
	return conn, nil
}

// serviceConfig repeats calls that only read and fail because Gitaly restarts.
const serviceConfig = `{"methodConfig": [{
	"name": [
		{"service": "gitaly.RepositoryService", "method": "RepositoryExists"},
		{"service": "gitaly.RepositoryService", "method": "HasLocalBranches"},
		{"service": "gitaly.RefService"},
		{"service": "gitaly.CommitService"},
		{"service": "gitaly.DiffService"}
	],
	"retryPolicy": {
		"maxAttempts": 3, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2,
		"retryableStatusCodes": ["UNAVAILABLE"]
	}
}]}`
