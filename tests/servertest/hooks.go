package servertest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// HookToken is the secret token of the hook in WorldWithHook.
const HookToken = "hook-token-of-the-tests"

// WorldWithHook is World with a hook on project 60 that calls url.
func WorldWithHook(url string) string {
	return World + fmt.Sprintf("hooks: [{id: 1, project: acme/tools/cli, url: %q, token: %s, tag_push_events: true}]\n", url, HookToken)
}

// FastJobs are settings that keep jobs and webhooks from waiting.
var FastJobs = []string{"jobs.poll_interval=20ms", "jobs.retry_delay=1ms", "webhooks.backoff=1ms", "webhooks.allow_local_requests=true"}

// HookReceiver is an HTTP server that receives the events of hooks.
type HookReceiver struct {
	*httptest.Server
	// Events are the received events that Next has not returned.
	Events chan Event

	mu       sync.Mutex
	statuses []int // of the next answers; then 200
}

// Event is a request that a hook sent.
type Event struct {
	Header http.Header
	Body   string
	// Status is that of the receiver's answer.
	Status int
}

// Field returns a member of the body.
func (e Event) Field(t *testing.T, name string) any {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal([]byte(e.Body), &body); err != nil {
		t.Fatalf("%v: %s", err, e.Body)
	}
	return body[name]
}

// ReceiveHooks starts a receiver that answers with these statuses, then with 200.
func ReceiveHooks(t *testing.T, statuses ...int) *HookReceiver {
	t.Helper()
	r := &HookReceiver{Events: make(chan Event, 1000), statuses: statuses}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		status := http.StatusOK
		r.mu.Lock()
		if len(r.statuses) > 0 {
			status, r.statuses = r.statuses[0], r.statuses[1:]
		}
		r.mu.Unlock()
		w.WriteHeader(status)
		r.Events <- Event{q.Header, string(body), status}
	}))
	t.Cleanup(r.Close)
	return r
}

// Next returns the next event as soon as it comes.
func (r *HookReceiver) Next(t *testing.T) Event {
	t.Helper()
	select {
	case e := <-r.Events:
		return e
	case <-time.After(WaitTimeout):
		t.Fatal("no event received")
		return Event{}
	}
}
