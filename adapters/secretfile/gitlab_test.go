package secretfile_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatehouse/adapters/secretfile"
)

// TestOpen_makesSecrets opens files that do not exist, and then those that were
// made.
func TestOpen_makesSecrets(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		open func(file string, log *zap.Logger) error
		want string
	}{
		"shell": {func(file string, log *zap.Logger) error {
			_, err := secretfile.OpenShell(file, "", false, time.Now, log)
			return err
		}, `^[0-9a-f]{32}$`},
		"kas": {func(file string, log *zap.Logger) error {
			_, err := secretfile.OpenKas(file, false, time.Now, log)
			return err
		}, `^[0-9A-Za-z+/]{43}=$`},
	} {
		file := filepath.Join(t.TempDir(), "secret")
		core, logged := observer.New(zap.DebugLevel)
		for range 2 {
			if err := c.open(file, zap.New(core)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		secret := read(t, file)
		if !regexp.MustCompile(c.want).MatchString(secret) {
			t.Errorf("%s: got %q, want %s", name, secret, c.want)
		}
		lines := logged.All()
		if len(lines) != 1 || lines[0].ContextMap()["file"] != file || strings.Contains(lines[0].Message, secret) {
			t.Errorf("%s: got the log %v, want one line, with the file", name, lines)
		}
	}
}

func TestOpenShell_previous(t *testing.T) {
	t.Parallel()
	set, err := secretfile.OpenShell(write(t, "new"), write(t, "old"), false, time.Now, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if got := set.Secrets(); len(got) != 2 || string(got[0]) != "new" || string(got[1]) != "old" {
		t.Errorf("got %q, want both, the new one first", got)
	}
	_, err = secretfile.OpenShell(write(t, "new"), write(t, "old"), true, time.Now, zap.NewNop())
	if err == nil || !strings.HasPrefix(err.Error(), "shell.secret_file: ") || !strings.Contains(err.Error(), "\nshell.previous_secret_file: ") {
		t.Errorf("strict: got %v, want both files", err)
	}
}

func TestOpenWorkhorse(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret")
	open := func(strict bool) (*secretfile.Key, error) {
		return secretfile.OpenWorkhorse(file, strict, time.Now, zap.NewNop())
	}
	if _, err := open(false); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "workhorse.secret_file: ") {
		t.Errorf("no file: got %v, want an error that names the setting", err)
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: got %v, want none made", err)
	}
	one, two := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	replace(t, file, base64.StdEncoding.EncodeToString(one)+"\n")
	key, err := open(true)
	if err != nil {
		t.Fatal(err)
	}
	if got := key.Bytes(); !bytes.Equal(got, one) {
		t.Errorf("got %x, want %x", got, one)
	}
	replace(t, file, base64.StdEncoding.EncodeToString(two))
	key.Reload()
	if got := key.Bytes(); !bytes.Equal(got, two) {
		t.Errorf("after a change: got %x, want %x", got, two)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := open(true); err == nil || !strings.Contains(err.Error(), "every user of this machine has access to it") {
		t.Errorf("open to all, strict: got %v", err)
	}
	replace(t, file, base64.StdEncoding.EncodeToString(two[1:]))
	if _, err := open(false); err == nil || !strings.Contains(err.Error(), "it is not the base64 of 32 bytes") {
		t.Errorf("31 bytes: got %v", err)
	}
}
