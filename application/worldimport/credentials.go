package worldimport

import (
	"cmp"
	"context"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

func (i *importer) accessToken(ctx context.Context, d AccessToken) {
	user, ok := i.userID(ctx, d.Line, d.User)
	if !ok {
		return
	}
	kept, exists, ok := load(i, func() (identity.AccessToken, error) { return i.tx.Credentials.AccessToken(ctx, d.Digest) })
	if !ok {
		return
	}
	base := kept
	if !exists {
		base.CreatedAt = i.now
	}
	t := mergeAccessTokens(base, d)
	if i.changes(exists, compareAccessTokens(kept, user, t)) {
		err := i.tx.Credentials.PutAccessToken(ctx, user, t)
		if i.checkPut(i.explainGhost(ctx, err, user, "access tokens"), d.Line, "access token", d.Name) {
			i.record(userObject(user, d.User), 0)
		}
	}
}

func (i *importer) agent(ctx context.Context, d Agent) {
	project, ok := i.projectID(ctx, d.Line, d.Project)
	createdBy, creatorOK := i.optionalUserID(ctx, d.lineOf("created_by"), d.CreatedBy)
	a := d
	tokens, tokensOK := i.agentTokens(ctx, &a)
	if !ok || !creatorOK || !tokensOK {
		return
	}
	kept, exists, ok := load(i, func() (KeptAgent, error) { return i.tx.Credentials.Agent(ctx, project, d) })
	if !ok {
		return
	}
	base := kept
	if !exists {
		base.CreatedAt = i.now
	}
	keep(d.FileLine, "created_by", &createdBy, base.CreatedBy)
	keep(d.FileLine, "created_at", &a.CreatedAt, base.CreatedAt)
	if i.changes(exists, compareAgents(kept, tokens, project, createdBy, a)) {
		err := i.tx.Credentials.PutAgent(ctx, project, createdBy, a)
		if i.checkPut(i.explainAgent(ctx, err, project, a), d.Line, "agent", d.Name) {
			i.record(sourceObject(source.MemberSource{Project: project}, d.Project), d.ID)
		}
	}
}

// agentTokens merges the tokens of an agent with those that are kept, and returns the
// latter by digest. It is false if one refers to a user who does not exist.
func (i *importer) agentTokens(ctx context.Context, a *Agent) (kept map[identity.TokenDigest]KeptAgentToken, ok bool) {
	kept, ok = make(map[identity.TokenDigest]KeptAgentToken, len(a.Tokens)), true
	merged := make([]AgentToken, 0, len(a.Tokens))
	for _, t := range a.Tokens {
		creator, creatorOK := i.optionalUserID(ctx, cmp.Or(t.lineOf("creator"), a.Line), t.CreatedBy)
		old, exists, loaded := load(i, func() (KeptAgentToken, error) { return i.tx.Credentials.AgentToken(ctx, t.Digest) })
		ok = ok && creatorOK && (loaded || i.step.malformed)
		if exists {
			kept[t.Digest] = old
		} else {
			old.CreatedAt = i.now
		}
		t.Creator = creator
		merged = append(merged, mergeAgentTokens(old.AgentToken, t))
	}
	a.Tokens = merged
	return kept, ok
}
