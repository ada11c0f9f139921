package doctor_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"gatehouse/adapters/spool"
	"gatehouse/application/pushes"
	"gatehouse/bootstrap/config"
)

func TestCheck_spool(t *testing.T) {
	t.Parallel()
	c := settings(t)
	path := c.SpoolPath()
	if path != filepath.Join(filepath.Dir(string(c.Database.URL)), "gatehouse.spool") {
		t.Fatalf("the spool is %s", path)
	}
	if got := checkup(t, c, "spool.path"); got.Problem != nil || got.Warning != nil || got.Detail != path+", empty" {
		t.Errorf("no folder: got %+v", got)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the check made the folder")
	}
	folder := spool.New(path, 1<<20, time.Now, zap.NewNop())
	first := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for i, id := range []string{"a", "b"} {
		if err := folder.Add(pushes.Push{EntryID: id, Repository: "project-1", ReceivedAt: first.Add(time.Duration(i) * time.Minute)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(path, "1-x.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := checkup(t, c, "spool.path")
	if got.Problem != nil || got.Warning == nil {
		t.Fatalf("got %+v, want a warning", got)
	}
	for _, want := range []string{"pushes that wait to be recorded: 2, the first since 2026-05-01T12:00:00Z", "files that cannot be recorded: 1-x.json (" + path} {
		if !strings.Contains(got.Warning.Error(), want) {
			t.Errorf("got %v, want %q", got.Warning, want)
		}
	}
}

func TestCheck_spoolUnusable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := filepath.Join(dir, "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o750); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{filepath.Join(dir, "no", "folder"): "cannot be made", open: "mode 0750"} {
		c := settings(t)
		c.Spool.Path = path
		if got := checkup(t, c, "spool.path"); got.Problem != nil || got.Warning == nil || !strings.Contains(got.Warning.Error(), want) {
			t.Errorf("%s: got %+v, want a warning with %q", path, got, want)
		}
	}
	c := settings(t)
	c.Database.URL = config.URL("memory:")
	if got := checkup(t, c, "spool.path"); got.Problem != nil || got.Warning != nil || !strings.HasPrefix(got.Detail, "none") {
		t.Errorf("memory: got %+v", got)
	}
}
