package doctor_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"

	"gatehouse/adapters/gormstore"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/bootstrap/doctor"
	"gatehouse/tests/stores"
	"gatehouse/tests/world"
)

// write replaces a file.
func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// TestCheck_weakSecrets wants a warning for each weak secret, and a problem with
// secrets.strict.
func TestCheck_weakSecrets(t *testing.T) {
	t.Parallel()
	const kasSecret = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	for key, secret := range map[string]string{
		"shell.secret_file": "0123456789abcdef", "shell.previous_secret_file": "0123456789abcdef", "kas.secret_file": kasSecret, "workhorse.secret_file": kasSecret,
		"instance.key_file": strings.Repeat("k", 32), "instance.previous_key_file": strings.Repeat("k", 32),
	} {
		for name, weak := range map[string]struct {
			text string
			mode os.FileMode
			want string
		}{
			"good":         {secret, 0o640, ""},
			"open to all":  {secret, 0o644, "every user of this machine has access to it (mode 0644)"},
			"short":        {"hunter2", 0o600, "it is shorter than 16 characters"},
			"short, blank": {" hunter2\n\n", 0o600, "it is shorter than 16 characters"},
		} {
			if strings.HasPrefix(name, "short") && (key == "kas.secret_file" || key == "workhorse.secret_file" || key == "instance.key_file") {
				continue // they must be longer anyway
			}
			c := settings(t)
			c.Shell.PreviousSecretFile, c.Instance.PreviousKeyFile = c.Shell.SecretFile+"2", c.Instance.KeyFile+"2"
			c.Workhorse.SecretFile = c.Kas.SecretFile + "2"
			path := map[string]string{
				"shell.secret_file": c.Shell.SecretFile, "shell.previous_secret_file": c.Shell.PreviousSecretFile, "kas.secret_file": c.Kas.SecretFile,
				"instance.key_file": c.Instance.KeyFile, "instance.previous_key_file": c.Instance.PreviousKeyFile, "workhorse.secret_file": c.Workhorse.SecretFile,
			}[key]
			write(t, path, weak.text, weak.mode)
			got := checkup(t, c, key)
			wantProblem(t, got, "")
			if (got.Warning == nil) != (weak.want == "") || weak.want != "" && !strings.Contains(got.Warning.Error(), weak.want) {
				t.Errorf("%s, %s: got %v, want a warning with %q", key, name, got.Warning, weak.want)
			}
			c.Secrets.Strict = true
			got = checkup(t, c, key)
			wantProblem(t, got, weak.want)
			if got.Problem != nil && strings.Contains(got.Problem.Error(), "hunter2") {
				t.Error("the problem tells the secret")
			}
		}
	}
}

func TestCheck_previousSecretMissing(t *testing.T) {
	t.Parallel()
	c := settings(t)
	c.Secrets.Strict = true
	c.Shell.PreviousSecretFile, c.Instance.PreviousKeyFile = c.Shell.SecretFile+"2", c.Instance.KeyFile+"2"
	write(t, c.Instance.PreviousKeyFile, "\n", 0o600)
	for _, key := range []string{"shell.previous_secret_file", "instance.previous_key_file"} {
		got := checkup(t, c, key)
		wantProblem(t, got, "")
		if got.Warning == nil || !strings.Contains(got.Warning.Error(), "there is no previous secret") {
			t.Errorf("%s: got the warning %v", key, got.Warning)
		}
	}
}

func TestCheck_configurationFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "gatehouse.yaml")
	for _, test := range []struct {
		text    string
		mode    os.FileMode
		checked bool
		want    string
	}{
		{"git: {rate_limit: 1}", 0o644, false, ""},
		{"redis: {url: 'redis://:hunter2@127.0.0.1:1'}", 0o640, true, ""},
		{"redis: {url: 'redis://:hunter2@127.0.0.1:1'}", 0o644, true, "the configuration file has secrets (redis.url): " + file + ": every user"},
	} {
		write(t, file, test.text, test.mode)
		c, err := config.Load(config.Sources{File: file})
		if err != nil {
			t.Fatal(err)
		}
		c.Database.URL = "memory:"
		checked := false
		for _, got := range doctor.Check(t.Context(), c) {
			if got.Name != "configuration file" {
				continue
			}
			checked = true
			if (got.Warning == nil) != (test.want == "") || got.Warning != nil && !strings.HasPrefix(got.Warning.Error(), test.want) {
				t.Errorf("%s %o: got %v, want %q", test.text, test.mode, got.Warning, test.want)
			}
		}
		if checked != test.checked {
			t.Errorf("%s: checked: %t", test.text, checked)
		}
	}
	c, err := config.Load(config.Sources{File: file, Flags: map[string]string{"secrets.strict": "true"}})
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, checkup(t, c, "configuration file"), file)
}

// TestCheck_instanceKey compares the key with the database, and changes neither.
func TestCheck_instanceKey(t *testing.T) {
	t.Parallel()
	c := settings(t)
	want := func(detail, problem string) {
		t.Helper()
		got := checkup(t, c, "instance.key_file")
		wantProblem(t, got, problem)
		if problem == "" && !strings.HasSuffix(got.Detail, detail) {
			t.Errorf("got %q, want %q at its end", got.Detail, detail)
		}
	}
	key := strings.Repeat("k", 32)
	want("serve will make it; not compared with the database", "")
	write(t, c.Instance.KeyFile, key, 0o600)
	want("/key; not compared with the database", "")

	ports, err := bootstrap.OpenPorts(t.Context(), c, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ports.Store.Close(t.Context()) }()
	want("/key", "")
	if note, err := ports.Store.SetOnce(t.Context(), "instance key", ""); err != nil || note != "" {
		t.Errorf("check wrote %q, %v", note, err)
	}
	if err := ports.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	want("/key, the key of the database", "")
	write(t, c.Instance.KeyFile, strings.Repeat("x", 32), 0o600)
	want("", "is not the key of this database")
	write(t, c.Instance.KeyFile, "short", 0o600)
	want("", "it has less than 32 characters")
	if err := os.Remove(c.Instance.KeyFile); err != nil {
		t.Fatal(err)
	}
	want("", "restore it")
	write(t, c.Instance.KeyFile, strings.Repeat("x", 32), 0o600)
	c.Instance.PreviousKeyFile = filepath.Join(t.TempDir(), "previous")
	write(t, c.Instance.PreviousKeyFile, key, 0o600)
	want("/key, the key of the database", "")
}

// TestCheck_instanceKey_olderSchema compares the key with a database that is not
// migrated yet: of schema 8, and of one before there was a table for its key.
func TestCheck_instanceKey_olderSchema(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ change, own, other string }{
		"8":        {"UPDATE goose_db_version SET version_id = 8 WHERE version_id = 9", ", the key of the database", "is not the key of this database"},
		"no hooks": {"DELETE FROM goose_db_version WHERE version_id > 7; DROP TABLE hook_deliveries; DROP TABLE hooks", ", the key of the database", "is not the key of this database"},
		"no notes": {"DELETE FROM goose_db_version WHERE version_id > 1; DROP TABLE instance_notes", "; not compared with the database", ""},
	} {
		c := settings(t)
		write(t, c.Instance.KeyFile, strings.Repeat("k", 32), 0o600)
		ports, err := bootstrap.OpenPorts(t.Context(), c, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		db, openErr := sql.Open("sqlite", string(c.Database.URL))
		if err := errors.Join(ports.Unlock(t.Context()), ports.Store.Close(t.Context()), openErr); err != nil {
			t.Fatal(err)
		}
		_, err = db.ExecContext(t.Context(), test.change)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		got := checkup(t, c, "instance.key_file")
		wantProblem(t, got, "")
		if !strings.HasSuffix(got.Detail, test.own) || got.Warning != nil {
			t.Errorf("%s: got %q, %v", name, got.Detail, got.Warning)
		}
		write(t, c.Instance.KeyFile, strings.Repeat("x", 32), 0o600)
		wantProblem(t, checkup(t, c, "instance.key_file"), test.other)
	}
}

// TestCheck_instanceKey_foreignSeals has a row of another key.
func TestCheck_instanceKey_foreignSeals(t *testing.T) {
	t.Parallel()
	c := settings(t)
	write(t, c.Instance.KeyFile, strings.Repeat("k", 32), 0o600)
	ports, err := bootstrap.OpenPorts(t.Context(), c, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ports.Store.Close(t.Context()) }()
	if err := ports.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	other, err := gormstore.Open(t.Context(), string(c.Database.URL), 1, false, stores.Sealer("other"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close(t.Context()) }()
	world.Apply(t, other.WorldImport, "groups: [{path: acme}]\nhooks: [{group: acme, url: 'https://ci.example.com'}]")
	wantProblem(t, checkup(t, c, "instance.key_file"), "the database has secrets of another key (rows: 1, first: hooks/1)")
}

// TestCheck_fileURL wants a file: URL to be looked at like a path, and nothing made.
func TestCheck_fileURL(t *testing.T) {
	t.Parallel()
	c := settings(t)
	path := string(c.Database.URL)
	c.Database.URL = config.URL("file:" + path + "?cache=private")
	got := checkup(t, c, "database.url")
	if wantProblem(t, got, ""); got.Detail != path+" is not there yet; serve will make it" {
		t.Errorf("got %q", got.Detail)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the file was made")
	}
	c.Database.Migrate = false
	if _, err := bootstrap.OpenPorts(t.Context(), c, zap.NewNop()); err == nil || !strings.Contains(err.Error(), path+" is not there") {
		t.Errorf("OpenPorts: got %v", err)
	}
	write(t, path, "", 0o644)
	if got := checkup(t, c, "database.url"); got.Warning == nil || !strings.Contains(got.Warning.Error(), path+": every user of this machine has access to it") {
		t.Errorf("a file that all can read: got the warning %v", got.Warning)
	}
}
