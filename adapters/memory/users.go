package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"gatehouse/application/inventory"
	"gatehouse/application/whois"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// user is a user with their personal namespace and second factor.
type user struct {
	identity.Account
	namespace source.NamespaceID
	factor    identity.TwoFactor
}

// usersTx implements worldimport.Users.
type usersTx struct{ *transaction }

// ID implements worldimport.Users.
func (tx usersTx) ID(ctx context.Context, username string) (identity.UserID, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	id := tx.userByName(username)
	if id == 0 {
		return 0, notFound("user %q", username)
	}
	return id, nil
}

// Current implements worldimport.Users.
func (tx usersTx) Current(ctx context.Context, u worldimport.User) (worldimport.User, error) {
	if err := ctx.Err(); err != nil {
		return worldimport.User{}, err
	}
	id := u.User.ID
	if id == 0 {
		id = tx.userByName(u.User.Username)
	}
	kept, ok := tx.users.rows[id]
	if !ok {
		return worldimport.User{}, notFound("user %d", id)
	}
	account := kept.Account.Clone()
	return worldimport.User{User: account.User, Profile: account.Profile, Emails: tx.emailsOf(id), NamespaceID: kept.namespace, TOTPSecret: kept.factor.Secret}, nil
}

// UserOfEmail implements worldimport.Emails.
func (tx usersTx) UserOfEmail(ctx context.Context, email string) (identity.UserID, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	id, ok := tx.emails[fold(email)]
	if !ok {
		return 0, notFound("user of an e-mail")
	}
	return id, nil
}

// NamespaceOwner implements worldimport.Users.
func (tx usersTx) NamespaceOwner(ctx context.Context, id source.NamespaceID) (identity.UserID, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	owner := tx.namespaces.rows[id].owner
	if owner == 0 {
		return 0, notFound("personal namespace %d", id)
	}
	return owner, nil
}

// userByName returns the owner of the personal namespace at the username; 0 if
// there is none.
func (w *world) userByName(username string) identity.UserID {
	return w.namespaces.rows[w.routes[fold(username)].namespace].owner
}

// Put implements worldimport.Users.
func (tx usersTx) Put(ctx context.Context, u worldimport.User) (identity.UserID, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	secret := &u.TOTPSecret
	if u.TOTPSecret == worldimport.NoSecret {
		secret = nil
	}
	return tx.putUser(identity.Account{User: u.User, Profile: u.Profile}, u.Emails, u.NamespaceID, secret)
}

// putUser keeps a user with those secondary e-mails and no others, with the number of the
// personal namespace, 0 for any, and the secret of one-time passwords, nil for the one that
// is kept.
func (tx *transaction) putUser(a identity.Account, emails []identity.Email, given source.NamespaceID, secret *string) (identity.UserID, error) {
	if a.ID == 0 {
		a.ID = tx.userByName(a.Username)
	}
	old, exists := tx.users.rows[a.ID]
	if exists && !old.Type.MayBecome(a.Type) {
		return 0, conflict("user %q of type %q", old.Username, old.Type)
	}
	home := route{namespace: old.namespace}
	if err := tx.checkFree(a.Username, home); err != nil {
		return 0, err
	}
	emails = a.WithoutPrimary(emails)
	for _, address := range append(identity.Addresses(emails), a.Email) {
		if other := tx.emails[fold(address)]; other != 0 && other != a.ID {
			return 0, conflict("the e-mail is that of user %d", other)
		}
	}
	_, used := tx.namespaces.rows[given]
	switch {
	case exists && given != 0 && given != home.namespace:
		return 0, conflict("the namespace of user %q has number %d", a.Username, home.namespace)
	case !exists && used:
		return 0, conflict("the number %d of a namespace is taken", given)
	case !exists:
		home.namespace = tx.namespaces.idOr(given)
	}
	a.ID = tx.users.idOr(a.ID)
	a.PasswordExpiresAt, a.CreatedAt, a.UpdatedAt = toInstant(a.PasswordExpiresAt), toInstant(a.CreatedAt), toInstant(a.UpdatedAt)
	a.LastActivityOn = time.Time{} // kept elsewhere
	a.CredentialVersion = max(a.CredentialVersion, old.CredentialVersion, 1)
	a.User = a.WithPublicEmail(a.PublicEmail, emails...)
	if !a.TwoFactor {
		delete(tx.recoveryCodes, a.ID)
		maps.DeleteFunc(tx.otpSessions, func(s sessionKey, _ time.Time) bool { return s.user == a.ID })
	}
	tx.users.put(a.ID, user{a.Clone(), home.namespace, updatedFactor(old.factor, a.TwoFactor, secret)})
	delete(tx.emails, fold(old.Email))
	if a.Email != "" {
		tx.emails[fold(a.Email)] = a.ID
	}
	tx.replaceEmails(a.ID, emails)
	if exists {
		n := tx.namespaces.rows[home.namespace]
		n.profile.Name = a.Name
		tx.namespaces.rows[n.ID] = n
		tx.moveRoutes(old.Username, a.Username)
		return a.ID, nil
	}
	tx.namespaces.put(home.namespace, namespace{
		Namespace: source.Namespace{ID: home.namespace, Path: a.Username, Personal: true, Protocols: source.AllProtocols},
		owner:     a.ID, visibility: source.Private, profile: source.GroupProfile{Name: a.Name},
	})
	tx.addRoute(a.Username, home)
	return a.ID, nil
}

// updatedFactor returns f as a user has it who has a second factor, or none, with the
// secret; nil leaves it. The failed attempts stay with the factor.
func updatedFactor(f identity.TwoFactor, enabled bool, secret *string) identity.TwoFactor {
	if !enabled {
		return identity.TwoFactor{}
	}
	f.Enabled, f.Secret = true, valueOr(secret, f.Secret)
	return f
}

// GhostID implements worldimport.Users.
func (tx usersTx) GhostID(ctx context.Context) (id identity.UserID, made string, err error) {
	if ghost := tx.ghost(); ghost.Known() {
		return ghost.ID, "", ctx.Err()
	}
	name := "ghost"
	for n := 1; tx.routes[name] != (route{}); n++ {
		name = "ghost" + strconv.Itoa(n)
	}
	id, err = tx.Put(ctx, worldimport.User{User: identity.User{
		Username: name, Name: "Ghost User", State: identity.Active, Type: identity.Ghost, EmailConfirmed: true,
	}})
	return id, name, err
}

// requirePerson returns domain.NotFound unless a user has that number, and
// domain.Conflict for one of type ghost.
func (w *world) requirePerson(id identity.UserID) error {
	if w.users.rows[id].Type == identity.Ghost {
		return conflict("user %d is of type ghost", id)
	}
	return w.users.require(id, "user")
}

// ghost returns the ghost user with the lowest number; the zero User if there is
// none.
func (w *world) ghost() identity.User {
	var ghosts []identity.User
	for _, u := range w.users.rows {
		if u.Type == identity.Ghost {
			ghosts = append(ghosts, u.User)
		}
	}
	if len(ghosts) == 0 {
		return identity.User{}
	}
	return slices.MinFunc(ghosts, func(a, b identity.User) int { return cmp.Compare(a.ID, b.ID) })
}

// Actors implements whois.Actors.
type Actors struct{ *state }

// KeyByFingerprint implements whois.Actors.
func (a Actors) KeyByFingerprint(ctx context.Context, print identity.Fingerprint) (whois.KeyAndUser, error) {
	if err := ctx.Err(); err != nil {
		return whois.KeyAndUser{}, err
	}
	w := a.world.Load()
	k := a.key(w, w.keysByFingerprint[print])
	if !k.Known() {
		return whois.KeyAndUser{}, notFound("key %q", print)
	}
	return whois.KeyAndUser{Key: k, Name: w.users.rows[k.Owner].Name}, nil
}

// Actor implements whois.Actors.
func (a Actors) Actor(ctx context.Context, claim identity.Claim) (identity.Actor, error) {
	if err := ctx.Err(); err != nil {
		return identity.Actor{}, err
	}
	return a.actor(a.world.Load(), claim), nil
}

// actor returns the actor that a claim names; the zero Actor if there is none.
func (s *state) actor(w *world, claim identity.Claim) identity.Actor {
	switch claim.Kind {
	case identity.ByKey:
		return s.keyActor(w, s.key(w, identity.KeyID(claim.ID)))
	case identity.ByUser:
		return identity.Actor{User: w.users.rows[identity.UserID(claim.ID)].User}
	case identity.ByName:
		return identity.Actor{User: w.users.rows[w.userByName(claim.Name)].User}
	default:
		return identity.Actor{}
	}
}

// keyActor returns the owner of a key. A deploy key without one acts as the
// ghost user.
func (s *state) keyActor(w *world, k identity.Key) identity.Actor {
	actor := identity.Actor{User: w.users.rows[k.Owner].User, Key: k}
	if actor.IsDeployKey() && !actor.User.Known() {
		actor.User = w.ghost()
	}
	return actor
}

func (s *state) listUsers(w *world) (rows [][]any) {
	for _, u := range w.users.rows {
		rows = append(rows, []any{
			int64(u.ID), u.Username, u.Name, u.Email, u.PublicEmail, string(u.State), string(u.Type), u.Admin, u.External, int64(u.namespace),
			u.CanCreateGroup, u.ProjectsLimit, u.Note, inventory.SettingsRecord(u.Settings), timeOrNil(u.CreatedAt), timeOrNil(u.UpdatedAt),
			dateOrNil(s.lastActivityOn(u.ID)), w.usernameOrNil(u.CreatedBy),
		})
	}
	return rows
}
