package bootstrap_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/goleak"

	"gatehouse/adapters/worldfile"
	"gatehouse/application/worldimport"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/tests/stores"
)

func TestApp_validates(t *testing.T) {
	t.Parallel()
	for _, url := range []config.URL{"gatehouse.db", "memory:", "postgres://gatehouse@localhost/gatehouse"} {
		config := config.Default()
		config.Database.URL = url
		if err := fx.ValidateApp(bootstrap.App(config)); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	shared := config.Default()
	shared.Redis.URL = "redis://localhost"
	if err := fx.ValidateApp(bootstrap.App(shared)); err != nil {
		t.Errorf("with Redis: %v", err)
	}
	if err := fx.ValidateApp(bootstrap.App(config.Config{})); err != nil {
		t.Errorf("the zero configuration: %v", err)
	}
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// write makes a file with that text, for this test only.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// running is a server that runs until the test ends.
type running struct {
	bootstrap.Addresses
	secret string
	log    *bytes.Buffer
	// stop ends the server and waits until it is gone.
	stop func() error
}

// settings are those of a server on free ports, with files in a folder of its own.
func settings(t *testing.T) config.Config {
	t.Helper()
	dir := t.TempDir()
	c := config.Default()
	c.HTTP.Address = "127.0.0.1:0"
	c.Database.URL = config.URL(stores.SQLiteFile(t))
	c.Shell.SecretFile = filepath.Join(dir, "secret")
	c.Instance.KeyFile = filepath.Join(dir, "key")
	c.Kas.SecretFile = filepath.Join(dir, "kas")
	return c
}

func run(t *testing.T, config config.Config, options ...bootstrap.Option) *running {
	t.Helper()
	r := &running{log: new(bytes.Buffer)}
	ctx, cancel := context.WithCancel(context.Background())
	listening, ended := make(chan bootstrap.Addresses, 1), make(chan error, 1)
	options = append(options,
		bootstrap.WithLog(bootstrap.NewLogger(config.Log, r.log)),
		bootstrap.WhenListening(func(at bootstrap.Addresses) { listening <- at }))
	go func() { ended <- bootstrap.Run(ctx, config, options...) }()
	select {
	case r.Addresses = <-listening:
	case err := <-ended:
		cancel()
		t.Fatalf("Run: %v\n%s", err, r.log)
	}
	stopped := false
	r.stop = func() error {
		cancel()
		if stopped {
			return nil
		}
		stopped = true
		return <-ended
	}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	secret, err := os.ReadFile(config.Shell.SecretFile)
	if err != nil {
		t.Fatal(err)
	}
	r.secret = base64.StdEncoding.EncodeToString(bytes.TrimSpace(secret))
	return r
}

// get returns the answer to a GET with the secret.
func (r *running) get(t *testing.T, address, path string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	request.Header.Set("Gitlab-Shared-Secret", r.secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// worldWithUser makes the server apply a world with one user.
func worldWithUser(t *testing.T) bootstrap.Option {
	t.Helper()
	return bootstrap.WithWorld(bootstrap.World{Name: "dede.yaml", World: parseWorld(t, "")})
}

// parseWorld returns a world with that user and more.
func parseWorld(t *testing.T, more string) worldimport.World {
	t.Helper()
	described, err := worldfile.Parse([]byte("users: [{id: 7, username: rubi, name: Dede Eichmann}]\n" + more))
	if err != nil {
		t.Fatal(err)
	}
	return described
}

const userAnswer = `{"id":7,"name":"Dede Eichmann","username":"rubi"}`

func TestRun_followsSettings(t *testing.T) {
	t.Parallel()
	for _, url := range []config.URL{"memory:", ""} {
		t.Run(string(url), func(t *testing.T) {
			t.Parallel()
			config := settings(t)
			if url != "" {
				config.Database.URL = url
			}
			config.HTTP.PublicAddress = "127.0.0.1:0"
			config.HTTP.RelativeRoot = "/gitlab"
			config.Version = "12.3.0-pre"
			config.Origins = map[string]string{"version": "flag"}
			r := run(t, config, worldWithUser(t))

			if status, body := r.get(t, r.TCP, "/gitlab/api/v4/internal/discover?user_id=7"); status != http.StatusOK || body != userAnswer {
				t.Errorf("discover: got %d %s", status, body)
			}
			if status, body := r.get(t, r.TCP, "//gitlab//api/v4/internal/check/"); status != http.StatusOK || !strings.Contains(body, `"gitlab_version":"12.3.0-pre"`) {
				t.Errorf("check: got %d %s", status, body)
			}
			for address, path := range map[string]string{r.Public: "/gitlab/api/v4/internal/check", r.TCP: "/api/v4/internal/check"} {
				if status, body := r.get(t, address, path); status != http.StatusNotFound || !strings.HasPrefix(body, `{"message":"404 Not Found"`) {
					t.Errorf("%s%s: got %d %s", address, path, status, body)
				}
			}
			if err := r.stop(); err != nil {
				t.Fatalf("Run: %v", err)
			}
			for _, told := range []string{
				r.TCP, r.Public, config.Shell.SecretFile, "unix:", "gitaly.socket", "dede.yaml", "1 user", config.Kas.SecretFile, `"set_by":"flag"`,
			} {
				if !strings.Contains(r.log.String(), told) {
					t.Errorf("the log does not contain %s:\n%s", told, r.log)
				}
			}
			if strings.Contains(r.log.String(), r.secret) || strings.Contains(r.log.String(), "fx") {
				t.Errorf("the log contains too much:\n%s", r.log)
			}
		})
	}
}

func TestRun_drains(t *testing.T) {
	t.Parallel()
	r := run(t, settings(t), worldWithUser(t))
	client, err := net.Dial("tcp", r.TCP)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	body := "gl_repository=project-7"
	fmt.Fprintf(client, "POST /api/v4/internal/pre_receive HTTP/1.1\r\nHost: gatehouse\r\nGitlab-Shared-Secret: %s\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", r.secret, len(body))
	answer := bufio.NewReader(client)
	if line, err := answer.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100") {
		t.Fatalf("the body is not being read: got %q, %v", line, err)
	}
	stopped := make(chan error)
	go func() { stopped <- r.stop() }()
	for { // until it accepts no connection
		other, err := net.Dial("tcp", r.TCP)
		if err != nil {
			break
		}
		_ = other.Close()
	}
	fmt.Fprint(client, body)
	rest, err := io.ReadAll(answer)
	if err != nil || !strings.Contains(string(rest), "HTTP/1.1 200 OK") || !strings.HasSuffix(string(rest), `{"reference_counter_increased":true}`) {
		t.Errorf("got %q, %v", rest, err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestRun_keepsSecretAndData(t *testing.T) {
	t.Parallel()
	config := settings(t)
	first := run(t, config, worldWithUser(t))
	if err := first.stop(); err != nil {
		t.Fatalf("Run: %v", err)
	}
	info, err := os.Stat(config.Shell.SecretFile)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("secret file: got %v, %v", info.Mode(), err)
	}
	second := run(t, config)
	if second.secret != first.secret {
		t.Error("the secret was replaced")
	}
	if status, body := second.get(t, second.TCP, "/api/v4/internal/discover?user_id=7"); body != userAnswer {
		t.Errorf("after a restart: got %d %s", status, body)
	}
}

func TestRun_fails(t *testing.T) {
	t.Parallel()
	taken := run(t, settings(t))
	tests := map[string]struct {
		change func(t *testing.T, c *config.Config)
		want   string
	}{
		"an address in use": {func(_ *testing.T, c *config.Config) { c.HTTP.Address = taken.TCP }, "http.address: listen tcp " + taken.TCP},
		"a folder as the previous secret": {
			func(t *testing.T, c *config.Config) { c.Shell.PreviousSecretFile = t.TempDir() },
			"shell.previous_secret_file: secret file",
		},
		"strict, a weak secret": {func(t *testing.T, c *config.Config) {
			c.Secrets.Strict, c.Shell.SecretFile = true, write(t, "short")
		}, "shell.secret_file: secret file"},
		"strict, a weak instance key": {func(t *testing.T, c *config.Config) {
			c.Secrets.Strict, c.Instance.KeyFile = true, write(t, strings.Repeat("k", 32))
			if err := os.Chmod(c.Instance.KeyFile, 0o644); err != nil {
				t.Fatal(err)
			}
		}, "instance.key_file: secret file"},
		"strict, a weak configuration file": {func(t *testing.T, c *config.Config) {
			c.File = write(t, "")
			c.Secrets.Strict, c.Origins = true, map[string]string{"gitaly.storages": c.File}
			c.Gitaly = config.Gitaly{Storages: []config.Storage{{Name: "default", Address: "unix:/none", Token: "hunter2"}}}
			if err := os.Chmod(c.File, 0o644); err != nil {
				t.Fatal(err)
			}
		}, "the configuration file has secrets (gitaly.storages): "},
		"an empty secret": {func(t *testing.T, c *config.Config) {
			if err := os.WriteFile(c.Shell.SecretFile, []byte("\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "is empty"},
		"a secret of kas that is too short": {func(t *testing.T, c *config.Config) {
			if err := os.WriteFile(c.Kas.SecretFile, []byte("c2hvcnQ=\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "kas.secret_file: secret file"},
		"no migration": {func(t *testing.T, c *config.Config) {
			c.Database = config.Database{URL: config.URL(filepath.Join(t.TempDir(), "gatehouse.db"))}
		}, "run `gatehouse migrate`"},
		"a folder that is not there": {
			func(_ *testing.T, c *config.Config) { c.Database.URL = "/nowhere/at/all/gatehouse.db" },
			"database.url: cannot open the SQLite file: no such file",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := settings(t)
			test.change(t, &config)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			err := bootstrap.Run(ctx, config,
				bootstrap.WithLog(bootstrap.NewLogger(config.Log, io.Discard)),
				bootstrap.WhenListening(func(bootstrap.Addresses) { cancel() }))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
