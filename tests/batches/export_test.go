package batches_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gatehouse/adapters/worldfile"
	"gatehouse/application/worldimport"
	"gatehouse/bootstrap"
	"gatehouse/tests/stores"
	"gatehouse/tests/world"
)

func TestExport_memory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) { checkExport(t, rt, stores.Memory) })
}

func TestExport_SQLite(t *testing.T)   { fewExports(t, stores.SQLite) }
func TestExport_Postgres(t *testing.T) { fewExports(t, stores.Postgres) }

// fewExports checks what memory has more of.
func fewExports(t *testing.T, open stores.Factory) {
	t.Parallel()
	for seed := range 3 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			custom := rapid.Custom(func(rt *rapid.T) bool { checkExport(t, rt, open); return true })
			custom.Example(seed)
		})
	}
}

// checkExport writes what a store keeps of random worlds as a file. To apply it changes
// nothing, and makes the same elsewhere.
func checkExport(t *testing.T, rt *rapid.T, open stores.Factory) {
	first, before := next(rt, newRows())
	second, _ := next(rt, before)
	ports := stores.Fresh(t, open)
	for _, w := range []worldimport.World{first, second} {
		if _, err := importer(ports.WorldImport).Import(t.Context(), w); err != nil {
			rt.Skip("a world has mistakes")
		}
	}
	text := exported(t, rt, ports)
	described, err := worldfile.Parse([]byte(text))
	if err != nil {
		rt.Fatalf("%v\n%s", err, text)
	}
	batches := importer(ports.WorldImport)
	batches.InBatches(ports.WorldScratch, worldimport.BatchSize)
	check, err := batches.Check(t.Context(), described)
	if err != nil || len(check.Changes) > 0 {
		rt.Fatalf("applied again: it changes %+v, %v\n%s", check.Changes, err, text)
	}
	if strings.Contains(text, "left out of this row") { // settings of subgroups, which no file can have
		return
	}
	other := stores.Fresh(t, open)
	world.Apply(t, other.WorldImport, text)
	if diff := cmp.Diff(text, exported(t, rt, other)); diff != "" {
		rt.Fatalf("of another store (-first +second):\n%s", diff)
	}
}

func exported(t *testing.T, rt *rapid.T, ports bootstrap.Ports) string {
	var out strings.Builder
	err := ports.WorldSnapshot(t.Context(), true, func(c worldimport.Contents) error {
		return worldfile.Write(t.Context(), &out, c, true, func(int) {})
	})
	if err != nil {
		rt.Fatal(err)
	}
	return out.String()
}
