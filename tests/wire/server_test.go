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
	"gatehouse/bootstrap/config"
	"gatehouse/tests/world"
)

// now is the server's time. The tokens of kas in testdata are valid then.
var now = time.Date(2023, time.November, 14, 22, 13, 50, 0, time.UTC)

// secret is the secret of GitLab Shell and, encoded as base64, that of kas.
const secret = "0123456789abcdef0123456789abcdef"

// newServer builds production's graph over the world in testdata. change adjusts
// the configuration first.
func newServer(t *testing.T, change ...func(*config.Config)) http.Handler {
	t.Helper()
	settings := config.Default()
	settings.Version, settings.ExternalURL = "12.3.0-pre", "http://localhost:3001"
	settings.Git.RateLimit, settings.Git.ConfigOptions = 2, nil
	settings.Gitaly = config.Gitaly{Storages: []config.Storage{
		{Name: "default", Address: "unix:/Users/bvl/repos/gitlab/gitaly.socket"},
		{Name: "second", Address: "tls://gitaly.example:9999", Token: "gitaly-token"},
	}}
	settings.Plans = []config.Plan{
		{Code: "free", Title: "Free"}, {Code: "premium", Title: "Premium", Paid: true},
		{Code: "ultimate", Title: "Ultimate", Paid: true, Top: true, ExcludeGuests: true},
	}
	settings.Shell.SecretFile = file(t, secret)
	settings.Kas.SecretFile = file(t, base64.StdEncoding.EncodeToString([]byte(secret)))
	settings.Instance.KeyFile = file(t, "the key of an instance that serves tests")
	for _, c := range change {
		c(&settings)
	}
	ports := bootstrap.MemoryPorts(memory.New())
	clock := func() time.Time { return now }
	built, err := bootstrap.Build(settings, ports, bootstrap.Fakes{Clock: clock, Revision: "d69c988e6a6"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/world.yaml")
	if err != nil {
		t.Fatal(err)
	}
	world.Apply(t, ports.WorldImport, string(text))
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
