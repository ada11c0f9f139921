package config

import (
	"cmp"
	"fmt"
	"time"
)

// Billing is about subscriptions and what they are for. Its keys have no common
// beginning.
type Billing struct {
	// CheckNamespacePlan opens the portal's routes for reconciliations.
	CheckNamespacePlan bool          `koanf:"check_namespace_plan"`
	Plans              []Plan        `koanf:"plans"`
	Seats              Seats         `koanf:"seats"`
	Subscriptions      Subscriptions `koanf:"subscriptions"`
}

// Plan is what a namespace can subscribe to.
type Plan struct {
	Code  string `koanf:"code"`
	Title string `koanf:"title"`
	Paid  bool   `koanf:"paid"`
	// Top plans cannot be upgraded.
	Top           bool `koanf:"top"`
	ExcludeGuests bool `koanf:"exclude_guests"`
}

// Seats is about the seats in use.
type Seats struct {
	// RefreshInterval is how often a server counts them.
	RefreshInterval time.Duration `koanf:"refresh_interval"`
}

// Subscriptions says how strictly subscriptions are checked.
type Subscriptions struct {
	// StrictTrial refuses trials unless they have both their days, in order.
	StrictTrial bool `koanf:"strict_trial"`
}

func defaultBilling() Billing {
	return Billing{
		CheckNamespacePlan: true,
		Plans: []Plan{
			{Code: "free", Title: "Free"},
			{Code: "default", Title: "Default"},
			{Code: "bronze", Title: "Bronze", Paid: true},
			{Code: "silver", Title: "Silver", Paid: true},
			{Code: "premium", Title: "Premium", Paid: true},
			{Code: "gold", Title: "Gold", Paid: true, Top: true, ExcludeGuests: true},
			{Code: "ultimate", Title: "Ultimate", Paid: true, Top: true, ExcludeGuests: true},
			{Code: "ultimate_trial", Title: "Ultimate Trial", Paid: true, ExcludeGuests: true},
			{Code: "premium_trial", Title: "Premium Trial", Paid: true},
			{Code: "opensource", Title: "Opensource", Paid: true, Top: true},
		},
		Seats: Seats{RefreshInterval: 24 * time.Hour},
	}
}

func (b *Billing) tidy() {
	b.Seats.RefreshInterval = cmp.Or(b.Seats.RefreshInterval, defaultBilling().Seats.RefreshInterval)
}

func (b *Billing) check(m *mistakes) {
	m.positive(b.Seats.RefreshInterval, "seats.refresh_interval")
	codes := map[string]bool{}
	for i, plan := range b.Plans {
		key := fmt.Sprintf("plans[%d].code", i)
		m.unless(plan.Code != "", key, "is missing")
		m.unless(plan.Code == "" || !codes[plan.Code], key, "%q is there twice", plan.Code)
		codes[plan.Code] = true
	}
}
