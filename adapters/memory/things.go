package memory

import (
	"net/netip"

	"gatehouse/domain/source"
)

func (w *world) listUsers() (rows [][]any) {
	for _, u := range w.users.rows {
		rows = append(rows, []any{
			int64(u.ID), u.Username, u.Name, u.Email, string(u.State), string(u.Type), u.Admin, u.External, int64(u.namespace),
		})
	}
	return rows
}

func (w *world) listGroups() (rows [][]any) {
	for _, g := range w.namespaces.rows {
		if !g.Personal {
			rows = append(rows, []any{int64(g.ID), g.Path, string(g.visibility), string(g.Protocols), prefixes(g.AllowedIPs)})
		}
	}
	return rows
}

func prefixes(given []netip.Prefix) []string {
	out := make([]string, 0, len(given))
	for _, p := range given {
		out = append(out, p.String())
	}
	return out
}

func (w *world) listProjects() (rows [][]any) {
	for _, p := range w.projects.rows {
		rows = append(rows, []any{
			int64(p.ID), p.Path, string(p.Visibility), p.Archived, p.ReadOnly,
			string(p.Repository), string(p.Wiki), p.DefaultBranch, p.Empty, p.Storage, moment(p.activity),
		})
	}
	return rows
}

func (w *world) listMembers() (rows [][]any) {
	for at, m := range w.members {
		group, project := w.holder(at.in)
		rows = append(rows, []any{w.username(at.user), group, project, m.role.String(), string(m.state), moment(m.expiry)})
	}
	return rows
}

func (w *world) listShares() (rows [][]any) {
	for in, shares := range w.shares {
		group, project := w.holder(in)
		for with, s := range shares {
			rows = append(rows, []any{group, project, w.namespaces.rows[with].Path, s.role.String(), moment(s.expiry)})
		}
	}
	return rows
}

func (s *Store) listKeys(w *world) (rows [][]any) {
	for _, k := range w.keys.rows {
		rows = append(rows, []any{
			int64(k.ID), string(k.Kind), k.Title, string(k.Fingerprint), string(k.Usage),
			w.username(k.Owner), moment(k.ExpiresAt), moment(s.lastUsed(k.Key)),
		})
	}
	return rows
}

func (w *world) listProtections() (rows [][]any) {
	for _, p := range w.projects.rows {
		for _, one := range p.Protections {
			rows = append(rows, []any{
				p.Path, refKinds[one.Kind], string(one.Pattern), one.AllowForcePush,
				w.entries(one.Push), w.entries(one.Merge), w.entries(one.Create),
			})
		}
	}
	return rows
}

var refKinds = map[source.RefKind]string{source.Branch: "branch", source.Tag: "tag"}

func (s *Store) listAccessTokens(w *world) (rows [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, t := range w.tokens.rows {
		rows = append(rows, []any{id, w.username(t.User), t.Name, list(t.Scopes), moment(t.ExpiresAt), t.Revoked, moment(s.used[id])})
	}
	return rows
}

func (s *Store) listEvents() (rows [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, e := range s.events {
		rows = append(rows, []any{
			int64(i + 1), e.At, string(e.Action), string(e.Verb), string(e.Protocol), e.Repository,
			text(e.Username), number(e.Key), text(e.Address),
		})
	}
	return rows
}

// text is nil for none.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// number is nil for none.
func number[ID ~int64](id ID) any {
	if id == 0 {
		return nil
	}
	return int64(id)
}

func (w *world) listAgents() (rows [][]any) {
	for id, a := range w.agents.rows {
		rows = append(rows, []any{id, a.name, int64(a.project), false})
	}
	return rows
}

func (w *world) listAgentTokens() (rows [][]any) {
	for _, t := range w.agentTokens.rows {
		rows = append(rows, []any{t.agent, t.Name, t.Revoked, nil})
	}
	return rows
}

func (w *world) listBroadcasts() (rows [][]any) {
	for id, b := range w.broadcasts.rows {
		rows = append(rows, []any{id, b.Message, string(b.Type), moment(b.StartsAt), moment(b.EndsAt), string(b.TargetPath)})
	}
	return rows
}
