package bootstrap_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"gatehouse/adapters/httpapi/shell"
	"gatehouse/adapters/memory"
	"gatehouse/application/gitaccess"
	"gatehouse/application/pushes"
	"gatehouse/application/whois"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

func TestPushRules_CloneURL(t *testing.T) {
	t.Parallel()
	plain := config.Default().SSH
	tests := []struct {
		external string
		ssh      config.SSH
		protocol source.Protocol
		want     string
	}{
		{"http://localhost:3001", plain, source.HTTP, "http://localhost:3001/acme/cli.git"},
		{"http://localhost:3001", plain, source.SSH, "git@localhost:acme/cli.git"},
		{"https://git.example.com/base", plain, source.Web, "https://git.example.com/base/acme/cli.git"},
		{"https://git.example.com:8443/base", plain, source.SSH, "git@git.example.com:acme/cli.git"},
		{"http://[::1]:3001", plain, source.SSH, "git@[::1]:acme/cli.git"},
		{"https://git.example.com:8443/base", config.SSH{Host: "ssh.example.com", Port: 2222, User: "git"}, source.SSH, "ssh://git@ssh.example.com:2222/acme/cli.git"},
		{"https://git.example.com", config.SSH{Port: 2222, User: "me"}, source.SSH, "ssh://me@git.example.com:2222/acme/cli.git"},
		{"https://git.example.com", config.SSH{Host: "2001:db8::1", Port: 2222, User: "git"}, source.SSH, "ssh://git@[2001:db8::1]:2222/acme/cli.git"},
		{"https://git.example.com", config.SSH{Host: "2001:db8::1", Port: 22, User: "git"}, source.SSH, "git@[2001:db8::1]:acme/cli.git"},
		{"https://git.example.com", config.SSH{Host: "ssh.example.com", Port: 2222, User: "git"}, source.HTTP, "https://git.example.com/acme/cli.git"},
	}
	for _, test := range tests {
		config := config.Default()
		config.ExternalURL = test.external
		config.SSH = test.ssh
		if got := bootstrap.PushRules(config, zap.NewNop()).CloneURL("acme/cli", test.protocol); got != test.want {
			t.Errorf("%s, %v over %s: got %s, want %s", test.external, test.ssh, test.protocol, got, test.want)
		}
	}
}

func TestGitRules_SSHCommand(t *testing.T) {
	t.Parallel()
	for want, ssh := range map[string]config.SSH{
		"ssh git@git.example.com":        config.Default().SSH,
		"ssh -p 2222 me@ssh.example.com": {Host: "ssh.example.com", Port: 2222, User: "me"},
		"ssh -p 2222 git@2001:db8::1":    {Host: "2001:db8::1", Port: 2222, User: "git"},
	} {
		settings := config.Default()
		settings.ExternalURL, settings.SSH = "https://git.example.com:8443", ssh
		got, err := bootstrap.GitRules(settings)
		if err != nil || got.Settings.SSHCommand != want {
			t.Errorf("got %q, %v, want %q", got.Settings.SSHCommand, err, want)
		}
	}
}

func TestGitRules(t *testing.T) {
	t.Parallel()
	settings := config.Default()
	got, err := bootstrap.GitRules(settings)
	if err != nil {
		t.Fatal(err)
	}
	socket, err := filepath.Abs("gitaly.socket")
	if err != nil {
		t.Fatal(err)
	}
	want := gitaccess.Rules{
		Settings: source.Settings{Protocols: source.AllProtocols, DefaultBranchProtection: source.FullyProtected, SSHCommand: "ssh git@localhost"},
		Storages: map[string]gitaccess.Storage{"default": {Name: "default", Address: "unix:" + socket}}, NewStorage: "default",
	}
	if url := got.CloneURL("acme/cli", source.SSH); url != settings.CloneURL("acme/cli", source.SSH) {
		t.Errorf("CloneURL: got %s", url)
	}
	got.CloneURL = nil // no two functions are equal
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("by default (-want +got):\n%s", diff)
	}

	settings.Git = config.Git{
		Protocols: source.OnlySSH, ReadOnly: true, TermsEnforced: true,
		KeyRestrictions: map[string]int{"dsa": -1}, BannedKeys: []string{"abc"},
	}
	settings.Gitaly.Storages = []config.Storage{{Name: "a", Address: "tcp://a:1", Token: "secret"}}
	want = gitaccess.Rules{
		Settings: source.Settings{Protocols: source.OnlySSH, ReadOnly: true, HTTPUploadPackOff: true, HTTPReceivePackOff: true, Connected: true, SSHCommand: "ssh git@localhost"},
		Keys:     identity.Policy{TermsEnforced: true, MinimumBits: map[string]int{"dsa": -1}, BannedKeys: []identity.Fingerprint{"abc"}},
		Storages: map[string]gitaccess.Storage{"a": {Name: "a", Address: "tcp://a:1", Token: "secret"}}, NewStorage: "a",
	}
	got, err = bootstrap.GitRules(settings)
	if got.CloneURL = nil; err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("as configured: %v (-want +got):\n%s", err, cmp.Diff(want, got))
	}
}

// TestNewHandlers_withoutFx makes every part by its constructor, without fx.
func TestNewHandlers_withoutFx(t *testing.T) {
	t.Parallel()
	config := settings(t)
	config.Git.ReceiveMaxInputMiB = 2
	log, now := zap.NewNop(), bootstrap.Clock()
	ports := bootstrap.MemoryPorts(memory.New())
	world := parseWorld(t, "groups: [{path: acme}]\nprojects: [{id: 3, path: acme/cli, visibility: public}]")
	key := bootstrap.InstanceKey(config, now, log)
	if err := key.Unlock(t.Context(), ports.Store); err != nil {
		t.Fatal(err)
	}
	if _, err := bootstrap.Importer(config, ports.WorldImport, ports.WorldScratch, now).Import(t.Context(), world); err != nil {
		t.Fatal(err)
	}
	gate, err := bootstrap.Gatekeeper(config, ports)
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := bootstrap.ShellSecrets(config, now, log)
	if err != nil {
		t.Fatal(err)
	}
	receiver := pushes.New(ports.Counters, ports.Recorder, bootstrap.Spool(config, now, log), ports.PushContexts, ports.Notices, bootstrap.PushRules(config, log), now)
	api := bootstrap.ShellAPI(config, secrets, shell.UseCases{Gatekeeper: gate, Receiver: receiver, Whois: whois.New(ports.Actors)}, nil, "4e1f", now, log)
	kasSecret, err := bootstrap.KasSecret(config, now, log)
	if err != nil {
		t.Fatal(err)
	}
	clusters, err := bootstrap.Clusters(config, ports.Agents, ports.Directory, ports.UsageCounters, now)
	if err != nil {
		t.Fatal(err)
	}
	findings, err := bootstrap.Findings(config, ports.Findings, ports.Directory, now)
	if err != nil {
		t.Fatal(err)
	}
	sold := bootstrap.PortalAPI(config, nil, bootstrap.Provisioning(config, ports.Billing, ports.BillingUnitOfWork, now))
	git := bootstrap.GitAPI(config, gate, nil, nil, nil, nil, now)
	handlers, err := bootstrap.NewHandlers(config, api, bootstrap.KasAPI(config, kasSecret, clusters, findings, now), sold, nil, git, ports.Store, log)
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/api/v4/internal/allowed",
		strings.NewReader("project=acme/cli&action=git-upload-pack&protocol=ssh&secret_token="+string(secrets.Secrets()[0])))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	handlers.Internal.ServeHTTP(answer, request)
	if want := `"receive.maxInputSize=2097152"]`; answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), want) {
		t.Errorf("got %d %s, want %s", answer.Code, answer.Body, want)
	}
}
