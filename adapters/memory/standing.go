package memory

import (
	"context"
	"time"

	"gatehouse/application/whois"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// Directory implements gitaccess.Directory.
type Directory struct{ *state }

// Standing implements gitaccess.Directory.
func (d Directory) Standing(ctx context.Context, q source.Inquiry) (source.Standing, error) {
	if err := ctx.Err(); err != nil {
		return source.Standing{}, err
	}
	w := d.world.Load()
	p, repository, moved := w.findProject(q.Target)
	out := source.Standing{Actor: d.actor(w, q.Claim), Repository: repository, Moved: moved}
	out.OTPSession = w.hasOTPSession(out.Actor, q.Now)
	if !p.Known() {
		return out, nil
	}
	user := out.Actor.User.ID
	out.Project = w.withNamespaces(p)
	out.Role = w.projectRole(user, p, q.Now)
	out.KeyCanPush, out.KeyEnabled = w.keys.rows[out.Actor.Key.ID].projects[p.ID]
	if q.Refs {
		out.Project.Protections = withMembership(p.Protections, func(group source.NamespaceID) bool {
			return w.groupRole(user, group, q.Now) != source.NoRole
		})
	}
	return out, nil
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

func (s *state) actor(w *world, claim identity.Claim) identity.Actor {
	switch claim.Kind {
	case identity.ByKey:
		return s.holder(w, s.key(w, identity.KeyID(claim.ID)))
	case identity.ByUser:
		return identity.Actor{User: w.users.rows[identity.UserID(claim.ID)].User}
	case identity.ByName:
		return identity.Actor{User: w.users.rows[w.userByName(claim.Name)].User}
	default:
		return identity.Actor{}
	}
}

// holder is who stands behind a key.
func (s *state) holder(w *world, k identity.Key) identity.Actor {
	actor := identity.Actor{User: w.users.rows[k.Owner].User, Key: k}
	if actor.IsDeployKey() && !actor.User.Known() {
		actor.User = w.ghost()
	}
	return actor
}

// key is the key of that number with its latest stamp; no key if it may not
// log in.
func (s *state) key(w *world, id identity.KeyID) identity.Key {
	k := w.keys.rows[id].Key
	if !k.Known() || !k.Usage.Authenticates() {
		return identity.Key{}
	}
	k.LastUsedAt = s.lastUsed(k)
	return k
}

// Stamps implements gitaccess.Stamps.
type Stamps struct{ *state }

// KeyUsed implements gitaccess.Stamps.
func (s Stamps) KeyUsed(id identity.KeyID, now time.Time) {
	if _, exists := s.world.Load().keys.rows[id]; !exists {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keyUses[id] = latest(s.keyUses[id], toInstant(now))
}

func (s *state) lastUsed(k identity.Key) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return latest(k.LastUsedAt, s.keyUses[k.ID])
}
