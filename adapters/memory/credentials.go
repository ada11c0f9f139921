package memory

import (
	"context"
	"slices"

	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

type agent struct {
	name      string
	project   source.ProjectID
	createdBy identity.UserID
}

type agentToken struct {
	agent int64
	worldimport.AgentToken
}

// PutAccessToken implements worldimport.Credentials.
func (d *draft) PutAccessToken(ctx context.Context, u identity.UserID, t worldimport.AccessToken) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.users.require(u, "user"); err != nil {
		return err
	}
	old := d.accessToken(t.Digest)
	d.putAccessToken(identity.AccessToken{
		ID: old.ID, User: u, Name: t.Name, Scopes: identity.SplitScopes(t.Scopes), Digest: t.Digest,
		ExpiresAt: t.ExpiresAt, Revoked: t.Revoked, CreatedAt: old.CreatedAt,
	})
	return nil
}

// token is unknown, its ID 0, if none has the digest.
func (w *world) accessToken(digest identity.TokenDigest) identity.AccessToken {
	for _, t := range w.tokens.rows {
		if t.Digest == digest {
			return t
		}
	}
	return identity.AccessToken{}
}

func (d *draft) putAccessToken(t identity.AccessToken) int64 {
	t.ID = d.tokens.idOr(t.ID)
	t.Scopes, t.ExpiresAt, t.CreatedAt = slices.Clone(t.Scopes), toInstant(t.ExpiresAt), toInstant(t.CreatedAt)
	d.tokens.put(t.ID, t)
	return t.ID
}

// PutAgent implements worldimport.Credentials.
func (d *draft) PutAgent(ctx context.Context, p source.ProjectID, createdBy identity.UserID, a worldimport.Agent) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.projects.require(p, "project"); err != nil {
		return err
	}
	if createdBy != 0 {
		if err := d.users.require(createdBy, "user"); err != nil {
			return err
		}
	}
	var holder int64
	for known, row := range d.agents.rows {
		if row.project == p && fold(row.name) == fold(a.Name) {
			holder = known
		}
	}
	if holder != 0 && a.ID != 0 && holder != a.ID {
		return conflict("agent %q of project %d has number %d", a.Name, p, holder)
	}
	id := d.agents.idOr(max(a.ID, holder))
	d.agents.put(id, agent{a.Name, p, createdBy})
	for _, t := range a.Tokens {
		d.putAgentToken(id, t)
	}
	return nil
}

func (d *draft) putAgentToken(of int64, t worldimport.AgentToken) {
	var id int64
	for known, row := range d.agentTokens.rows {
		if row.Digest == t.Digest {
			id = known
		}
	}
	d.agentTokens.put(d.agentTokens.idOr(id), agentToken{of, t})
}
