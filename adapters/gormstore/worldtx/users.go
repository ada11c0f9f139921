package worldtx

import (
	"cmp"
	"context"
	"fmt"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/seals"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

type userRow struct {
	ID                int64
	Username          string
	Name              string
	Email             string
	PublicEmail       string
	State             string
	Type              string
	Admin             bool
	External          bool
	TermsAccepted     bool
	EmailConfirmed    bool
	PasswordExpiresAt database.Instant
	CredentialVersion int64
	TwoFactor         bool
	// TOTPSecret is sealed for the number of the row, once it has one.
	TOTPSecret     string
	CanCreateGroup bool
	ProjectsLimit  int64
	Note           string
	Settings       database.Object
	CreatedAt      database.Instant `gorm:"autoCreateTime:false"`
	UpdatedAt      database.Instant `gorm:"autoUpdateTime:false"`
	CreatedBy      database.Ref
}

// TableName is gorm's name for the table.
func (userRow) TableName() string { return users }

func newUserRow(a identity.Account) userRow {
	u := a.User
	return userRow{
		ID: int64(u.ID), Username: u.Username, Name: u.Name, Email: u.Email,
		State: string(u.State), Type: string(u.Type), Admin: u.Admin, External: u.External,
		TermsAccepted: u.TermsAccepted, EmailConfirmed: u.EmailConfirmed, PasswordExpiresAt: database.ToInstant(u.PasswordExpiresAt),
		CredentialVersion: u.CredentialVersion, TwoFactor: u.TwoFactor,
		CanCreateGroup: a.CanCreateGroup, ProjectsLimit: a.ProjectsLimit, Note: a.Note, Settings: database.Object(a.Settings),
		CreatedAt: database.ToInstant(a.CreatedAt), UpdatedAt: database.ToInstant(a.UpdatedAt),
		CreatedBy: database.Ref(a.CreatedBy),
	}
}

// account returns the user of the row.
func (row userRow) account() identity.Account {
	return identity.Account{
		User: identity.User{
			ID: identity.UserID(row.ID), Username: row.Username, Name: row.Name, Email: row.Email, PublicEmail: row.PublicEmail,
			State: identity.State(row.State), Type: identity.UserType(row.Type), Admin: row.Admin, External: row.External,
			TermsAccepted: row.TermsAccepted, EmailConfirmed: row.EmailConfirmed, PasswordExpiresAt: row.PasswordExpiresAt.Time,
			CredentialVersion: row.CredentialVersion, TwoFactor: row.TwoFactor,
		},
		Profile: identity.Profile{
			CanCreateGroup: row.CanCreateGroup, ProjectsLimit: row.ProjectsLimit, Note: row.Note, Settings: remembered.Values(row.Settings),
			CreatedAt: row.CreatedAt.Time, UpdatedAt: row.UpdatedAt.Time, CreatedBy: identity.UserID(row.CreatedBy),
		},
	}
}

// userNamed returns the user of that name, or nil.
func (w *writer) userNamed(ctx context.Context, username string) (*userRow, error) {
	return database.Find[userRow](ctx, w.tx, "lower(username) = ?", identity.Fold(username))
}

// ID implements worldimport.Users.
func (w usersTx) ID(ctx context.Context, username string) (identity.UserID, error) {
	u, err := w.userNamed(ctx, username)
	switch {
	case err != nil:
		return 0, database.Fault(err, "user %q", username)
	case u == nil:
		return 0, database.NotFound("user %q", username)
	}
	return identity.UserID(u.ID), nil
}

// Current implements worldimport.Users.
func (w usersTx) Current(ctx context.Context, u worldimport.User) (worldimport.User, error) {
	kept, err := w.keptUser(ctx, u.User)
	return kept, database.Fault(err, "user %q", u.User.Username)
}

func (w *writer) keptUser(ctx context.Context, u identity.User) (worldimport.User, error) {
	condition, value := "id = ?", any(int64(u.ID))
	if u.ID == 0 {
		condition, value = "lower(username) = ?", identity.Fold(u.Username)
	}
	row, err := found(database.Find[userRow](ctx, w.tx, condition, value))
	if err != nil {
		return worldimport.User{}, err
	}
	home, err := database.Find[namespaceRow](ctx, w.tx, "owner_id = ?", row.ID)
	if err != nil {
		return worldimport.User{}, err
	}
	emails, err := w.emailsOf(ctx, row.ID)
	account := row.account()
	return worldimport.User{
		User: account.User, Emails: emails, Profile: account.Profile,
		NamespaceID: source.NamespaceID(home.number()), TOTPSecret: w.opened(seals.TOTPSecret, row.ID, row.TOTPSecret),
	}, err
}

// NamespaceOwner implements worldimport.Users.
func (w usersTx) NamespaceOwner(ctx context.Context, id source.NamespaceID) (identity.UserID, error) {
	home, err := found(database.Find[namespaceRow](ctx, w.tx, "id = ? AND owner_id IS NOT NULL", int64(id)))
	if err != nil {
		return 0, database.Fault(err, "personal namespace %d", id)
	}
	return identity.UserID(home.OwnerID), nil
}

// Put implements worldimport.Users.
func (w usersTx) Put(ctx context.Context, u worldimport.User) (identity.UserID, error) {
	secret := &u.TOTPSecret
	if u.TOTPSecret == worldimport.NoSecret {
		secret = nil
	}
	id, err := w.putUser(ctx, identity.Account{User: u.User, Profile: u.Profile}, u.Emails, u.NamespaceID, secret)
	return identity.UserID(id), database.Fault(err, "user %q", u.User.Username)
}

// putUser keeps a user with those secondary e-mails and no others, with the number of the
// personal namespace, 0 for any, and the secret of one-time passwords, nil for the one that
// is kept.
func (w *writer) putUser(ctx context.Context, a identity.Account, emails []identity.Email, namespace source.NamespaceID, secret *string) (int64, error) {
	row := newUserRow(a)
	given := row.ID
	named, err := w.userNamed(ctx, row.Username)
	if err != nil {
		return 0, err
	}
	if named != nil {
		row.ID = cmp.Or(row.ID, named.ID)
	}
	var home *namespaceRow
	old := named
	if row.ID != 0 {
		if home, err = database.Find[namespaceRow](ctx, w.tx, "owner_id = ?", row.ID); err != nil {
			return 0, err
		}
	}
	if home == nil {
		home = &namespaceRow{Protocols: string(source.AllProtocols), Visibility: string(source.Private)}
	}
	fresh := home.ID == 0
	if err := w.checkHome(ctx, *home, a.Username, int64(namespace)); err != nil {
		return 0, err
	}
	emails = a.WithoutPrimary(emails)
	if err := w.checkEmails(ctx, row.ID, append(identity.Addresses(emails), a.Email)...); err != nil {
		return 0, err
	}
	if err := w.number(ctx, users, &row.ID); err != nil {
		return 0, err
	}
	if given != 0 {
		if old, err = database.Find[userRow](ctx, w.tx, "id = ?", given); err != nil {
			return 0, err
		}
	}
	if old != nil && !identity.UserType(old.Type).MayBecome(a.Type) {
		return 0, database.Conflict("user %q is of type %q", old.Username, old.Type)
	}
	old = cmp.Or(old, &userRow{})
	row.PublicEmail = a.WithPublicEmail(a.PublicEmail, emails...).PublicEmail
	if secret == nil && row.TwoFactor {
		row.TOTPSecret = old.TOTPSecret
	}
	row.CredentialVersion = max(row.CredentialVersion, old.CredentialVersion, 1)
	if err := put(ctx, w, &row); err != nil {
		return 0, err
	}
	if err := w.sealTOTPSecret(ctx, row.ID, secret); err != nil {
		return 0, err
	}
	if !fresh || len(emails) > 0 {
		if err := w.replaceEmails(ctx, row.ID, emails); err != nil {
			return 0, err
		}
	}
	if old.TwoFactor && !row.TwoFactor {
		if err := w.forgetFactor(ctx, row.ID); err != nil {
			return 0, err
		}
	}
	if !fresh {
		if err := w.exec(ctx, "UPDATE namespaces SET name = ? WHERE id = ?", row.Name, home.ID); err != nil {
			return 0, err
		}
		return row.ID, w.move(ctx, *home, row.Username)
	}
	home.Name, home.ProjectCreation, home.SubgroupCreation = row.Name, string(source.DeveloperProjects), string(source.MaintainerSubgroups)
	home.ID, home.OwnerID, home.Path = int64(namespace), database.Ref(row.ID), row.Username
	return row.ID, w.insertNamespace(ctx, home, nil)
}

// sealTOTPSecret writes a secret into the row of its user, for which it is sealed.
func (w *writer) sealTOTPSecret(ctx context.Context, user int64, secret *string) error {
	if secret == nil || *secret == "" {
		return nil
	}
	sealed, err := seals.TOTPSecret.Seal(w.sealer, user, *secret)
	if err != nil {
		return err
	}
	return w.exec(ctx, "UPDATE users SET totp_secret = ? WHERE id = ?", sealed, user)
}

// forgetFactor removes what belongs to a second factor that is gone.
func (w *writer) forgetFactor(ctx context.Context, user int64) error {
	for _, query := range []string{
		"UPDATE users SET otp_last_step = 0, otp_failures = 0, otp_locked_until = NULL WHERE id = ?",
		"DELETE FROM recovery_codes WHERE user_id = ?",
		"DELETE FROM otp_sessions WHERE user_id = ?",
	} {
		if err := w.exec(ctx, query, user); err != nil {
			return err
		}
	}
	return nil
}

// checkHome returns domain.Conflict unless the user may have that name and
// that number for the personal namespace.
func (w *writer) checkHome(ctx context.Context, home namespaceRow, username string, given int64) error {
	if err := w.checkFree(ctx, username, routeRow{NamespaceID: database.Ref(home.ID)}); err != nil {
		return err
	}
	if given == 0 || given == home.ID {
		return nil
	}
	if home.ID != 0 {
		return database.Conflict("the personal namespace has number %d", home.ID)
	}
	other, err := database.Find[namespaceRow](ctx, w.tx, "id = ?", given)
	if err == nil && other != nil {
		return database.Conflict("the number %d is that of namespace %q", given, other.Path)
	}
	return err
}

// GhostID implements worldimport.Users.
func (w usersTx) GhostID(ctx context.Context) (id identity.UserID, made string, err error) {
	err = w.tx.WithContext(ctx).Raw("SELECT coalesce(min(id), 0) FROM users WHERE type = ?", string(identity.Ghost)).Scan((*int64)(&id)).Error
	if err != nil || id != 0 {
		return id, "", database.Fault(err, "ghost user")
	}
	name := "ghost"
	for n := 1; ; n++ {
		taken, err := w.routeAt(ctx, name)
		if err != nil {
			return 0, "", database.Fault(err, "ghost user")
		}
		if taken == nil {
			break
		}
		name = fmt.Sprintf("ghost%d", n)
	}
	id, err = w.Put(ctx, worldimport.User{User: identity.User{
		Username: name, Name: "Ghost User", State: identity.Active, Type: identity.Ghost, EmailConfirmed: true,
	}})
	return id, name, err
}
