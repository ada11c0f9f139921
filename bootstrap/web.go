package bootstrap

import (
	"fmt"
	"runtime/debug"
	"strings"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/githttp"
	"gatehouse/adapters/httpapi/kas"
	"gatehouse/adapters/httpapi/portal"
	"gatehouse/adapters/httpapi/rest"
	"gatehouse/adapters/httpapi/routing"
	"gatehouse/adapters/httpapi/shell"
	"gatehouse/adapters/secretfile"
	"gatehouse/application"
	"gatehouse/application/credentials"
	"gatehouse/application/gitaccess"
	"gatehouse/application/gitaudit"
	"gatehouse/application/lfsaccess"
	"gatehouse/application/pushes"
	"gatehouse/application/whois"
	"gatehouse/bootstrap/config"
)

// web is the routes of all callers.
var web = fx.Module("web", fx.Provide(
	ShellSecrets, ShellAPI, shellUseCases, KasAPI, PortalAPI, GitAPI, SmartHTTP, WorkhorseSecret, Workhorse, NewHandlers, func() revision { return revision(Revision()) },
))

// revision is the revision of the source that /check answers.
type revision string

// NewHandlers puts the callers' routes together.
func NewHandlers(config config.Config, shellAPI *shell.API, kasAPI *kas.API, portalAPI *portal.API, restAPI *rest.API, gitAPI *githttp.API, store Store, log *zap.Logger) (Handlers, error) {
	apis := routing.APIs{Shell: shellAPI, Portal: portalAPI, Ready: ready(store, gitAPI)}
	if config.Kas.Enabled {
		apis.Kas = kasAPI
	}
	if config.API.Enabled {
		apis.Rest = restAPI
	}
	if config.Git.HTTP {
		apis.Git = gitAPI
	}
	settings := routing.Settings{
		RelativeRoot: config.HTTP.RelativeRoot, TrustedProxies: config.HTTP.TrustedProxies,
		PublicPortal: config.HTTP.ServesPublicly("portal"), PublicRest: config.HTTP.ServesPublicly("api"),
		PublicGit: config.HTTP.ServesPublicly("git"),
		Version:   config.Version, ExternalURL: config.ExternalURL,
	}
	internal, public, err := routing.New(apis, settings, log)
	return Handlers{Internal: internal, Public: public}, err
}

// ShellAPI makes the routes of GitLab Shell and Gitaly.
func ShellAPI(config config.Config, secrets *secretfile.Set, uses shell.UseCases, workhorse *httpapi.Workhorse, rev revision, now application.Clock, log *zap.Logger) *shell.API {
	auth := shell.NewAuthenticator(secrets.Secrets, shell.Legacy(config.Shell.LegacySecret), config.Shell.RequireExp, now, log)
	auth.AcceptEvents(workhorse)
	return shell.New(auth, uses, shell.Instance{
		Version: config.Version, Revision: string(rev), ExternalURL: config.ExternalURL, Host: config.Host(),
		GitConfigOptions: config.Git.GitalyOptions(), NeedAudit: config.Audit.Enabled,
	})
}

func shellUseCases(gatekeeper *gitaccess.Gatekeeper, receiver *pushes.Receiver, whois *whois.Service, lfs *lfsaccess.Service, credentials *credentials.Service, audit *gitaudit.Service) shell.UseCases {
	return shell.UseCases{Gatekeeper: gatekeeper, Receiver: receiver, Whois: whois, LFS: lfs, Credentials: credentials, Audit: audit}
}

// ShellSecrets opens the secrets that GitLab Shell and Gitaly share with this
// server.
func ShellSecrets(config config.Config, now application.Clock, log *zap.Logger) (*secretfile.Set, error) {
	return secretfile.OpenShell(config.Shell.SecretFile, config.Shell.PreviousSecretFile, config.Secrets.Strict, now, log)
}

// ConfigFileWeakness returns that the configuration file has secrets and that every
// user of the machine has access to it, or nil.
func ConfigFileWeakness(config config.Config) error {
	keys := config.SecretsInFile()
	if len(keys) == 0 {
		return nil
	}
	if err := secretfile.OpenToAll(config.File); err != nil {
		return fmt.Errorf("the configuration file has secrets (%s): %w", strings.Join(keys, ", "), err)
	}
	return nil
}

// Revision returns the revision of the source that the program was built from, or
// "unknown" if the build did not record it.
func Revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(len(s.Value), 11)] // as long as GitLab's
		}
	}
	return "unknown"
}
