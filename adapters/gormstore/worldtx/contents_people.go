package worldtx

import (
	"context"
	"iter"

	"gatehouse/adapters/gormstore/seals"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

const (
	userContents = `
		SELECT u.*, n.id AS home_id, c.username AS creator
		FROM users u JOIN namespaces n ON n.owner_id = u.id LEFT JOIN users c ON c.id = u.created_by
		WHERE u.id > ? ORDER BY u.id LIMIT ?`
	emailContents = "SELECT * FROM user_emails WHERE user_id BETWEEN ? AND ? ORDER BY user_id, id"
	keyContents   = `
		SELECT k.*, u.username FROM keys k JOIN users u ON u.id = k.user_id WHERE k.kind = 'key' ORDER BY k.id`
	deployKeyContents = `
		SELECT k.*, u.username FROM keys k LEFT JOIN users u ON u.id = k.creator_id
		WHERE k.kind = 'deploy_key' AND k.id > ? ORDER BY k.id LIMIT ?`
	enabledContents = `
		SELECT e.*, p.path FROM deploy_key_projects e JOIN projects p ON p.id = e.project_id
		WHERE e.key_id BETWEEN ? AND ? ORDER BY e.key_id, e.project_id`
	accessTokenContents = `
		SELECT t.*, u.username FROM access_tokens t JOIN users u ON u.id = t.user_id WHERE t.kind = 'personal' ORDER BY t.id`
	agentContents = `
		SELECT a.*, p.path, c.username FROM agents a JOIN projects p ON p.id = a.project_id LEFT JOIN users c ON c.id = a.creator_id
		WHERE a.id > ? ORDER BY a.id LIMIT ?`
	agentTokenContents = `
		SELECT t.*, c.username FROM agent_tokens t LEFT JOIN users c ON c.id = t.creator_id
		WHERE t.agent_id BETWEEN ? AND ? ORDER BY t.agent_id, t.id`
)

type describedUser struct {
	Row     userRow `gorm:"embedded"`
	HomeID  int64
	Creator *string
}

// Users implements worldimport.PeopleContents.
func (c contents) Users(ctx context.Context) iter.Seq2[worldimport.User, error] {
	tx := c.tx.WithContext(ctx)
	number := func(row describedUser) int64 { return row.Row.ID }
	return pages(tx, "users", userContents, number, func(page []describedUser, first, last int64) ([]worldimport.User, error) {
		emails := map[int64][]identity.Email{}
		var rows []emailRow
		err := tx.Raw(emailContents, first, last).Scan(&rows).Error
		for _, row := range rows {
			emails[row.UserID] = append(emails[row.UserID], row.email())
		}
		out := make([]worldimport.User, len(page))
		for i, row := range page {
			a := row.Row.account()
			out[i] = worldimport.User{
				User: a.User, Emails: emails[row.Row.ID], Profile: a.Profile, NamespaceID: source.NamespaceID(row.HomeID),
				TOTPSecret: c.hide(seals.TOTPSecret, row.Row.ID, row.Row.TOTPSecret), CreatedBy: text(row.Creator),
			}
		}
		return out, err
	})
}

type describedKey struct {
	Row      keyRow `gorm:"embedded"`
	Username *string
}

// Keys implements worldimport.PeopleContents.
func (c contents) Keys(ctx context.Context) iter.Seq2[worldimport.Key, error] {
	return stream(c.tx.WithContext(ctx), "keys", keyContents, func(row *describedKey) (worldimport.Key, error) {
		return worldimport.Key{User: text(row.Username), Key: row.Row.key()}, nil
	})
}

type describedEnabling struct {
	Row  deployKeyProjectRow `gorm:"embedded"`
	Path string
}

// DeployKeys implements worldimport.PeopleContents.
func (c contents) DeployKeys(ctx context.Context) iter.Seq2[worldimport.DeployKey, error] {
	tx := c.tx.WithContext(ctx)
	number := func(row describedKey) int64 { return row.Row.ID }
	return pages(tx, "deploy keys", deployKeyContents, number, func(page []describedKey, first, last int64) ([]worldimport.DeployKey, error) {
		projects := map[int64][]worldimport.DeployKeyProject{}
		var enabled []describedEnabling
		err := tx.Raw(enabledContents, first, last).Scan(&enabled).Error
		for _, e := range enabled {
			projects[e.Row.KeyID] = append(projects[e.Row.KeyID], worldimport.DeployKeyProject{Path: e.Path, CanPush: e.Row.CanPush})
		}
		out := make([]worldimport.DeployKey, len(page))
		for i, row := range page {
			out[i] = worldimport.DeployKey{Creator: text(row.Username), Key: row.Row.key(), Projects: projects[row.Row.ID]}
		}
		return out, err
	})
}

type describedToken struct {
	Row      accessTokenRow `gorm:"embedded"`
	Username string
}

// AccessTokens implements worldimport.PeopleContents.
func (c contents) AccessTokens(ctx context.Context) iter.Seq2[worldimport.AccessToken, error] {
	return stream(c.tx.WithContext(ctx), "access tokens", accessTokenContents, func(row *describedToken) (worldimport.AccessToken, error) {
		t := row.Row
		return worldimport.AccessToken{
			User: row.Username, Name: t.Name, Description: t.Description, Scopes: t.Scopes, Digest: identity.TokenDigest(t.Digest),
			CreatedAt: t.CreatedAt.Time, ExpiresAt: t.ExpiresAt.Time, Revoked: t.Revoked,
		}, nil
	})
}

type describedAgent struct {
	Row      agentRow `gorm:"embedded"`
	Path     string
	Username *string
}

type describedAgentToken struct {
	Row      agentTokenRow `gorm:"embedded"`
	Username *string
}

// Agents implements worldimport.PeopleContents.
func (c contents) Agents(ctx context.Context) iter.Seq2[worldimport.Agent, error] {
	tx := c.tx.WithContext(ctx)
	number := func(row describedAgent) int64 { return row.Row.ID }
	return pages(tx, "agents", agentContents, number, func(page []describedAgent, first, last int64) ([]worldimport.Agent, error) {
		tokens := map[int64][]worldimport.AgentToken{}
		var rows []describedAgentToken
		err := tx.Raw(agentTokenContents, first, last).Scan(&rows).Error
		for _, row := range rows {
			t := row.Row.token()
			t.Creation = named(t.Creation, row.Username)
			tokens[row.Row.AgentID] = append(tokens[row.Row.AgentID], t)
		}
		out := make([]worldimport.Agent, len(page))
		for i, row := range page {
			out[i] = worldimport.Agent{
				ID: row.Row.ID, Name: row.Row.Name, Project: row.Path, CreatedBy: text(row.Username), CreatedAt: row.Row.CreatedAt.Time, Tokens: tokens[row.Row.ID],
			}
		}
		return out, err
	})
}

const (
	broadcastContents = "SELECT * FROM broadcasts ORDER BY id"

	subscriptionContents = `
		SELECT s.namespace_id, n.path FROM subscriptions s JOIN namespaces n ON n.id = s.namespace_id
		WHERE s.namespace_id > ? ORDER BY s.namespace_id LIMIT ?`
	packContents = `
		SELECT p.*, n.path FROM minutes_packs p JOIN namespaces n ON n.id = p.namespace_id ORDER BY p.namespace_id, p.purchase_xid`
	reconciliationContents = `
		SELECT r.*, n.path FROM upcoming_reconciliations r JOIN namespaces n ON n.id = r.namespace_id ORDER BY r.namespace_id`
)

// Broadcasts implements worldimport.OtherContents.
func (c contents) Broadcasts(ctx context.Context) iter.Seq2[worldimport.Broadcast, error] {
	return stream(c.tx.WithContext(ctx), "broadcast messages", broadcastContents, func(row *broadcastRow) (worldimport.Broadcast, error) {
		return row.broadcast(), nil
	})
}

type payerRow struct {
	NamespaceID int64
	Path        string
}

// Subscriptions implements worldimport.OtherContents.
func (c contents) Subscriptions(ctx context.Context) iter.Seq2[worldimport.Subscription, error] {
	number := func(row payerRow) int64 { return row.NamespaceID }
	return pages(c.tx.WithContext(ctx), "subscriptions", subscriptionContents, number, func(page []payerRow, _, _ int64) (out []worldimport.Subscription, err error) {
		for _, payer := range page {
			s, err := c.billing.Billing.Subscription(ctx, source.NamespaceID(payer.NamespaceID))
			if err != nil {
				return nil, err
			}
			out = append(out, worldimport.Subscription{Namespace: payer.Path, Subscription: s})
		}
		return out, nil
	})
}

type describedPack struct {
	Row  packRow `gorm:"embedded"`
	Path string
}

// Packs implements worldimport.OtherContents.
func (c contents) Packs(ctx context.Context) iter.Seq2[worldimport.MinutesPack, error] {
	return stream(c.tx.WithContext(ctx), "packs", packContents, func(row *describedPack) (worldimport.MinutesPack, error) {
		return worldimport.MinutesPack{Namespace: row.Path, MinutesPack: row.Row.pack()}, nil
	})
}

type describedReconciliation struct {
	Row  reconciliationRow `gorm:"embedded"`
	Path string
}

// Reconciliations implements worldimport.OtherContents.
func (c contents) Reconciliations(ctx context.Context) iter.Seq2[worldimport.Reconciliation, error] {
	return stream(c.tx.WithContext(ctx), "reconciliations", reconciliationContents, func(row *describedReconciliation) (worldimport.Reconciliation, error) {
		return worldimport.Reconciliation{Namespace: row.Path, Reconciliation: row.Row.reconciliation()}, nil
	})
}
