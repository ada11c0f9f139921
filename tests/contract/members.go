package contract

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/application/members"
	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// memberTree has a tree of groups that is shared with another tree, with members of every
// kind.
const memberTree = `
users:
  - {id: 1, username: ann, name: Ann A., email: ann@example.com, public_email: ann@example.com}
  - {id: 2, username: Bob, name: "50% off"}
  - {id: 3, username: cat}
  - {id: 4, username: dan, state: blocked}
  - {id: 5, username: eve, type: service_account}
  - {id: 6, username: bot, type: project_bot}
groups: [{id: 11, path: Top}, {id: 12, path: Top/mid}, {id: 13, path: else}, {id: 14, path: else/in}]
projects: [{id: 21, path: Top/mid/p}, {id: 22, path: ann/p}, {id: 23, path: Top/p}]
members:
  - {user: ann, group: Top, role: owner}
  - {user: ann, group: Top/mid, role: maintainer, expires_at: 2027-01-01}
  - {user: bob, group: Top, role: minimal}
  - {user: bob, group: Top/mid, role: guest, state: requested}
  - {user: bob, project: Top/mid/p, role: developer, expires_at: 2026-03-10}
  - {user: cat, group: else, role: maintainer}
  - {user: cat, group: else/in, role: guest}
  - {user: cat, project: Top/mid/p, role: reporter, expires_at: 2026-03-11}
  - {user: dan, group: Top/mid, role: owner}
  - {user: eve, project: ann/p, role: guest}
  - {user: ann, project: ann/p, role: guest}
shares: [{group: Top, with: else/in, role: developer}, {project: ann/p, with: else, role: reporter, expires_at: 2026-03-10}]
`

// The groups and projects of memberTree.
var (
	inTop, inMid, inP, inOwn = source.MemberSource{Group: 11}, source.MemberSource{Group: 12}, source.MemberSource{Project: 21}, source.MemberSource{Project: 22}
)

// changeMembers runs do in a unit of work on members that has to succeed.
func (s Subject) changeMembers(do func(tx members.Tx)) {
	s.Helper()
	s.Fine("MemberUnitOfWork", s.MemberUnitOfWork(s.Context(), func(tx members.Tx) error { do(tx); return nil }))
}

// memberViews returns the names of members with their roles and days, and how many there
// are.
func (s Subject) memberViews(in source.MemberSource, f members.Filter) []string {
	s.Helper()
	l, err := s.MemberRecords.Views(s.Context(), in, f, application.Page{Order: "id", Size: 100}, now)
	s.Fine("Views", err)
	var texts []string
	for _, v := range l.Items {
		text := v.User.Username + " " + v.Role.String()
		if !v.ExpiresAt.IsZero() {
			text += " until " + v.ExpiresAt.Format(time.DateOnly)
		}
		s.Same("state of "+text, v.State, source.MemberActive)
		texts = append(texts, text)
	}
	s.Same("total", l.Total, int64(len(texts)))
	return texts
}

var memberCases = []Case{
	{Name: "direct members: those that count", Check: func(s Subject) {
		s.Apply(memberTree)
		s.Same("top", s.memberViews(inTop, members.Filter{}), []string{"ann owner", "Bob minimal"})
		s.Same("mid", s.memberViews(inMid, members.Filter{}), []string{"ann maintainer until 2027-01-01", "dan owner"})
		s.Same("project", s.memberViews(inP, members.Filter{}), []string{"cat reporter until 2026-03-11"})
		s.Same("personal project", s.memberViews(inOwn, members.Filter{}), []string{"ann owner", "eve guest"})
		s.Same("none", s.memberViews(source.MemberSource{Group: 99}, members.Filter{}), []string(nil))
		s.Same("no project", s.memberViews(source.MemberSource{Project: 99}, members.Filter{}), []string(nil))
	}},
	{Name: "inherited members: the best of each user", Check: func(s Subject) {
		s.Apply(memberTree)
		all := members.Filter{Inherited: true}
		s.Same("top", s.memberViews(inTop, all), []string{"ann owner", "Bob minimal", "cat developer"})
		s.Same("mid", s.memberViews(inMid, all), []string{"ann owner", "cat developer", "dan owner"})
		s.Same("project", s.memberViews(inP, all), []string{"ann owner", "cat developer", "dan owner"})
		s.Same("personal project", s.memberViews(inOwn, all), []string{"ann owner", "eve guest"})
		s.Same("none", s.memberViews(source.MemberSource{Project: 99}, all), []string(nil))
		s.Apply("members: [{user: cat, group: Top/mid, role: developer, expires_at: 2027-05-05}, {user: cat, group: Top, role: developer, expires_at: 2027-06-06}]\n" +
			"shares: [{group: Top, with: else/in, role: guest}]")
		s.Same("what lasts longest", s.memberViews(inP, members.Filter{Inherited: true, Users: []identity.UserID{3}}), []string{"cat developer until 2027-06-06"})
	}},
	{Name: "members: filters and pages", Check: func(s Subject) {
		s.Apply(memberTree)
		for name, c := range map[string]struct {
			filter members.Filter
			want   []string
		}{
			"name":                {members.Filter{Inherited: true, Search: "ANN a."}, []string{"ann owner"}},
			"username":            {members.Filter{Inherited: true, Search: "AT"}, []string{"cat developer"}},
			"no pattern":          {members.Filter{Inherited: true, Search: "%"}, []string(nil)},
			"users":               {members.Filter{Inherited: true, Users: []identity.UserID{4, 1, 99, -1}}, []string{"ann owner", "dan owner"}},
			"no users":            {members.Filter{Inherited: true, Users: []identity.UserID{}}, []string(nil)},
			"skipped":             {members.Filter{Inherited: true, Skip: []identity.UserID{1, 99}}, []string{"cat developer", "dan owner"}},
			"direct of users":     {members.Filter{Users: []identity.UserID{1}}, []string{"ann maintainer until 2027-01-01"}},
			"users and skipped":   {members.Filter{Users: []identity.UserID{1, 4}, Skip: []identity.UserID{1}}, []string{"dan owner"}},
			"skipped and name":    {members.Filter{Skip: []identity.UserID{1}, Search: "a"}, []string{"dan owner"}},
			"a name with percent": {members.Filter{Search: "50%"}, []string(nil)},
		} {
			s.Same(name, s.memberViews(inMid, c.filter), c.want)
		}
		s.Same("percent", s.memberViews(inTop, members.Filter{Search: "0% O"}), []string{"Bob minimal"})
		for _, c := range []struct {
			page  application.Page
			ids   []identity.UserID
			total int64
			more  bool
		}{
			{application.Page{Order: "id", Size: 2}, []identity.UserID{1, 3}, 3, true},
			{application.Page{Order: "id", Size: 2, Offset: 2}, []identity.UserID{4}, 3, false},
			{application.Page{Order: "id", Size: 3}, []identity.UserID{1, 3, 4}, 3, false},
			{application.Page{Order: "id", Size: 2, Offset: 8}, nil, 3, false},
			{application.Page{Order: "id", Size: 2, Descending: true}, []identity.UserID{4, 3}, 3, true},
		} {
			l, err := s.MemberRecords.Views(s.Context(), inMid, members.Filter{Inherited: true}, c.page, now)
			s.Fine("Views", err)
			var ids []identity.UserID
			for _, v := range l.Items {
				ids = append(ids, v.User.ID)
			}
			s.Same(fmt.Sprintf("page %+v", c.page), []any{ids, l.Total, l.More}, []any{c.ids, c.total, c.more})
		}
	}},
	{Name: "member: put, with who added it, and read back", Check: func(s Subject) {
		s.Apply(memberTree)
		m := members.Member{Role: source.Planner, State: source.MemberActive, ExpiresAt: now.AddDate(0, 1, 0).Truncate(24 * time.Hour), CreatedAt: precise, UpdatedAt: precise.Add(time.Hour), CreatedBy: 1}
		s.changeMembers(func(tx members.Tx) {
			s.Fine("PutMember", tx.Members.PutMember(s.Context(), 3, inMid, m))
			got, err := tx.Members.Member(s.Context(), 3, inMid)
			s.Fine("Member", err)
			m.CreatedAt, m.UpdatedAt = m.CreatedAt.UTC().Truncate(time.Microsecond), m.UpdatedAt.UTC().Truncate(time.Microsecond)
			s.Same("member", got, m)
			s.UTC(got.UpdatedAt)
			_, err = tx.Members.Member(s.Context(), 3, inTop)
			s.Kind("no member", err, domain.NotFound)
			requested, err := tx.Members.Member(s.Context(), 2, inMid)
			s.Fine("Member", err)
			s.Same("requested", requested, members.Member{Role: source.Guest, State: worldimport.MemberRequested, CreatedAt: requested.CreatedAt, UpdatedAt: requested.CreatedAt})
			s.Kind("unknown user", tx.Members.PutMember(s.Context(), 99, inMid, m), domain.NotFound)
			s.Kind("unknown group", tx.Members.PutMember(s.Context(), 3, source.MemberSource{Group: 99}, m), domain.NotFound)
			s.Kind("personal namespace", tx.Members.PutMember(s.Context(), 3, source.MemberSource{Group: 1}, m), domain.NotFound)
			s.Kind("unknown project", tx.Members.PutMember(s.Context(), 3, source.MemberSource{Project: 99}, m), domain.NotFound)
		})
		l, err := s.MemberRecords.Views(s.Context(), inMid, members.Filter{Users: []identity.UserID{3}}, application.Page{Order: "id", Size: 1}, now)
		s.Fine("Views", err)
		ann, cat := s.Actor("user-1").User, s.Actor("user-3").User
		view := m
		view.UpdatedAt = time.Time{}
		s.Same("view", l.Items, []members.View{{User: cat, Member: view, Creator: ann}})
		s.Apply("members: [{user: cat, group: Top/mid, role: developer}]")
		s.changeMembers(func(tx members.Tx) {
			got, err := tx.Members.Member(s.Context(), 3, inMid)
			s.Fine("Member", err)
			s.Same("imported over it", got, members.Member{
				Role: source.Developer, State: source.MemberActive, ExpiresAt: m.ExpiresAt, CreatedAt: m.CreatedAt, UpdatedAt: got.UpdatedAt, CreatedBy: 1,
			})
			s.Same("moment of the import", got.UpdatedAt.Equal(m.UpdatedAt), false)
		})
		s.Fine("delete the creator", s.AccountUnitOfWork(s.Context(), func(tx accounts.Tx) error { return tx.Users.Delete(s.Context(), 1, true) }))
		l, err = s.MemberRecords.Views(s.Context(), inMid, members.Filter{Users: []identity.UserID{3}}, application.Page{Order: "id", Size: 1}, now)
		s.Fine("Views", err)
		s.Same("without a creator", l.Items[0].CreatedBy, identity.UserID(0))
	}},
	{Name: "member: removed, alone or with all below", Check: func(s Subject) {
		s.Apply(memberTree, "members: [{user: ann, project: Top/mid/p, role: guest, state: invited}, {user: ann, project: Top/p, role: guest, expires_at: 2020-01-01}, {user: ann, group: else, role: guest}]")
		remove := func(user identity.UserID, in source.MemberSource, below bool) (texts []string) {
			s.changeMembers(func(tx members.Tx) {
				removed, err := tx.Members.RemoveMember(s.Context(), user, in, below)
				s.Fine("RemoveMember", err)
				for _, m := range removed {
					texts = append(texts, fmt.Sprint(m.In, m.Path, " ", m.Role, " ", m.State, " ", m.ExpiresAt.Format(time.DateOnly)))
				}
			})
			return texts
		}
		s.Same("alone", remove(1, inMid, false), []string{"{12 0}Top/mid maintainer active 2027-01-01"})
		s.Same("again", remove(1, inMid, false), []string(nil))
		s.Same("a project", remove(3, inP, true), []string{"{0 21}Top/mid/p reporter active 2026-03-11"})
		s.Same("with all below", remove(1, inTop, true), []string{
			"{11 0}Top owner active 0001-01-01", "{0 21}Top/mid/p guest invited 0001-01-01", "{0 23}Top/p guest active 2020-01-01",
		})
		s.Same("left", slices.Sorted(slices.Values(s.List("members", "user", "group", "project"))), []string{
			"Bob - Top/mid/p", "Bob Top -", "Bob Top/mid -", "ann - ann/p", "ann else -", "cat else -", "cat else/in -", "dan Top/mid -", "eve - ann/p",
		})
		s.Same("role by a share", s.Standing("user-1", "Top/mid/p").Role, source.Guest)
	}},
	{Name: "member: what is inherited", Check: func(s Subject) {
		s.Apply(memberTree, "members: [{user: cat, group: Top, role: developer, expires_at: 2026-03-10}, {user: eve, group: Top, role: guest}, {user: eve, group: Top/mid, role: guest}]")
		s.changeMembers(func(tx members.Tx) {
			inherited := func(user identity.UserID, in source.MemberSource) string {
				m, err := tx.Members.Inherited(s.Context(), user, in, now)
				s.Fine("Inherited", err)
				return fmt.Sprint(m.In.Group, " ", m.Path, " ", m.Role)
			}
			s.Same("by the group above", inherited(1, inMid), "11 Top owner")
			s.Same("by the highest", inherited(1, inP), "11 Top owner")
			s.Same("by the lower of two groups", inherited(5, inP), "12 mid guest")
			s.Same("not by itself", inherited(1, inTop), "0  none")
			s.Same("not by a share, nor what has ended", inherited(3, inMid), "0  none")
			s.Same("not by minimal access, nor a request", inherited(2, inP), "0  none")
			s.Same("not in a personal namespace", inherited(1, inOwn), "0  none")
			s.Same("unknown", inherited(99, inP), "0  none")
		})
	}},
	{Name: "group: has another owner", Check: func(s Subject) {
		s.Apply(memberTree)
		other := func(user identity.UserID, group source.NamespaceID, world string) (has bool) {
			s.Helper()
			s.Apply(world)
			s.changeMembers(func(tx members.Tx) {
				var err error
				has, err = tx.Members.HasOtherOwner(s.Context(), user, group, now)
				s.Fine("HasOtherOwner", err)
			})
			return has
		}
		const nothing = "users: []"
		s.Same("none", other(1, 11, nothing), false)
		s.Same("of another", other(3, 11, nothing), true)
		s.Same("above", other(4, 12, nothing), true)
		s.Same("blocked", other(1, 12, nothing), false)
		s.Same("a maintainer", other(1, 11, "members: [{user: cat, group: Top, role: maintainer}]"), false)
		s.Same("ended", other(1, 11, "members: [{user: cat, group: Top, role: owner, expires_at: 2026-03-10}]"), false)
		s.Same("requested", other(1, 11, "members: [{user: cat, group: Top, role: owner, state: requested}]"), false)
		s.Same("a bot", other(1, 11, "members: [{user: bot, group: Top, role: owner}]"), false)
		s.Same("by a share", other(1, 11, "shares: [{group: Top, with: else, role: owner}]\nmembers: [{user: cat, group: else, role: owner}]"), false)
		s.Same("a service account", other(1, 11, "members: [{user: eve, group: Top, role: owner}]"), true)
	}},
	{Name: "unit of work on members: users, standings, failure", Check: func(s Subject) {
		s.Apply(memberTree)
		before := s.contents()
		err := s.MemberUnitOfWork(s.Context(), func(tx members.Tx) error {
			u, err := tx.Users.User(s.Context(), identity.ClaimName("BOB"))
			s.Fine("User", err)
			s.Same("by name", u, s.Actor("user-2").User)
			u, err = tx.Users.User(s.Context(), identity.Claim{Kind: identity.ByUser, ID: 2})
			s.Fine("User", err)
			s.Same("by number", u.Username, "Bob")
			for _, who := range []identity.Claim{identity.ClaimName("top"), identity.ClaimName("\x00"), {Kind: identity.ByUser, ID: 99}, {Kind: identity.ByUser}} {
				_, err := tx.Users.User(s.Context(), who)
				s.Kind(who.String(), err, domain.NotFound)
			}
			s.Fine("PutMember", tx.Members.PutMember(s.Context(), 3, inP, members.Member{Role: source.Owner, State: source.MemberActive}))
			at, err := tx.Standings.Standing(s.Context(), 3, rights.Ref{Kind: rights.Project, Path: "TOP/mid/P"}, now)
			s.Fine("Standing", err)
			s.Same("role in the transaction", []any{at.ID, at.Path, at.Role, at.User}, []any{int64(21), "Top/mid/p", source.Owner, identity.UserID(0)})
			s.Fine("Append", tx.Audit.Append(s.Context(), tokenEvent))
			return errLate
		})
		s.Same("failed", errors.Is(err, errLate), true)
		s.Same("everything", s.contents(), before)
	}},
}

// managementStandingCases are of what the management API knows of groups and projects.
var managementStandingCases = []Case{
	{Name: "standing: of groups and projects, by number and by path", Check: func(s Subject) {
		s.Apply(memberTree, `
groups: [{id: 115, path: gone, pending_delete: true}, {id: 116, path: gone/sub}, {id: 117, path: "123", visibility: internal}]
projects: [{id: 24, path: Top/gone, pending_delete: true}, {id: 25, path: gone/sub/p}]`)
		for _, c := range []struct {
			user identity.UserID
			on   rights.Ref
			want string
		}{
			{1, rights.Ref{Kind: rights.Group, ID: 11}, "group 11 Top private owner 0"},
			{3, rights.Ref{Kind: rights.Group, Path: "TOP/mid"}, "group 12 Top/mid private developer 0"},
			{2, rights.Ref{Kind: rights.Group, Path: "Top"}, "group 11 Top private none 0"},
			{0, rights.Ref{Kind: rights.Group, Path: "123"}, "group 117 123 internal none 0"},
			{1, rights.Ref{Kind: rights.Project, ID: 22}, "project 22 ann/p private owner 1"},
			{5, rights.Ref{Kind: rights.Project, Path: "ann/P"}, "project 22 ann/p private guest 1"},
			{0, rights.Ref{Kind: rights.Project, ID: 21}, "project 21 Top/mid/p private none 0"},
			{1, rights.Ref{Kind: rights.Group, ID: 1}, "not found"},
			{1, rights.Ref{Kind: rights.Group, Path: "ann"}, "not found"},
			{1, rights.Ref{Kind: rights.Group, Path: "Top/mid/p"}, "not found"},
			{1, rights.Ref{Kind: rights.Project, Path: "Top/mid"}, "not found"},
			{1, rights.Ref{Kind: rights.Group, ID: 115}, "not found"},
			{1, rights.Ref{Kind: rights.Group, Path: "gone/sub"}, "not found"},
			{1, rights.Ref{Kind: rights.Project, ID: 24}, "not found"},
			{1, rights.Ref{Kind: rights.Project, ID: 25}, "not found"},
			{1, rights.Ref{Kind: rights.Project}, "not found"},
		} {
			got, err := s.Standings.Standing(s.Context(), c.user, c.on, now)
			s.Same(fmt.Sprint(c.user, c.on), outcome(fmt.Sprint(got.Kind, " ", got.ID, " ", got.Path, " ", got.Visibility, " ", got.Role, " ", got.User), err), c.want)
		}
	}},
	{Name: "standing: membership lock of a group or one above", Check: func(s Subject) {
		s.Apply(memberTree)
		locked := func(on rights.Ref) bool {
			at, err := s.Standings.Standing(s.Context(), 0, on, now)
			s.Fine("Standing", err)
			return at.MembershipLock
		}
		project, group := rights.Ref{Kind: rights.Project, ID: 21}, rights.Ref{Kind: rights.Group, ID: 12}
		s.Same("open", []bool{locked(project), locked(group)}, []bool{false, false})
		s.Unit(func(tx worldimport.Tx) {
			_, err := tx.Namespaces.PutGroup(s.Context(), worldimport.Group{
				Namespace: source.Namespace{ID: 11, Path: "Top", Protocols: source.AllProtocols}, Visibility: source.Private,
				Profile: source.GroupProfile{MembershipLock: true},
			})
			s.Fine("PutGroup", err)
		})
		s.Same("locked", []bool{locked(project), locked(group), locked(rights.Ref{Kind: rights.Project, ID: 22})}, []bool{true, true, false})
	}},
}
