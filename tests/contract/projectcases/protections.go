package projectcases

import (
	"fmt"
	"time"

	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/application/deploykeys"
	"gatehouse/application/protections"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/contract"
	"gatehouse/tests/world"
)

// protecting runs do in a transaction on protections that has to succeed.
func (s store) protecting(do func(protections.Protections, protections.Grantees)) {
	s.Helper()
	s.Fine("unit of work", s.ProtectionChanges(s.Context(), func(tx protections.Tx) error {
		do(tx.Protections, tx.Grantees)
		return nil
	}))
}

// views returns the protections that a filter picks.
func (s store) views(f protections.Filter) []protections.View {
	s.Helper()
	l, err := s.ProtectionRecords.Views(s.Context(), f, application.Page{Order: "id", Size: 20})
	s.Fine("Views", err)
	return l.Items
}

// first is a page of a list.
var first = application.Page{Order: "id", Size: 20}

var protectionCases = []contract.Case{
	caseOf("protection kept: shown with names, used in decisions", func(s store) {
		at := now.UTC().Truncate(time.Microsecond)
		p := source.Protection{
			Kind: source.Branch, Pattern: "Rel_%*", AllowForcePush: true, UpdatedAt: now,
			Push:      []source.Access{{Role: source.NoRole}, {User: 12}, {Group: 22}, {DeployKey: 41}},
			Merge:     []source.Access{{Role: source.Developer}},
			Unprotect: []source.Access{{Role: source.AdminsOnly}, {User: 11}},
		}
		s.protecting(func(tx protections.Protections, _ protections.Grantees) {
			id, err := tx.PutProtection(s.Context(), 31, p)
			s.Fine("PutProtection", err)
			got, err := tx.Protection(s.Context(), 31, source.Branch, p.Pattern)
			s.Fine("Protection", err)
			s.Same("equal", got.Equal(p), true)
			s.Same("number and moment", []any{got.ID, got.UpdatedAt}, []any{id, at})
			for i, a := range got.Push {
				s.Same("numbers in order", a.ID > 0 && (i == 0 || a.ID > got.Push[i-1].ID), true)
			}
			for name, err := range map[string]error{
				"letter case": second(tx.Protection(s.Context(), 31, source.Branch, "rel_%*")), "tag": second(tx.Protection(s.Context(), 31, source.Tag, p.Pattern)),
				"other project": second(tx.Protection(s.Context(), 32, source.Branch, p.Pattern)), "unstorable": second(tx.Protection(s.Context(), 31, source.Branch, "\x00")),
			} {
				s.Kind(name, err, domain.NotFound)
			}
			_, err = tx.PutProtection(s.Context(), 31, source.Protection{Kind: source.Branch, Pattern: p.Pattern})
			s.Kind("a second one", err, domain.Conflict)
			for _, a := range []source.Access{{User: 99}, {Group: 99}, {DeployKey: 99}} {
				_, err := tx.PutProtection(s.Context(), 31, source.Protection{Kind: source.Branch, Pattern: "x", Unprotect: []source.Access{a}})
				s.Kind(fmt.Sprint(a), err, domain.NotFound)
			}
			_, err = tx.PutProtection(s.Context(), 99, source.Protection{Kind: source.Branch, Pattern: "x"})
			s.Kind("no project", err, domain.NotFound)
			_, err = tx.PutProtection(s.Context(), 31, source.Protection{ID: 999, Kind: source.Branch, Pattern: "y"})
			s.Kind("no such number", err, domain.NotFound)
		})
		views := s.views(protections.Filter{Project: 31, Kind: source.Branch, Pattern: "Rel_%*"})
		s.Same("views", len(views), 1)
		var names []string
		for _, a := range views[0].Push {
			names = append(names, views[0].Names[a.ID])
		}
		s.Same("names", names, []string{"", "bob", "Low", "robot"})
		s.Same("kept", views[0].Equal(p), true)
		standing, err := s.Directory.Standing(s.Context(), source.Inquiry{Target: source.Target{Path: "top/Low/one"}, Now: now, Refs: true})
		s.Fine("Standing", err)
		p.Unprotect, p.UpdatedAt = nil, time.Time{}
		s.Same("decided by", standing.Project.Protections[1], p)
	}),
	caseOf("protection changed: entries keep their numbers", func(s store) {
		old := source.Protection{
			Kind: source.Branch, Pattern: "x", Push: []source.Access{{Role: source.Maintainer}, {User: 12}, {User: 11}}, Merge: []source.Access{{Role: source.Maintainer}},
		}
		s.protecting(func(tx protections.Protections, _ protections.Grantees) {
			id, err := tx.PutProtection(s.Context(), 31, old)
			s.Fine("PutProtection", err)
			old, err = tx.Protection(s.Context(), 31, source.Branch, "x")
			s.Fine("Protection", err)
			p := old.Clone()
			p.UpdatedAt, p.Push[0].Role = now, source.Developer
			p.Push = append(p.Push[:1], p.Push[2], source.Access{Group: 21})
			again, err := tx.PutProtection(s.Context(), 31, p)
			s.Fine("PutProtection", err)
			s.Same("number", again, id)
			got, err := tx.Protection(s.Context(), 31, source.Branch, "x")
			s.Fine("Protection", err)
			s.Same("changed", got.Equal(p), true)
			s.Same("numbers", []int64{got.ID, got.Push[0].ID, got.Push[1].ID, got.Merge[0].ID}, []int64{old.ID, old.Push[0].ID, old.Push[2].ID, old.Merge[0].ID})
			s.Fine("RemoveProtection", tx.RemoveProtection(s.Context(), id))
			s.Kind("removed", tx.RemoveProtection(s.Context(), id), domain.NotFound)
		})
		s.Same("gone", len(s.views(protections.Filter{Project: 31, Kind: source.Branch, Pattern: "x"})), 0)
	}),
	caseOf("protections applied again: those that are the same keep their numbers", func(s store) {
		const again = `projects: [{path: top/Low/one, protected_branches: [{name: a}, {name: main, push: maintainer, merge: developer}]}]`
		before := s.views(protections.Filter{Project: 31, Kind: source.Branch})[0]
		s.Apply(again)
		after := s.views(protections.Filter{Project: 31, Kind: source.Branch})
		s.Same("number", []int64{after[0].ID, after[0].Push[0].ID}, []int64{before.ID, before.Push[0].ID})
		s.Same("patterns", []source.Pattern{after[0].Pattern, after[1].Pattern}, []source.Pattern{"main", "a"})
		s.Same("changed at", after[0].UpdatedAt, now.UTC().Truncate(time.Microsecond))
	}),
	caseOf("protections listed: by kind and search, in pages", func(s store) {
		s.protecting(func(tx protections.Protections, _ protections.Grantees) {
			for _, name := range []source.Pattern{"Alpha", "beta", "ALPHABET"} {
				for _, kind := range []source.RefKind{source.Branch, source.Tag} {
					_, err := tx.PutProtection(s.Context(), 32, source.Protection{Kind: kind, Pattern: name, Push: []source.Access{{User: 11}, {User: 12}}})
					s.Fine("PutProtection", err)
				}
			}
		})
		s.Same("search", len(s.views(protections.Filter{Project: 32, Kind: source.Tag, Search: "alphA"})), 2)
		s.Same("unstorable", len(s.views(protections.Filter{Project: 32, Kind: source.Tag, Search: "\x00"})), 0)
		for _, c := range []struct {
			page application.Page
			want string
		}{
			{application.Page{Order: "id", Size: 2}, "[main Alpha] 4 true"}, {application.Page{Order: "id", Size: 2, Offset: 2}, "[beta ALPHABET] 4 false"},
			{application.Page{Order: "id", Size: 2, Offset: 4}, "[] 4 false"}, {application.Page{Order: "id", Size: 3, Descending: true}, "[ALPHABET beta Alpha] 4 true"},
		} {
			l, err := s.ProtectionRecords.Views(s.Context(), protections.Filter{Project: 32, Kind: source.Branch}, c.page)
			s.Fine("Views", err)
			var names []source.Pattern
			for _, v := range l.Items {
				names = append(names, v.Pattern)
			}
			s.Same(fmt.Sprint(c.page), fmt.Sprint(names, l.Total, l.More), c.want)
		}
	}),
	caseOf("grantees of a protection: groups, members and keys with access", func(s store) {
		s.Apply(`groups: [{id: 94, path: third}]
shares: [{group: top, with: third, role: guest, expires_at: 2026-03-11}]
members: [{user: bob, group: third, role: minimal}]`)
		s.protecting(func(_ protections.Protections, tx protections.Grantees) {
			for _, c := range []struct {
				group source.NamespaceID
				in    source.ProjectID
				at    time.Time
				want  bool
			}{
				{22, 31, now, true}, {21, 31, now, true}, {23, 31, now, false}, {94, 31, now, true}, {94, 31, now.AddDate(0, 0, 2), false},
				{21, 32, now, true}, {21, 32, now.AddDate(9, 0, 0), false}, {22, 32, now, false}, {99, 31, now, false}, {21, 99, now, false},
			} {
				got, err := tx.GroupHasAccess(s.Context(), c.group, c.in, c.at)
				s.Fine("GroupHasAccess", err)
				s.Same(fmt.Sprint(c.group, c.in, c.at), got, c.want)
			}
			for group, want := range map[source.NamespaceID]bool{21: true, 22: true, 23: false, 94: false} {
				for user, is := range map[identity.UserID]bool{11: want, 12: false} {
					got, err := tx.IsMember(s.Context(), user, group, now)
					s.Fine("IsMember", err)
					s.Same(fmt.Sprint("user ", user, " in ", group), got, is)
				}
			}
			for in, want := range map[source.ProjectID]bool{31: true, 32: false} {
				got, err := tx.KeyCanPush(s.Context(), 41, in)
				s.Fine("KeyCanPush", err)
				s.Same(fmt.Sprint("in ", in), got, want)
			}
		})
	}),
}

// onDeployKeys runs do in a transaction on deploy keys that has to succeed.
func (s store) onDeployKeys(do func(deploykeys.Keys, deploykeys.Enablings)) {
	s.Helper()
	s.Fine("unit of work", s.DeployKeyChanges(s.Context(), func(tx deploykeys.Tx) error {
		do(tx.Keys, tx.Enablings)
		return nil
	}))
}

// deployKeys returns the numbers of the deploy keys that a filter picks.
func (s store) deployKeys(f deploykeys.Filter) (ids []identity.KeyID) {
	s.Helper()
	l, err := s.DeployKeyRecords.Views(s.Context(), f, first, now)
	s.Fine("Views", err)
	for _, v := range l.Items {
		ids = append(ids, v.ID)
	}
	return ids
}

var deployKeyCases = []contract.Case{
	caseOf("deploy key: added, renamed, removed with all that names it", func(s store) {
		k := identity.Key{Kind: identity.DeployKey, Owner: 11, Title: "new", Line: "ssh-ed25519 AAAA", Comment: "me@here", Fingerprint: "print", Usage: identity.AuthAndSigning, CreatedAt: now, Public: true}
		s.onDeployKeys(func(keys deploykeys.Keys, on deploykeys.Enablings) {
			id, err := keys.AddKey(s.Context(), k)
			s.Fine("AddKey", err)
			_, err = keys.AddKey(s.Context(), k)
			s.Kind("again", err, domain.Conflict)
			s.Fine("Rename", keys.Rename(s.Context(), id, "other"))
			k.ID, k.Title, k.CreatedAt = id, "other", now.UTC().Truncate(time.Microsecond)
			for name, get := range map[string]func() (identity.Key, error){
				"by number":      func() (identity.Key, error) { return keys.Key(s.Context(), id) },
				"by fingerprint": func() (identity.Key, error) { return keys.KeyOf(s.Context(), "print") },
			} {
				got, err := get()
				s.Fine(name, err)
				s.Same(name, got, k)
			}
			s.Kind("no key", second(keys.Key(s.Context(), 99)), domain.NotFound)
			s.Kind("no fingerprint", second(keys.KeyOf(s.Context(), "none")), domain.NotFound)
			s.Kind("rename none", keys.Rename(s.Context(), 99, "x"), domain.NotFound)
			s.Kind("remove none", keys.RemoveKey(s.Context(), 99), domain.NotFound)
		})
		shown, _, err := s.Credentials.FindKey(s.Context(), accounts.KeyClaim{ID: k.ID})
		s.Fine("FindKey", err)
		s.Same("comment", shown.Comment, "me@here")
		s.protecting(func(tx protections.Protections, _ protections.Grantees) {
			_, err := tx.PutProtection(s.Context(), 31, source.Protection{Kind: source.Branch, Pattern: "k", Push: []source.Access{{DeployKey: k.ID}, {DeployKey: 41}}})
			s.Fine("PutProtection", err)
		})
		s.onDeployKeys(func(keys deploykeys.Keys, _ deploykeys.Enablings) {
			s.Fine("RemoveKey", keys.RemoveKey(s.Context(), k.ID))
		})
		s.Same("entries", fmt.Sprint(s.views(protections.Filter{Project: 31, Kind: source.Branch, Pattern: "k"})[0].Push), "[deploy key 41]")
		s.Same("keys", s.deployKeys(deploykeys.Filter{}), []identity.KeyID{41})
	}),
	caseOf("deploy key: its comment is described with it, and stays where it is left out", func(s store) {
		comment := func(of string) string {
			s.Apply("deploy_keys: [{id: 41, title: robot, key: '" + world.Key(5) + of + "'}]")
			l, err := s.DeployKeyRecords.Views(s.Context(), deploykeys.Filter{ID: 41}, application.Page{Order: "id", Size: 1}, now)
			s.Fine("Views", err)
			return l.Items[0].Comment
		}
		for _, c := range []struct{ of, want string }{{"", ""}, {" me@here", "me@here"}, {"", "me@here"}, {" of  us", "of us"}} {
			s.Same("after "+c.of, comment(c.of), c.want)
		}
	}),
	caseOf("deploy key in projects: enabled, changed, disabled", func(s store) {
		at := now.UTC().Truncate(time.Microsecond)
		s.protecting(func(tx protections.Protections, _ protections.Grantees) {
			for _, in := range []source.ProjectID{31, 32} {
				p := source.Protection{Kind: source.Branch, Pattern: "k", Push: []source.Access{{DeployKey: 41}, {User: 11}}}
				_, err := tx.PutProtection(s.Context(), in, p)
				s.Fine("PutProtection", err)
			}
		})
		entries := func(in source.ProjectID) string {
			return fmt.Sprint(s.views(protections.Filter{Project: in, Kind: source.Branch, Pattern: "k"})[0].Push)
		}
		s.onDeployKeys(func(_ deploykeys.Keys, on deploykeys.Enablings) {
			got, err := on.Enabling(s.Context(), 41, 31)
			s.Fine("Enabling", err)
			s.Same("as imported", got, deploykeys.Enabling{CanPush: true})
			s.Kind("elsewhere", second(on.Enabling(s.Context(), 41, 32)), domain.NotFound)
			s.Fine("Enable", on.Enable(s.Context(), 41, 32, deploykeys.Enabling{CanPush: true, UpdatedAt: now}))
			s.Fine("Enable", on.Enable(s.Context(), 41, 31, deploykeys.Enabling{UpdatedAt: now}))
			got, err = on.Enabling(s.Context(), 41, 31)
			s.Fine("Enabling", err)
			s.Same("changed", got, deploykeys.Enabling{UpdatedAt: at})
			s.Kind("no key", on.Enable(s.Context(), 99, 31, deploykeys.Enabling{}), domain.NotFound)
			s.Kind("no project", on.Enable(s.Context(), 41, 99, deploykeys.Enabling{}), domain.NotFound)
		})
		s.Same("may no longer push", entries(31), "[user 11]")
		s.Same("may push", entries(32), "[deploy key 41 user 11]")
		s.Same("in the project", s.deployKeys(deploykeys.Filter{Project: 32}), []identity.KeyID{41})
		s.onDeployKeys(func(_ deploykeys.Keys, on deploykeys.Enablings) {
			s.Fine("Disable", on.Disable(s.Context(), 41, 32))
			s.Kind("again", on.Disable(s.Context(), 41, 32), domain.NotFound)
			is, err := on.IsEnabled(s.Context(), 41)
			s.Same("enabled", []any{is, err}, []any{true, nil})
			s.Fine("Disable", on.Disable(s.Context(), 41, 31))
			is, err = on.IsEnabled(s.Context(), 41)
			s.Same("enabled nowhere", []any{is, err}, []any{false, nil})
		})
		s.Same("disabled", entries(32), "[user 11]")
		s.Same("in no project", len(s.deployKeys(deploykeys.Filter{Project: 32})), 0)
	}),
	caseOf("deploy keys maintained by users: every origin of the role", func(s store) {
		s.Apply(`users: [{id: 83, username: cat}, {id: 84, username: dan}]
members: [{user: cat, project: top/Low/one, role: maintainer}, {user: dan, group: other, role: owner}]
shares: [{project: top/Low/one, with: other, role: maintainer, expires_at: 2026-03-11}]`)
		s.onDeployKeys(func(_ deploykeys.Keys, on deploykeys.Enablings) {
			s.Fine("Enable", on.Enable(s.Context(), 41, 33, deploykeys.Enabling{}))
			for user, want := range map[identity.UserID]bool{11: true, 12: false, 83: true, 84: true, 99: false} {
				is, err := on.IsMaintained(s.Context(), 41, user, now)
				s.Fine("IsMaintained", err)
				s.Same(fmt.Sprint("user ", user), is, want)
			}
			is, err := on.IsMaintained(s.Context(), 41, 84, now.AddDate(0, 0, 2))
			s.Same("share that has ended", []any{is, err}, []any{false, nil})
		})
		for _, c := range []struct {
			users []identity.UserID
			want  int
		}{{[]identity.UserID{11}, 1}, {[]identity.UserID{83, 84}, 1}, {[]identity.UserID{11, 12}, 0}, {[]identity.UserID{12}, 0}, {[]identity.UserID{83, 11}, 1}} {
			s.Same(fmt.Sprint(c.users), len(s.deployKeys(deploykeys.Filter{Maintainers: c.users})), c.want)
		}
		s.Apply("groups: [{path: top, pending_delete: true}]")
		s.Same("going to be deleted", len(s.deployKeys(deploykeys.Filter{Maintainers: []identity.UserID{83}})), 0)
	}),
	caseOf("deploy keys shown: public ones, with projects, in pages", func(s store) {
		s.onDeployKeys(func(_ deploykeys.Keys, on deploykeys.Enablings) {
			s.Fine("Enable", on.Enable(s.Context(), 41, 33, deploykeys.Enabling{}))
		})
		s.Apply(`deploy_keys: [{id: 42, title: all, public: true, creator: bob, expires_at: 2030-01-02T03:04:05.678901Z, key: "` + world.Key(8) + `", projects: []}]`)
		s.Same("public", s.deployKeys(deploykeys.Filter{Public: true}), []identity.KeyID{42})
		l, err := s.DeployKeyRecords.Views(s.Context(), deploykeys.Filter{WithProjects: true}, application.Page{Order: "id", Size: 1}, now)
		s.Fine("Views", err)
		s.Same("page", []any{len(l.Items), l.Total, l.More}, []any{1, int64(2), true})
		var texts []string
		for _, p := range l.Items[0].Projects {
			texts = append(texts, fmt.Sprint(p.ID, " ", p.Path, " ", p.Name, " ", p.NamespaceName, " ", p.Description, " ", p.CanPush, " ", p.CreatedAt.IsZero()))
		}
		s.Same("projects", texts, []string{"31 top/Low/one One top / Low first true false", "33 ann/own own ann  false false"})
		l, err = s.DeployKeyRecords.Views(s.Context(), deploykeys.Filter{ID: 41, Project: 31}, first, now)
		s.Fine("Views", err)
		s.Same("in a project", []any{l.Items[0].CanPush, l.Items[0].Title, len(l.Items[0].Projects)}, []any{true, "robot", 0})
		for _, who := range []identity.Claim{identity.ClaimName("ANN"), {Kind: identity.ByUser, ID: 11}} {
			id, err := s.DeployKeyRecords.User(s.Context(), who)
			s.Same(fmt.Sprint(who), []any{id, err}, []any{identity.UserID(11), nil})
		}
		for _, who := range []identity.Claim{identity.ClaimName("top"), identity.ClaimName("\x00"), {Kind: identity.ByUser, ID: 99}} {
			_, err := s.DeployKeyRecords.User(s.Context(), who)
			s.Kind(fmt.Sprint(who), err, domain.NotFound)
		}
	}),
}

// second returns an error beside a value.
func second[T any](_ T, err error) error { return err }
