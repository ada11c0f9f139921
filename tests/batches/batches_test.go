// Package batches_test tests imports of random worlds in tiny batches: at every
// boundary between two batches each decision is that of before, that of afterwards,
// or a refusal, and an import that was stopped anywhere is completed by another one.
package batches_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gatehouse/application/worldimport"
	"gatehouse/bootstrap"
	"gatehouse/domain/source"
	"gatehouse/tests/pgtest"
	"gatehouse/tests/stores"
	"gatehouse/tests/world"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestImport_memory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) { checkImport(t, rt, stores.Memory) })
}

func TestImport_SQLite(t *testing.T)   { few(t, stores.SQLite) }
func TestImport_Postgres(t *testing.T) { few(t, stores.Postgres) }

// few checks what memory has more of.
func few(t *testing.T, open stores.Factory) {
	t.Parallel()
	for seed := range 3 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			custom := rapid.Custom(func(rt *rapid.T) bool { checkImport(t, rt, open); return true })
			custom.Example(seed)
		})
	}
}

// highest makes numbers that are generated differ from those that questions name.
const highest = "users: [{id: 1000, username: zed, namespace_id: 1000}]\nprojects: [{id: 1000, path: zed/z}]"

var errStop = errors.New("stop")

// checkImport imports a random world over another one.
func checkImport(t *testing.T, rt *rapid.T, open stores.Factory) {
	old, before := next(rt, newRows())
	described, after := next(rt, before)
	size, stop := rapid.IntRange(1, 3).Draw(rt, "size"), rapid.IntRange(1, 12).Draw(rt, "stop")
	ctx := t.Context()

	straight, batched := stores.Fresh(t, open), stores.Fresh(t, open)
	for _, p := range []bootstrap.Ports{straight, batched} {
		world.Apply(t, p.WorldImport, highest)
		if _, err := importer(p.WorldImport).Import(ctx, old); err != nil {
			rt.Skip("the first world has mistakes")
		}
	}
	who, where := claims(), targets(before, after)
	decide := func(p bootstrap.Ports) map[question]bool {
		allowed, err := decisions(ctx, p, who, where)
		if err != nil {
			rt.Fatal(err)
		}
		return allowed
	}
	lists := func(p bootstrap.Ports) string { return contents(rt, ctx, p) }
	oldAllowed, oldLists := decide(batched), lists(batched)
	_, wantErr := importer(straight.WorldImport).Import(ctx, described)
	newAllowed, newLists := decide(straight), lists(straight)
	// A path of the past that another project still has when it is given leads nowhere, or
	// to that project once it has moved, before a second import.
	_, _ = importer(straight.WorldImport).Import(ctx, described)
	maps.Copy(newAllowed, decide(straight))
	againLists := lists(straight)

	batch := 0
	watched := func(ctx context.Context, do func(worldimport.Tx) error) error {
		if batch++; batch == stop {
			return errStop
		}
		if err := batched.WorldImport(ctx, do); err != nil {
			return err
		}
		for q := range decide(batched) {
			if !oldAllowed[q] && !newAllowed[q] {
				rt.Fatalf("batch %d: %v is allowed, neither before nor afterwards\nfirst %+v\nthen %+v", batch, q, old, described)
			}
		}
		return nil
	}
	batches := importer(watched)
	batches.InBatches(batched.WorldScratch, size)
	_, err := batches.Import(ctx, described)
	interrupted := errors.Is(err, errStop)
	if interrupted {
		_, err = batches.Import(ctx, described)
	}
	switch {
	case wantErr != nil:
		if diff := cmp.Diff(wantErr, err); diff != "" {
			rt.Fatalf("error (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(oldLists, lists(batched)); diff != "" {
			rt.Fatalf("with a mistake (-before +after):\n%s", diff)
		}
		return
	case err != nil:
		rt.Fatalf("import: %v\nfirst %+v\nthen %+v", err, old, described)
	}
	got := lists(batched)
	if diff := cmp.Diff(newLists, got); diff != "" && !(interrupted && got == againLists) {
		rt.Fatalf("afterwards (-straight +in batches):\n%s\nfirst %+v\nthen %+v", diff, old, described)
	}
	check, err := batches.Check(ctx, described)
	// See above.
	check.Changes = slices.DeleteFunc(check.Changes, func(c worldimport.Change) bool {
		return len(c.Fields) == 1 && c.Fields[0].Name == "moved_from"
	})
	if err != nil || len(check.Changes) > 0 {
		rt.Fatalf("a second import changes %+v, %v", check.Changes, err)
	}
}

func importer(unitOfWork worldimport.UnitOfWork) *worldimport.Importer {
	return worldimport.New(unitOfWork, source.FullyProtected, world.Clock)
}

// contents are the lists of a store as text, without numbers, which depend on the
// order of writing.
func contents(rt *rapid.T, ctx context.Context, p bootstrap.Ports) string {
	var out strings.Builder
	for _, thing := range []string{"users", "groups", "projects", "members", "shares", "keys", "protections"} {
		records, err := p.Inventory.List(ctx, thing, world.Now)
		if err != nil {
			rt.Fatal(err)
		}
		var lines []string
		for _, record := range records {
			line := thing
			for _, f := range record {
				if f.Name != "id" && f.Name != "namespace_id" {
					line += fmt.Sprint(" ", f.Name, "=", f.Value)
				}
			}
			// An entry that gives access to no user is as none: an import leaves either as it is.
			lines = append(lines, strings.ReplaceAll(line, "=[none]", "=[]"))
		}
		slices.Sort(lines)
		out.WriteString(strings.Join(lines, "\n") + "\n")
	}
	return out.String()
}
