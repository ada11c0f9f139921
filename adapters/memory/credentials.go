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

// credentialsTx implements worldimport.Credentials.
type credentialsTx struct{ *transaction }

// PutAccessToken implements worldimport.Credentials.
func (tx credentialsTx) PutAccessToken(ctx context.Context, u identity.UserID, t worldimport.AccessToken) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := tx.users.require(u, "user"); err != nil {
		return err
	}
	old := tx.accessToken(t.Digest)
	tx.putAccessToken(identity.AccessToken{
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

func (tx *transaction) putAccessToken(t identity.AccessToken) int64 {
	t.ID = tx.tokens.idOr(t.ID)
	t.Scopes, t.ExpiresAt, t.CreatedAt = slices.Clone(t.Scopes), toInstant(t.ExpiresAt), toInstant(t.CreatedAt)
	tx.tokens.put(t.ID, t)
	return t.ID
}

// PutAgent implements worldimport.Credentials.
func (tx credentialsTx) PutAgent(ctx context.Context, p source.ProjectID, createdBy identity.UserID, a worldimport.Agent) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := tx.projects.require(p, "project"); err != nil {
		return err
	}
	if createdBy != 0 {
		if err := tx.users.require(createdBy, "user"); err != nil {
			return err
		}
	}
	var holder int64
	for known, row := range tx.agents.rows {
		if row.project == p && fold(row.name) == fold(a.Name) {
			holder = known
		}
	}
	if holder != 0 && a.ID != 0 && holder != a.ID {
		return conflict("agent %q of project %d has number %d", a.Name, p, holder)
	}
	id := tx.agents.idOr(max(a.ID, holder))
	tx.agents.put(id, agent{a.Name, p, createdBy})
	for _, t := range a.Tokens {
		tx.putAgentToken(id, t)
	}
	return nil
}

func (tx *transaction) putAgentToken(of int64, t worldimport.AgentToken) {
	var id int64
	for known, row := range tx.agentTokens.rows {
		if row.Digest == t.Digest {
			id = known
		}
	}
	tx.agentTokens.put(tx.agentTokens.idOr(id), agentToken{of, t})
}
