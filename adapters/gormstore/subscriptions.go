package gormstore

import (
	"context"
	"database/sql"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/queries"
	"gatehouse/domain/billing"
	"gatehouse/domain/source"
)

type subscriptionRow struct {
	ID                    int64
	NamespaceID           int64
	Plan                  string
	StartDate             database.Day
	EndDate               database.Day
	Seats                 int32
	MaxSeatsUsed          int32
	SeatsInUse            int32
	SeatsOwed             int32
	AutoRenew             *bool
	Trial                 bool
	TrialStartsOn         database.Day
	TrialEndsOn           database.Day
	TrialExtensionType    int32
	MaxSeatsUsedChangedAt database.Instant
	CreatedAt             database.Instant
	UpdatedAt             database.Instant
}

// TableName is gorm's name for the table.
func (subscriptionRow) TableName() string { return "subscriptions" }

func newSubscriptionRow(s billing.Subscription) *subscriptionRow {
	return &subscriptionRow{
		NamespaceID: int64(s.Namespace), Plan: s.Plan, StartDate: database.ToDay(s.StartDate), EndDate: database.ToDay(s.EndDate),
		Seats: s.Seats, MaxSeatsUsed: s.MaxSeatsUsed, SeatsInUse: s.SeatsInUse, SeatsOwed: s.SeatsOwed,
		AutoRenew: s.AutoRenew, Trial: s.Trial, TrialStartsOn: database.ToDay(s.TrialStartsOn), TrialEndsOn: database.ToDay(s.TrialEnds),
		TrialExtensionType: s.TrialExtension, MaxSeatsUsedChangedAt: database.ToInstant(s.MaxChangedAt),
		CreatedAt: database.ToInstant(s.CreatedAt), UpdatedAt: database.ToInstant(s.UpdatedAt),
	}
}

func (r *subscriptionRow) subscription() billing.Subscription {
	return billing.Subscription{
		Namespace: source.NamespaceID(r.NamespaceID), Plan: r.Plan, StartDate: r.StartDate.Time, EndDate: r.EndDate.Time,
		Seats: r.Seats, MaxSeatsUsed: r.MaxSeatsUsed, SeatsInUse: r.SeatsInUse, SeatsOwed: r.SeatsOwed,
		AutoRenew: r.AutoRenew, Trial: r.Trial, TrialStartsOn: r.TrialStartsOn.Time, TrialEnds: r.TrialEndsOn.Time,
		TrialExtension: r.TrialExtensionType, MaxChangedAt: r.MaxSeatsUsedChangedAt.Time,
		CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}
}

// Subscription implements provisioning.Billing.
func (b *Billing) Subscription(ctx context.Context, of source.NamespaceID) (billing.Subscription, error) {
	return b.subscription(ctx, of)
}

// Lock implements provisioning.Subscriptions. SQLite has one writer
// anyway.
func (b subscriptions) Lock(ctx context.Context, of source.NamespaceID) (billing.Subscription, error) {
	if b.db.Dialect == database.Postgres {
		return b.subscription(ctx, of, clause.Locking{Strength: clause.LockingStrengthUpdate})
	}
	return b.subscription(ctx, of)
}

func (b *Billing) subscription(ctx context.Context, of source.NamespaceID, how ...clause.Expression) (billing.Subscription, error) {
	row, err := gorm.G[subscriptionRow](b.tx, how...).Where("namespace_id = ?", int64(of)).Take(ctx)
	return row.subscription(), database.Fault(err, "subscription of namespace %d", of)
}

// Add implements provisioning.Subscriptions.
func (b subscriptions) Add(ctx context.Context, s billing.Subscription) error {
	added := b.tx.WithContext(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "namespace_id"}}, DoNothing: true}).Create(newSubscriptionRow(s))
	if added.Error == nil && added.RowsAffected == 0 {
		return database.Conflict("subscription of namespace %d", s.Namespace)
	}
	return database.Fault(added.Error, "subscription of namespace %d", s.Namespace)
}

var subscriptionHistory = queries.Query("subscription_history")

// Update implements provisioning.Subscriptions.
func (b subscriptions) Update(ctx context.Context, s billing.Subscription) error {
	kept := subscriptionHistory.Exec(b.tx.WithContext(ctx),
		sql.Named("changed_at", database.ToInstant(s.UpdatedAt)), sql.Named("namespace", int64(s.Namespace)))
	err := kept.Error
	if err == nil && kept.RowsAffected == 0 {
		return database.NotFound("subscription of namespace %d", s.Namespace)
	}
	if err == nil { // columns, as gorm would stamp the row with a time of its own
		err = b.tx.WithContext(ctx).Model(&subscriptionRow{}).Where("namespace_id = ?", int64(s.Namespace)).
			Select("*").Omit("id", "created_at").UpdateColumns(newSubscriptionRow(s)).Error
	}
	return database.Fault(err, "subscription of namespace %d", s.Namespace)
}

// subscriptionFields are the columns that are shown of a subscription, in order.
const subscriptionFields = `namespace_id, CASE WHEN plan = '' THEN NULL ELSE plan END, start_date, end_date, seats, seats_in_use, max_seats_used, seats_owed,
	auto_renew, trial, trial_starts_on, trial_ends_on, CASE WHEN trial_extension_type = 0 THEN NULL ELSE trial_extension_type END,
	max_seats_used_changed_at, updated_at`

func subscriptionCells() []cell {
	return []cell{
		number(), word(), bareDay(), bareDay(), number(), number(), number(), number(),
		flag(), flag(), bareDay(), bareDay(), number(), date(), date(),
	}
}

// bareDays are days as they are written, without a time.
type bareDays struct{ database.Instant }

func bareDay() cell { return &bareDays{} }

func (d *bareDays) value() any {
	if d.IsZero() {
		return nil
	}
	return d.Format(time.DateOnly)
}
