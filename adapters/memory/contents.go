package memory

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"gatehouse/application/inventory"
	"gatehouse/application/worldimport"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// contents implements the ports of worldimport.Contents.
type contents struct {
	*world
	secrets bool
}

// snapshot is a worldimport.Snapshot: no transaction changes the world of the moment.
func (s *state) snapshot(ctx context.Context, secrets bool, do func(worldimport.Contents) error) error {
	c := contents{s.world.Load(), secrets}
	if err := ctx.Err(); err != nil {
		return err
	}
	return do(worldimport.Contents{Tree: c, People: c, Others: c})
}

// inOrder yields what read makes of the rows that have these keys, in ascending order.
// Read leaves a row out by false.
func inOrder[Key cmp.Ordered, Row, Out any](ctx context.Context, rows map[Key]Row, read func(Key, Row) (Out, bool)) iter.Seq2[Out, error] {
	return func(yield func(Out, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(rows)) {
			out, ok := read(key, rows[key])
			if err := ctx.Err(); err != nil {
				yield(out, err)
				return
			}
			if ok && !yield(out, nil) {
				return
			}
		}
	}
}

// hide returns the secret, or what stands for it where it is not wanted.
func (c contents) hide(secret string) string {
	if secret == "" || c.secrets {
		return secret
	}
	return worldimport.NoSecret
}

// named returns a creation with the username.
func (c contents) named(creation worldimport.Creation) worldimport.Creation {
	creation.CreatedBy = c.users.rows[creation.Creator].Username
	return creation
}

// Users implements worldimport.PeopleContents.
func (c contents) Users(ctx context.Context) iter.Seq2[worldimport.User, error] {
	emails := map[identity.UserID][]identity.Email{}
	for _, id := range slices.Sorted(maps.Keys(c.userEmails.rows)) {
		e := c.userEmails.rows[id]
		emails[e.User] = append(emails[e.User], e)
	}
	return inOrder(ctx, c.users.rows, func(id identity.UserID, u user) (worldimport.User, bool) {
		a := u.Account.Clone()
		return worldimport.User{
			User: a.User, Emails: emails[id], Profile: a.Profile, NamespaceID: u.namespace, TOTPSecret: c.hide(u.factor.Secret), CreatedBy: c.users.rows[u.CreatedBy].Username,
		}, true
	})
}

// Groups implements worldimport.TreeContents.
func (c contents) Groups(ctx context.Context) iter.Seq2[worldimport.Group, error] {
	return inOrder(ctx, c.namespaces.rows, func(_ source.NamespaceID, n namespace) (worldimport.Group, bool) {
		return n.described(), !n.Personal
	})
}

// Projects implements worldimport.TreeContents.
func (c contents) Projects(ctx context.Context) iter.Seq2[worldimport.Project, error] {
	return inOrder(ctx, c.projects.rows, func(id source.ProjectID, p project) (worldimport.Project, bool) {
		out := worldimport.Project{Project: p.Project, PendingDelete: p.pendingDelete, Profile: p.profile.Clone(), Creator: c.users.rows[p.profile.Creator].Username}
		out.Project.Protections, out.Protections = nil, []worldimport.Protection{}
		for _, past := range c.formerPaths(id) {
			out.MovedFrom = append(out.MovedFrom, source.Path(past))
		}
		for _, one := range p.Protections {
			out.Protections = append(out.Protections, worldimport.Protection{
				Kind: one.Kind, Pattern: one.Pattern, AllowForcePush: one.AllowForcePush,
				Push: c.accesses(one.Push), Merge: c.accesses(one.Merge), Unprotect: c.accesses(one.Unprotect), Create: c.accesses(one.Create),
			})
		}
		return out, true
	})
}

func (c contents) accesses(entries []source.Access) (all []worldimport.Access) {
	for _, a := range entries {
		all = append(all, worldimport.Access{Role: a.Role, User: c.users.rows[a.User].Username, Group: c.namespaces.rows[a.Group].Path, DeployKey: a.DeployKey})
	}
	return all
}

// compareSources orders groups before projects, and each by their numbers.
func compareSources(a, b source.MemberSource) int {
	return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.Group, b.Group))
}

// Members implements worldimport.TreeContents.
func (c contents) Members(ctx context.Context) iter.Seq2[worldimport.Member, error] {
	keys := slices.SortedFunc(maps.Keys(c.members), func(a, b membership) int {
		return cmp.Or(compareSources(a.in, b.in), cmp.Compare(a.user, b.user))
	})
	return func(yield func(worldimport.Member, error) bool) {
		for _, key := range keys {
			m := c.members[key]
			out := worldimport.Member{User: c.users.rows[key.user].Username, Role: m.role, State: m.state, ExpiresAt: m.expiry, Creation: c.named(m.creation), UpdatedAt: m.updated}
			out.Group, out.Project = c.namespaces.rows[key.in.Group].Path, c.projects.rows[key.in.Project].Path
			if !yield(out, ctx.Err()) || ctx.Err() != nil {
				return
			}
		}
	}
}

// Shares implements worldimport.TreeContents.
func (c contents) Shares(ctx context.Context) iter.Seq2[worldimport.Share, error] {
	return func(yield func(worldimport.Share, error) bool) {
		for _, in := range slices.SortedFunc(maps.Keys(c.shares), compareSources) {
			for _, with := range slices.Sorted(maps.Keys(c.shares[in])) {
				s := c.shares[in][with]
				out := worldimport.Share{With: c.namespaces.rows[with].Path, Role: s.role, ExpiresAt: s.expiry, Creation: c.named(s.creation)}
				out.Group, out.Project = c.namespaces.rows[in.Group].Path, c.projects.rows[in.Project].Path
				if !yield(out, ctx.Err()) || ctx.Err() != nil {
					return
				}
			}
		}
	}
}

// Hooks implements worldimport.TreeContents.
func (c contents) Hooks(ctx context.Context) iter.Seq2[worldimport.Hook, error] {
	return inOrder(ctx, c.hooks.rows, func(_ hooks.HookID, h hook) (worldimport.Hook, bool) {
		out := worldimport.Hook{Hook: copyHook(h.Hook), Group: c.namespaces.rows[h.owner.Group].Path, Project: c.projects.rows[h.owner.Project].Path}
		out.Hook.Health, out.Hook.Token = hooks.Health{}, c.hide(h.Token)
		if !c.secrets {
			out.Hook.URL, out.Hook.Headers, out.Hook.Variables = h.DisplayURL(), hideValues(h.Headers), hideValues(h.Variables)
		}
		return out, true
	})
}

// hideValues returns worldimport.NoValues in place of headers or variables.
func hideValues(values []hooks.KeyValue) []hooks.KeyValue {
	if len(values) == 0 {
		return nil
	}
	return worldimport.NoValues
}

// Keys implements worldimport.PeopleContents.
func (c contents) Keys(ctx context.Context) iter.Seq2[worldimport.Key, error] {
	return inOrder(ctx, c.keys.rows, func(_ identity.KeyID, k key) (worldimport.Key, bool) {
		return worldimport.Key{User: c.users.rows[k.Owner].Username, Key: k.Key}, k.Kind == identity.UserKey
	})
}

// DeployKeys implements worldimport.PeopleContents.
func (c contents) DeployKeys(ctx context.Context) iter.Seq2[worldimport.DeployKey, error] {
	return inOrder(ctx, c.keys.rows, func(_ identity.KeyID, k key) (worldimport.DeployKey, bool) {
		out := worldimport.DeployKey{Creator: c.users.rows[k.Owner].Username, Key: k.Key}
		for _, id := range slices.Sorted(maps.Keys(k.projects)) {
			out.Projects = append(out.Projects, worldimport.DeployKeyProject{Path: c.projects.rows[id].Path, CanPush: k.projects[id]})
		}
		return out, k.Kind == identity.DeployKey
	})
}

// AccessTokens implements worldimport.PeopleContents.
func (c contents) AccessTokens(ctx context.Context) iter.Seq2[worldimport.AccessToken, error] {
	return inOrder(ctx, c.accessTokens.rows, func(_ int64, t identity.AccessToken) (worldimport.AccessToken, bool) {
		return worldimport.AccessToken{
			User: c.users.rows[t.User].Username, Name: t.Name, Description: t.Description, Scopes: toStrings(t.Scopes), Digest: t.Digest,
			CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, Revoked: t.Revoked,
		}, true
	})
}

// Agents implements worldimport.PeopleContents.
func (c contents) Agents(ctx context.Context) iter.Seq2[worldimport.Agent, error] {
	return inOrder(ctx, c.agents.rows, func(id int64, a agent) (worldimport.Agent, bool) {
		out := worldimport.Agent{ID: id, Name: a.name, Project: c.projects.rows[a.project].Path, CreatedBy: c.users.rows[a.createdBy].Username, CreatedAt: a.createdAt}
		for _, number := range slices.Sorted(maps.Keys(c.agentTokens.rows)) {
			if t := c.agentTokens.rows[number]; t.agent == id {
				t.Creation = c.named(t.Creation)
				out.Tokens = append(out.Tokens, t.AgentToken)
			}
		}
		return out, true
	})
}

// Broadcasts implements worldimport.OtherContents.
func (c contents) Broadcasts(ctx context.Context) iter.Seq2[worldimport.Broadcast, error] {
	return inOrder(ctx, c.broadcasts.rows, func(_ int64, b worldimport.Broadcast) (worldimport.Broadcast, bool) {
		b.FileLine = worldimport.FileLine{}
		return b, true
	})
}

// Subscriptions implements worldimport.OtherContents.
func (c contents) Subscriptions(ctx context.Context) iter.Seq2[worldimport.Subscription, error] {
	return func(yield func(worldimport.Subscription, error) bool) {
		for _, id := range slices.Sorted(maps.Keys(c.subscriptions)) {
			s, err := c.subscriptionOf(ctx, id)
			if !yield(worldimport.Subscription{Namespace: c.namespaces.rows[id].Path, Subscription: s}, err) || err != nil {
				return
			}
		}
	}
}

// Packs implements worldimport.OtherContents.
func (c contents) Packs(ctx context.Context) iter.Seq2[worldimport.MinutesPack, error] {
	type pack struct {
		namespace source.NamespaceID
		purchase  string
	}
	var keys []pack
	for purchase, p := range c.minutesPacks {
		keys = append(keys, pack{p.Namespace, purchase})
	}
	slices.SortFunc(keys, func(a, b pack) int {
		return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.purchase, b.purchase))
	})
	return func(yield func(worldimport.MinutesPack, error) bool) {
		for _, key := range keys {
			out := worldimport.MinutesPack{Namespace: c.namespaces.rows[key.namespace].Path, MinutesPack: c.minutesPacks[key.purchase]}
			if !yield(out, ctx.Err()) || ctx.Err() != nil {
				return
			}
		}
	}
}

// Reconciliations implements worldimport.OtherContents.
func (c contents) Reconciliations(ctx context.Context) iter.Seq2[worldimport.Reconciliation, error] {
	return inOrder(ctx, c.reconciliations, func(id source.NamespaceID, r reconciliation) (worldimport.Reconciliation, bool) {
		return worldimport.Reconciliation{Namespace: c.namespaces.rows[id].Path, Reconciliation: r.Reconciliation}, true
	})
}

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
