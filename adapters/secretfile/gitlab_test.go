package secretfile_test

import (
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
