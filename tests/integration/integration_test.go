// Package integration_test holds the whole server to what its callers count
// on: the graph of production on a real database, called over real
// connections, with the database and the process going away underneath.
package integration_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"gatehouse/application/directory"
	"gatehouse/bootstrap"
	"gatehouse/tests/pgtest"
	"gatehouse/tests/world"
)

func TestMain(m *testing.M) {
	serveSpawned()
	goleak.VerifyTestMain(suite{m})
}

// suite stops PostgreSQL before what is left running is counted.
type suite struct{ *testing.M }

// Run runs the tests.
func (s suite) Run() int {
	defer pgtest.Close()
	return s.M.Run()
}

// onEach runs a test on both kinds of database, each fresh, empty and for the
// server to migrate.
func onEach(t *testing.T, test func(t *testing.T, database string)) {
	t.Parallel()
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(t, pgtest.Open(t))
	})
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, filepath.Join(t.TempDir(), "gatehouse.db"))
	})
}

// settings are the configuration of a server with every listener, below a
// root, in a folder of its own. More are written KEY=VALUE.
func settings(t *testing.T, database string, more ...string) bootstrap.Config {
	t.Helper()
	dir := folder(t)
	flags := map[string]string{
		"http.address": "127.0.0.1:0", "http.public_address": "127.0.0.1:0", "http.socket": filepath.Join(dir, "socket"),
		"http.relative_root": root, "external_url": "https://git.example.com" + root,
		"database.url": database, "shell.secret_file": filepath.Join(dir, "secret"), "instance.key_file": filepath.Join(dir, "key"),
		"kas.secret_file": filepath.Join(dir, "kas"),
		"gitaly.storages": `[{name: default, address: "tcp://gitaly.example.com:8075", token: ` + gitalyToken + `}]`,
		"gitaly.connect":  "false", // nobody is there
		"log.level":       "debug", "log.format": "json",
	}
	for _, setting := range more {
		key, value, _ := strings.Cut(setting, "=")
		flags[key] = value
		if key == "gitaly.storages" { // those of a test are Gitalys of its own
			flags["gitaly.connect"] = "true"
		}
	}
	config, err := bootstrap.Load(bootstrap.Sources{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// root is the path in front of every route.
const root = "/gitlab"

// folder is one whose path leaves room for a socket in it, which that of a
// test's own may not.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gatehouse")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// The secrets of the small world, as a world file and a configuration have them.
const (
	gitalyToken = "gitaly-token-of-the-tests"
	portalToken = "glpat-token-of-the-tests"
	agentToken  = "agent-token-of-the-tests"
	totpSecret  = "JBSWY3DPEHPK3PXP"
)

// small is tests/world's own, with secrets in it.
var small = strings.Replace(world.Small, "username: dev,", "username: dev, two_factor: {totp_secret: "+totpSecret+"},", 1) + `
access_tokens:
  - {user: root, name: portal, scopes: [api], token: ` + portalToken + `}
agents:
  - {id: 1, name: prod, project: acme/tools/cli, created_by: maint, tokens: [{name: default, token: ` + agentToken + `}]}
`

// with makes the server apply a world before it listens.
func with(t *testing.T, text string) bootstrap.Option {
	t.Helper()
	return bootstrap.WithWorld(bootstrap.World{Name: "the tests", World: world.Parse(t, text)})
}

// office is the data of a server, as commands beside it reach it.
type office struct {
	bootstrap.Ports
	config bootstrap.Config
}

// beside opens the data of a server until the test ends.
func beside(t *testing.T, config bootstrap.Config) office {
	t.Helper()
	ports, err := bootstrap.OpenPorts(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ports.Keeper.Close(context.Background()); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return office{ports, config}
}

// try applies a world as the command does.
func (o office) try(t *testing.T, text string) error {
	t.Helper()
	key := bootstrap.NewInstanceKey(o.config, bootstrap.Clock(), zap.NewNop())
	err := key.Unlock(t.Context(), o.Keeper)
	if err != nil {
		t.Fatal(err)
	}
	_, err = bootstrap.Registrar(o.config, o.Registries, key.Seal, bootstrap.Clock()).Apply(t.Context(), world.Parse(t, text))
	return err
}

func (o office) apply(t *testing.T, text string) {
	t.Helper()
	if err := o.try(t, text); err != nil {
		t.Fatalf("apply: %v", err)
	}
}

// list reads a thing back.
func (o office) list(t *testing.T, thing string) []directory.Record {
	t.Helper()
	records, err := o.Inventory.List(t.Context(), thing, bootstrap.Clock()())
	if err != nil {
		t.Fatalf("list %s: %v", thing, err)
	}
	return records
}

// field returns a value of a record.
func field(r directory.Record, name string) any {
	for _, f := range r {
		if f.Name == name {
			return f.Value
		}
	}
	return nil
}

// counters are those that are not zero.
func (o office) counters(t *testing.T) map[string]int64 {
	t.Helper()
	counters := map[string]int64{}
	for _, r := range o.list(t, "counters") {
		if value := field(r, "value").(int64); value != 0 {
			counters[field(r, "gl_repository").(string)] = value
		}
	}
	return counters
}
