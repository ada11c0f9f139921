package gormstore

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"gatehouse/application/credentials"
	"gatehouse/domain/identity"
)

// factorRow is the part of a user that one-time passwords change.
type factorRow struct {
	ID             int64
	TwoFactor      bool
	TOTPSecret     string
	OTPLastStep    int64
	OTPFailures    int
	OTPLockedUntil instant
}

// TableName is gorm's name for the table.
func (factorRow) TableName() string { return users }

func (r factorRow) factor() identity.TwoFactor {
	return identity.TwoFactor{
		Enabled: r.TwoFactor, Secret: r.TOTPSecret, LastStep: r.OTPLastStep, Failures: r.OTPFailures,
		LockedUntil: r.OTPLockedUntil.Time,
	}
}

// Account implements credentials.Accounts.
func (s *Store) Account(ctx context.Context, claim identity.Claim) (credentials.Account, error) {
	actor, err := s.Actor(ctx, claim)
	if err != nil || !actor.User.Known() {
		return credentials.Account{Actor: actor}, err
	}
	rows, err := gorm.G[factorRow](s.db).Where("id = ?", actor.User.ID).Limit(1).Find(ctx)
	if err != nil || len(rows) == 0 {
		return credentials.Account{Actor: actor}, fault(err, "second factor of %s", claim)
	}
	return credentials.Account{Actor: actor, Factor: rows[0].factor()}, nil
}

const (
	startSession = `
		INSERT INTO otp_sessions (user_id, key_id, expires_at) VALUES (?, ?, ?)
		ON CONFLICT (user_id, key_id) DO UPDATE SET expires_at = excluded.expires_at`
	spendCode = `DELETE FROM recovery_codes WHERE user_id = $1 AND digest = $2`
)

// UpdateTwoFactor implements credentials.Accounts.
func (s *Store) UpdateTwoFactor(ctx context.Context, user identity.UserID, change func(identity.TwoFactor) (identity.TwoFactor, *identity.OTPSession)) error {
	return s.atomically(ctx, fmt.Sprintf("second factor of user %d", user), func(tx *gorm.DB) error {
		if err := s.lock(tx, users, int64(user)); err != nil {
			return err
		}
		rows, err := gorm.G[factorRow](tx).Where("id = ? AND two_factor", user).Limit(1).Find(ctx)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return missing("second factor of user %d", user)
		}
		factor, session := change(rows[0].factor())
		err = tx.Exec("UPDATE users SET otp_last_step = ?, otp_failures = ?, otp_locked_until = ? WHERE id = ?",
			factor.LastStep, factor.Failures, at(factor.LockedUntil), user).Error
		if err != nil || session == nil {
			return err
		}
		return tx.Exec(startSession, session.User, session.Key, at(session.ExpiresAt)).Error
	})
}

// ReplaceRecoveryCodes implements credentials.RecoveryCodes.
func (s *Store) ReplaceRecoveryCodes(ctx context.Context, user identity.UserID, digests []identity.TokenDigest) error {
	return s.atomically(ctx, fmt.Sprintf("recovery codes of user %d", user), func(tx *gorm.DB) error {
		if err := s.lock(tx, users, int64(user)); err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM recovery_codes WHERE user_id = ?", user).Error; err != nil {
			return err
		}
		for _, digest := range digests {
			if err := tx.Exec("INSERT INTO recovery_codes (user_id, digest) VALUES (?, ?)", user, string(digest)).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// SpendRecoveryCode implements credentials.RecoveryCodes.
func (s *Store) SpendRecoveryCode(ctx context.Context, user identity.UserID, digest identity.TokenDigest) error {
	spent, err := s.exec(ctx, spendCode, int64(user), string(digest))
	if err == nil && spent == 0 {
		return missing("recovery code of user %d", user)
	}
	return fault(err, "recovery codes of user %d", user)
}

// lock lets changes to what belongs to one row take turns, and fails with
// domain.NotFound if there is no such row. SQLite has one writer anyway.
func (s *Store) lock(tx *gorm.DB, table string, id int64) error {
	query := "SELECT id FROM " + table + " WHERE id = ?"
	if s.dialect == onPostgres {
		query += " FOR NO KEY UPDATE"
	}
	var found []int64
	if err := tx.Raw(query, id).Scan(&found).Error; err != nil {
		return err
	}
	if len(found) == 0 {
		return missing("%s: number %d", table, id)
	}
	return nil
}

// atomically runs do in a transaction, again if the database asks for it.
func (s *Store) atomically(ctx context.Context, what string, do func(*gorm.DB) error) error {
	done, err := s.turn(ctx)
	if err != nil {
		return fault(err, "%s", what)
	}
	defer done()
	return retry(ctx, func() error {
		return fault(s.db.WithContext(ctx).Transaction(do), "%s", what)
	})
}
