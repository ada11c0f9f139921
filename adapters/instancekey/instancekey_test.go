package instancekey_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"gatehouse/adapters/instancekey"
	"gatehouse/adapters/memory"
)

// write makes a file with that text, for this test only.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// unlock opens the key of a database. If that fails the error has to contain
// want; an empty want is for none.
func unlock(t *testing.T, database instancekey.Notes, file, previous, want string) *instancekey.Key {
	t.Helper()
	key := instancekey.New(file, previous, time.Now, zap.NewNop())
	err := key.Unlock(t.Context(), database)
	switch {
	case want == "" && err != nil:
		t.Fatal(err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("got %v, want %q in it", err, want)
	}
	return key
}

const place = "users.totp_secret/7"

// sealedBy returns a text as the key seals it.
func sealedBy(t *testing.T, key *instancekey.Key, text string) string {
	t.Helper()
	sealed, err := key.Seal(text, place)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestKey_locked(t *testing.T) {
	t.Parallel()
	key := instancekey.New("key", "", time.Now, zap.NewNop())
	_, sealErr := key.Seal("sesame", place)
	_, openErr := key.Open("v1:AAAA", place)
	_, prefixErr := key.Prefix()
	_, digestErr := key.Digests("sesame")
	for name, err := range map[string]error{
		"Seal": sealErr, "Open": openErr, "Prefix": prefixErr, "Digests": digestErr, "Adopt": key.Adopt(t.Context(), memory.New(), ""),
	} {
		if err == nil || !strings.Contains(err.Error(), "not open") || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestKey_Adopt ends a rotation: the previous key is not needed any more.
func TestKey_Adopt(t *testing.T) {
	t.Parallel()
	database := memory.New()
	old, file := write(t, strings.Repeat("a", 32)), write(t, strings.Repeat("b", 32))
	before, err := unlock(t, database, old, "", "").Prefix()
	if err != nil {
		t.Fatal(err)
	}
	unlock(t, database, file, "", "not the key of this database")
	key := unlock(t, database, file, old, "")
	if err := key.Adopt(t.Context(), database, before); err != nil {
		t.Fatal(err)
	}
	unlock(t, database, file, "", "not the key of this database") // something is sealed with the old key
	prefix, err := key.Prefix()
	for range 2 { // it is idempotent
		if err := errors.Join(err, key.Adopt(t.Context(), database, prefix)); err != nil {
			t.Fatal(err)
		}
		unlock(t, database, file, "", "")
		unlock(t, database, old, "", "not the key of this database")
	}
}

func TestKey_belongsToItsDatabase(t *testing.T) {
	t.Parallel()
	dir, database := t.TempDir(), memory.New()
	file, other := filepath.Join(dir, "key"), filepath.Join(dir, "other")
	sealed := sealedBy(t, unlock(t, database, file, "", ""), "JBSWY3DPEHPK3PXP")
	if got, err := unlock(t, database, file, "", "").Open(sealed, place); err != nil || got != "JBSWY3DPEHPK3PXP" {
		t.Errorf("opened again: got %q, %v", got, err)
	}
	unlock(t, database, other, "", "restore it")
	if _, err := os.Stat(other); err == nil {
		t.Error("a second key was made for one database")
	}
	unlock(t, memory.New(), other, "", "")
	unlock(t, database, other, "", "not the key of this database")
	if got, err := unlock(t, database, other, file, "").Open(sealed, place); err != nil || got != "JBSWY3DPEHPK3PXP" {
		t.Errorf("with the previous key: got %q, %v", got, err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v", info.Mode(), err)
	}
}

func TestKey_tooShort(t *testing.T) {
	t.Parallel()
	unlock(t, memory.New(), write(t, "short"), "", "less than 32")
	unlock(t, memory.New(), write(t, " \n"), "", "instance")
}

func TestKey_followsItsFile(t *testing.T) {
	t.Parallel()
	file := write(t, strings.Repeat("a", 32))
	now := time.Now()
	key := instancekey.New(file, "", func() time.Time { return now }, zap.NewNop())
	if err := key.Unlock(t.Context(), memory.New()); err != nil {
		t.Fatal(err)
	}
	before := sealedBy(t, key, "x")
	if err := os.WriteFile(file, []byte(strings.Repeat("b", 40)), 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Second)
	if got := string(key.Current()); got != strings.Repeat("b", 40) {
		t.Errorf("got %q, want the new key", got)
	}
	if got, err := key.Open(before, place); err != nil || got != "x" {
		t.Errorf("sealed before: got %q, %v", got, err)
	}
	if got, err := key.Open(sealedBy(t, key, "y"), place); err != nil || got != "y" {
		t.Errorf("sealed after: got %q, %v", got, err)
	}
}
