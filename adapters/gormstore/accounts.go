package gormstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/seals"
	"gatehouse/application/credentials"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// factorRow is the part of a user that one-time passwords change.
type factorRow struct {
	ID             int64
	TwoFactor      bool
	TOTPSecret     string
	OTPLastStep    int64
	OTPFailures    int
	OTPLockedUntil database.Instant
}

// TableName is gorm's name for the table.
func (factorRow) TableName() string { return "users" }

// factor returns the second factor without its secret.
func (r factorRow) factor() identity.TwoFactor {
	return identity.TwoFactor{
		Enabled: r.TwoFactor, LastStep: r.OTPLastStep, Failures: r.OTPFailures,
		LockedUntil: r.OTPLockedUntil.Time,
	}
}

// Accounts keeps the second factors of users.
type Accounts struct {
	db           *database.DB
	actors       *Actors
	sealer       Sealer
	byID, byName *database.Lookup[credentials.Person]
}

func newAccounts(db *database.DB, actors *Actors, sealer Sealer) *Accounts {
	return &Accounts{
		db: db, actors: actors, sealer: sealer,
		byID:   personWhere(db, "users u JOIN namespaces n ON n.owner_id = u.id", "u.id"),
		byName: personWhere(db, "routes r JOIN namespaces n ON n.id = r.namespace_id JOIN users u ON u.id = n.owner_id", "r.path"),
	}
}

// Account implements credentials.Accounts.
func (a *Accounts) Account(ctx context.Context, claim identity.Claim) (credentials.Account, error) {
	actor, err := a.actors.Actor(ctx, claim)
	if err != nil || !actor.User.Known() {
		return credentials.Account{Actor: actor}, err
	}
	rows, err := gorm.G[factorRow](a.db.Gorm).Where("id = ?", actor.User.ID).Limit(1).Find(ctx)
	if err != nil || len(rows) == 0 {
		return credentials.Account{Actor: actor}, database.Fault(err, "second factor of %s", claim)
	}
	return credentials.Account{Actor: actor, Factor: rows[0].factor()}, nil
}

// personColumns are the columns of a credentials.Person, of the tables users u and
// namespaces n.
const personColumns = `
	u.id, u.username, u.name, u.email, u.public_email, u.state, u.type, u.admin, u.external, u.terms_accepted, u.email_confirmed,
	u.password_expires_at, u.credential_version, u.two_factor, u.can_create_group, u.projects_limit, n.id`

// readPerson reads the personColumns.
func readPerson(r *database.Row) (p credentials.Person) {
	p.User, p.CanCreateGroup, p.ProjectsLimit = readUser(r), r.Bool(), r.Int()
	p.Namespace = source.NamespaceID(r.Int())
	return p
}

// personWhere returns the look-up of a person by the argument of a condition, from tables
// in which users are u and namespaces n.
func personWhere(db *database.DB, from, condition string) *database.Lookup[credentials.Person] {
	return database.MustLookup(db, func(t *database.Text) string {
		return "SELECT " + t.Open() + personColumns + t.Close() + " FROM " + from + " WHERE " + condition + " = " + t.Arg("claim")
	}, readPerson)
}

// Person implements credentials.Accounts.
func (a *Accounts) Person(ctx context.Context, claim identity.Claim) (p credentials.Person, err error) {
	switch claim.Kind {
	case identity.ByUser:
		p, err = a.byID.Ask(ctx, claim.ID)
	case identity.ByName:
		p, err = a.byName.Ask(ctx, claim.Name)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return credentials.Person{}, nil
	}
	if err != nil {
		return credentials.Person{}, database.Fault(err, "user %s", claim)
	}
	return p, nil
}

const startSession = `
	INSERT INTO otp_sessions (user_id, key_id, expires_at) VALUES (?, ?, ?)
	ON CONFLICT (user_id, key_id) DO UPDATE SET expires_at = excluded.expires_at`

// UpdateTwoFactor implements credentials.Accounts.
func (a *Accounts) UpdateTwoFactor(ctx context.Context, user identity.UserID, change func(identity.TwoFactor) (identity.TwoFactor, *identity.OTPSession)) error {
	return a.db.Atomically(ctx, fmt.Sprintf("second factor of user %d", user), func(tx *gorm.DB) error {
		if err := a.db.LockRow(tx, "users", int64(user)); err != nil {
			return err
		}
		rows, err := gorm.G[factorRow](tx).Where("id = ? AND two_factor", user).Limit(1).Find(ctx)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return database.NotFound("second factor of user %d", user)
		}
		factor := rows[0].factor()
		if factor.Secret, err = seals.TOTPSecret.Open(a.sealer, int64(user), rows[0].TOTPSecret); err != nil {
			return err
		}
		factor, session := change(factor)
		err = tx.Exec("UPDATE users SET otp_last_step = ?, otp_failures = ?, otp_locked_until = ? WHERE id = ?",
			factor.LastStep, factor.Failures, database.ToInstant(factor.LockedUntil), user).Error
		if err != nil || session == nil {
			return err
		}
		return tx.Exec(startSession, session.User, session.Key, database.ToInstant(session.ExpiresAt)).Error
	})
}
