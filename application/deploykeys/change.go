package deploykeys

import (
	"context"
	"errors"
	"time"

	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// change changes the deploy keys of one project within a transaction.
type change struct {
	tx  Tx
	by  rights.Caller
	at  rights.Standing
	now time.Time
}

// begin looks the project up and refuses a caller who may change no deploy key there.
func (s *Service) begin(ctx context.Context, tx Tx, by rights.Caller, on rights.Ref) (change, error) {
	now := s.now()
	at, err := decide(ctx, tx.Standings, by, on, now)
	return change{tx, by, at, now}, err
}

func (c change) project() source.ProjectID { return source.ProjectID(c.at.ID) }

// enabled returns a deploy key of the project, and what it may do there, or a Refusal.
func (c change) enabled(ctx context.Context, id identity.KeyID) (k identity.Key, e Enabling, err error) {
	if e, err = c.tx.Enablings.Enabling(ctx, id, c.project()); err == nil {
		k, err = c.tx.Keys.Key(ctx, id)
	}
	if errors.Is(err, domain.NotFound) {
		err = errNone
	}
	return k, e, err
}

// join enables a key that exists on the project, unless it is. FieldErrors say that the caller
// may not use it.
func (c change) join(ctx context.Context, k identity.Key, canPush bool) (identity.KeyID, error) {
	if k.Kind != identity.DeployKey {
		return 0, inDeployKey(errTaken)
	}
	_, err := c.tx.Enablings.Enabling(ctx, k.ID, c.project())
	if !errors.Is(err, domain.NotFound) {
		return k.ID, err
	}
	usable, err := c.isUsable(ctx, k)
	switch {
	case err != nil:
		return 0, err
	case !usable:
		return 0, inDeployKey(errTaken)
	}
	return k.ID, c.enable(ctx, k, nil, canPush, nil)
}

// isUsable says whether the caller may enable a deploy key.
func (c change) isUsable(ctx context.Context, k identity.Key) (bool, error) {
	if k.Public || c.by.Admin {
		return true, nil
	}
	return c.tx.Enablings.IsMaintained(ctx, k.ID, c.by.ID, c.now)
}

// enable keeps what a key may do in the project, which is new if old is nil. The values are
// those of a new key.
func (c change) enable(ctx context.Context, k identity.Key, old *Enabling, canPush bool, of audit.Values) error {
	if err := c.tx.Enablings.Enable(ctx, k.ID, c.project(), Enabling{canPush, c.now}); err != nil {
		return err
	}
	after := audit.Values{canPushValue: canPush}
	for name, value := range of {
		after[name] = value
	}
	if old == nil {
		return c.record(ctx, audit.Create, k, nil, after)
	}
	return c.record(ctx, audit.Update, k, audit.Values{canPushValue: old.CanPush}, after)
}

// rename gives a deploy key of the project another title.
func (c change) rename(ctx context.Context, policy identity.Policy, k identity.Key, title string) error {
	if title == k.Title {
		return nil
	}
	if k.Public && !c.by.Admin {
		return &domain.Refusal{Kind: domain.Forbidden}
	}
	renamed := k
	renamed.Title = title
	var wrong domain.FieldErrors
	for _, f := range policy.CheckNew(renamed, c.now) { // the rest may be from before a rule
		if f.Field == "title" {
			wrong = append(wrong, f)
		}
	}
	if len(wrong) > 0 {
		return inDeployKey(wrong)
	}
	if err := c.tx.Keys.Rename(ctx, k.ID, title); err != nil {
		return err
	}
	return c.record(ctx, audit.Update, renamed, audit.Values{"title": k.Title}, audit.Values{"title": title})
}

// remove takes a key from the project, or removes it if it is of no other.
func (c change) remove(ctx context.Context, k identity.Key, e Enabling) error {
	if err := c.tx.Enablings.Disable(ctx, k.ID, c.project()); err != nil {
		return err
	}
	before := audit.Values{canPushValue: e.CanPush}
	elsewhere, err := c.tx.Enablings.IsEnabled(ctx, k.ID)
	if err != nil {
		return err
	}
	if !k.Public && !elsewhere {
		if err := c.tx.Keys.RemoveKey(ctx, k.ID); err != nil {
			return err
		}
		for name, value := range keyValues(k) {
			before[name] = value
		}
	}
	return c.record(ctx, audit.Delete, k, before, nil)
}

// canPushValue is the name of the right to push in audit events.
const canPushValue = "can_push"

// keyValues are the members of a deploy key as an audit event has them, by their names in the
// world file.
func keyValues(k identity.Key) audit.Values {
	out := audit.Values{"title": k.Title, "fingerprint": string(k.Fingerprint), "public": k.Public, "expires_at": nil}
	if !k.ExpiresAt.IsZero() {
		out["expires_at"] = k.ExpiresAt.UTC().Format(time.RFC3339)
	}
	return out
}

// keyObject is a deploy key in an audit event.
func keyObject(k identity.Key) audit.Object {
	return audit.Object{Kind: "deploy_key", ID: int64(k.ID), Path: k.Title}
}

// record keeps the audit event of a write to a deploy key of the project.
func (c change) record(ctx context.Context, verb audit.Verb, k identity.Key, before, after audit.Values) error {
	project := audit.Object{Kind: audit.Project, ID: c.at.ID, Path: c.at.Path}
	return c.tx.Audit.Append(ctx, c.by.Cause.Event(c.now, verb, project, keyObject(k), before, after))
}
