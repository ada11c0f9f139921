package servertest

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"go.uber.org/zap"

	"gatehouse/application/inventory"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/tests/world"
)

// Data is the database of a server, opened beside it as commands do.
type Data struct {
	bootstrap.Opened
	Config config.Config
}

// OpenData opens the database of a server until the test ends.
func OpenData(t *testing.T, config config.Config) Data {
	t.Helper()
	ports, err := bootstrap.OpenPorts(t.Context(), config, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ports.Store.Close(context.Background()); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return Data{ports, config}
}

// TryApply applies a world file as `gatehouse apply` does.
func (d Data) TryApply(t *testing.T, text string) error {
	t.Helper()
	if err := d.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	importer := bootstrap.Importer(d.Config, d.WorldImport, d.WorldScratch, bootstrap.Clock())
	if _, err := importer.Import(t.Context(), world.Parse(t, text)); err != nil {
		return err
	}
	return bootstrap.RetryRepositories(t.Context(), d.Config, d.Jobs)
}

// Apply applies a world file, and fails the test if that fails.
func (d Data) Apply(t *testing.T, text string) {
	t.Helper()
	if err := d.TryApply(t, text); err != nil {
		t.Fatalf("apply: %v", err)
	}
}

// List returns the records that `gatehouse show THING` prints.
func (d Data) List(t *testing.T, thing string) []inventory.Record {
	t.Helper()
	records, err := d.Inventory.List(t.Context(), thing, bootstrap.Clock()())
	if err != nil {
		t.Fatalf("list %s: %v", thing, err)
	}
	return records
}

// Field returns the value of a field of a record, or nil without that field.
func Field(r inventory.Record, name string) any {
	for _, f := range r {
		if f.Name == name {
			return f.Value
		}
	}
	return nil
}

// Counters returns the reference counters that are not zero, by gl_repository.
func (d Data) Counters(t *testing.T) map[string]int64 {
	t.Helper()
	counters := map[string]int64{}
	for _, r := range d.List(t, "counters") {
		if value := Field(r, "value").(int64); value != 0 {
			counters[Field(r, "gl_repository").(string)] = value
		}
	}
	return counters
}

// Shown returns the JSON that `gatehouse show THING --json` prints.
func (d Data) Shown(t *testing.T, thing string) string {
	t.Helper()
	text, err := json.Marshal(d.List(t, thing))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// AwaitJobs returns once every job is completed, and fails the test if one was
// discarded.
func (d Data) AwaitJobs(t *testing.T) {
	t.Helper()
	Await(t, "all jobs to complete", func() bool {
		return !slices.ContainsFunc(d.List(t, "jobs"), func(job inventory.Record) bool {
			if Field(job, "state") == "discarded" {
				t.Fatalf("job %v", job)
			}
			return Field(job, "state") != "completed"
		})
	})
}
