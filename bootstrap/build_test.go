package bootstrap_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"gatehouse/adapters/memory"
	"gatehouse/bootstrap"
)

// TestBuild calls the handlers of a server that does not listen. TestMain finds
// goroutines that Build leaves behind.
func TestBuild(t *testing.T) {
	t.Parallel()
	config := settings(t)
	built, err := bootstrap.Build(config, bootstrap.MemoryPorts(memory.New()), bootstrap.Fakes{
		Clock: func() time.Time { return time.Date(2026, time.March, 10, 0, 0, 0, 0, time.UTC) }, Revision: "4e1f",
	})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := os.ReadFile(config.Shell.SecretFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		handler http.Handler
		want    int
	}{{built.Handlers.Internal, http.StatusOK}, {built.Handlers.Public, http.StatusNotFound}} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v4/internal/check", nil)
		request.Header.Set("Gitlab-Shared-Secret", base64.StdEncoding.EncodeToString(secret))
		answer := httptest.NewRecorder()
		c.handler.ServeHTTP(answer, request)
		if answer.Code != c.want || c.want == http.StatusOK && !strings.Contains(answer.Body.String(), `"gitlab_rev":"4e1f"`) {
			t.Errorf("got %d %s, want %d", answer.Code, answer.Body, c.want)
		}
	}
	if _, err := built.Key.Prefix(); err != nil {
		t.Errorf("the instance key is not open: %v", err)
	}
}

// TestBuild_fails wants the cause alone, without the path through the graph.
func TestBuild_fails(t *testing.T) {
	t.Parallel()
	config := settings(t)
	config.Shell.SecretFile = "/nowhere/at/all/secret"
	_, err := bootstrap.Build(config, bootstrap.MemoryPorts(memory.New()), bootstrap.Fakes{})
	if err == nil || !strings.HasPrefix(err.Error(), "shell.secret_file: ") {
		t.Errorf("got %v", err)
	}
}
