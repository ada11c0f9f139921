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
			string(p.Repository), string(p.Wiki), p.DefaultBranch, p.Empty, p.Storage, timeOrNil(p.activity),
		})
	}
	return rows
}

func (w *world) listMembers() (rows [][]any) {
	for at, m := range w.members {
		group, project := w.holder(at.in)
		rows = append(rows, []any{w.usernameOrNil(at.user), group, project, m.role.String(), string(m.state), timeOrNil(m.expiry)})
	}
	return rows
}

func (w *world) listShares() (rows [][]any) {
	for in, shares := range w.shares {
		group, project := w.holder(in)
		for with, s := range shares {
			rows = append(rows, []any{group, project, w.namespaces.rows[with].Path, s.role.String(), timeOrNil(s.expiry)})
		}
	}
	return rows
}

func (s *state) listKeys(w *world) (rows [][]any) {
	for _, k := range w.keys.rows {
		rows = append(rows, []any{
			int64(k.ID), string(k.Kind), k.Title, string(k.Fingerprint), string(k.Usage),
			w.usernameOrNil(k.Owner), timeOrNil(k.ExpiresAt), timeOrNil(s.lastUsed(k.Key)),
		})
	}
	return rows
}

func (w *world) listProtections() (rows [][]any) {
	for _, p := range w.projects.rows {
		for _, one := range p.Protections {
			rows = append(rows, []any{
				p.Path, refKinds[one.Kind], string(one.Pattern), one.AllowForcePush,
				w.accessTexts(one.Push), w.accessTexts(one.Merge), w.accessTexts(one.Create),
			})
		}
	}
	return rows
}

var refKinds = map[source.RefKind]string{source.Branch: "branch", source.Tag: "tag"}

func (s *state) listAccessTokens(w *world) (rows [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, t := range w.tokens.rows {
		rows = append(rows, []any{id, w.usernameOrNil(t.User), t.Name, toStrings(t.Scopes), timeOrNil(t.ExpiresAt), t.Revoked, timeOrNil(s.accessTokenUses[id])})
	}
	return rows
}

func (s *state) listEvents() (rows [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, e := range s.events {
		rows = append(rows, []any{
			int64(i + 1), e.At, string(e.Action), string(e.Verb), string(e.Protocol), e.Repository,
			textOrNil(e.Username), numberOrNil(e.Key), textOrNil(e.Address),
		})
	}
	return rows
}

// text is nil for none.
func textOrNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// number is nil for none.
func numberOrNil[ID ~int64](id ID) any {
	if id == 0 {
		return nil
	}
	return int64(id)
}

func (w *world) listBroadcasts() (rows [][]any) {
	for id, b := range w.broadcasts.rows {
		rows = append(rows, []any{id, b.Message, string(b.Type), timeOrNil(b.StartsAt), timeOrNil(b.EndsAt), string(b.TargetPath)})
	}
	return rows
}
