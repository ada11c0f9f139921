package memory

import (
	"context"
	"maps"
	"time"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// key is a user's key or a deploy key.
type key struct {
	identity.Key
	// projects are the projects on which a deploy key is enabled; the value says
	// whether it may push.
	projects map[source.ProjectID]bool
}

// keysTx implements worldimport.Keys.
type keysTx struct{ *transaction }

// Put implements worldimport.Keys.
func (tx keysTx) Put(ctx context.Context, k identity.Key) (identity.KeyID, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := tx.requireOwner(k); err != nil {
		return 0, err
	}
	sameFingerprint, taken := tx.keysByFingerprint[k.Fingerprint]
	if k.ID == 0 {
		k.ID = sameFingerprint
	}
	old, exists := tx.keys.rows[k.ID]
	switch {
	case taken && sameFingerprint != k.ID:
		return 0, conflict("the key with fingerprint %q has number %d", k.Fingerprint, sameFingerprint)
	case exists && old.Kind != k.Kind:
		return 0, conflict("the number %d or the fingerprint %q is that of a %s", k.ID, k.Fingerprint, old.Kind)
	}
	k.ID = tx.keys.idOr(k.ID)
	k.ExpiresAt, k.CreatedAt, k.LastUsedAt = toInstant(k.ExpiresAt), toInstant(k.CreatedAt), toInstant(k.LastUsedAt)
	if exists {
		k.CreatedAt, k.LastUsedAt = old.CreatedAt, old.LastUsedAt
		delete(tx.keysByFingerprint, old.Fingerprint)
	}
	tx.keys.put(k.ID, key{k, old.projects})
	tx.keysByFingerprint[k.Fingerprint] = k.ID
	return k.ID, nil
}

// requireOwner returns why the key cannot be that of its owner.
func (w *world) requireOwner(k identity.Key) error {
	switch {
	case k.Kind == identity.UserKey:
		return w.requirePerson(k.Owner)
	case k.Owner != 0:
		return w.users.require(k.Owner, "user")
	}
	return nil
}

// Current implements worldimport.Keys.
func (tx keysTx) Current(ctx context.Context, k identity.Key) (identity.Key, error) {
	if err := ctx.Err(); err != nil {
		return identity.Key{}, err
	}
	id := k.ID
	if id == 0 {
		id = tx.keysByFingerprint[k.Fingerprint]
	}
	kept, ok := tx.keys.rows[id]
	if !ok {
		return identity.Key{}, notFound("key %d", id)
	}
	return kept.Key, nil
}

// Enabled implements worldimport.Keys.
func (tx keysTx) Enabled(ctx context.Context, id identity.KeyID) (map[source.ProjectID]bool, error) {
	return maps.Clone(tx.keys.rows[id].projects), ctx.Err()
}

// Enable implements worldimport.Keys.
func (tx keysTx) Enable(ctx context.Context, id identity.KeyID, projects map[source.ProjectID]bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := tx.requireDeployKey(id); err != nil {
		return err
	}
	for p := range projects {
		if err := tx.projects.require(p, "project"); err != nil {
			return err
		}
	}
	tx.keys.put(id, key{tx.keys.rows[id].Key, maps.Clone(projects)})
	return nil
}

// DeployKeyExists implements worldimport.Keys.
func (tx keysTx) DeployKeyExists(ctx context.Context, id identity.KeyID) (bool, error) {
	return tx.requireDeployKey(id) == nil, ctx.Err()
}

// requireDeployKey returns domain.NotFound unless a deploy key has that number.
func (w *world) requireDeployKey(id identity.KeyID) error {
	if w.keys.rows[id].Kind != identity.DeployKey {
		return notFound("deploy key %d", id)
	}
	return nil
}

// KeyUses implements gitaccess.KeyUses.
type KeyUses struct{ *state }

// Record implements gitaccess.KeyUses.
func (s KeyUses) Record(id identity.KeyID, now time.Time) {
	if _, exists := s.world.Load().keys.rows[id]; !exists {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keyUses[id] = latest(s.keyUses[id], toInstant(now))
}

// key returns the key with its last use. It returns the zero Key if the key does
// not exist or is for signing only.
func (s *state) key(w *world, id identity.KeyID) identity.Key {
	k := w.keys.rows[id].Key
	if !k.Known() || !k.Usage.Authenticates() {
		return identity.Key{}
	}
	k.LastUsedAt = s.keyLastUsed(k)
	return k
}

// keyLastUsed returns the last use of a key, recorded here or imported.
func (s *state) keyLastUsed(k identity.Key) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return latest(k.LastUsedAt, s.keyUses[k.ID])
}

func (s *state) listKeys(w *world) (rows [][]any) {
	for _, k := range w.keys.rows {
		rows = append(rows, []any{
			int64(k.ID), string(k.Kind), k.Title, string(k.Fingerprint), string(k.Usage),
			w.usernameOrNil(k.Owner), timeOrNil(k.ExpiresAt), timeOrNil(s.keyLastUsed(k.Key)), k.Public,
		})
	}
	return rows
}
