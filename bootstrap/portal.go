package bootstrap

import (
	"go.uber.org/fx"

	"gatehouse/adapters/httpapi/portal"
	"gatehouse/application"
	"gatehouse/application/credentials"
	"gatehouse/application/provisioning"
	"gatehouse/bootstrap/config"
	"gatehouse/domain/billing"
)

// sales apply what the portal sells.
var sales = fx.Module("sales", fx.Provide(Provisioning))

// Provisioning makes the service that applies what the portal sells.
func Provisioning(config config.Config, store provisioning.Billing, work provisioning.BillingUnitOfWork, now application.Clock) *provisioning.Service {
	rules := provisioning.Rules{StrictTrials: config.Subscriptions.StrictTrial}
	for _, p := range config.Plans {
		rules.Plans = append(rules.Plans, billing.Plan{Code: p.Code, Title: p.Title, Paid: p.Paid, Top: p.Top, ExcludeGuests: p.ExcludeGuests})
	}
	return provisioning.New(store, work, rules, now)
}

// PortalAPI makes the routes of the customers portal.
func PortalAPI(config config.Config, credentials *credentials.Service, provisioning *provisioning.Service) *portal.API {
	return portal.New(credentials, provisioning, config.CheckNamespacePlan)
}
