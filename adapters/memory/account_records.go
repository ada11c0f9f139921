package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// AccountRecords implements accounts.Records.
type AccountRecords struct{ *state }

// View implements accounts.Records.
func (r AccountRecords) View(ctx context.Context, who identity.Claim, now time.Time) (accounts.View, error) {
	w := r.world.Load()
	id := identity.UserID(who.ID)
	if who.Kind == identity.ByName {
		id = w.userByName(who.Name)
	}
	if err := w.users.require(id, "user"); err != nil {
		return accounts.View{}, err
	}
	return r.view(w, w.users.rows[id], now), ctx.Err()
}

func (s *state) view(w *world, u user, now time.Time) accounts.View {
	out := accounts.View{Account: u.Account.Clone(), Namespace: u.namespace, Creator: w.users.rows[u.CreatedBy].User}
	out.CreatedBy, out.LastActivityOn = out.Creator.ID, s.lastActivityOn(u.ID)
	for _, m := range w.directMemberships(u.ID, now) {
		out.HighestRole = max(out.HighestRole, m.Role)
	}
	for _, p := range w.projects.rows {
		if p.namespace == u.namespace {
			out.HighestRole = source.Owner
		}
	}
	return out
}

// directMemberships returns the memberships of a user that count at now.
func (w *world) directMemberships(id identity.UserID, now time.Time) (all []accounts.Membership) {
	for m := range w.members {
		if role := w.memberRole(id, m.in, now); m.user == id && role != source.NoRole {
			path := w.pathOf(m.in)
			all = append(all, accounts.Membership{In: m.in, Name: path[strings.LastIndexByte(path, '/')+1:], Role: role})
		}
	}
	return all
}

// Views implements accounts.Records.
func (r AccountRecords) Views(ctx context.Context, f accounts.Filter, page application.Page, now time.Time) (application.Listed[accounts.View], error) {
	w := r.world.Load()
	var found []accounts.View
	for _, u := range w.users.rows {
		if filterPicks(f, u.Account, w.hasEmail(u.User, f.Search)) {
			found = append(found, r.view(w, u, now))
		}
	}
	key := func(v accounts.View) string {
		switch page.Order {
		case "name":
			return fold(v.Name)
		case "username":
			return fold(v.Username)
		case "created_at":
			return momentKey(v.CreatedAt)
		case "updated_at":
			return momentKey(v.UpdatedAt)
		default:
			return ""
		}
	}
	first := func(v accounts.View) bool { return f.ExactFirst && fold(v.Username) == fold(f.Search) }
	return listPage(found, page, rankFirst(first), key, func(v accounts.View) int64 { return int64(v.ID) }), ctx.Err()
}

// hasEmail says whether an address is the user's primary e-mail or a confirmed secondary
// one.
func (w *world) hasEmail(u identity.User, address string) bool {
	if w.emails[fold(address)] != u.ID {
		return false
	}
	e, found := identity.FindEmail(w.emailsOf(u.ID), address)
	return !found || !e.ConfirmedAt.IsZero()
}

// filterPicks says whether a Filter picks a user; ofEmail that Filter.Search is an e-mail of
// the user.
func filterPicks(f accounts.Filter, a identity.Account, ofEmail bool) bool {
	is := func(given *bool, value bool) bool { return given == nil || *given == value }
	has := func(name, value string) bool { return value == "" || a.Settings[name] == value }
	search := fold(f.Search)
	found := strings.Contains(fold(a.Name), search) || strings.Contains(fold(a.Username), search) || strings.Contains(fold(a.PublicEmail), search) ||
		f.Emails && ofEmail
	return found && (f.Username == "" || fold(a.Username) == fold(f.Username)) &&
		(f.PublicEmail == "" || a.PublicEmail != "" && fold(a.PublicEmail) == fold(f.PublicEmail)) &&
		is(f.Active, a.State == identity.Active) && is(f.External, a.External) && is(f.Admins, a.Admin) &&
		is(f.Humans, a.Type == identity.Human) && is(f.TwoFactor, a.TwoFactor) && is(f.Bots, a.Type == identity.ProjectBot) &&
		is(f.Internal, a.Type.IsInternal()) && (!f.Blocked || a.State == identity.Blocked || a.State == identity.LDAPBlocked) &&
		between(a.CreatedAt, f.CreatedAfter, f.CreatedBefore) && has("extern_uid", f.ExternUID) && has("provider", f.Provider)
}

// between says whether a moment lies between two others, which count too; a zero one is no
// limit. The zero moment lies between no others.
func between(at, after, before time.Time) bool {
	if after.IsZero() && before.IsZero() {
		return true
	}
	return !at.IsZero() && !at.Before(toInstant(after)) && (before.IsZero() || !at.After(toInstant(before)))
}

// momentKey is a moment as text that is ordered as moments are; the zero one comes first.
func momentKey(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// listPage returns a page of all rows, ordered by the rank, the key and the number. A nil
// rank does not count, as none does by keyset.
func listPage[Row any](all []Row, page application.Page, rank func(Row) int, key func(Row) string, id func(Row) int64) application.Listed[Row] {
	compare := func(a, b Row) int {
		out := cmp.Or(strings.Compare(key(a), key(b)), cmp.Compare(id(a), id(b)))
		if page.Descending {
			return -out
		}
		return out
	}
	slices.SortFunc(all, func(a, b Row) int {
		if !page.Keyset && rank != nil && rank(a) != rank(b) {
			return cmp.Compare(rank(a), rank(b))
		}
		return compare(a, b)
	})
	out := application.Listed[Row]{Total: int64(len(all))}
	if page.Keyset {
		out.Total = 0
		all = slices.DeleteFunc(all, func(row Row) bool { return !isAfter(page, key(row), id(row)) })
	}
	rest := all[min(page.Offset, len(all)):]
	out.Items = rest[:min(page.Size, len(rest))]
	out.More = len(rest) > page.Size
	return out
}

// listByID returns a page of rows in the order of their numbers.
func listByID[Row any](all []Row, page application.Page, id func(Row) int64) application.Listed[Row] {
	return listPage(all, page, nil, func(Row) string { return "" }, id)
}

// rankFirst returns the rank with which some rows come first.
func rankFirst[Row any](first func(Row) bool) func(Row) int {
	return func(row Row) int {
		if first(row) {
			return 0
		}
		return 1
	}
}

// isAfter says whether a row lies behind page.After.
func isAfter(page application.Page, key string, id int64) bool {
	at := page.After
	if at == nil {
		return true
	}
	value := fold(at.Value)
	switch moment, err := time.Parse(time.RFC3339Nano, at.Value); {
	case page.Order == "id":
		value = ""
	case strings.HasSuffix(page.Order, "_at") && err != nil:
		value = ""
	case err == nil && strings.HasSuffix(page.Order, "_at"):
		value = momentKey(moment)
	}
	out := cmp.Or(strings.Compare(key, value), cmp.Compare(id, at.ID))
	return out > 0 && !page.Descending || out < 0 && page.Descending
}

// Memberships implements accounts.Records.
func (r AccountRecords) Memberships(ctx context.Context, user identity.UserID, kind accounts.MembershipKind, page application.Page, now time.Time) (application.Listed[accounts.Membership], error) {
	all := slices.DeleteFunc(r.world.Load().directMemberships(user, now), func(m accounts.Membership) bool { return kind != "" && m.Of() != kind })
	key := func(m accounts.Membership) string { return fmt.Sprint(m.In.Project != 0) }
	return listPage(all, page, nil, key, func(m accounts.Membership) int64 { return max(int64(m.In.Group), int64(m.In.Project)) }), ctx.Err()
}

// Associations implements accounts.Records.
func (r AccountRecords) Associations(ctx context.Context, user identity.UserID, now time.Time) (out accounts.Associations, err error) {
	for _, m := range r.world.Load().directMemberships(user, now) {
		if m.Of() == accounts.InProjects {
			out.Projects++
		} else {
			out.Groups++
		}
	}
	return out, ctx.Err()
}

// Credentials implements accounts.Credentials.
type Credentials struct{ *state }

// Emails implements accounts.Credentials.
func (c Credentials) Emails(ctx context.Context, f accounts.EmailFilter, page application.Page) (application.Listed[identity.Email], error) {
	all := slices.DeleteFunc(c.world.Load().emailsOf(f.User), func(e identity.Email) bool { return f.ID != 0 && e.ID != f.ID })
	return listPage(all, page, nil, noKey[identity.Email], func(e identity.Email) int64 { return e.ID }), ctx.Err()
}

// Keys implements accounts.Credentials.
func (c Credentials) Keys(ctx context.Context, user identity.UserID, page application.Page) (application.Listed[identity.Key], error) {
	var all []identity.Key
	for _, k := range c.world.Load().keys.rows {
		if k.Kind == identity.UserKey && k.Owner == user {
			k.LastUsedAt = c.keyLastUsed(k.Key)
			all = append(all, k.Key)
		}
	}
	return listPage(all, page, nil, noKey[identity.Key], func(k identity.Key) int64 { return int64(k.ID) }), ctx.Err()
}

// noKey orders rows by their numbers alone.
func noKey[Row any](Row) string { return "" }

// FindKey implements accounts.Credentials.
func (c Credentials) FindKey(ctx context.Context, which accounts.KeyClaim) (identity.Key, []accounts.DeployKeyProject, error) {
	w := c.world.Load()
	id := cmp.Or(which.ID, w.keysByFingerprint[which.Fingerprint])
	if which.ID == 0 && which.Fingerprint == "" {
		for _, k := range w.keys.rows {
			if k.MD5() == which.MD5 {
				id = k.ID
			}
		}
	}
	k, ok := w.keys.rows[id]
	if !ok {
		return identity.Key{}, nil, notFound("key %v", which)
	}
	k.LastUsedAt = c.keyLastUsed(k.Key)
	var projects []accounts.DeployKeyProject
	for p, canPush := range k.projects {
		projects = append(projects, accounts.DeployKeyProject{Project: p, CanPush: canPush})
	}
	slices.SortFunc(projects, func(a, b accounts.DeployKeyProject) int { return cmp.Compare(a.Project, b.Project) })
	return k.Key, projects, ctx.Err()
}

// Token implements accounts.Credentials.
func (c Credentials) Token(ctx context.Context, id int64) (identity.AccessToken, error) {
	t, ok := c.world.Load().accessTokens.rows[id]
	if !ok {
		return identity.AccessToken{}, notFound("access token %d", id)
	}
	return c.usedToken(t), ctx.Err()
}

// usedToken returns a copy of a token with its last use.
func (s *state) usedToken(t identity.AccessToken) identity.AccessToken {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.LastUsedAt, t.Scopes = s.accessTokenUses[t.ID], slices.Clone(t.Scopes)
	return t
}

// Tokens implements accounts.Credentials.
func (c Credentials) Tokens(ctx context.Context, f accounts.TokenFilter, page application.Page, now time.Time) (application.Listed[identity.AccessToken], error) {
	var all []identity.AccessToken
	for _, t := range c.world.Load().accessTokens.rows {
		if t = c.usedToken(t); tokenFilterPicks(f, t, now) {
			all = append(all, t)
		}
	}
	moment := func(t identity.AccessToken) time.Time {
		return map[string]time.Time{"created_at": t.CreatedAt, "expires_at": t.ExpiresAt, "last_used_at": t.LastUsedAt}[page.Order]
	}
	key := func(t identity.AccessToken) string {
		if page.Order == "name" {
			return fold(t.Name)
		}
		return momentKey(moment(t))
	}
	first := func(t identity.AccessToken) bool { return !moment(t).IsZero() }
	return listPage(all, page, rankFirst(first), key, func(t identity.AccessToken) int64 { return t.ID }), ctx.Err()
}

// tokenFilterPicks says whether a TokenFilter picks a token at now.
func tokenFilterPicks(f accounts.TokenFilter, t identity.AccessToken, now time.Time) bool {
	return (f.User == 0 || t.User == f.User) && (f.Revoked == nil || t.Revoked == *f.Revoked) && (f.Active == nil || t.Active(now) == *f.Active) &&
		strings.Contains(fold(t.Name), fold(f.Search)) && between(t.CreatedAt, f.CreatedAfter, f.CreatedBefore) &&
		between(t.LastUsedAt, f.LastUsedAfter, f.LastUsedBefore) && between(t.ExpiresAt, f.ExpiresAfter, f.ExpiresBefore)
}
