package bootstrap

import (
	"net/http"
	"syscall"
	"time"

	"go.uber.org/zap"

	"gatehouse/adapters/httpserver"
	"gatehouse/bootstrap/config"
)

// Handlers are what is served: Internal on http.address and http.socket,
// Public on http.public_address.
type Handlers struct{ Internal, Public http.Handler }

const (
	tcpKey    = "http.address"
	socketKey = "http.socket"
	publicKey = "http.public_address"
)

// publicIdle is how long a public connection may wait for its next request: it keeps
// a place that others wait for.
const publicIdle = 15 * time.Second

func newServer(config config.Config, handlers Handlers, log *zap.Logger) (*httpserver.Server, error) {
	group, err := config.HTTP.SocketGroupID()
	if err != nil {
		return nil, err
	}
	mode, _ := config.HTTP.SocketPermissions()
	return httpserver.New(log,
		httpserver.Endpoint{Key: tcpKey, Network: "tcp", Address: config.HTTP.Address, Handler: handlers.Internal},
		httpserver.Endpoint{
			Key: socketKey, Network: "unix", Address: config.HTTP.Socket, Handler: handlers.Internal,
			Permissions: httpserver.Permissions{Mode: mode, Group: group},
		},
		httpserver.Endpoint{
			Key: publicKey, Network: "tcp", Address: config.HTTP.PublicAddress, Handler: handlers.Public,
			Connections: publicConnections(config.HTTP, log), Idle: publicIdle,
		},
	), nil
}

// publicConnections returns how many connections the public listener takes. It leaves
// half of the file descriptors to the internal listeners and the database.
func publicConnections(http config.HTTP, log *zap.Logger) int {
	var files syscall.Rlimit
	if http.PublicAddress == "" || syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files) != nil {
		return http.PublicConnections
	}
	half := files.Cur / 2
	if uint64(http.PublicConnections) <= half {
		return http.PublicConnections
	}
	log.Warn("too few file descriptors for all public connections", zap.String("key", "http.public_connections"),
		zap.Int("wanted", http.PublicConnections), zap.Uint64("descriptors", files.Cur), zap.Uint64("allowed", half))
	return int(half)
}

// Addresses are where a server listens; empty where it does not.
type Addresses struct{ TCP, Socket, Public string }

func addresses(server *httpserver.Server) Addresses {
	return Addresses{TCP: server.Address(tcpKey), Socket: server.Address(socketKey), Public: server.Address(publicKey)}
}
