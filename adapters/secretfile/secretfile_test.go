package secretfile_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatehouse/adapters/secretfile"
)

func TestCreate_content(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		size   int
		encode func([]byte) string
		want   string
	}{
		"shell": {16, hex.EncodeToString, `^[0-9a-f]{32}$`},
		"kas":   {32, base64.StdEncoding.EncodeToString, `^[0-9A-Za-z+/]{43}=$`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "secret")
			created, err := secretfile.Create(path, tt.size, tt.encode)
			if err != nil || !created {
				t.Fatalf("got %t, %v, want a new file", created, err)
			}
			if got := read(t, path); !regexp.MustCompile(tt.want).MatchString(got) {
				t.Errorf("got %q, want %s", got, tt.want)
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := info.Mode().Perm(); got != 0o600 {
				t.Errorf("got mode %o, want 600", got)
			}
		})
	}
}

func TestCreate_existing(t *testing.T) {
	t.Parallel()
	path := write(t, "one\n")
	created, err := secretfile.Create(path, 16, hex.EncodeToString)
	if err != nil || created {
		t.Fatalf("got %t, %v, want the old file", created, err)
	}
	if got := read(t, path); got != "one\n" {
		t.Errorf("got %q, want the old content", got)
	}
}

func TestCreate_race(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "secret")
	var made [8]bool
	var group sync.WaitGroup
	for i := range made {
		group.Go(func() {
			created, err := secretfile.Create(path, 16, hex.EncodeToString)
			if err != nil {
				t.Error(err)
			}
			made[i] = created
		})
	}
	group.Wait()
	count := 0
	for _, m := range made {
		if m {
			count++
		}
	}
	if count != 1 {
		t.Errorf("got %d creators, want 1", count)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("got %v, want the secret alone", files)
	}
}

func TestCreate_noFolder(t *testing.T) {
	t.Parallel()
	_, err := secretfile.Create(filepath.Join(t.TempDir(), "none", "secret"), 16, hex.EncodeToString)
	if err == nil || !strings.Contains(err.Error(), "create secret file") {
		t.Errorf("got %v, want an error that names the file", err)
	}
}

func TestOpen_refuses(t *testing.T) {
	t.Parallel()
	good, missing := write(t, "one"), filepath.Join(t.TempDir(), "missing")
	tests := map[string][]string{
		"missing":         {missing},
		"empty":           {write(t, "")},
		"blank":           {write(t, " \n\t\n")},
		"folder":          {t.TempDir()},
		"previous folder": {good, t.TempDir()},
	}
	for name, paths := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := secretfile.Open(current(paths[0]), previous(paths[1:]...), secretfile.Rules{}, time.Now, zap.NewNop())
			if bad := paths[len(paths)-1]; err == nil || !strings.Contains(err.Error(), bad) {
				t.Errorf("got %v, want an error that names %s", err, bad)
			}
		})
	}
}

func TestSet_Secrets_order(t *testing.T) {
	t.Parallel()
	set, _ := open(t, secretfile.Rules{}, &clock{}, write(t, "new\n"), write(t, "old"))
	wantSecrets(t, set, "new", "new\n", "old")
}

func TestSet_Secrets_reload(t *testing.T) {
	t.Parallel()
	var now clock
	current, previous := write(t, "one"), write(t, "zero")
	set, logged := open(t, secretfile.Rules{}, &now, current, previous)

	replace(t, current, "two")
	wantSecrets(t, set, "one", "zero")

	now.advance(time.Second)
	wantSecrets(t, set, "two", "zero")

	replace(t, previous, "one")
	now.advance(time.Second)
	wantSecrets(t, set, "two", "one")

	replace(t, current, "TWO") // same size
	now.advance(time.Second)
	wantSecrets(t, set, "TWO", "one")
	wantLog(t, logged,
		"info a changed secret is in use: shell.secret_file",
		"info a changed previous secret is accepted: shell.previous_secret_file",
		"info a changed secret is in use: shell.secret_file")
}

// spoilers are ways in which a file stops to hold a secret.
var spoilers = map[string]func(path string) error{
	"vanished": os.Remove,
	"emptied":  func(path string) error { return os.Truncate(path, 0) },
	"blanked":  func(path string) error { return os.WriteFile(path, []byte("\n\n"), 0o600) },
	"replaced by a folder": func(path string) error {
		return errors.Join(os.Remove(path), os.Mkdir(path, 0o700))
	},
}

func TestSet_Secrets_keepsLastGood(t *testing.T) {
	t.Parallel()
	for name, spoil := range spoilers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var now clock
			path := write(t, "hunter2")
			set, logged := open(t, secretfile.Rules{}, &now, path)
			if err := spoil(path); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				now.advance(time.Second)
				wantSecrets(t, set, "hunter2")
			}
			const kept = "error a changed secret cannot be used, so the one before stays in use: shell.secret_file"
			wantLog(t, logged, kept)

			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
			replace(t, path, "two")
			now.advance(time.Second)
			wantSecrets(t, set, "two")
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			now.advance(time.Second)
			wantSecrets(t, set, "two")
			wantLog(t, logged, "info a changed secret is in use: shell.secret_file", kept)
		})
	}
}

// TestSet_Secrets_withdrawsPrevious spoils the file of a previous secret: it is out
// at the next look, and back with the file. The current secret stays.
func TestSet_Secrets_withdrawsPrevious(t *testing.T) {
	t.Parallel()
	for name, spoil := range spoilers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var now clock
			current, previous := write(t, "new"), write(t, "leaked\n")
			set, logged := open(t, secretfile.Rules{}, &now, current, previous)
			wantSecrets(t, set, "new", "leaked", "leaked\n")
			if err := errors.Join(spoil(previous), os.Remove(current)); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				now.advance(time.Second)
				wantSecrets(t, set, "new")
			}
			wantLog(t, logged,
				"warn the previous secret is no longer accepted: shell.previous_secret_file",
				"error a changed secret cannot be used, so the one before stays in use: shell.secret_file")

			if err := os.RemoveAll(previous); err != nil {
				t.Fatal(err)
			}
			replace(t, previous, "older")
			now.advance(time.Second)
			wantSecrets(t, set, "new", "older")
			wantLog(t, logged, "info a changed previous secret is accepted: shell.previous_secret_file")
		})
	}
}

// TestOpen_withoutPrevious opens a previous file without a secret, which may get one
// later.
func TestOpen_withoutPrevious(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"missing": filepath.Join(t.TempDir(), "missing"), "blank": write(t, "\n")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var now clock
			set, logged := open(t, secretfile.Rules{}, &now, write(t, "new"), path)
			wantSecrets(t, set, "new")
			now.advance(time.Second)
			wantSecrets(t, set, "new")
			wantLog(t, logged, "warn there is no previous secret: shell.previous_secret_file")
			replace(t, path, "old")
			now.advance(time.Second)
			wantSecrets(t, set, "new", "old")
		})
	}
}

func TestSet_Reload(t *testing.T) {
	t.Parallel()
	path := write(t, "one")
	set, _ := open(t, secretfile.Rules{}, new(clock), path)
	replace(t, path, "two")
	wantSecrets(t, set, "one")
	set.Reload()
	wantSecrets(t, set, "two")
}

const (
	// strong is long enough to be no weak secret.
	strong = "0123456789abcdef"
	short  = "fifteen letters"
)

// TestOpen_weak opens weak secrets: each is one warning, or an error of a strict Set.
func TestOpen_weak(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		secret string
		mode   os.FileMode
		want   string
	}{
		"owner only":            {strong, 0o600, ""},
		"a group may read":      {strong, 0o640, ""},
		"the world may read":    {strong, 0o604, "every user of this machine has access to it (mode 0604)"},
		"the world may write":   {strong, 0o602, "every user of this machine has access to it (mode 0602)"},
		"15 characters":         {short, 0o600, "it is shorter than 16 characters"},
		"15 and white space":    {short + " \n", 0o600, "it is shorter than 16 characters"},
		"16 characters of more": {strings.Repeat("é", 16), 0o600, ""},
		"both":                  {short, 0o644, "it is shorter than 16 characters, and every user of this machine has access to it (mode 0644)"},
	} {
		for i, role := range []string{"shell.secret_file", "shell.previous_secret_file"} {
			paths := []string{write(t, strong), write(t, strong)}
			paths[i] = write(t, c.secret)
			if err := os.Chmod(paths[i], c.mode); err != nil {
				t.Fatal(err)
			}
			var now clock
			_, logged := open(t, secretfile.Rules{}, &now, paths...)
			if c.want == "" {
				wantLog(t, logged)
			} else {
				lines := logged.TakeAll()
				if len(lines) != 1 || lines[0].Message != "a secret is weak" || lines[0].ContextMap()["setting"] != role || !strings.Contains(lines[0].ContextMap()["error"].(string), c.want) {
					t.Errorf("%s, %s: got the log %v, want one warning: %s", name, role, lines, c.want)
				}
			}
			_, err := secretfile.Open(current(paths[0]), previous(paths[1]), secretfile.Rules{Strict: true}, now.read, zap.NewNop())
			switch {
			case c.want == "" && err != nil:
				t.Errorf("%s, %s, strict: got %v", name, role, err)
			case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), role+": secret file ") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), c.secret)):
				t.Errorf("%s, %s, strict: got %v, want %s", name, role, err, c.want)
			}
		}
	}
}

// TestSet_Secrets_weak weakens secrets under a running Set: a strict one does not take
// them, another logs a warning once.
func TestSet_Secrets_weak(t *testing.T) {
	t.Parallel()
	for name, weaken := range map[string]func(path string) error{
		"shorter":  func(path string) error { return os.WriteFile(path, []byte(short), 0o600) },
		"readable": func(path string) error { return os.Chmod(path, 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, strict := range []bool{true, false} {
				var now clock
				current, previous := write(t, strong), write(t, strong+"0")
				set, logged := open(t, secretfile.Rules{Strict: strict}, &now, current, previous)
				if err := errors.Join(weaken(current), weaken(previous)); err != nil {
					t.Fatal(err)
				}
				for range 2 {
					now.advance(time.Second)
					set.Secrets()
				}
				if strict {
					wantSecrets(t, set, strong)
					wantLog(t, logged,
						"warn the previous secret is no longer accepted: shell.previous_secret_file",
						"error a changed secret cannot be used, so the one before stays in use: shell.secret_file")
				} else if got := logged.FilterMessage("a secret is weak").Len(); got != 2 {
					t.Errorf("got %d warnings, want one for each file", got)
				}
			}
		})
	}
}

// TestSet_Pair_together changes the files to a pair that does not fit: both stay.
func TestSet_Pair_together(t *testing.T) {
	t.Parallel()
	var now clock
	currentFile, previousFile := write(t, "b\n"), write(t, "a\n")
	follows := func(current, previous []byte) error {
		if len(previous) != 1 || current[0] != previous[0]+1 {
			return errors.New("not one after the other")
		}
		return nil
	}
	set, logged := open(t, secretfile.Rules{Together: follows}, &now, currentFile, previousFile)
	want := func(wantCurrent, wantPrevious string) {
		t.Helper()
		now.advance(time.Second)
		if current, previous := set.Pair(); string(current) != wantCurrent || string(previous) != wantPrevious {
			t.Errorf("got %s and %s, want %s and %s", current, previous, wantCurrent, wantPrevious)
		}
	}
	const kept = "error a changed secret cannot be used, so the one before stays in use: shell.secret_file"
	want("b", "a")
	replace(t, currentFile, "c")
	want("b", "a")
	want("b", "a")
	wantLog(t, logged, kept)
	replace(t, previousFile, "b")
	want("c", "b")
	wantLog(t, logged, "info a changed secret is in use: shell.secret_file", "info a changed previous secret is accepted: shell.previous_secret_file")
	if err := os.Remove(previousFile); err != nil {
		t.Fatal(err)
	}
	want("c", "b")
	wantLog(t, logged, kept)
}

func TestSet_Secrets_concurrent(t *testing.T) {
	t.Parallel()
	var now clock
	path := write(t, "one")
	set, _ := open(t, secretfile.Rules{}, &now, path)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				now.advance(time.Second)
				if len(set.Secrets()) == 0 {
					t.Error("got no secret, want one")
				}
			}
		})
	}
	for range 20 {
		replace(t, path, "two")
		replace(t, path, "one")
		set.Reload()
	}
	group.Wait()
}

// clock is a clock that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func current(path string) secretfile.File {
	return secretfile.File{Setting: "shell.secret_file", Path: path}
}

func previous(paths ...string) secretfile.File {
	return secretfile.File{Setting: "shell.previous_secret_file", Path: strings.Join(paths, "")}
}

// open opens the current file and, if there is a second path, the previous one.
func open(t *testing.T, rules secretfile.Rules, now *clock, paths ...string) (*secretfile.Set, *observer.ObservedLogs) {
	t.Helper()
	core, logged := observer.New(zap.DebugLevel)
	set, err := secretfile.Open(current(paths[0]), previous(paths[1:]...), rules, now.read, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	return set, logged
}

// wantLog takes the lines from the log, and fails unless they are these. Warnings
// about weak secrets do not count.
func wantLog(t *testing.T, logged *observer.ObservedLogs, want ...string) {
	t.Helper()
	var got []string
	for _, line := range logged.TakeAll() {
		if line.Message == "a secret is weak" {
			continue
		}
		text := line.Level.String() + " " + line.Message
		for _, name := range []string{"setting", "error"} {
			if value, ok := line.ContextMap()[name].(string); ok && strings.HasPrefix(value, "shell.") {
				setting, _, _ := strings.Cut(value, ":")
				text += ": " + setting
				break
			}
		}
		got = append(got, text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func wantSecrets(t *testing.T, set *secretfile.Set, want ...string) {
	t.Helper()
	var got []string
	for _, secret := range set.Secrets() {
		got = append(got, string(secret))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
}

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	replace(t, path, content)
	return path
}

// replace renames a new file to path, as editors and secret managers do.
func replace(t *testing.T, path, content string) {
	t.Helper()
	temp := path + ".new"
	if err := os.WriteFile(temp, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temp, path); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
