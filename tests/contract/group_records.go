package contract

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gatehouse/application"
	"gatehouse/application/groups"
	"gatehouse/application/members"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/billing"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
)

var groupTxCases = []Case{
	{Name: "subtree: depth and widest visibilities", Check: func(s Subject) {
		s.Apply(groupTrees, "groups: [{id: 14, path: a1/b/c/d, visibility: internal}]\nprojects: [{id: 23, path: a1/b/c/p, visibility: public}]")
		s.inGroupTx(func(tx groups.Tx) {
			for id, want := range map[source.NamespaceID]source.Subtree{
				11: {Depth: 3, Groups: source.Internal, Projects: source.Public}, 13: {Depth: 1, Groups: source.Internal, Projects: source.Public},
				14: {Projects: source.Private}, 18: {},
			} {
				got, err := tx.Groups.Subtree(s.Context(), id)
				s.Fine("Subtree", err)
				s.Same(fmt.Sprint("group ", id), got, want)
			}
		})
	}},
	{Name: "share of groups: kept, shown in order, removed", Check: func(s Subject) {
		s.Apply(groupTrees)
		share := groups.Share{Role: source.Developer, ExpiresAt: now.AddDate(0, 0, 2).UTC().Truncate(24 * time.Hour)}
		s.inGroupTx(func(tx groups.Tx) {
			_, _, err := tx.Shares.Share(s.Context(), 11, 15)
			s.Kind("none", err, domain.NotFound)
			s.Kind("nothing to remove", tx.Shares.RemoveShare(s.Context(), 11, 15), domain.NotFound)
			s.Fine("PutShare", tx.Shares.PutShare(s.Context(), 11, 15, share, 1, now))
			s.Fine("PutShare", tx.Shares.PutShare(s.Context(), 11, 16, groups.Share{Role: source.Guest, ExpiresAt: now.AddDate(0, 0, -1)}, 1, now))
			s.Fine("PutShare", tx.Shares.PutShare(s.Context(), 11, 12, groups.Share{Role: source.Guest}, 1, now))
			got, since, err := tx.Shares.Share(s.Context(), 11, 15)
			s.Fine("Share", err)
			s.Same("share", got, share)
			s.Same("since", since, now)
			s.Kind("with no group", tx.Shares.PutShare(s.Context(), 11, 99, share, 1, now), domain.NotFound)
		})
		links, err := s.GroupRecords.Links(s.Context(), 11, 4, now)
		s.Fine("Links", err)
		s.Same("links", links, []groups.Link{
			{Share: groups.Share{Role: source.Planner}, With: 18, Name: "z1", Path: "z1", Visibility: source.Private},
			{Share: share, With: 15, Name: "x1", Path: "x1", Visibility: source.Private, Viewer: source.Maintainer},
			{Share: groups.Share{Role: source.Guest}, With: 12, Name: "b", Path: "a1/b", Visibility: source.Private, Viewer: source.Developer},
		})
		s.Same("lent", s.Standing("user-4", "a1/p").Role, source.Developer)
		s.inGroupTx(func(tx groups.Tx) { s.Fine("RemoveShare", tx.Shares.RemoveShare(s.Context(), 11, 15)) })
		s.Same("no longer", s.Standing("user-4", "a1/p").Role, source.NoRole)
	}},
	{Name: "owner added over a membership: keeps how it began", Check: func(s Subject) {
		s.Apply(groupTrees)
		in, began := source.MemberSource{Group: 11}, precise.UTC().Truncate(time.Microsecond)
		s.changeMembers(func(tx members.Tx) {
			m := members.Member{Role: source.Guest, State: source.MemberActive, ExpiresAt: now.AddDate(0, 0, -1), CreatedAt: began, UpdatedAt: began, CreatedBy: 2}
			s.Fine("PutMember", tx.Members.PutMember(s.Context(), 5, in, m))
		})
		s.inGroupTx(func(tx groups.Tx) {
			s.Fine("AddOwner", tx.Members.AddOwner(s.Context(), 11, 5, now))
			s.Fine("AddOwner", tx.Members.AddOwner(s.Context(), 11, 6, now))
		})
		at := now.UTC().Truncate(time.Microsecond)
		s.changeMembers(func(tx members.Tx) {
			for user, want := range map[identity.UserID]members.Member{
				5: {Role: source.Owner, State: source.MemberActive, CreatedAt: began, UpdatedAt: at, CreatedBy: 2},
				6: {Role: source.Owner, State: source.MemberActive, CreatedAt: at, UpdatedAt: at, CreatedBy: 6},
			} {
				got, err := tx.Members.Member(s.Context(), user, in)
				s.Fine("Member", err)
				s.Same(fmt.Sprint("member ", user), got, want)
			}
		})
	}},
	{Name: "one path created twice at once: one group", Check: func(s Subject) {
		s.Apply(groupTrees)
		taken := make(chan bool, subject.Goroutines)
		subject.Concurrently(func(int) {
			err := s.GroupUnitOfWork(s.Context(), func(tx groups.Tx) error {
				g := tools()
				_, err := tx.Groups.PutGroup(s.Context(), g)
				return err
			})
			if err != nil && !errors.Is(err, domain.Conflict) {
				s.Errorf("got %v", err)
			}
			taken <- err != nil
		})
		close(taken)
		created := 0
		for refused := range taken {
			if !refused {
				created++
			}
		}
		s.Same("created", created, 1)
	}},
	{Name: "transaction on groups that fails: nothing kept", Check: func(s Subject) {
		s.Apply(groupTrees)
		before := s.contents()
		err := s.GroupUnitOfWork(s.Context(), func(tx groups.Tx) error {
			s.Fine("Delete", tx.Groups.Delete(s.Context(), 12, true))
			id, err := tx.Groups.PutGroup(s.Context(), tools())
			s.Fine("PutGroup", err)
			s.Fine("PutShare", tx.Shares.PutShare(s.Context(), id, 15, groups.Share{Role: source.Guest}, 1, now))
			s.Fine("Append", tx.Audit.Append(s.Context(), audit.Event{At: now}))
			return errLate
		})
		if !errors.Is(err, errLate) {
			s.Errorf("got %v", err)
		}
		s.Same("contents", s.contents(), before)
	}},
}

// seenGroups are groups of each visibility, and users with a role of every origin.
const seenGroups = `
users:
  - {id: 1, username: own, namespace_id: 91}
  - {id: 2, username: dev, namespace_id: 92}
  - {id: 3, username: lent, namespace_id: 93}
  - {id: 4, username: late, namespace_id: 94}
  - {id: 5, username: plain, namespace_id: 95}
groups:
  - {id: 11, path: open, visibility: public}
  - {id: 12, path: open/inner, visibility: internal}
  - {id: 13, path: Acme}
  - {id: 14, path: acme/tools}
  - {id: 15, path: acme/tools/Deep_1}
  - {id: 16, path: friends}
  - {id: 17, path: friends/close}
  - {id: 18, path: gone, visibility: public, pending_delete: true}
  - {id: 19, path: gone/below, visibility: public}
projects: [{id: 60, path: acme/p}, {id: 61, path: acme/tools/p}, {id: 62, path: acme/tools/q, pending_delete: true}]
members:
  - {user: own, group: acme, role: owner}
  - {user: dev, group: acme/tools, role: developer}
  - {user: lent, group: friends, role: owner}
  - {user: late, group: acme, role: owner, expires_at: 2026-03-10}
  - {user: plain, group: acme, role: owner, state: requested}
  - {user: plain, group: friends, role: minimal}
  - {user: plain, project: acme/p, role: owner}
shares:
  - {group: acme/tools, with: friends/close, role: reporter}
  - {group: acme, with: friends, role: minimal}
  - {group: open, with: friends, role: guest, expires_at: 2026-03-10}
subscriptions: [{namespace: acme, plan_code: premium, start_date: 2026-01-01, end_date: 2027-01-01, seats_in_use: 3, max_seats_used: 4}]
`

// seenBy is the sight of a user who is not external.
func seenBy(user identity.UserID) rights.Sight {
	caller := rights.Caller{Account: identity.Account{User: identity.User{ID: user}}}
	return caller.Sight()
}

// allGroups is the sight of an administrator.
func allGroups(user identity.UserID) rights.Sight { return rights.Sight{All: true, User: user} }

// groupIDs returns the numbers of the groups that a filter picks, in a page of all in the
// order of the numbers unless the page is given.
func (s Subject) groupIDs(f groups.Filter, pages ...application.Page) (ids []source.NamespaceID) {
	s.Helper()
	page := application.Page{Order: "id", Size: 100}
	if len(pages) > 0 {
		page = pages[0]
	}
	found, err := s.GroupRecords.Views(s.Context(), f, page, now)
	s.Fine("Views", err)
	for _, v := range found.Items {
		ids = append(ids, v.ID)
	}
	if len(pages) == 0 {
		s.Same("total", found.Total, int64(len(ids)))
	}
	return ids
}

var groupRecordCases = []Case{
	{Name: "groups: each sight, by visibility, membership, inheritance and share", Check: func(s Subject) {
		s.Apply(seenGroups)
		external := seenBy(3)
		external.Visibilities = []source.Visibility{source.Public}
		for name, c := range map[string]struct {
			sight rights.Sight
			want  []source.NamespaceID
		}{
			"stranger":           {seenBy(0), []source.NamespaceID{11}},
			"plain":              {seenBy(5), []source.NamespaceID{11, 12}},
			"expired membership": {seenBy(4), []source.NamespaceID{11, 12}},
			"owner above":        {seenBy(1), []source.NamespaceID{11, 12, 13, 14, 15}},
			"member":             {seenBy(2), []source.NamespaceID{11, 12, 14, 15}},
			"lent":               {seenBy(3), []source.NamespaceID{11, 12, 14, 15, 16, 17}},
			"external, lent":     {external, []source.NamespaceID{11, 14, 15, 16, 17}},
			"administrator":      {allGroups(5), []source.NamespaceID{11, 12, 13, 14, 15, 16, 17}},
		} {
			s.Same(name, s.groupIDs(groups.Filter{Sight: c.sight}), c.want)
		}
		for _, id := range []source.NamespaceID{18, 19, 91, 99} {
			_, err := s.GroupRecords.View(s.Context(), id)
			s.Kind(fmt.Sprint(id), err, domain.NotFound)
		}
	}},
	{Name: "groups: every filter", Check: func(s Subject) {
		s.Apply(seenGroups)
		for name, c := range map[string]struct {
			filter groups.Filter
			want   []source.NamespaceID
		}{
			"visibility":                       {groups.Filter{Sight: seenBy(1), Visibility: source.Internal}, []source.NamespaceID{12}},
			"right below":                      {groups.Filter{Sight: seenBy(1), Parent: 13}, []source.NamespaceID{14}},
			"anywhere below":                   {groups.Filter{Sight: seenBy(1), Ancestor: 13}, []source.NamespaceID{14, 15}},
			"at the top":                       {groups.Filter{Sight: seenBy(1), TopLevel: true}, []source.NamespaceID{11, 13}},
			"but for some":                     {groups.Filter{Sight: seenBy(1), Skip: []source.NamespaceID{11, 13, 99}}, []source.NamespaceID{12, 14, 15}},
			"own":                              {groups.Filter{Sight: seenBy(1), Least: source.Owner}, []source.NamespaceID{13, 14, 15}},
			"a role at least":                  {groups.Filter{Sight: seenBy(3), Least: source.Guest}, []source.NamespaceID{14, 15, 16, 17}},
			"more than is lent":                {groups.Filter{Sight: seenBy(3), Least: source.Developer}, []source.NamespaceID{16, 17}},
			"own, of an administrator":         {groups.Filter{Sight: allGroups(2), Least: source.Developer}, []source.NamespaceID{14, 15}},
			"own, of a stranger":               {groups.Filter{Sight: seenBy(0), Least: source.Guest}, nil},
			"shared by one":                    {groups.Filter{Sight: allGroups(1), SharedBy: 14}, []source.NamespaceID{17}},
			"shared by one, hidden":            {groups.Filter{Sight: seenBy(1), SharedBy: 14}, nil},
			"shared by one, expired":           {groups.Filter{Sight: allGroups(1), SharedBy: 11}, nil},
			"shared with one":                  {groups.Filter{Sight: seenBy(3), SharedWith: 17}, []source.NamespaceID{14}},
			"shared with one, expired":         {groups.Filter{Sight: allGroups(1), SharedWith: 16}, []source.NamespaceID{13}},
			"targets of a transfer":            {groups.Filter{Sight: seenBy(1), TransferOf: 15}, []source.NamespaceID{13}},
			"targets for developers":           {groups.Filter{Sight: seenBy(2), TransferOf: 15}, nil},
			"targets for administrators":       {groups.Filter{Sight: allGroups(5), TransferOf: 14}, []source.NamespaceID{11, 12, 16, 17}},
			"targets of what is at the top":    {groups.Filter{Sight: seenBy(3), TransferOf: 11}, []source.NamespaceID{16, 17}},
			"search in the last part":          {groups.Filter{Sight: seenBy(1), Search: "TOOL"}, []source.NamespaceID{14}},
			"search in the whole path":         {groups.Filter{Sight: seenBy(1), Search: "e/Tool"}, []source.NamespaceID{14, 15}},
			"search with a sign of LIKE":       {groups.Filter{Sight: seenBy(1), Search: "p_1"}, []source.NamespaceID{15}},
			"search with a sign of LIKE, none": {groups.Filter{Sight: seenBy(1), Search: "o_en"}, nil},
			"search with a percent sign":       {groups.Filter{Sight: seenBy(1), Search: "%"}, nil},
			"search with a backslash":          {groups.Filter{Sight: seenBy(1), Search: `\`}, nil},
			"search with a quote":              {groups.Filter{Sight: seenBy(1), Search: `'`}, nil},
			"everything together":              {groups.Filter{Sight: seenBy(1), Search: "deep", Visibility: source.Private, Parent: 14, Ancestor: 13, Least: source.Owner, Skip: []source.NamespaceID{14}}, []source.NamespaceID{15}},
		} {
			s.Same(name, s.groupIDs(c.filter), c.want)
		}
	}},
	{Name: "groups: orders and pages", Check: func(s Subject) {
		s.Apply(seenGroups)
		names := map[string]string{"b": "apple", "c": "Banana", "d": "banana", "e": "ban", "f": "cherry ban"}
		var ids []source.NamespaceID
		s.inGroupTx(func(tx groups.Tx) {
			for _, path := range []string{"b", "c", "d", "e", "f"} {
				g := source.Group{Namespace: source.Namespace{Path: "friends/" + path, Protocols: source.AllProtocols}, Visibility: source.Private, GroupProfile: source.GroupProfile{Name: names[path]}}
				id, err := tx.Groups.PutGroup(s.Context(), g)
				s.Fine("PutGroup", err)
				ids = append(ids, id)
			}
		})
		b, c, d, e, f := ids[0], ids[1], ids[2], ids[3], ids[4]
		all := groups.Filter{Sight: allGroups(1), Parent: 16, Skip: []source.NamespaceID{17}}
		search := all
		search.Search = "Ban"
		for name, one := range map[string]struct {
			filter groups.Filter
			page   application.Page
			want   []source.NamespaceID
		}{
			"by name":                   {all, application.Page{Order: "name"}, []source.NamespaceID{b, e, c, d, f}},
			"by name, descending":       {all, application.Page{Order: "name", Descending: true}, []source.NamespaceID{f, d, c, e, b}},
			"by path, descending":       {all, application.Page{Order: "path", Descending: true}, []source.NamespaceID{f, e, d, c, b}},
			"by number, descending":     {all, application.Page{Order: "id", Descending: true}, []source.NamespaceID{f, e, d, c, b}},
			"by similarity":             {search, application.Page{Order: "similarity"}, []source.NamespaceID{e, c, d, f}},
			"by similarity of nothing":  {all, application.Page{Order: "similarity"}, []source.NamespaceID{b, e, c, d, f}},
			"the second page":           {all, application.Page{Order: "name", Size: 2, Offset: 2}, []source.NamespaceID{c, d}},
			"a page behind the end":     {all, application.Page{Order: "name", Size: 2, Offset: 6}, nil},
			"after a row":               {all, application.Page{Order: "name", Size: 2, Keyset: true, After: &application.Position{Value: "banana", ID: int64(c)}}, []source.NamespaceID{d, f}},
			"after a row, descending":   {all, application.Page{Order: "name", Keyset: true, Descending: true, After: &application.Position{Value: "banana", ID: int64(d)}}, []source.NamespaceID{c, e, b}},
			"the first page, by keyset": {all, application.Page{Order: "name", Size: 1, Keyset: true}, []source.NamespaceID{b}},
		} {
			one.page.Size = max(one.page.Size, 1)
			if one.page.Size == 1 && !strings.HasPrefix(name, "the first") {
				one.page.Size = 100
			}
			s.Same(name, s.groupIDs(one.filter, one.page), one.want)
		}
		found, err := s.GroupRecords.Views(s.Context(), all, application.Page{Order: "name", Size: 2, Offset: 2}, now)
		s.Fine("Views", err)
		s.Same("total and more", []any{found.Total, found.More, found.Items[0].FullName}, []any{int64(5), true, "friends / Banana"})
		found, err = s.GroupRecords.Views(s.Context(), all, application.Page{Order: "name", Size: 2, Offset: 3}, now)
		s.Fine("Views", err)
		s.Same("no more", found.More, false)
	}},
	{Name: "namespaces: by number and path, lists, counts", Check: func(s Subject) {
		s.Apply(seenGroups)
		get := func(id source.NamespaceID, path string, user identity.UserID) groups.Namespace {
			got, err := s.Namespaces.Namespace(s.Context(), id, path, user, now)
			s.Fine("Namespace", err)
			return got
		}
		sold := billing.Subscription{Namespace: 13, Plan: "premium", SeatsInUse: 3, MaxSeatsUsed: 4, EndDate: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
		s.Same("group", get(14, "", 2), groups.Namespace{ID: 14, Name: "tools", Path: "Acme/tools", Parent: 13, Visibility: source.Private, Viewer: source.Developer, Subscription: sold})
		s.Same("by path", get(0, "ACME/Tools", 3).Viewer, source.Reporter)
		s.Same("personal", get(92, "", 2), groups.Namespace{ID: 92, Path: "dev", Name: get(0, "DEV", 2).Name, Owner: 2, Visibility: source.Private, Viewer: source.Owner})
		s.Same("of another", get(92, "", 1).Viewer, source.NoRole)
		for _, path := range []string{"gone", "gone/below", "acme/p", "none", "", "a\x00", "\xff"} {
			_, err := s.Namespaces.Namespace(s.Context(), 0, path, 1, now)
			s.Kind(path, err, domain.NotFound)
		}
		for name, c := range map[string]struct {
			filter groups.NamespaceFilter
			want   []source.NamespaceID
		}{
			"of a user":             {groups.NamespaceFilter{User: 3}, []source.NamespaceID{14, 15, 16, 17, 93}},
			"owned":                 {groups.NamespaceFilter{User: 3, Owned: true}, []source.NamespaceID{16, 17, 93}},
			"at the top":            {groups.NamespaceFilter{User: 3, TopLevel: true}, []source.NamespaceID{16, 93}},
			"all":                   {groups.NamespaceFilter{User: 3, All: true}, []source.NamespaceID{11, 12, 13, 14, 15, 16, 17, 91, 92, 93, 94, 95}},
			"all that are owned":    {groups.NamespaceFilter{User: 3, All: true, Owned: true}, []source.NamespaceID{16, 17, 93}},
			"search":                {groups.NamespaceFilter{User: 3, Search: "T"}, []source.NamespaceID{14, 93}},
			"search in whole paths": {groups.NamespaceFilter{User: 3, Search: "s/c", FullPath: true}, []source.NamespaceID{17}},
		} {
			found, err := s.Namespaces.Namespaces(s.Context(), c.filter, application.Page{Order: "id", Size: 100}, now)
			s.Fine(name, err)
			var ids []source.NamespaceID
			for _, n := range found.Items {
				ids = append(ids, n.ID)
			}
			s.Same(name, ids, c.want)
			at := slices.IndexFunc(found.Items, func(n groups.Namespace) bool { return n.ID == 14 })
			if at >= 0 {
				s.Same(name+": item", found.Items[at], get(14, "", c.filter.User))
			}
		}
		counts, err := s.Namespaces.Counts(s.Context(), 13, now)
		s.Fine("Counts", err)
		s.Same("counts", counts, groups.NamespaceCounts{Members: 2, Projects: 2})
	}},
}
