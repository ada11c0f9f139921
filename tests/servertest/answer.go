package servertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// Answer is the answer to a call.
type Answer struct {
	Status      int
	ContentType string
	Body        string
}

// Want fails the test unless the answer has that status and all members of want.
func (a Answer) Want(t *testing.T, what string, status int, want string) {
	t.Helper()
	if err := a.Lacks(status, want); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// Lacks returns an error unless the answer has that status and is JSON with all
// members of want. Lists have to be equal.
func (a Answer) Lacks(status int, want string) error {
	var wanted, got any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		return fmt.Errorf("the wanted answer %s: %w", want, err)
	}
	err := json.Unmarshal([]byte(a.Body), &got)
	if err != nil || !strings.HasPrefix(a.ContentType, "application/json") || a.Status != status || !contains(got, wanted) {
		return fmt.Errorf("got %d %s %.500s, want %d %s", a.Status, a.ContentType, a.Body, status, want)
	}
	return nil
}

// contains says whether every member of want is in got.
func contains(got, want any) bool {
	members, ok := want.(map[string]any)
	if !ok {
		return reflect.DeepEqual(got, want)
	}
	have, ok := got.(map[string]any)
	for name, value := range members {
		member, found := have[name]
		ok = ok && found && contains(member, value)
	}
	return ok
}

// WantRefusal fails the test unless the answer has that status and a "message"
// that is a text: the callers show nothing else.
func (a Answer) WantRefusal(t *testing.T, what string, status int) {
	t.Helper()
	var body struct {
		Message string `json:"message"`
	}
	err := json.NewDecoder(bytes.NewReader([]byte(a.Body))).Decode(&body)
	if err != nil || !strings.HasPrefix(a.ContentType, "application/json") || a.Status != status || body.Message == "" {
		t.Errorf("%s: got %d %s %.500s, want %d with a message (%v)", what, a.Status, a.ContentType, a.Body, status, err)
	}
}
