package gormstore

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"gatehouse/domain/billing"
	"gatehouse/domain/source"
)

type subscriptionRow struct {
	ID                    int64
	NamespaceID           int64
	Plan                  string
	StartDate             day
	EndDate               day
	Seats                 int32
	MaxSeatsUsed          int32
	SeatsInUse            int32
	SeatsOwed             int32
	AutoRenew             *bool
	Trial                 bool
	TrialStartsOn         day
	TrialEndsOn           day
	TrialExtensionType    int32
	MaxSeatsUsedChangedAt instant
	CreatedAt             instant
	UpdatedAt             instant
}

// TableName is gorm's name for the table.
func (subscriptionRow) TableName() string { return "subscriptions" }

func newSubscriptionRow(s billing.Subscription) *subscriptionRow {
	return &subscriptionRow{
		NamespaceID: int64(s.Namespace), Plan: s.Plan, StartDate: on(s.StartDate), EndDate: on(s.EndDate),
		Seats: s.Seats, MaxSeatsUsed: s.MaxSeatsUsed, SeatsInUse: s.SeatsInUse, SeatsOwed: s.SeatsOwed,
		AutoRenew: s.AutoRenew, Trial: s.Trial, TrialStartsOn: on(s.TrialStartsOn), TrialEndsOn: on(s.TrialEnds),
		TrialExtensionType: s.TrialExtension, MaxSeatsUsedChangedAt: at(s.MaxChangedAt),
		CreatedAt: at(s.CreatedAt), UpdatedAt: at(s.UpdatedAt),
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
func (l *ledger) Subscription(ctx context.Context, of source.NamespaceID) (billing.Subscription, error) {
	return l.subscription(ctx, of)
}

// LockSubscription implements provisioning.Subscriptions. SQLite has one writer
// anyway.
func (l *ledger) LockSubscription(ctx context.Context, of source.NamespaceID) (billing.Subscription, error) {
	if l.dialect == onPostgres {
		return l.subscription(ctx, of, clause.Locking{Strength: clause.LockingStrengthUpdate})
	}
	return l.subscription(ctx, of)
}

func (l *ledger) subscription(ctx context.Context, of source.NamespaceID, how ...clause.Expression) (billing.Subscription, error) {
	row, err := gorm.G[subscriptionRow](l.db, how...).Where("namespace_id = ?", int64(of)).Take(ctx)
	return row.subscription(), fault(err, "subscription of namespace %d", of)
}

// AddSubscription implements provisioning.Subscriptions.
func (l *ledger) AddSubscription(ctx context.Context, s billing.Subscription) error {
	added := l.db.WithContext(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "namespace_id"}}, DoNothing: true}).Create(newSubscriptionRow(s))
	if added.Error == nil && added.RowsAffected == 0 {
		return conflict("subscription of namespace %d", s.Namespace)
	}
	return fault(added.Error, "subscription of namespace %d", s.Namespace)
}

const keepHistory = `
	INSERT INTO subscription_history (changed_at, subscription_id, namespace_id, plan, start_date, end_date, seats, max_seats_used,
		seats_in_use, seats_owed, auto_renew, trial, trial_starts_on, trial_ends_on, trial_extension_type, max_seats_used_changed_at,
		created_at, updated_at)
	SELECT ?, id, namespace_id, plan, start_date, end_date, seats, max_seats_used,
		seats_in_use, seats_owed, auto_renew, trial, trial_starts_on, trial_ends_on, trial_extension_type, max_seats_used_changed_at,
		created_at, updated_at
	FROM subscriptions WHERE namespace_id = ?`

// UpdateSubscription implements provisioning.Subscriptions.
func (l *ledger) UpdateSubscription(ctx context.Context, s billing.Subscription) error {
	kept, err := l.change(ctx, keepHistory, at(s.UpdatedAt), int64(s.Namespace))
	if err == nil && kept == 0 {
		return missing("subscription of namespace %d", s.Namespace)
	}
	if err == nil { // columns, as gorm would stamp the row with a time of its own
		err = l.db.WithContext(ctx).Model(&subscriptionRow{}).Where("namespace_id = ?", int64(s.Namespace)).
			Select("*").Omit("id", "created_at").UpdateColumns(newSubscriptionRow(s)).Error
	}
	return fault(err, "subscription of namespace %d", s.Namespace)
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
type bareDays struct{ instant }

func bareDay() cell { return &bareDays{} }

func (d *bareDays) value() any {
	if d.IsZero() {
		return nil
	}
	return d.Format(time.DateOnly)
}
