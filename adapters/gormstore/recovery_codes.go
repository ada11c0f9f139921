package gormstore

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/auditlog"
	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
)

// RecoveryCodes keeps the digests of recovery codes.
type RecoveryCodes struct{ db *database.DB }

const spendCode = `DELETE FROM recovery_codes WHERE user_id = $1 AND digest = $2`

// Replace implements credentials.RecoveryCodes.
func (r *RecoveryCodes) Replace(ctx context.Context, user identity.UserID, digests []identity.TokenDigest, event audit.Event) error {
	return r.db.Atomically(ctx, fmt.Sprintf("recovery codes of user %d", user), func(tx *gorm.DB) error {
		if err := r.db.LockRow(tx, "users", int64(user)); err != nil {
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
		return auditlog.Append(ctx, tx, event)
	})
}

// Spend implements credentials.RecoveryCodes.
func (r *RecoveryCodes) Spend(ctx context.Context, user identity.UserID, digest identity.TokenDigest) error {
	spent, err := r.db.Exec(ctx, spendCode, int64(user), string(digest))
	if err == nil && spent == 0 {
		return database.NotFound("recovery code of user %d", user)
	}
	return database.Fault(err, "recovery codes of user %d", user)
}
