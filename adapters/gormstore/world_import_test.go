package gormstore_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/gormstore"
	"gatehouse/adapters/gormstore/database"
	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

var errTest = errors.New("test")

func TestWorldImport_numbers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		// What fails leaves no trace in the numbers that follow.
		err := s.WorldImport(t.Context(), func(r worldimport.Tx) error {
			seed{t, t.Context(), r}.user(900, "gone")
			return errTest
		})
		if !errors.Is(err, errTest) {
			t.Fatal(err)
		}
		unit(t, s, func(r worldimport.Tx) {
			w := seed{t, t.Context(), r}
			first := w.user(0, "first")
			if got := w.user(first+10, "given"); got != first+10 {
				t.Errorf("given: got %d", got)
			}
			if got := w.user(0, "behind"); got <= first+10 || got >= 900 {
				t.Errorf("behind a given number: got %d", got)
			}
			if got := w.user(5, "low"); got != 5 {
				t.Errorf("low: got %d", got)
			}
			// Groups and personal namespaces share their numbers.
			w.group(700, "given-group")
			if got := w.group(0, "next-group"); got != 701 {
				t.Errorf("group behind a given number: got %d", got)
			}
		})
		unit(t, s, func(r worldimport.Tx) {
			w := seed{t, t.Context(), r}
			if got := w.user(0, "later"); got <= 10 || got >= 900 {
				t.Errorf("in the next unit: got %d", got)
			}
			if got := w.project(0, "given-group/p"); got == 0 {
				t.Error("a project got no number")
			}
		})
		// Rows made behind the registry's back go on as well.
		_, err = s.Pool().ExecContext(t.Context(), "INSERT INTO namespaces (path, visibility, allowed_ips, protocols, require_ssh_certificates, pending_delete, hidden) VALUES ('raw', 'private', '[]', 'all', false, false, false)")
		if err != nil {
			t.Errorf("raw insert: %v", err)
		}
	})
}

func TestWorldImport_renamedGroup(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		unit(t, s, func(r worldimport.Tx) {
			w := seed{t, t.Context(), r}
			w.user(1, "dev")
			w.user(2, "dep")
			w.group(10, "top")
			w.group(11, "top/mid")
			w.group(12, "top/mid/low")
			w.group(20, "Other")
			w.project(30, "top/mid/p")
			w.project(31, "top/mid/low/q", "other/mid2/low/p")
			w.project(32, "top/r", "other/mid2/p")
			w.member(1, source.MemberSource{Group: 10}, source.Developer)
			w.member(2, source.MemberSource{Group: 20}, source.Maintainer)
		})
		unit(t, s, func(r worldimport.Tx) { seed{t, t.Context(), r}.group(11, "other/mid2") })
		for path, want := range map[source.Path]fact{
			"other/mid2/p":     {Project: 30, Repository: "project-30", Role: source.Maintainer},
			"other/mid2/low/q": {Project: 31, Repository: "project-31", Role: source.Maintainer},
			"other/mid2/low/p": {Project: 31, Repository: "project-31", Role: source.Maintainer, Moved: true},
			"top/r":            {Project: 32, Repository: "project-32"},
			"top/mid/p":        {Project: 30, Repository: "project-30", Role: source.Maintainer, Moved: true},
		} {
			got, err := s.Directory.Standing(t.Context(), source.Inquiry{Claim: identity.ClaimUser("2"), Target: byPath(path), Now: now})
			if err != nil {
				t.Fatal(err)
			}
			facts := fact{Project: got.Project.ID, Role: got.Role, Moved: got.Moved}
			if got.Repository.Known() {
				facts.Repository = got.Repository.String()
			}
			if diff := cmp.Diff(want, facts); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
			if got.Project.ID == 31 && (got.Project.Path != "Other/mid2/low/q" || got.Project.Root.ID != 20) {
				t.Errorf("got path %q, root %+v", got.Project.Path, got.Project.Root)
			}
		}
		checkClosure(t, s)

		err := s.WorldImport(t.Context(), func(r worldimport.Tx) error {
			_, err := r.Namespaces.PutGroup(t.Context(), worldimport.Group{Namespace: source.Namespace{ID: 20, Path: "other/mid2/low/in"}})
			if !errors.Is(err, domain.Conflict) {
				t.Errorf("below itself: got %v", err)
			}
			seed{t, t.Context(), r}.group(11, "alone") // the transaction is as good as before
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		checkClosure(t, s)
	})
}

// checkClosure holds the closure, roots and paths to the parents.
func checkClosure(t *testing.T, s *gormstore.Store) {
	t.Helper()
	rows, err := s.Pool().QueryContext(t.Context(), "SELECT id, coalesce(parent_id, 0), coalesce(root_id, 0), path FROM namespaces")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	type namespace struct {
		parent, root int64
		path         string
	}
	all := map[int64]namespace{}
	for rows.Next() {
		var id int64
		var n namespace
		if err := rows.Scan(&id, &n.parent, &n.root, &n.path); err != nil {
			t.Fatal(err)
		}
		all[id] = n
	}
	var want []string
	for id, n := range all {
		root := id
		for above := id; above != 0; above = all[above].parent {
			want = append(want, fmt.Sprintf("%d below %d", id, above))
			root = above
		}
		if root != id && n.root != root || root == id && n.root != 0 {
			t.Errorf("%q: got root %d, want %d", n.path, n.root, root)
		}
		if n.parent != 0 && n.path[:strings.LastIndex(n.path, "/")] != all[n.parent].path {
			t.Errorf("%q lies below %q", n.path, all[n.parent].path)
		}
	}
	var got []string
	links, err := s.Pool().QueryContext(t.Context(), "SELECT descendant_id, ancestor_id FROM namespace_closure")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = links.Close() }()
	for links.Next() {
		var below, above int64
		if err := links.Scan(&below, &above); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d below %d", below, above))
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("closure (-want +got):\n%s", diff)
	}
}

// TestWorldImport_atOnce lets eight units look for the same free names.
func TestWorldImport_atOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() {
				for n := range 5 {
					errs[i] = errors.Join(errs[i], s.WorldImport(t.Context(), func(r worldimport.Tx) error {
						_, err := r.Users.Put(t.Context(), worldimport.User{User: identity.User{Username: fmt.Sprintf("User%d", n)}})
						return err
					}))
				}
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Error(err)
		}
		users, err := s.Records.List(t.Context(), "users", now)
		if err != nil || len(users) != 5 {
			t.Errorf("got %d users, %v", len(users), err)
		}
	})
}

// TestWorldImport_again begins a unit anew that the database has to give up.
func TestWorldImport_again(t *testing.T) {
	t.Parallel()
	s := open(t, databases[1].migrated(t))
	calls := 0
	err := s.WorldImport(t.Context(), func(r worldimport.Tx) error {
		if calls++; calls < database.Attempts {
			return database.Fault(deadlock, "what")
		}
		seed{t, t.Context(), r}.user(1, "dev")
		return nil
	})
	if err != nil || calls != database.Attempts {
		t.Errorf("got %v after %d calls", err, calls)
	}
	calls = 0
	err = s.WorldImport(t.Context(), func(worldimport.Tx) error { calls++; return database.Fault(deadlock, "what") })
	if !errors.Is(err, domain.Unavailable) || calls != database.Attempts {
		t.Errorf("for ever: got %v after %d calls", err, calls)
	}
	calls = 0
	err = s.WorldImport(t.Context(), func(worldimport.Tx) error { calls++; return errTest })
	if !errors.Is(err, errTest) || calls != 1 {
		t.Errorf("another error: got %v after %d calls", err, calls)
	}
}

// TestWorldImport_statistics looks whether PostgreSQL learns of a large unit.
func TestWorldImport_statistics(t *testing.T) {
	t.Parallel()
	s := open(t, databases[1].migrated(t))
	counted := func() (rows float64) {
		t.Helper()
		if err := s.Pool().QueryRowContext(t.Context(), "SELECT reltuples FROM pg_class WHERE oid = 'members'::regclass").Scan(&rows); err != nil {
			t.Fatal(err)
		}
		return rows
	}
	put := func(members int) {
		unit(t, s, func(r worldimport.Tx) {
			w := seed{t, t.Context(), r}
			group := w.group(0, "crowd")
			for n := range members {
				w.member(w.user(0, fmt.Sprintf("u%d", n)), source.MemberSource{Group: group}, source.Guest)
			}
		})
	}
	put(10)
	if got := counted(); got > 0 {
		t.Errorf("after a small unit: got %v rows", got)
	}
	put(400) // a user, a namespace and a membership each
	if got := counted(); got != 400 {
		t.Errorf("after a large unit: got %v rows", got)
	}
}
