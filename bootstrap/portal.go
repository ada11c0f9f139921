package bootstrap

import (
	"net/http"
	"slices"
	"strings"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"gatehouse/adapters/httpapi"
	"gatehouse/adapters/httpapi/portal"
	"gatehouse/application"
	"gatehouse/application/credentials"
	"gatehouse/application/provisioning"
	"gatehouse/bootstrap/config"
	"gatehouse/domain/billing"
)

// sales apply what the portal sells.
var sales = fx.Module("sales", fx.Provide(Clerk))

// Clerk makes the one who applies what was sold.
func Clerk(config config.Config, books provisioning.Billing, work provisioning.BillingUnitOfWork, now application.Clock) *provisioning.Service {
	rules := provisioning.Rules{StrictTrials: config.Subscriptions.StrictTrial}
	for _, p := range config.Plans {
		rules.Plans = append(rules.Plans, billing.Plan{Code: p.Code, Title: p.Title, Paid: p.Paid, Top: p.Top, ExcludeGuests: p.ExcludeGuests})
	}
	return provisioning.New(books, work, rules, now)
}

// PortalAPI makes the routes of the customers portal.
func PortalAPI(config config.Config, credentials *credentials.Service, clerk *provisioning.Service) *portal.API {
	return portal.New(credentials, clerk, config.CheckNamespacePlan)
}

// publicPrefix is where the portal's routes are that may be public.
const publicPrefix = "/api/v4/namespaces"

// owned is a handler with the prefixes of the paths that are its own.
type owned struct {
	http.Handler
	prefixes []string
}

// portalEngine serves the portal's routes: all, or those that may be public.
func portalEngine(config config.Config, sold *portal.API, public bool, log *zap.Logger) (owned, error) {
	engine, err := httpapi.NewEngine(log, config.HTTP.TrustedProxies)
	if err != nil {
		return owned{}, err
	}
	engine.HandleMethodNotAllowed = false
	engine.NoRoute(portal.Unknown)
	sold.Mount(engine.Group(publicPrefix))
	if public {
		return owned{engine, []string{publicPrefix}}, nil
	}
	sold.MountInternal(engine.Group(internalPrefix))
	return owned{engine, []string{publicPrefix, internalPrefix + "/upcoming_reconciliations", internalPrefix + "/gitlab_subscriptions"}}, nil
}

// before lets the owner serve what is its own, and rest all else.
func (o owned) before(rest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		if slices.ContainsFunc(o.prefixes, func(p string) bool { return path == p || strings.HasPrefix(path, p+"/") }) {
			o.ServeHTTP(w, r)
			return
		}
		rest.ServeHTTP(w, r)
	})
}
