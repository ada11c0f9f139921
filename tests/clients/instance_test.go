//lint:file-ignore SA1019 what is deprecated is what the clients in the field still use

package clients_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gatehouse/adapters/cli"
	"gatehouse/bootstrap/config"
	"gatehouse/tests/servertest"
	"gatehouse/tests/stores"
)

// instance is a server that began empty but for an administrator.
type instance struct {
	*testing.T
	*servertest.Server
	data servertest.Data
	// admin is the client of the administrator, who has the number 1.
	admin *gitlab.Client
	// bearer makes the clients send their token as Bearer, and not as PRIVATE-TOKEN.
	bearer bool
}

// flows are what clients do with an instance, each with one of its own.
var flows = map[string]func(i instance){
	"meta": metaFlow, "settings": settingsFlow, "users": userFlow, "states of users": stateFlow, "lists of users": userListFlow, "e-mails": emailFlow, "keys": keyFlow, "tokens": tokenFlow,
	"groups": groupFlow, "tree of groups": groupTreeFlow, "lists of groups": groupListFlow, "members of groups": groupMemberFlow,
	"members of projects": projectMemberFlow, "projects": projectFlow, "lists of projects": projectListFlow, "changes of projects": projectChangeFlow,
	"namespaces": namespaceFlow, "deletion": deletionFlow, "hooks": hookFlow, "agents": agentFlow,
	"protected branches": protectedBranchFlow, "protected tags": protectedTagFlow, "deploy keys": deployKeyFlow,
}

// TestClient runs every flow on SQLite with both ways to send a token, and on PostgreSQL.
func TestClient(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		open   func(testing.TB) string
		bearer bool
	}{
		"SQLite, PRIVATE-TOKEN": {stores.SQLiteFile, false}, "SQLite, Bearer": {stores.SQLiteFile, true},
		"PostgreSQL, PRIVATE-TOKEN": {stores.PostgresURL, false},
	} {
		for flow, run := range flows {
			t.Run(name+", "+flow, func(t *testing.T) {
				t.Parallel()
				run(newInstance(t, c.open(t), c.bearer, servertest.FastJobs...))
			})
		}
	}
}

func newInstance(t *testing.T, database string, bearer bool, more ...string) instance {
	t.Helper()
	settings := servertest.Settings(t, database, more...)
	i := instance{T: t, Server: servertest.Start(t, settings), data: servertest.OpenData(t, settings), bearer: bearer}
	i.admin = i.client(firstAdmin(t, settings))
	return i
}

// firstAdmin makes the first administrator of an empty instance as an operator does, and
// returns their token.
func firstAdmin(t *testing.T, settings config.Config) string {
	t.Helper()
	var out, errs bytes.Buffer
	code := cli.Run(t.Context(), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}, []string{
		"admin", "create", "--username", "root", "--name", "Administrator", "--email", "root@example.com",
		"--database", string(settings.Database.URL), "--set", "instance.key_file=" + settings.Instance.KeyFile,
	})
	if code != 0 {
		t.Fatalf("gatehouse admin create: %d %s", code, &errs)
	}
	return strings.TrimSpace(out.String())
}

// client returns a client that sends a token. It repeats nothing, so that no fault goes
// unseen.
func (i instance) client(token string) *gitlab.Client {
	i.Helper()
	i.Log.Hide(token)
	transport := new(http.Transport)
	i.Cleanup(transport.CloseIdleConnections)
	options := []gitlab.ClientOptionFunc{
		gitlab.WithBaseURL("http://" + i.TCP + servertest.Root), gitlab.WithHTTPClient(&http.Client{Transport: transport}), gitlab.WithoutRetries(),
	}
	open := gitlab.NewClient
	if i.bearer {
		open = gitlab.NewOAuthClient
	}
	client, err := open(token, options...)
	if err != nil {
		i.Fatal(err)
	}
	return client
}

// answered returns a function that takes the result of a method, and ends the test unless
// the server answered with that status.
func answered[T any](i instance, what string, status int) func(T, *gitlab.Response, error) T {
	return func(value T, response *gitlab.Response, err error) T {
		i.Helper()
		done(i, what, status)(response, err)
		return value
	}
}

// read is answered with status 200, and made with 201.
func read[T any](i instance, what string) func(T, *gitlab.Response, error) T {
	return answered[T](i, what, http.StatusOK)
}

func made[T any](i instance, what string) func(T, *gitlab.Response, error) T {
	return answered[T](i, what, http.StatusCreated)
}

// done is answered for a method without a value.
func done(i instance, what string, status int) func(*gitlab.Response, error) {
	return func(response *gitlab.Response, err error) {
		i.Helper()
		if err != nil {
			i.Fatalf("%s: %v", what, err)
		}
		if response.StatusCode != status {
			i.Errorf("%s: got status %d, want %d", what, response.StatusCode, status)
		}
	}
}

// refused returns a function that takes the results of a method, and fails the test unless
// the server refused with that status and with all words.
func refused(i instance, what string, status int, words ...string) func(results ...any) {
	return func(results ...any) {
		i.Helper()
		err, _ := results[len(results)-1].(error)
		var refusal *gitlab.ErrorResponse
		switch {
		case !errors.As(err, &refusal) || refusal.StatusCode != status:
			i.Errorf("%s: got error %v, want status %d", what, err, status)
		case status != http.StatusNotFound: // client-go drops the words of a 404
			for _, word := range words {
				if !strings.Contains(refusal.Message, word) {
					i.Errorf("%s: got %q, want %q in it", what, refusal.Message, word)
				}
			}
		}
	}
}

// absent is refused with status 404.
func absent(i instance, what string) func(results ...any) {
	return refused(i, what, http.StatusNotFound)
}

// same fails the test unless got is want.
func same[T comparable](i instance, what string, got, want T) {
	i.Helper()
	if got != want {
		i.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// sameList fails the test unless the lists have the same items in the same order.
func sameList[T comparable](i instance, what string, got []T, want ...T) {
	i.Helper()
	if !slices.Equal(got, want) {
		i.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// names returns what the items of a list are called.
func names[T any](items []T, name func(T) string) (out []string) {
	for _, item := range items {
		out = append(out, name(item))
	}
	return out
}

// collect returns all items of a list, page by page, as client-go goes through it.
func collect[T any](i instance, what string, list func(p gitlab.PaginationOptionFunc) ([]T, *gitlab.Response, error)) (all []T) {
	i.Helper()
	pages := 0
	var items iter.Seq2[T, error] = gitlab.Scan2(func(p gitlab.PaginationOptionFunc) ([]T, *gitlab.Response, error) {
		if pages++; pages > 1000 {
			return nil, nil, errors.New("the list does not end")
		}
		return list(p)
	})
	for item, err := range items {
		if err != nil {
			i.Fatalf("%s: %v", what, err)
		}
		all = append(all, item)
	}
	return all
}

// recent fails the test unless a moment is of this test.
func recent(i instance, what string, at *time.Time) {
	i.Helper()
	if at == nil || time.Since(*at).Abs() > time.Hour {
		i.Errorf("%s: got %v, want a moment just now", what, at)
	}
}

// day returns the day that lies some days ahead.
func day(ahead int) *gitlab.ISOTime {
	return gitlab.Ptr(gitlab.ISOTime(time.Now().UTC().AddDate(0, 0, ahead).Truncate(24 * time.Hour)))
}

// sameDay fails the test unless got is want, which may be nil.
func sameDay(i instance, what string, got, want *gitlab.ISOTime) {
	i.Helper()
	if (got == nil) != (want == nil) || got != nil && got.String() != want.String() {
		i.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// newUser makes a user, and a client with a token of theirs.
func (i instance) newUser(username string) (*gitlab.User, *gitlab.Client) {
	i.Helper()
	user := made[*gitlab.User](i, "create user "+username)(i.admin.Users.CreateUser(&gitlab.CreateUserOptions{
		Username: &username, Name: gitlab.Ptr("The " + username), Email: gitlab.Ptr(username + "@example.com"), ForceRandomPassword: gitlab.Ptr(true),
		SkipConfirmation: gitlab.Ptr(true),
	}))
	return user, i.client(i.newToken(user.ID, "api"))
}

// newToken makes a token for a user and returns its text.
func (i instance) newToken(user int64, scopes ...string) string {
	i.Helper()
	token := made[*gitlab.PersonalAccessToken](i, "create token")(i.admin.Users.CreatePersonalAccessToken(user, &gitlab.CreatePersonalAccessTokenOptions{
		Name: gitlab.Ptr("test"), Scopes: &scopes, ExpiresAt: day(30),
	}))
	i.Log.Hide(token.Token)
	return token.Token
}

// newGroup makes a private group, below a parent unless that is 0.
func (i instance) newGroup(client *gitlab.Client, path string, parent int64) *gitlab.Group {
	i.Helper()
	options := &gitlab.CreateGroupOptions{Name: gitlab.Ptr("Group " + path), Path: &path, Visibility: gitlab.Ptr(gitlab.PrivateVisibility)}
	if parent != 0 {
		options.ParentID = &parent
	}
	return made[*gitlab.Group](i, "create group "+path)(client.Groups.CreateGroup(options))
}

// may asks as Gitaly does whether an actor, a JSON member such as `"key_id": 7`, may push
// to a project, and whether it may fetch from it.
func (i instance) may(actor, project string) (push, fetch bool) {
	i.Helper()
	ask := func(action, changes string) bool {
		body := fmt.Sprintf(`{%s, "project": %q, "action": %q, "protocol": "ssh", "changes": %q}`, actor, project, action, changes)
		return i.Post(i.T, "/allowed", body).Status == http.StatusOK
	}
	return ask("git-receive-pack", servertest.ZeroID+" "+servertest.NewID+" refs/heads/topic"), ask("git-upload-pack", "_any")
}

// pushes fails the test unless the actor may push to a project as said, to Gitaly and to
// explain.
func (i instance) pushes(what, actor, project string, want bool) {
	i.Helper()
	if push, _ := i.may(actor, project); push != want {
		i.Errorf("%s: may push: got %t, want %t", what, push, want)
	}
	if explained := i.explained(actor, project, "--ref", "refs/heads/topic", "--change", "create"); explained != want {
		i.Errorf("%s: explain says that they may push: %t, want %t", what, explained, want)
	}
}

// explained returns the verdict of `gatehouse explain` on an actor and a project.
func (i instance) explained(actor, project string, flags ...string) bool {
	i.Helper()
	name, number, _ := strings.Cut(strings.ReplaceAll(actor, `"`, ""), ": ")
	args := append([]string{
		"explain", "--json", map[string]string{"user_id": "--user-id", "username": "--user", "key_id": "--key"}[name], number, "--project", project,
		"--database", string(i.data.Config.Database.URL), "--set", "instance.key_file=" + i.data.Config.Instance.KeyFile,
	}, flags...)
	var out, errs bytes.Buffer
	cli.Run(i.Context(), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}, args) // it exits with 1 for a refusal
	var verdict struct{ Allowed *bool }
	if err := json.Unmarshal(out.Bytes(), &verdict); err != nil || verdict.Allowed == nil {
		i.Fatalf("gatehouse explain: %v %s %s", err, &out, &errs)
	}
	return *verdict.Allowed
}

// fetches fails the test unless the actor may fetch from a project as said, to GitLab Shell
// and to explain.
func (i instance) fetches(what, actor, project string, want bool) {
	i.Helper()
	if _, fetch := i.may(actor, project); fetch != want {
		i.Errorf("%s: may fetch: got %t, want %t", what, fetch, want)
	}
	if explained := i.explained(actor, project); explained != want {
		i.Errorf("%s: explain says that they may fetch: %t, want %t", what, explained, want)
	}
}

// actor is a user as the internal API names one.
func actor(user *gitlab.User) string { return fmt.Sprintf(`"user_id": %d`, user.ID) }

// byKey is a key as the internal API names one.
func byKey(key *gitlab.SSHKey) string { return fmt.Sprintf(`"key_id": %d`, key.ID) }
