package projects_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"gatehouse/adapters/memory"
	"gatehouse/application/accounts"
	"gatehouse/application/projects"
	"gatehouse/domain"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

// removals notes which repositories are removed, and fails with err from the kind on.
type removals struct {
	removed []source.Project
	kinds   []source.RepositoryKind
	from    source.RepositoryKind
	err     error
}

func (r *removals) Remove(_ context.Context, p source.Project, kind source.RepositoryKind) error {
	if r.err != nil && kind >= r.from {
		return r.err
	}
	r.removed, r.kinds = append(r.removed, p), append(r.kinds, kind)
	return nil
}

// deleted returns a store in which the user of project 7 was deleted.
func deleted(t *testing.T, r *removals) (*projects.Remover, *memory.Store) {
	t.Helper()
	store := memory.New()
	world.Apply(t, store.WorldImport, "users: [{id: 3, username: dede}]\nprojects: [{id: 7, path: dede/own, storage: second, legacy_path: dede/older}]\n")
	err := store.AccountUnitOfWork(t.Context(), func(tx accounts.Tx) error { return tx.Users.Delete(t.Context(), 3, true) })
	if err != nil {
		t.Fatal(err)
	}
	return projects.NewRemover(store.Removed, store.Destinations, r), store
}

func isKnown(t *testing.T, store *memory.Store) bool {
	t.Helper()
	_, err := store.Removed.Removed(t.Context(), 7)
	if err != nil && !errors.Is(err, domain.NotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func TestRemover_RemoveRepository(t *testing.T) {
	t.Parallel()
	r := &removals{}
	remover, store := deleted(t, r)
	for range 2 {
		if err := remover.RemoveRepository(t.Context(), 7); err != nil {
			t.Error(err)
		}
	}
	want := source.Project{ID: 7, Storage: "second", LegacyPath: "dede/older"}
	if !slices.Equal(r.kinds, []source.RepositoryKind{source.Code, source.Wiki, source.Design}) || r.removed[0].RelativePath(source.Wiki) != want.RelativePath(source.Wiki) {
		t.Errorf("removed %v of %+v", r.kinds, r.removed)
	}
	if isKnown(t, store) {
		t.Error("the deleted project is still known")
	}
}

// A job that failed is done again: nothing is forgotten before all is removed.
func TestRemover_RemoveRepository_fails(t *testing.T) {
	t.Parallel()
	r := &removals{from: source.Wiki, err: domain.Unavailable}
	remover, store := deleted(t, r)
	if err := remover.RemoveRepository(t.Context(), 7); !errors.Is(err, domain.Unavailable) || !isKnown(t, store) {
		t.Errorf("got %v, known %t", err, isKnown(t, store))
	}
	r.err = nil
	if err := remover.RemoveRepository(t.Context(), 7); err != nil || isKnown(t, store) {
		t.Errorf("again: got %v, known %t", err, isKnown(t, store))
	}
}

// A world may give the number of a deleted project to another one.
func TestRemover_RemoveRepository_sameNumberAgain(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		project string
		want    int
	}{
		"at the same place": {"{id: 7, path: acme/fresh, storage: second, legacy_path: dede/older}", 0},
		"at another place":  {"{id: 7, path: acme/fresh}", 3},
	} {
		r := &removals{}
		remover, store := deleted(t, r)
		world.Apply(t, store.WorldImport, "groups: [{path: acme}]\nprojects: ["+tt.project+"]\n")
		if err := remover.RemoveRepository(t.Context(), 7); err != nil || len(r.removed) != tt.want || isKnown(t, store) {
			t.Errorf("%s: got %v, removed %v, known %t", name, err, r.kinds, isKnown(t, store))
		}
	}
}
