package bootstrap_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"gatehouse/adapters/memory"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
)

// unlocked opens the instance key of a store, or fails with what is said.
func unlocked(t *testing.T, keeper bootstrap.Store, file, previous, want string) *bootstrap.InstanceKey {
	t.Helper()
	settings := config.Default()
	settings.Instance = config.Instance{KeyFile: file, PreviousKeyFile: previous}
	key := bootstrap.NewInstanceKey(settings, bootstrap.Clock(), zap.NewNop())
	err := key.Unlock(t.Context(), keeper)
	switch {
	case want == "" && err != nil:
		t.Fatal(err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("got %v, want words about %q", err, want)
	}
	return key
}

func TestInstanceKey_belongsToItsDatabase(t *testing.T) {
	t.Parallel()
	dir, store := t.TempDir(), memory.New()
	file, other := filepath.Join(dir, "key"), filepath.Join(dir, "other")
	sealed := unlocked(t, store, file, "", "").Seal("JBSWY3DPEHPK3PXP")
	if got, err := unlocked(t, store, file, "", "").Open(sealed); err != nil || got != "JBSWY3DPEHPK3PXP" {
		t.Errorf("opened again: got %q, %v", got, err)
	}
	unlocked(t, store, other, "", "restore it")
	if _, err := os.Stat(other); err == nil {
		t.Error("a second key was made for one database")
	}
	unlocked(t, memory.New(), other, "", "")
	unlocked(t, store, other, "", "not the key of this database")
	if got, err := unlocked(t, store, other, file, "").Open(sealed); err != nil || got != "JBSWY3DPEHPK3PXP" {
		t.Errorf("with the previous key: got %q, %v", got, err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v", info.Mode(), err)
	}
}

func TestInstanceKey_weak(t *testing.T) {
	t.Parallel()
	unlocked(t, memory.New(), write(t, "short"), "", "less than 32")
	unlocked(t, memory.New(), write(t, " \n"), "", "instance")
}

func TestInstanceKey_followsItsFile(t *testing.T) {
	t.Parallel()
	file := write(t, strings.Repeat("a", 32))
	config := config.Default()
	config.Instance.KeyFile = file
	now := time.Now()
	key := bootstrap.NewInstanceKey(config, func() time.Time { return now }, zap.NewNop())
	if err := key.Unlock(t.Context(), memory.New()); err != nil {
		t.Fatal(err)
	}
	before := key.Seal("x")
	if err := os.WriteFile(file, []byte(strings.Repeat("b", 40)), 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Second)
	if got := string(key.Current()); got != strings.Repeat("b", 40) {
		t.Errorf("got %q, want the new key", got)
	}
	if got, err := key.Open(before); err != nil || got != "x" {
		t.Errorf("sealed before: got %q, %v", got, err)
	}
	if got, err := key.Open(key.Seal("y")); err != nil || got != "y" {
		t.Errorf("sealed after: got %q, %v", got, err)
	}
}
