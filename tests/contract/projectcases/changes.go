package projectcases

import (
	"time"

	"gatehouse/application/projects"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
	"gatehouse/tests/contract"
)

// tree is the world of the cases of changes.
const tree = `
users:
  - {id: 11, username: ann, projects_limit: 7}
  - {id: 12, username: bob}
groups:
  - {id: 21, path: top, visibility: internal, share_lock: true}
  - {id: 22, path: top/Low, visibility: private, lfs: false, project_creation: maintainer, default_branch_protection: 1}
  - {id: 23, path: other, visibility: public}
projects:
  - {id: 31, path: top/Low/one, name: One, description: first, visibility: private, default_branch: trunk, moved_from: [old/one],
     topics: [a, b], protected_branches: [{name: main, push: maintainer, merge: maintainer}]}
  - {id: 32, path: other/two, visibility: public}
  - {id: 33, path: ann/own}
members:
  - {user: ann, group: top, role: maintainer}
  - {user: bob, project: top/Low/one, role: developer}
shares:
  - {project: other/two, with: top, role: reporter, expires_at: 2030-01-02}
deploy_keys:
  - {id: 41, title: robot, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHQiuYh1mAaOMsREipSa2ykND041ueAbDuXxoeYA/iZ0",
     projects: [{project: top/Low/one, can_push: true}]}
agents:
  - {id: 51, name: prod, project: top/Low/one, tokens: [{name: t, token: agent-token-of-one}]}
`

// store is the store under test.
type store struct{ contract.Subject }

// caseOf makes a case of a check of a store with the tree.
func caseOf(name string, check func(s store)) contract.Case {
	return contract.Case{Name: name, Check: func(s contract.Subject) {
		s.Apply(tree)
		check(store{s})
	}}
}

// try runs do in a transaction and returns its error.
func (s store) try(do func(projects.ChangeTx) error) error {
	return s.ProjectUnitOfWork(s.Context(), do)
}

// unit runs do in a transaction that has to succeed.
func (s store) unit(do func(projects.ChangeTx) error) {
	s.Helper()
	s.Fine("unit of work", s.try(do))
}

// record returns the project of a number.
func (s store) record(id source.ProjectID) (p source.ProjectRecord) {
	s.Helper()
	s.unit(func(tx projects.ChangeTx) (err error) {
		p, err = tx.Projects.Record(s.Context(), id)
		return err
	})
	return p
}

// find returns the number of the project at a path, or of that to which the path leads.
func (s store) find(path string) (id source.ProjectID, moved bool) {
	s.Helper()
	standing, err := s.Standings.Standing(s.Context(), 0, rights.Ref{Kind: rights.Project, Path: path}, now)
	if err == nil {
		return source.ProjectID(standing.ID), false
	}
	s.Kind("Standing", err, domain.NotFound)
	id, err = s.ProjectViews.MovedTo(s.Context(), source.Path(path))
	if err != nil {
		s.Kind("MovedTo", err, domain.NotFound)
	}
	return id, true
}

var changeCases = []contract.Case{
	caseOf("a new project is kept with all that is said of it", func(s store) {
		made := time.Date(2026, 3, 4, 5, 6, 7, 8000, time.UTC)
		p := source.ProjectRecord{
			Project: source.Project{
				Path: "TOP/low/New", Visibility: source.Private, Repository: source.FeaturePrivate, Wiki: source.FeatureDisabled, LFS: true,
				DefaultBranch: "trunk", Empty: true, Storage: "default",
			},
			ProjectProfile: source.ProjectProfile{
				Name: "A new one", Description: "words", Creator: 12, Topics: []string{"x"}, ObjectFormat: "sha256",
				Settings: remembered.Values{"merge_method": "ff", "build_timeout": int64(7), "mirror": true}, CreatedAt: made, UpdatedAt: made,
			},
		}
		s.unit(func(tx projects.ChangeTx) (err error) {
			p.ID, err = tx.Projects.Put(s.Context(), p)
			return err
		})
		p.Path = "top/Low/New"
		s.Same("the project", s.record(p.ID), p)
		s.Kind("Put of its path again", s.try(func(tx projects.ChangeTx) error {
			p.ID, p.Path = 0, "top/low/NEW"
			_, err := tx.Projects.Put(s.Context(), p)
			return err
		}), domain.Conflict)
		s.Kind("Put into no namespace", s.try(func(tx projects.ChangeTx) error {
			p.Path = "none/new"
			_, err := tx.Projects.Put(s.Context(), p)
			return err
		}), domain.NotFound)
		s.Kind("Record of none", s.try(func(tx projects.ChangeTx) error {
			_, err := tx.Projects.Record(s.Context(), 999)
			return err
		}), domain.NotFound)
	}),
	caseOf("a changed project keeps what was not changed, and its old path leads to it", func(s store) {
		old := s.record(31)
		s.unit(func(tx projects.ChangeTx) error {
			p, err := tx.Projects.Record(s.Context(), 31)
			if err != nil {
				return err
			}
			p.Description, p.Archived, p.Path, p.UpdatedAt = "changed", true, "other/One", now
			_, err = tx.Projects.Put(s.Context(), p)
			return err
		})
		old.Description, old.Archived, old.Path, old.UpdatedAt = "changed", true, "other/One", now
		s.Same("the project", s.record(31), old)
		for path, moved := range map[string]bool{"other/one": false, "top/low/one": true, "old/one": true} {
			id, redirected := s.find(path)
			s.Same("number at "+path, id, source.ProjectID(31))
			s.Same("redirect from "+path, redirected, moved)
		}
		standing := s.Standing("username-bob", "other/one")
		s.Same("role of a member", standing.Role, source.Developer)
		s.unit(func(tx projects.ChangeTx) error { // a new project takes the old path
			p := source.ProjectRecord{Project: source.Project{Path: "top/low/one", Visibility: source.Private, Repository: source.FeatureEnabled, Wiki: source.FeatureEnabled}}
			id, err := tx.Projects.Put(s.Context(), p)
			s.Same("another project", id != 31, true)
			return err
		})
		_, redirected := s.find("top/low/one")
		s.Same("redirect from a path that is taken", redirected, false)
	}),
	caseOf("protections are replaced", func(s store) {
		want := []source.Protection{{Kind: source.Branch, Pattern: "rel/*", Push: []source.Access{{Role: source.Developer}}, Merge: []source.Access{{Role: source.Developer}}}}
		s.unit(func(tx projects.ChangeTx) error { return tx.Projects.PutProtections(s.Context(), 31, want) })
		standing, err := s.Directory.Standing(s.Context(), source.Inquiry{
			Claim: identity.ClaimName("bob"), Target: source.Target{Path: "top/low/one"}, Refs: true, Now: now,
		})
		s.Fine("Standing", err)
		s.Same("protections", len(standing.Project.Protections), 1)
		s.Same("the pattern", standing.Project.Protections[0].Pattern, source.Pattern("rel/*"))
	}),
	caseOf("a deleted project goes with all that belongs to it, and its paths are free", func(s store) {
		s.unit(func(tx projects.ChangeTx) error { return tx.Projects.Delete(s.Context(), 31, true) })
		for _, path := range []string{"top/low/one", "old/one"} {
			id, _ := s.find(path)
			s.Same("number at "+path, id, source.ProjectID(0))
		}
		gone, err := s.Removed.Removed(s.Context(), 31)
		s.Fine("Removed", err)
		s.Same("the storage", gone.Storage, "default")
		records, err := s.Inventory.List(s.Context(), "agents", now)
		s.Fine("List", err)
		s.Same("agents", len(records), 0)
		s.Kind("Delete again", s.try(func(tx projects.ChangeTx) error { return tx.Projects.Delete(s.Context(), 31, true) }), domain.NotFound)
		s.unit(func(tx projects.ChangeTx) error { return tx.Projects.Delete(s.Context(), 32, false) })
		_, err = s.Removed.Removed(s.Context(), 32)
		s.Kind("Removed of one that is not remembered", err, domain.NotFound)
		s.unit(func(tx projects.ChangeTx) error {
			_, err := tx.Projects.Put(s.Context(), source.ProjectRecord{Project: source.Project{Path: "old/none"}})
			s.Kind("Put", err, domain.NotFound)
			return nil
		})
	}),
	caseOf("a failed transaction changes nothing", func(s store) {
		s.Kind("unit of work", s.try(func(tx projects.ChangeTx) error {
			s.Fine("Delete", tx.Projects.Delete(s.Context(), 31, true))
			return domain.Conflict
		}), domain.Conflict)
		s.Same("the path", s.record(31).Path, "top/Low/one")
		_, err := s.Removed.Removed(s.Context(), 31)
		s.Kind("Removed", err, domain.NotFound)
	}),
	caseOf("where a project can be", func(s store) {
		s.unit(func(tx projects.ChangeTx) error {
			group, err := tx.Places.Destination(s.Context(), 11, "Top/LOW/New", now)
			s.Fine("Destination", err)
			group.BranchDefaults, group.Root = nil, source.Namespace{}
			s.Same("a group", group, source.ProjectDestination{
				Path: "top/Low/New", ID: 22, Namespace: "top/Low", Visibility: source.Private, ShareLock: true, Creation: source.MaintainerProjects, Role: source.Maintainer,
			})
			own, err := tx.Places.Destination(s.Context(), 11, "Ann/x", now)
			s.Fine("Destination", err)
			s.Same("the owner", own.Owner, identity.UserID(11))
			s.Same("the role", own.Role, source.Owner)
			s.Same("the limit", *own.Personal, source.PersonalProjects{Count: 1, Limit: 7})
			path, err := tx.Places.Path(s.Context(), own.ID)
			s.Fine("Path", err)
			s.Same("the path", path, source.Path("ann"))
			for _, where := range []source.Path{"none/x", "x", "top/Low/one/x"} {
				_, err = tx.Places.Destination(s.Context(), 11, where, now)
				s.Kind("Destination "+string(where), err, domain.NotFound)
			}
			_, err = tx.Places.Path(s.Context(), 999)
			s.Kind("Path of none", err, domain.NotFound)
			return nil
		})
	}),
	caseOf("what is taken", func(s store) {
		s.unit(func(tx projects.ChangeTx) error {
			for _, c := range []struct {
				path   string
				except source.ProjectID
				want   bool
			}{{"top/low/ONE", 0, true}, {"top/low/one", 31, false}, {"top/low/one", 32, true}, {"TOP/low", 31, true}, {"ann", 0, true}, {"old/one", 0, false}} {
				taken, err := tx.Places.PathTaken(s.Context(), c.path, c.except)
				s.Fine("PathTaken", err)
				s.Same(c.path+" is taken", taken, c.want)
			}
			for _, c := range []struct {
				name   string
				except source.ProjectID
				want   bool
			}{{"One", 0, true}, {"One", 31, false}, {"one", 0, false}, {"two", 0, false}} {
				taken, err := tx.Places.NameTaken(s.Context(), 22, c.name, c.except)
				s.Fine("NameTaken", err)
				s.Same(c.name+" is taken", taken, c.want)
			}
			return nil
		})
	}),
	caseOf("shares of projects", func(s store) {
		day := time.Date(2030, 1, 2, 0, 0, 0, 0, time.UTC)
		s.unit(func(tx projects.ChangeTx) error {
			kept, err := tx.Shares.Share(s.Context(), 32, 21)
			s.Fine("Share", err)
			s.Same("the share", kept.Share, projects.Share{Role: source.Reporter, ExpiresAt: day})
			_, err = tx.Shares.Share(s.Context(), 31, 23)
			s.Kind("Share of none", err, domain.NotFound)
			id, err := tx.Shares.PutShare(s.Context(), 31, 23, projects.Share{Role: source.Developer}, 11, now)
			s.Fine("PutShare", err)
			kept, err = tx.Shares.Share(s.Context(), 31, 23)
			s.Fine("Share", err)
			s.Same("the share", kept, projects.KeptShare{Share: projects.Share{Role: source.Developer}, ID: id, Since: now})
			again, err := tx.Shares.PutShare(s.Context(), 31, 23, projects.Share{Role: source.Guest, ExpiresAt: day}, 12, now)
			s.Fine("PutShare", err)
			s.Same("the number", again, id)
			_, err = tx.Shares.PutShare(s.Context(), 31, 999, projects.Share{Role: source.Guest}, 11, now)
			s.Kind("PutShare with none", err, domain.NotFound)
			return nil
		})
		s.unit(func(tx projects.ChangeTx) error { return tx.Shares.RemoveShare(s.Context(), 31, 23) })
		s.Kind("RemoveShare again", s.try(func(tx projects.ChangeTx) error { return tx.Shares.RemoveShare(s.Context(), 31, 23) }), domain.NotFound)
	}),
}
