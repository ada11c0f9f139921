package secretfile_test

import (
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
		"missing":          {missing},
		"missing previous": {good, missing},
		"empty":            {write(t, "")},
		"blank":            {write(t, " \n\t\n")},
		"blank previous":   {good, write(t, "\n")},
		"folder":           {t.TempDir()},
	}
	for name, paths := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := secretfile.Open(time.Now, nil, paths...)
			if bad := paths[len(paths)-1]; err == nil || !strings.Contains(err.Error(), bad) {
				t.Errorf("got %v, want an error that names %s", err, bad)
			}
		})
	}
}

func TestSet_Secrets_order(t *testing.T) {
	t.Parallel()
	set, _ := open(t, &clock{}, write(t, "new\n"), write(t, "old"))
	wantSecrets(t, set, "new", "new\n", "old")
}

func TestSet_Secrets_reload(t *testing.T) {
	t.Parallel()
	var now clock
	current, previous := write(t, "one"), write(t, "zero")
	set, failures := open(t, &now, current, previous)

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
	if len(*failures) != 0 {
		t.Errorf("got %v, want no failure", *failures)
	}
}

func TestSet_Secrets_keepsLastGood(t *testing.T) {
	t.Parallel()
	spoil := map[string]func(path string) error{
		"vanished": os.Remove,
		"emptied":  func(path string) error { return os.Truncate(path, 0) },
		"blanked":  func(path string) error { return os.WriteFile(path, []byte("\n\n"), 0o600) },
	}
	for name, spoil := range spoil {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var now clock
			path := write(t, "hunter2")
			set, failures := open(t, &now, path)
			if err := spoil(path); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				now.advance(time.Second)
				wantSecrets(t, set, "hunter2")
			}
			if len(*failures) != 1 || strings.Contains((*failures)[0].Error(), "hunter2") {
				t.Errorf("got %v, want one failure without the secret", *failures)
			}

			replace(t, path, "two")
			now.advance(time.Second)
			wantSecrets(t, set, "two")
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			now.advance(time.Second)
			wantSecrets(t, set, "two")
			if len(*failures) != 2 {
				t.Errorf("got %v, want a second failure after the recovery", *failures)
			}
		})
	}
}

func TestSet_Secrets_concurrent(t *testing.T) {
	t.Parallel()
	var now clock
	path := write(t, "one")
	set, _ := open(t, &now, path)
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

func open(t *testing.T, now *clock, paths ...string) (*secretfile.Set, *[]error) {
	t.Helper()
	var failures []error
	set, err := secretfile.Open(now.read, func(err error) { failures = append(failures, err) }, paths...)
	if err != nil {
		t.Fatal(err)
	}
	return set, &failures
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
