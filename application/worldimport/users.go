package worldimport

import (
	"context"

	"gatehouse/domain/identity"
)

func (i *importer) user(ctx context.Context, d User) {
	name := d.User.Username
	if i.invalid(d.Line, "user", name, identity.CheckUsername(name), identity.CheckEmail(d.User.Email)) {
		return
	}
	kept, exists, ok := load(i, func() (User, error) { return i.tx.Users.Current(ctx, d) })
	if !ok {
		return
	}
	u := kept
	if !exists {
		u = d
		u.Profile.CreatedAt = i.now
	}
	u = mergeUsers(u, d)
	if d.Gives("public_email") && i.invalid(d.lineOf("public_email"), "user", name, u.User.CheckPublicEmail(u.User.PublicEmail, u.Emails...)) {
		return
	}
	u.User = u.User.WithPublicEmail(u.User.PublicEmail, u.Emails...)
	if !i.changes(exists, compareUsers(kept, u)) {
		return
	}
	if i.step.effect != 0 {
		u.Profile.UpdatedAt = i.now
	}
	for n := range u.Emails { // of those that are kept it does not change
		u.Emails[n].CreatedAt = i.now
	}
	id, err := i.tx.Users.Put(ctx, u)
	if i.checkPut(i.explainUser(ctx, err, u), d.Line, "user", name) {
		i.touch("user", int64(id))
		i.moveEmails(kept.addresses(), u.addresses())
		i.record(userObject(id, name), int64(id))
	}
}

// addresses are the primary and the secondary e-mails in lower case.
func (u User) addresses() map[string]bool {
	all := map[string]bool{}
	for _, address := range append(identity.Addresses(u.Emails), u.User.Email) {
		all[identity.Fold(address)] = true
	}
	delete(all, "")
	return all
}

// moveEmails notes in a check that the entry has given a user other e-mails. If an earlier
// entry has left one of them free, their order counts, and they go together.
func (i *importer) moveEmails(from, to map[string]bool) {
	for address := range to {
		if earlier := i.freed[address]; earlier != nil && !from[address] {
			earlier.effect |= moves
			i.step.effect |= moves
		}
	}
	for address := range from {
		if !to[address] {
			i.freed[address] = i.step
		}
	}
}

// userCreator keeps who created a user, who is there by now.
func (i *importer) userCreator(ctx context.Context, d User) {
	creator, ok := i.optionalUserID(ctx, d.lineOf("created_by"), d.CreatedBy)
	u, exists, loaded := load(i, func() (User, error) { return i.tx.Users.Current(ctx, d) })
	if !ok || !loaded || !exists {
		return
	}
	var c comparison
	c.set("created_by", optionalNumber(u.Profile.CreatedBy), optionalNumber(creator), neutral)
	u.Profile.CreatedBy = creator
	if i.changes(exists, c) {
		id, err := i.tx.Users.Put(ctx, u)
		if i.checkPut(err, d.Line, "user", d.User.Username) {
			i.record(userObject(id, d.User.Username), int64(id))
		}
	}
}
