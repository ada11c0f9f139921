package memory

import (
	"context"
	"time"

	"gatehouse/application/inventory"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// lists return the values of each record of a thing, in the order of its fields
// in inventory.Lists.
var lists = map[string]func(*state, *world, time.Time) [][]any{
	"users":         func(s *state, w *world, _ time.Time) [][]any { return s.listUsers(w) },
	"groups":        func(_ *state, w *world, _ time.Time) [][]any { return w.listGroups() },
	"projects":      func(_ *state, w *world, _ time.Time) [][]any { return w.listProjects() },
	"members":       func(_ *state, w *world, _ time.Time) [][]any { return w.listMembers() },
	"shares":        func(_ *state, w *world, _ time.Time) [][]any { return w.listShares() },
	"keys":          func(s *state, w *world, _ time.Time) [][]any { return s.listKeys(w) },
	"protections":   func(_ *state, w *world, _ time.Time) [][]any { return w.listProtections() },
	"counters":      func(s *state, _ *world, now time.Time) [][]any { return s.listCounters(now) },
	"pushes":        func(s *state, _ *world, _ time.Time) [][]any { return s.listPushes() },
	"access-tokens": func(s *state, w *world, _ time.Time) [][]any { return s.listAccessTokens(w) },
	"agents":        func(s *state, w *world, _ time.Time) [][]any { return s.listAgents(w) },
	"agent-tokens":  func(s *state, w *world, _ time.Time) [][]any { return s.listAgentTokens(w) },
	"broadcasts":    func(_ *state, w *world, _ time.Time) [][]any { return w.listBroadcasts() },

	"usage":                func(s *state, _ *world, _ time.Time) [][]any { return s.listUsage() },
	"agent-authorizations": func(s *state, _ *world, _ time.Time) [][]any { return s.listAuthorizations() },
	"jobs":                 func(s *state, _ *world, _ time.Time) [][]any { return s.listJobs() },
	"hooks":                func(_ *state, w *world, now time.Time) [][]any { return w.listHooks(now) },
	"subscriptions":        func(_ *state, w *world, _ time.Time) [][]any { return w.listSubscriptions() },
	"subscription-history": func(_ *state, w *world, _ time.Time) [][]any { return w.listHistory() },
	"packs":                func(_ *state, w *world, _ time.Time) [][]any { return w.listPacks() },
	"reconciliations":      func(_ *state, w *world, _ time.Time) [][]any { return w.listReconciliations() },
	"findings":             func(s *state, w *world, _ time.Time) [][]any { return s.listFindings(w) },
}

// Records implements inventory.Records.
type Records struct{ *state }

// List implements inventory.Records.
func (r Records) List(ctx context.Context, thing string, now time.Time) ([]inventory.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if thing == inventory.Audit {
		return inventory.Collect(r.AuditEvents(ctx, inventory.AuditFilter{}))
	}
	list, ok := lists[thing]
	if !ok {
		return nil, notFound("thing %q", thing)
	}
	rows := list(r.state, r.world.Load(), now)
	records := make([]inventory.Record, len(rows))
	for i, row := range rows {
		for j, name := range inventory.Lists[thing] {
			records[i] = append(records[i], inventory.Field{Name: name, Value: row[j]})
		}
	}
	inventory.Sort(records)
	return records, nil
}

// textOrNil returns s, or nil if s is empty.
func textOrNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// numberOrNil returns a number, or nil if it is 0.
func numberOrNil[ID ~int64](id ID) any {
	if id == 0 {
		return nil
	}
	return int64(id)
}

// flagOrNil returns what p points to, or nil.
func flagOrNil(p *bool) any {
	if p == nil {
		return nil
	}
	return *p
}

// timeOrNil returns t, or nil if t is zero.
func timeOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// dateOrNil returns the date of t as text, or nil if t is zero.
func dateOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Format(time.DateOnly)
}

// toStrings returns a copy of texts, which is never nil.
func toStrings[T ~string](texts []T) []string {
	out := make([]string, 0, len(texts))
	for _, t := range texts {
		out = append(out, string(t))
	}
	return out
}

// usernameOrNil returns the name of a user, or nil if there is no such user.
func (w *world) usernameOrNil(id identity.UserID) any {
	if u, ok := w.users.rows[id]; ok {
		return u.Username
	}
	return nil
}

// memberSourcePaths returns the path of a group or of a project; the other one is
// nil.
func (w *world) memberSourcePaths(in source.MemberSource) (group, project any) {
	if in.Project != 0 {
		return nil, w.projects.rows[in.Project].Path
	}
	return w.namespaces.rows[in.Group].Path, nil
}
