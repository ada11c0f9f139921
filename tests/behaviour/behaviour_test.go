// Package behaviour_test tests the production graph through its callers: GitLab
// Shell and Gitaly, the Kubernetes agent server, the customers portal. Every case
// runs on memory. Cases that depend on SQL, transactions or locks also run on
// SQLite and PostgreSQL. Package contract tests that all stores answer alike.
package behaviour_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse/application/inventory"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/tests/pgtest"
	"gatehouse/tests/stores"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
)

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "behaviour")
	if err == nil {
		err = secretFiles.write(folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := pgtest.Main(m)
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// secretFiles are the secret files of all servers of this package.
var secretFiles files

type files struct{ shell, kas, instance string }

func (f *files) write(folder string) error {
	*f = files{filepath.Join(folder, "shell"), filepath.Join(folder, "kas"), filepath.Join(folder, "instance")}
	for path, secret := range map[string]string{
		f.shell: shellSecret, f.kas: base64.StdEncoding.EncodeToString(kasSecret), f.instance: instanceKey,
	} {
		if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
			return err
		}
	}
	return nil
}

const (
	shellSecret = "0123456789abcdef0123456789abcdef"
	instanceKey = "the key of an instance that serves tests"
)

// Case is a test case. It gets a store of its own.
type Case struct {
	Name string
	// OnDatabases makes the case run on SQLite and PostgreSQL too.
	OnDatabases bool
	Check       func(s Subject)
}

func TestShell_access(t *testing.T)      { run(t, accessCases) }
func TestShell_credentials(t *testing.T) { run(t, recoveryCases, otpCases, tokenCases) }
func TestShell_lfs(t *testing.T)         { run(t, lfsCases) }
func TestShell_audit(t *testing.T)       { run(t, auditCases) }
func TestKas(t *testing.T) {
	run(t, kasAuthCases, kasInfoCases, kasUsageCases, kasConfigurationCases, kasFindingCases, kasScanCases)
}
func TestPortal(t *testing.T) {
	run(t, portalAuthCases, subscriptionCases, seatCases, minutesCases, reconciliationCases, portalConcurrencyCases)
}

// run checks every case on memory, and some on the databases.
func run(t *testing.T, lists ...[]Case) {
	t.Parallel()
	for _, store := range []struct {
		name     string
		open     stores.Factory
		database bool
	}{
		{"memory", stores.Memory, false}, {"SQLite", stores.SQLite, true}, {"PostgreSQL", stores.Postgres, true},
		{"PostgreSQL, batched", stores.Batched, true},
	} {
		t.Run(store.name, func(t *testing.T) {
			t.Parallel()
			for _, list := range lists {
				for _, c := range list {
					if store.database && !c.OnDatabases {
						continue
					}
					t.Run(c.Name, func(t *testing.T) {
						t.Parallel()
						c.Check(Subject{subject.Subject{T: t, Ports: stores.Fresh(t, store.open)}})
					})
				}
			}
		})
	}
}

// now is the time of every request, unless the case sets another.
var now = world.Now

// Subject is the store behind the servers of a case.
type Subject struct{ subject.Subject }

// server is the production graph over the store, with a clock that a case sets.
type server struct {
	Subject
	bootstrap.Built
	now time.Time
}

// server builds the graph with a fake Gitaly and a changed configuration.
func (s Subject) server(change ...func(*config.Config)) *server {
	s.Helper()
	return s.serverWith(bootstrap.Fakes{Repositories: repositories{}}, change...)
}

// serverWith is server with other fakes. It sets the clock.
func (s Subject) serverWith(fakes bootstrap.Fakes, change ...func(*config.Config)) *server {
	s.Helper()
	settings := config.Default()
	settings.Shell.SecretFile, settings.Kas.SecretFile, settings.Instance.KeyFile = secretFiles.shell, secretFiles.kas, secretFiles.instance
	settings.Gitaly.Storages = []config.Storage{
		{Name: "default", Address: "unix:/run/gitaly.sock", Token: "t"}, {Name: "second", Address: "tcp://gitaly:8075"},
	}
	settings.Git.RateLimit, settings.Git.PushToCreate = 0, false
	for _, c := range change {
		c(&settings)
	}
	server := &server{Subject: s, now: now}
	fakes.Clock = func() time.Time { return server.now }
	built, err := bootstrap.Build(settings, s.Ports, fakes)
	if err != nil {
		s.Fatalf("Build: %v", err)
	}
	server.Built = built
	return server
}

// wantNowhere fails the case if a listed record contains one of the texts.
func (s Subject) wantNowhere(texts ...string) {
	s.Helper()
	for thing := range inventory.Lists {
		all := strings.Join(s.List(thing), "\n")
		for _, text := range texts {
			if strings.Contains(all, text) {
				s.Errorf("%s show a secret", thing)
			}
		}
	}
}
