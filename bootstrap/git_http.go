package bootstrap

import (
	"context"
	"errors"

	"go.uber.org/zap"

	"gatehouse/adapters/gitaly"
	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/githttp"
	"gatehouse/adapters/ratelimit"
	"gatehouse/adapters/secretfile"
	"gatehouse/application"
	"gatehouse/application/credentials"
	"gatehouse/application/gitaccess"
	"gatehouse/application/gitaudit"
	"gatehouse/bootstrap/config"
)

// The transfers that clients without credentials may have at once: in all, and from one
// address.
const (
	strangersTransfers       = 32
	strangersTransfersByPeer = 4
)

// GitAPI makes the routes of Git over HTTP.
func GitAPI(config config.Config, gatekeeper *gitaccess.Gatekeeper, credentials *credentials.Service, audit *gitaudit.Service, transfers gitaccess.SmartHTTP, workhorse *httpapi.Workhorse, now application.Clock) *githttp.API {
	ban := config.Git.HTTPBan
	settings := githttp.Settings{
		GitConfigOptions: config.Git.GitalyOptions(), ExternalURL: config.ExternalURL, NeedAudit: config.Audit.Enabled, Workhorse: workhorse,
	}
	return githttp.New(
		githttp.UseCases{Credentials: credentials, Gatekeeper: gatekeeper, Audit: audit, SmartHTTP: transfers},
		ratelimit.NewBans(ban.Failures, ban.Window, ban.For, now), ratelimit.NewStreams(strangersTransfers, strangersTransfersByPeer),
		settings, now,
	)
}

// SmartHTTP moves bytes by the client of Gitaly.
func SmartHTTP(client *gitaly.Client) gitaccess.SmartHTTP { return client }

// WorkhorseKey is the secret of a Workhorse in front; its Key is nil if there is none.
type WorkhorseKey struct{ *secretfile.Key }

// WorkhorseSecret opens the secret that Workhorse signs its tokens with.
func WorkhorseSecret(config config.Config, now application.Clock, log *zap.Logger) (WorkhorseKey, error) {
	if config.Workhorse.SecretFile == "" {
		return WorkhorseKey{}, nil
	}
	key, err := secretfile.OpenWorkhorse(config.Workhorse.SecretFile, config.Secrets.Strict, now, log)
	return WorkhorseKey{key}, err
}

// Workhorse knows the requests of the Workhorse in front; it is nil if there is none.
func Workhorse(key WorkhorseKey, now application.Clock) *httpapi.Workhorse {
	if key.Key == nil {
		return nil
	}
	return httpapi.NewWorkhorse(key.Bytes, now)
}

var errStopping = errors.New("the server is about to stop")

// ready returns why the server cannot do its work, or should get no more of it, or nil.
func ready(store Store, git *githttp.API) func(context.Context) error {
	return func(ctx context.Context) error {
		if git.Draining() {
			return errStopping
		}
		return store.Ping(ctx)
	}
}
