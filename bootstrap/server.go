package bootstrap

import (
	"net/http"

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

func newServer(config config.Config, handlers Handlers, log *zap.Logger) *httpserver.Server {
	return httpserver.New(log,
		httpserver.Endpoint{Key: tcpKey, Network: "tcp", Address: config.HTTP.Address, Handler: handlers.Internal},
		httpserver.Endpoint{Key: socketKey, Network: "unix", Address: config.HTTP.Socket, Handler: handlers.Internal},
		httpserver.Endpoint{Key: publicKey, Network: "tcp", Address: config.HTTP.PublicAddress, Handler: handlers.Public},
	)
}

// Addresses are where a server listens; empty where it does not.
type Addresses struct{ TCP, Socket, Public string }

func addresses(server *httpserver.Server) Addresses {
	return Addresses{TCP: server.Address(tcpKey), Socket: server.Address(socketKey), Public: server.Address(publicKey)}
}
