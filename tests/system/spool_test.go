package system_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/bootstrap/config"
	"gatehouse/tests/servertest"
	"gatehouse/tests/stores"
)

// outage takes a database away and gives it back.
type outage struct{ begin, end func(t *testing.T) }

// TestServer_spool takes the database away while pushes come in, and kills the server
// meanwhile: each push that was acknowledged is recorded once, those to a repository in
// order, and no counter stays.
func TestServer_spool(t *testing.T) {
	t.Parallel()
	proxied := func(mode servertest.ProxyMode) func(t *testing.T) (string, string, outage) {
		return func(t *testing.T) (database, address string, o outage) {
			database = stores.PostgresURL(t)
			proxy, address := servertest.NewProxy(t, database)
			return database, address, outage{
				func(*testing.T) { proxy.Set(mode) },
				func(*testing.T) { proxy.Set(servertest.Open) },
			}
		}
	}
	for name, open := range map[string]func(t *testing.T) (database, address string, o outage){
		"PostgreSQL gone":   proxied(servertest.Closed),
		"PostgreSQL silent": proxied(servertest.Silent),
		"SQLite locked": func(t *testing.T) (database, address string, o outage) {
			file := stores.SQLiteFile(t)
			return file, file, lockFile(t, file)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database, address, o := open(t)
			checkSpool(t, database, address, o)
		})
	}
}

// lockFile returns an outage of an SQLite file: another program writes to it.
func lockFile(t *testing.T, file string) outage {
	other, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	var conn *sql.Conn
	run := func(t *testing.T, statement string) {
		t.Helper()
		if _, err := conn.ExecContext(context.Background(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return outage{
		func(t *testing.T) {
			if conn, err = other.Conn(context.Background()); err != nil {
				t.Fatal(err)
			}
			run(t, "PRAGMA busy_timeout = 60000")
			run(t, "BEGIN IMMEDIATE")
		},
		func(t *testing.T) {
			run(t, "ROLLBACK")
			_ = conn.Close()
		},
	}
}

// repositories are those to which these tests push.
var repositories = []string{"project-60", "project-61", "wiki-62"}

// pushLog is which pushes were acknowledged, by repository.
type pushLog struct {
	mu           sync.Mutex
	acknowledged map[string][]string
	next, total  int
	begun        map[string]int
}

// push begins pushes to each repository, calls during, ends the pushes to a repository
// one after the other until a call fails, and returns once the server has acknowledged
// enough of them. The returned function waits for the others.
func (l *pushLog) push(t *testing.T, s *servertest.Server, each, enough int, during func(*testing.T)) (wait func()) {
	t.Helper()
	for _, repository := range repositories {
		for range each {
			s.Post(t, "/pre_receive", strings.ReplaceAll(servertest.PreReceive, "project-60", repository)).Want(t, "the beginning", 200, servertest.Increased)
			l.begun[repository]++
		}
	}
	during(t)
	var all sync.WaitGroup
	reached, ended := make(chan struct{}), make(chan struct{})
	before := l.total
	for _, repository := range repositories {
		all.Go(func() {
			for range each {
				l.mu.Lock()
				l.next++
				branch := fmt.Sprintf("topic-%04d", l.next)
				l.mu.Unlock()
				body := strings.ReplaceAll(servertest.PostReceive(branch), "project-60", repository)
				if a, err := s.Send(context.Background(), servertest.Call{Route: "POST /post_receive", Body: body}); err != nil || a.Status != 200 {
					return
				}
				l.mu.Lock()
				l.acknowledged[repository] = append(l.acknowledged[repository], branch)
				if l.total++; l.total == before+enough {
					close(reached)
				}
				l.mu.Unlock()
			}
		})
	}
	go func() { all.Wait(); close(ended) }()
	select {
	case <-reached:
	case <-ended:
		if l.total < before+enough {
			t.Fatalf("%d pushes were acknowledged, want %d", l.total-before, enough)
		}
	}
	return func() { <-ended }
}

// recorded returns the branches of the recorded pushes by repository, in order, without
// those that no server acknowledged.
func (l *pushLog) recorded(t *testing.T, data servertest.Data) map[string][]string {
	t.Helper()
	known := map[string]bool{}
	for repository, branches := range l.acknowledged {
		for _, branch := range branches {
			known[repository+branch] = true
		}
	}
	found, seen := map[string][]string{}, map[string]bool{}
	for _, r := range data.List(t, "pushes") {
		repository := servertest.Field(r, "gl_repository").(string)
		branch := strings.TrimPrefix(strings.Fields(servertest.Field(r, "changes").(string))[2], "refs/heads/")
		if seen[repository+branch] {
			t.Errorf("%s of %s is recorded twice", branch, repository)
		}
		seen[repository+branch] = true
		if known[repository+branch] {
			found[repository] = append(found[repository], branch)
		}
	}
	return found
}

func checkSpool(t *testing.T, database, address string, o outage) {
	settings := servertest.Settings(t, address, "jobs.workers=0")
	directly := settings
	directly.Database.URL = config.URL(database)
	data := servertest.OpenData(t, directly)
	data.Apply(t, servertest.World)
	log := &pushLog{acknowledged: map[string][]string{}, begun: map[string]int{}}
	nothing := func(*testing.T) {}

	s := servertest.Spawn(t, settings, "")
	log.push(t, s.Server, 3, 9, nothing)()
	wait := log.push(t, s.Server, 12, 15, o.begin)
	s.Kill()
	wait()
	o.end(t)

	s = servertest.Spawn(t, settings, "")
	log.push(t, s.Server, 4, 12, nothing)()
	wait = log.push(t, s.Server, 6, 9, o.begin)
	o.end(t)
	wait()
	servertest.Await(t, "all pushes to be recorded", func() bool {
		found := 0
		for _, branches := range log.recorded(t, data) {
			found += len(branches)
		}
		return found >= log.total
	})
	if diff := cmp.Diff(log.acknowledged, log.recorded(t, data)); diff != "" {
		t.Errorf("acknowledged and recorded, -want +got\n%s", diff)
	}
	servertest.Await(t, "the counters of these pushes to be decreased", func() bool {
		counters := data.Counters(t)
		for repository, begun := range log.begun {
			// What the killed server did not acknowledge may count until it expires.
			if counters[repository] > int64(begun-len(log.acknowledged[repository])) {
				return false
			}
		}
		return true
	})
	if jobs, pushes := len(data.List(t, "jobs")), len(data.List(t, "pushes")); jobs != pushes {
		t.Errorf("got %d jobs for %d pushes", jobs, pushes)
	}
}
