package worldtx

import (
	"context"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain/identity"
)

// emailRow is a secondary e-mail of a user.
type emailRow struct {
	ID          int64
	UserID      int64
	Email       string
	ConfirmedAt database.Instant
	CreatedAt   database.Instant `gorm:"autoCreateTime:false"`
}

// TableName is gorm's name for the table.
func (emailRow) TableName() string { return "user_emails" }

func newEmailRow(e identity.Email) emailRow {
	return emailRow{
		ID: e.ID, UserID: int64(e.User), Email: e.Address, ConfirmedAt: database.ToInstant(e.ConfirmedAt), CreatedAt: database.ToInstant(e.CreatedAt),
	}
}

func (row emailRow) email() identity.Email {
	return identity.Email{
		ID: row.ID, User: identity.UserID(row.UserID), Address: row.Email, ConfirmedAt: row.ConfirmedAt.Time, CreatedAt: row.CreatedAt.Time,
	}
}

// EmailOwner is the query of the user who has an e-mail, as primary or secondary one. Both
// of its arguments are the e-mail in lower case, which is not empty. Its conditions have the
// form of the indexes.
func EmailOwner(d database.Dialect) string {
	of := d.Lower("email") + " = ?"
	return "SELECT id FROM users WHERE email <> '' AND " + of + " UNION ALL SELECT user_id FROM user_emails WHERE " + of
}

// emailOwner returns the user who has that e-mail; 0 for none.
func (w *writer) emailOwner(ctx context.Context, email string) (id identity.UserID, err error) {
	if email == "" || !database.Storable(email) {
		return 0, nil
	}
	folded := identity.Fold(email)
	err = w.tx.WithContext(ctx).Raw(EmailOwner(w.dialect), folded, folded).Scan((*int64)(&id)).Error
	return id, err
}

// UserOfEmail implements worldimport.Emails.
func (w *writer) UserOfEmail(ctx context.Context, email string) (identity.UserID, error) {
	id, err := w.emailOwner(ctx, email)
	if err == nil && id == 0 {
		err = gorm.ErrRecordNotFound
	}
	return id, database.Fault(err, "user of an e-mail")
}

// EmailOwner implements accounts.Names.
func (w accountsTx) EmailOwner(ctx context.Context, email string) (identity.UserID, error) {
	id, err := w.emailOwner(ctx, email)
	return id, database.Fault(err, "e-mail")
}

// checkEmails returns domain.Conflict if another user than that of the number, which is 0 for
// a new one, has one of the e-mails.
func (w *writer) checkEmails(ctx context.Context, user int64, emails ...string) error {
	for _, email := range emails {
		other, err := w.emailOwner(ctx, email)
		if err != nil {
			return err
		}
		if other != 0 && int64(other) != user {
			return database.Conflict("the e-mail is that of user %d", other)
		}
	}
	return nil
}

// emailsOf returns the secondary e-mails of a user in the order of their numbers.
func (w *writer) emailsOf(ctx context.Context, user int64) (all []identity.Email, err error) {
	var rows []emailRow
	err = w.tx.WithContext(ctx).Where("user_id = ?", user).Order("id").Find(&rows).Error
	for _, row := range rows {
		all = append(all, row.email())
	}
	return all, err
}

// replaceEmails gives a user those secondary e-mails in place of the others, which keep their
// numbers and their times of creation.
func (w *writer) replaceEmails(ctx context.Context, user int64, all []identity.Email) error {
	kept, err := w.emailsOf(ctx, user)
	if err != nil {
		return err
	}
	for _, e := range kept {
		if _, stays := identity.FindEmail(all, e.Address); !stays {
			if err := w.exec(ctx, "DELETE FROM user_emails WHERE id = ?", e.ID); err != nil {
				return err
			}
		}
	}
	for _, e := range all {
		old, exists := identity.FindEmail(kept, e.Address)
		e.ID, e.User = old.ID, identity.UserID(user)
		if exists {
			e.CreatedAt = old.CreatedAt
		}
		row := newEmailRow(e)
		if err := put(ctx, w, &row); err != nil {
			return err
		}
	}
	return nil
}

// AddEmail implements accounts.Emails.
func (w accountsTx) AddEmail(ctx context.Context, e identity.Email) (int64, error) {
	err := w.exists(ctx, users, int64(e.User))
	if err == nil {
		err = w.checkEmails(ctx, 0, e.Address)
	}
	e.ID = 0
	row := newEmailRow(e)
	if err == nil {
		err = gorm.G[emailRow](w.tx).Create(ctx, &row)
	}
	return row.ID, database.Fault(err, "e-mail of user %d", e.User)
}

// Emails implements accounts.Emails.
func (w accountsTx) Emails(ctx context.Context, user identity.UserID) ([]identity.Email, error) {
	all, err := w.emailsOf(ctx, int64(user))
	return all, database.Fault(err, "e-mails of user %d", user)
}

// RemoveEmail implements accounts.Emails.
func (w accountsTx) RemoveEmail(ctx context.Context, id int64) error {
	removed := w.tx.WithContext(ctx).Exec("DELETE FROM user_emails WHERE id = ?", id)
	err := removed.Error
	if err == nil && removed.RowsAffected == 0 {
		err = gorm.ErrRecordNotFound
	}
	return database.Fault(err, "e-mail %d", id)
}
