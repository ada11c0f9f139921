package instancekey_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

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
	key := instancekey.New(file, previous, false, time.Now, zap.NewNop())
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
	key := instancekey.New("key", "", false, time.Now, zap.NewNop())
	_, sealErr := key.Seal("sesame", place)
	_, openErr := key.Open("v1:AAAA", place)
	_, prefixErr := key.Prefix()
	_, foreignErr := key.Foreign("v2:AAAA")
	_, digestErr := key.Digests("sesame")
	for name, err := range map[string]error{
		"Seal": sealErr, "Open": openErr, "Prefix": prefixErr, "Foreign": foreignErr, "Digests": digestErr, "Adopt": key.Adopt(t.Context(), memory.New()),
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
	unlock(t, database, old, "", "")
	unlock(t, database, file, "", "not the key of this database")
	key := unlock(t, database, file, old, "")
	for range 2 { // it is idempotent
		if err := key.Adopt(t.Context(), database); err != nil {
			t.Fatal(err)
		}
		unlock(t, database, file, "", "")
		unlock(t, database, old, "", "not the key of this database")
	}
}

// TestKey_Adopt_oldKeyOnly adopts in one process between Unlock and Adopt of another
// one that has only the old key: it fails, and the database keeps the new key.
func TestKey_Adopt_oldKeyOnly(t *testing.T) {
	t.Parallel()
	database := memory.New()
	old, file := write(t, strings.Repeat("a", 32)), write(t, strings.Repeat("b", 32))
	stale := unlock(t, database, old, "", "")
	if err := unlock(t, database, file, old, "").Adopt(t.Context(), database); err != nil {
		t.Fatal(err)
	}
	if err := stale.Adopt(t.Context(), database); err == nil || !strings.Contains(err.Error(), "not the key of this database") {
		t.Errorf("got %v", err)
	}
	unlock(t, database, file, "", "")
}

// overtaken is a database that gets another value just before one is replaced.
type overtaken struct {
	*memory.Store
	value string
}

func (o overtaken) Replace(ctx context.Context, name, old, value string) error {
	return errors.Join(o.Store.Replace(ctx, name, old, o.value), o.Store.Replace(ctx, name, old, value))
}

// TestKey_Adopt_overtaken fails if another process was first, with a key that is not
// among its own.
func TestKey_Adopt_overtaken(t *testing.T) {
	t.Parallel()
	database, other := memory.New(), memory.New()
	old, file, third := write(t, strings.Repeat("a", 32)), write(t, strings.Repeat("b", 32)), write(t, strings.Repeat("c", 32))
	unlock(t, database, old, "", "")
	unlock(t, other, third, "", "")
	value, err := other.SetOnce(t.Context(), "instance key", "")
	if err != nil {
		t.Fatal(err)
	}
	err = unlock(t, database, file, old, "").Adopt(t.Context(), overtaken{database, value})
	if err == nil || !strings.Contains(err.Error(), "not the key of this database") {
		t.Errorf("got %v", err)
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

// rotation is a running key whose files a test changes.
type rotation struct {
	*instancekey.Key
	database       *memory.Store
	file, previous string
	now            time.Time
	logged         *observer.ObservedLogs
}

const (
	first = "the first key, of 32 characters."
	other = "another key, of 32 characters..."
)

// rotate unlocks the first key of a database; there is no previous one.
func rotate(t *testing.T, strict bool) *rotation {
	t.Helper()
	core, logged := observer.New(zap.InfoLevel)
	r := &rotation{database: memory.New(), file: write(t, first), previous: filepath.Join(t.TempDir(), "previous"), now: time.Unix(0, 0), logged: logged}
	r.Key = instancekey.New(r.file, r.previous, strict, func() time.Time { return r.now }, zap.New(core))
	if err := r.Unlock(t.Context(), r.database); err != nil {
		t.Fatal(err)
	}
	logged.TakeAll()
	return r
}

// replace writes a file, and lets enough time pass for a look at it.
func (r *rotation) replace(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(2 * time.Second)
}

// TestKey_keepsItsKey spoils the files of a running key: the key before stays in use
// for everything, and the log has one error.
func TestKey_keepsItsKey(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		strict bool
		spoil  func(t *testing.T, r *rotation) error
		want   string
	}{
		"too short":   {false, func(t *testing.T, r *rotation) error { r.replace(t, r.file, "short"); return nil }, "less than 32 characters"},
		"blank":       {false, func(t *testing.T, r *rotation) error { r.replace(t, r.file, " \n"); return nil }, "it is empty"},
		"gone":        {false, func(_ *testing.T, r *rotation) error { return os.Remove(r.file) }, "no such file"},
		"unreadable":  {false, func(_ *testing.T, r *rotation) error { return errors.Join(os.Remove(r.file), os.Mkdir(r.file, 0o700)) }, "is a directory"},
		"another key": {false, func(t *testing.T, r *rotation) error { r.replace(t, r.file, other); return nil }, "the key in use is in neither"},
		"another key, another before": {false, func(t *testing.T, r *rotation) error {
			r.replace(t, r.previous, other+"2")
			r.replace(t, r.file, other)
			return nil
		}, "the key in use is in neither"},
		"open to all, to a strict one": {true, func(_ *testing.T, r *rotation) error { return os.Chmod(r.file, 0o604) }, "every user of this machine"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rotate(t, test.strict)
			before := sealedBy(t, r.Key, "x")
			if err := test.spoil(t, r); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				r.now = r.now.Add(2 * time.Second)
				if got := string(r.Current()); got != first {
					t.Errorf("got the key %q, want the first one", got)
				}
				if got, err := r.Open(before, place); err != nil || got != "x" {
					t.Errorf("sealed before: got %q, %v", got, err)
				}
			}
			after := sealedBy(t, r.Key, "y")
			if err := os.RemoveAll(r.file); err != nil {
				t.Fatal(err)
			}
			r.replace(t, r.file, first)
			if got, err := r.Open(after, place); err != nil || got != "y" {
				t.Errorf("sealed meanwhile: got %q, %v", got, err)
			}
			lines := r.logged.FilterLevelExact(zap.ErrorLevel).All()
			if len(lines) != 1 || lines[0].ContextMap()["file"] != r.file || !strings.Contains(lines[0].ContextMap()["error"].(string), test.want) {
				t.Errorf("got the errors %v, want one: %s", lines, test.want)
			}
		})
	}
}

// TestKey_rotates follows the documented steps: the old key goes into the previous
// file, then the new one into its place. Both steps take effect without a restart.
func TestKey_rotates(t *testing.T) {
	t.Parallel()
	r := rotate(t, false)
	before := sealedBy(t, r.Key, "x")
	r.replace(t, r.previous, first)
	if got := string(r.Current()); got != first {
		t.Errorf("after the first step: got %q", got)
	}
	r.replace(t, r.file, other)
	if got := string(r.Current()); got != other {
		t.Errorf("after the second step: got %q, want the new key", got)
	}
	if got, err := r.Open(before, place); err != nil || got != "x" {
		t.Errorf("sealed before: got %q, %v", got, err)
	}
	if got, err := r.Open(sealedBy(t, r.Key, "y"), place); err != nil || got != "y" {
		t.Errorf("sealed after: got %q, %v", got, err)
	}
	if err := os.Remove(r.previous); err != nil {
		t.Fatal(err)
	}
	for range 5 { // the database is asked again, and one line is logged
		r.now = r.now.Add(2 * time.Second)
		if got, err := r.Open(before, place); err != nil || got != "x" {
			t.Errorf("sealed before, the old key removed too early: got %q, %v", got, err)
		}
		r.AwaitAnswer()
	}
	lines := r.logged.FilterLevelExact(zap.ErrorLevel).All()
	if len(lines) != 1 || !strings.Contains(lines[0].ContextMap()["error"].(string), "not the key of this database") {
		t.Errorf("got the errors %v, want one", lines)
	}
}

// TestKey_rotates_adopted removes the previous key once the database has the new one,
// and rotates again, in the running server.
func TestKey_rotates_adopted(t *testing.T) {
	t.Parallel()
	r := rotate(t, false)
	r.replace(t, r.previous, first)
	r.replace(t, r.file, other)
	if err := errors.Join(r.Adopt(t.Context(), r.database), os.Remove(r.previous)); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(2 * time.Second)
	sealed := sealedBy(t, r.Key, "x")
	unlock(t, r.database, r.file, "", "")
	const third = "a third key, of 32 characters..."
	r.replace(t, r.previous, other)
	r.replace(t, r.file, third)
	if got, err := r.Open(sealed, place); err != nil || got != "x" || string(r.Current()) != third {
		t.Errorf("after the second rotation: got %q, %v, key %q", got, err, r.Current())
	}
	if lines := r.logged.FilterLevelExact(zap.ErrorLevel).All(); len(lines) != 0 {
		t.Errorf("got the errors %v, want none", lines)
	}
}

// TestKey_rotates_adoptedElsewhere lets another process adopt the new key: the running
// server takes that over when the previous file goes, and rotates again.
func TestKey_rotates_adoptedElsewhere(t *testing.T) {
	t.Parallel()
	r := rotate(t, false)
	look := func() {
		for range 2 { // one asks the database, the next one judges
			r.now = r.now.Add(2 * time.Second)
			r.Current()
			r.AwaitAnswer()
		}
	}
	r.replace(t, r.previous, first)
	r.replace(t, r.file, other)
	look()
	if err := unlock(t, r.database, r.file, r.previous, "").Adopt(t.Context(), r.database); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(r.previous); err != nil {
		t.Fatal(err)
	}
	look()
	const third = "a third key, of 32 characters..."
	r.replace(t, r.previous, other)
	r.replace(t, r.file, third)
	look()
	if got := string(r.Current()); got != third {
		t.Errorf("after the second rotation: got %q", got)
	}
	if lines := r.logged.FilterLevelExact(zap.ErrorLevel).All(); len(lines) != 0 {
		t.Errorf("got the errors %v, want none", lines)
	}
}

// silent is a database that does not answer.
type silent struct{ asked chan struct{} }

func (s silent) SetOnce(ctx context.Context, _, _ string) (string, error) {
	s.asked <- struct{}{}
	<-ctx.Done()
	return "", ctx.Err()
}

func (silent) Replace(context.Context, string, string, string) error { return nil }

// TestKey_databaseSilent uses a key while the database does not tell its check text.
func TestKey_databaseSilent(t *testing.T) {
	t.Parallel()
	r := rotate(t, false)
	sealed := sealedBy(t, r.Key, "x")
	r.replace(t, r.previous, first)
	r.replace(t, r.file, other)
	r.Current()
	database := silent{make(chan struct{}, 9)}
	r.AskFrom(database)
	if err := os.Remove(r.previous); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		r.now = r.now.Add(2 * time.Second)
		if got, err := r.Open(sealed, place); err != nil || got != "x" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	<-database.asked
	if len(database.asked) > 0 {
		t.Error("asked twice at once")
	}
}

func TestKey_Reload(t *testing.T) {
	t.Parallel()
	instancekey.New("none", "", false, time.Now, zap.NewNop()).Reload() // before Unlock
	r := rotate(t, false)
	r.replace(t, r.previous, first)
	r.replace(t, r.file, other)
	r.now = time.Unix(0, 0)
	if got := string(r.Current()); got != first {
		t.Errorf("before it is time to look: got %q", got)
	}
	r.Reload()
	if got := string(r.Current()); got != other {
		t.Errorf("after Reload: got %q, want the new key", got)
	}
}

func TestKey_Compare(t *testing.T) {
	t.Parallel()
	owned, file := memory.New(), write(t, first)
	unlock(t, owned, file, "", "")
	missing := filepath.Join(t.TempDir(), "missing")
	for name, test := range map[string]struct {
		database       instancekey.Notes
		file, previous string
		known          bool
		want           string
	}{
		"its key":              {owned, file, "", true, ""},
		"its key before":       {owned, write(t, other), file, true, ""},
		"another key":          {owned, write(t, other), missing, true, "not the key of this database"},
		"no key":               {owned, missing, "", true, "restore it"},
		"too short":            {owned, write(t, "short"), file, true, "less than 32"},
		"no database yet":      {memory.New(), file, "", false, ""},
		"neither of both":      {memory.New(), missing, "", false, "no such file"},
		"no database, a short": {memory.New(), write(t, "short"), "", false, "less than 32"},
	} {
		known, err := instancekey.New(test.file, test.previous, false, time.Now, zap.NewNop()).Compare(t.Context(), test.database)
		if known != test.known || (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %t, %v, want %t, %q", name, known, err, test.known, test.want)
		}
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("a key was made")
	}
}

func TestKey_UnlockToTry(t *testing.T) {
	t.Parallel()
	owned, fresh, file := memory.New(), memory.New(), write(t, first)
	sealed := sealedBy(t, unlock(t, owned, file, "", ""), "sesame")
	missing := filepath.Join(t.TempDir(), "missing")
	for name, test := range map[string]struct {
		database instancekey.Notes
		file     string
		want     string
	}{
		"its key":         {owned, file, ""},
		"another key":     {owned, write(t, other), "not the key of this database"},
		"no key":          {owned, missing, "restore it"},
		"no database yet": {fresh, file, ""},
		"neither of both": {fresh, missing, ""},
		"silent":          {silent{make(chan struct{}, 1)}, missing, "context canceled"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		if name == "silent" {
			cancel()
		}
		key := instancekey.New(test.file, "", false, time.Now, zap.NewNop())
		err := key.UnlockToTry(ctx, test.database)
		cancel()
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
		if err == nil {
			sealedBy(t, key, "text")
		}
		if got, err := key.Open(sealed, place); name == "neither of both" && err == nil {
			t.Errorf("%s: opened %q of another key", name, got)
		}
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("a key was made")
	}
	if known, err := instancekey.New(file, "", false, time.Now, zap.NewNop()).Compare(t.Context(), fresh); known || err != nil {
		t.Errorf("got %t, %v, want a database without a key", known, err)
	}
}
