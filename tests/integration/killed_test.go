package integration_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"gatehouse/bootstrap"
	"gatehouse/tests/servertest"
)

const threePacks = `{"packs": [{"number_of_minutes": 1, "expires_at": "2030-01-01", "purchase_xid": "a%[1]d"},
	{"number_of_minutes": 1, "expires_at": "2030-01-01", "purchase_xid": "b%[1]d"}, {"number_of_minutes": 1, "expires_at": "2030-01-01", "purchase_xid": "c%[1]d"}]}`

// TestPortal_killed ends the whole process while it books, again and again:
// of each request all is there, or nothing.
func TestPortal_killed(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	binary := filepath.Join(t.TempDir(), "gatehouse")
	if out, err := exec.Command("go", "build", "-o", binary, "gatehouse/cmd/gatehouse").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	servertest.OnEach(t, func(t *testing.T, database string) {
		config := servertest.Settings(t, database)
		desk := servertest.OpenData(t, config)
		desk.Apply(t, servertest.World)
		n := 0
		for range 5 {
			n = bookUntilKilled(t, binary, config, n)
		}
		packs := map[string]int{}
		for _, r := range desk.List(t, "packs") {
			packs[servertest.Field(r, "purchase_xid").(string)[1:]]++
		}
		if len(packs) == 0 {
			t.Error("nothing was booked at all")
		}
		for request, n := range packs {
			if n != 3 {
				t.Errorf("request %s: got %d of 3 packs", request, n)
			}
		}
	})
}

// bookUntilKilled starts a process and lets it book, from the nth request on,
// until it is killed. It returns the number of the next request.
func bookUntilKilled(t *testing.T, binary string, config bootstrap.Config, n int) int {
	t.Helper()
	_ = os.Remove(config.HTTP.Socket)
	process := exec.Command(binary, "serve", "--address", "", "--socket", config.HTTP.Socket, "--database", string(config.Database.URL),
		"--set", "shell.secret_file="+config.Shell.SecretFile, "--set", "instance.key_file="+config.Instance.KeyFile, "--set", "http.relative_root="+servertest.Root)
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	s := &servertest.Server{Config: config, Log: new(servertest.Log)}
	s.Socket = config.HTTP.Socket
	for end := time.Now().Add(time.Minute); ; {
		_, err := s.Send(t.Context(), servertest.Call{Route: "GET /check", Over: servertest.Unix, By: servertest.Anonymous})
		if err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the process does not serve: %v", err)
		}
	}
	var pending []<-chan servertest.Answer
	for i := range 40 {
		pending = append(pending, s.Begin(servertest.Call{Route: "POST /" + servertest.Root + "/api/v4/namespaces/acme/minutes", Body: fmt.Sprintf(threePacks, n), Over: servertest.Unix, By: servertest.ByPortal}))
		if n++; i == 20 {
			<-pending[0] // the others are at any point of their work
			if err := process.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = process.Wait() // it was killed, and says so
	for _, p := range pending[1:] {
		<-p
	}
	return n
}

// TestServer_killed kills a server between the commit of a push and its job.
func TestServer_killed(t *testing.T) { servertest.OnEach(t, killed) }

func killed(t *testing.T, database string) {
	r := servertest.ReceiveHooks(t)
	config := servertest.Settings(t, database, append(servertest.FastJobs, "jobs.workers=0")...)
	victim := servertest.Spawn(t, config, servertest.WorldWithHook(r.URL))
	victim.Post(t, "/post_receive", servertest.PostReceive("feature")).Want(t, "the push", 200, servertest.Decreased)
	victim.Kill()
	desk := servertest.OpenData(t, config)
	if jobs := desk.List(t, "jobs"); len(jobs) != 1 || servertest.Field(jobs[0], "state") != "waiting" || len(desk.List(t, "pushes")) != 1 {
		t.Fatalf("left behind: got %v", jobs)
	}
	if len(r.Events) > 0 {
		t.Fatal("the event was sent before")
	}
	servertest.Start(t, servertest.Settings(t, database, append(servertest.FastJobs, "instance.key_file="+config.Instance.KeyFile)...))
	if e := r.Next(t); e.Field(t, "ref") != "refs/heads/feature" || e.Header.Get("X-Gitlab-Token") != servertest.HookToken {
		t.Errorf("got %v", e)
	}
	desk.AwaitJobs(t)
}
