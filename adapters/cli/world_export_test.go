package cli_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/demo"
	"gatehouse/application/inventory"
	"gatehouse/tests/stores"
	worlds "gatehouse/tests/world"
)

// keyed returns the flags for an empty database of the test's own, and for an instance key
// beside it.
func keyed(t *testing.T) []string {
	t.Helper()
	file := stores.SQLiteFile(t)
	return []string{"--database=" + file, "--set", "instance.key_file=" + filepath.Join(filepath.Dir(file), "key")}
}

// shown returns what is shown of a database, without stamps and audit events.
func shown(t *testing.T, database string) (all []string) {
	t.Helper()
	for _, thing := range inventory.Names() {
		if thing == "audit" || thing == "jobs" {
			continue
		}
		var records []map[string]any
		if err := json.Unmarshal([]byte(gatehouse(t, "", "show", thing, "--json", database)), &records); err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if thing != "projects" {
				delete(r, "updated_at")
			}
			line, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, thing+string(line))
		}
	}
	return all
}

// To apply an export again changes nothing, and makes the same rows elsewhere.
func TestExport_again(t *testing.T) {
	t.Parallel()
	wire, err := os.ReadFile("../../tests/wire/testdata/world.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"demo": demo.World, "small": worlds.Small, "agents": worlds.Agents, "wire": string(wire), "cli": world, "empty": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flags, other := keyed(t), keyed(t)
			with := func(flags []string, args ...string) []string { return slices.Concat(args, flags) }
			gatehouse(t, text, with(flags, "apply", "-")...)
			file := gatehouse(t, "", with(flags, "export", "--secrets")...)
			if again := gatehouse(t, "", with(flags, "export", "--secrets")...); again != file {
				t.Errorf("a second export differs:\n%s", cmp.Diff(file, again))
			}
			for _, text := range []string{file, gatehouse(t, "", with(flags, "export")...)} {
				if got := gatehouse(t, text, with(flags, "apply", "--dry-run", "-")...); !strings.HasPrefix(got, "0 to change, ") {
					t.Errorf("applied again: %s\n%s", got, text)
				}
			}
			gatehouse(t, file, with(other, "apply", "-")...)
			if diff := cmp.Diff(shown(t, flags[0]), shown(t, other[0])); diff != "" {
				t.Errorf("elsewhere (-first +second):\n%s", diff)
			}
		})
	}
}

const worldWithSecrets = `users: [{id: 1, username: dev, two_factor: {totp_secret: JBSWY3DPEHPK3PXP}}]
projects: [{id: 2, path: dev/p}]
access_tokens: [{user: dev, name: t, scopes: [api], token: glpat-HUSH}]
hooks:
  - {id: 3, project: dev/p, url: "https://ci.example.com/", token: HUSH}
  - {id: 4, project: dev/p, url: "https://HUSH@ci.example.com/?HUSH"}
`

func TestExport_secrets(t *testing.T) {
	t.Parallel()
	flags := keyed(t)
	gatehouse(t, worldWithSecrets, append([]string{"apply", "-"}, flags...)...)
	// Without secrets no key is needed, and rows that keep theirs can be changed.
	noKey := []string{flags[0], "--set", "instance.key_file=" + filepath.Join(t.TempDir(), "none")}
	file := gatehouse(t, "", append([]string{"export"}, noKey...)...)
	for _, secret := range []string{"HUSH", "JBSWY3DPEHPK3PXP"} {
		if strings.Contains(file, secret) {
			t.Errorf("got %s, without %s", file, secret)
		}
	}
	for _, comment := range []string{"# Secrets are left out", "# left out of this row: two_factor\n", "# left out of this row: token\n", "# left out: hook 4 of project dev/p"} {
		if !strings.Contains(file, comment) {
			t.Errorf("got %s, want %s", file, comment)
		}
	}
	gatehouse(t, "users: [{username: dev, note: changed}]", append([]string{"apply", "-"}, noKey...)...)
	if got := run(t.Context(), "", append([]string{"export", "--secrets"}, noKey...)...); got.code != 1 || got.out != "" || !strings.Contains(got.err, "key") {
		t.Errorf("secrets without the key: got %d, %q, %q", got.code, got.out, got.err)
	}
	file = gatehouse(t, "", append([]string{"export", "--secrets"}, flags...)...)
	for _, secret := range []string{"{totp_secret: JBSWY3DPEHPK3PXP}", "note: changed", "token: HUSH,", `url: "https://HUSH@ci.example.com/?HUSH"`, "# This file has secrets"} {
		if !strings.Contains(file, secret) {
			t.Errorf("got %s, want %s", file, secret)
		}
	}
	if strings.Contains(file, "glpat-HUSH") {
		t.Errorf("got %s, with a token that is not kept", file)
	}
}

func TestExport_output(t *testing.T) {
	t.Parallel()
	database, dir := filled(t), t.TempDir()
	file := filepath.Join(dir, "world.yaml")
	if err := os.WriteFile(file, []byte("old"), 0o644); err != nil { //nolint:gosec // it is replaced
		t.Fatal(err)
	}
	got := run(t.Context(), "", "export", "--output", file, database)
	text, err := os.ReadFile(file)
	info, err2 := os.Stat(file)
	if got != (result{}) || err != nil || err2 != nil || info.Mode() != 0o600 || string(text) != gatehouse(t, "", "export", database) {
		t.Errorf("got %+v, %v, %v, %v, %s", got, err, err2, info.Mode(), text)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v, want one file", entries, err)
	}
	if got := gatehouse(t, "", "apply", "--dry-run", file, database); !strings.HasPrefix(got, "0 to change, ") {
		t.Errorf("applied again: got %s", got)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--output", filepath.Join(dir, "none", "world.yaml"), database}, 1, "no such file or directory"},
		{[]string{"--output", dir, database}, 1, "is a directory"},
		{[]string{"--database", filepath.Join(dir, "none.db")}, 1, "is not there"},
		{[]string{"--database=memory:"}, 1, "name a database"},
		{[]string{"world.yaml", database}, 2, "unknown command"},
	} {
		got := run(t.Context(), "", append([]string{"export"}, c.args...)...)
		if got.code != c.code || got.out != "" || !strings.Contains(got.err, c.want) {
			t.Errorf("%s: got %+v, want %d, %s", c.args, got, c.code, c.want)
		}
	}
	if help := gatehouse(t, "", "export", "--help"); !strings.Contains(help, "  gatehouse export --secrets --output world.yaml\n") {
		t.Errorf("help: got %s", help)
	}
}

// A pipe gets the file as it is.
func TestExport_pipe(t *testing.T) {
	t.Parallel()
	database := filled(t)
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	read := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(in)
		read <- string(text)
	}()
	got := run(t.Context(), "", "export", "-o", "/dev/fd/"+strings.TrimSpace(jsonText(t, int(out.Fd()))), database)
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if text := <-read; got != (result{}) || text != gatehouse(t, "", "export", database) {
		t.Errorf("got %+v, %s", got, text)
	}
}

func jsonText(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
