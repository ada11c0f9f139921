package wire_test

import (
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gatehouse/adapters/memory"
	"gatehouse/bootstrap"
	"gatehouse/tests/world"
)

// now is the server's time. The tokens of kas in testdata are valid then.
var now = time.Date(2023, time.November, 14, 22, 13, 50, 0, time.UTC)

// secret is the secret of GitLab Shell and, encoded as base64, that of kas.
const secret = "0123456789abcdef0123456789abcdef"

// newServer builds production's graph over the world in testdata. change adjusts
// the configuration first.
func newServer(t *testing.T, change ...func(*bootstrap.Config)) http.Handler {
	t.Helper()
	config := bootstrap.Default()
	config.Version, config.ExternalURL = "12.3.0-pre", "http://localhost:3001"
	config.Git.RateLimit, config.Git.ConfigOptions = 2, nil
	config.Gitaly = bootstrap.Gitaly{Storages: []bootstrap.Storage{
		{Name: "default", Address: "unix:/Users/bvl/repos/gitlab/gitaly.socket"},
		{Name: "second", Address: "tls://gitaly.example:9999", Token: "gitaly-token"},
	}}
	config.Plans = []bootstrap.Plan{
		{Code: "free", Title: "Free"}, {Code: "premium", Title: "Premium", Paid: true},
		{Code: "ultimate", Title: "Ultimate", Paid: true, Top: true, ExcludeGuests: true},
	}
	config.Shell.SecretFile = file(t, secret)
	config.Kas.SecretFile = file(t, base64.StdEncoding.EncodeToString([]byte(secret)))
	config.Instance.KeyFile = file(t, "the key of an instance that serves tests")
	for _, c := range change {
		c(&config)
	}
	ports := bootstrap.MemoryPorts(memory.New())
	clock := func() time.Time { return now }
	built, err := bootstrap.Build(config, ports, bootstrap.Fakes{Clock: clock, Revision: "d69c988e6a6"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/world.yaml")
	if err != nil {
		t.Fatal(err)
	}
	world.ApplySealed(t, ports.WorldImport, built.Key.Seal, string(text))
	return built.Handlers.Internal
}

// file writes a file with that content and returns its path.
func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
