package bench_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/tests/servertest"
)

const (
	// backlog is how many pushes of as many branches as webhooks receive events of are to be
	// told to a receiver.
	backlog, branches = 100, 3
	// deliveryTime is how long deliveries are counted, unless there are no more.
	deliveryTime = 5 * time.Second
)

// deliveries is how many events the server sends in a second to the only receiver, by one
// webhook of a group, or by one of each project in it. The receiver answers at once, but not
// before there is a backlog.
func (b *yardstick) deliveries(w world) []measurement {
	const ofGroup = `INSERT INTO hooks (group_id, url, token, push, tag_push, branches, trusting)
		SELECT id, $1, '', true, false, '', false FROM namespaces WHERE path = 'pub'`
	const ofProjects = `INSERT INTO hooks (project_id, url, token, push, tag_push, branches, trusting)
		SELECT id, $1, '', true, false, '', false FROM projects WHERE path LIKE 'pub/%'`
	return []measurement{
		b.deliveriesOf(w, "one webhook", ofGroup),
		b.deliveriesOf(w, fmt.Sprintf("%d webhooks", publicProjects), ofProjects),
	}
}

// deliveriesOf is deliveries by the webhooks that a statement adds for the receiver's URL.
func (b *yardstick) deliveriesOf(w world, name, addHooks string) measurement {
	return measurement{rows: []heading{{"PostgreSQL, deliveries of " + name + " to one receiver", goal{}}}, do: func() []reading {
		receiver := newReceiver()
		defer receiver.Close()
		url := b.postgresDatabase(b.t, w)
		conn, err := pgx.Connect(b.t.Context(), url)
		if err != nil {
			b.t.Fatal(err)
		}
		defer func() { _ = conn.Close(b.t.Context()) }() // only statements count
		if _, err := conn.Exec(b.t.Context(), addHooks, receiver.URL); err != nil {
			b.t.Fatal(err)
		}
		server := startServer(b.t, "server", b.program, url, w, "webhooks.allow_local_requests=true", "webhooks.timeout=50s")
		defer server.stop()
		b.pushBacklog(server)
		for waiting, start := 0, time.Now(); waiting < backlog*branches; time.Sleep(20 * time.Millisecond) {
			if err := conn.QueryRow(b.t.Context(), "SELECT count(*) FROM hook_deliveries").Scan(&waiting); err != nil {
				b.t.Fatal(err)
			}
			if time.Since(start) > servertest.WaitTimeout {
				b.t.Fatalf("the server has made %d deliveries of %d", waiting, backlog*branches)
			}
		}
		sent, took := receiver.count()
		return []reading{{Figure: float64(sent) / took.Seconds(), Unit: "deliveries/s"}}
	}}
}

// pushBacklog tells a server of pushes to public projects.
func (b *yardstick) pushBacklog(server *process) {
	b.t.Helper()
	h, changes := newHeads(), ""
	for i := range branches {
		changes += fmt.Sprintf(`0000000000000000000000000000000000000000 2222222222222222222222222222222222222222 refs/heads/topic-%d\n`, i)
	}
	push := func(scratch []byte) (request, want []byte) {
		return h.received(scratch, server.world.user(), server.world.publicProject(), changes), granted
	}
	gitaly, err := dial("Gitaly", server.address, func() requestWriter { return push }, 1)
	if err != nil {
		b.t.Fatal(err)
	}
	defer gitaly.close()
	for range backlog {
		if err := gitaly.clients[0].call(); err != nil {
			b.t.Fatal(err)
		}
	}
}

// receiver receives events, and answers none until count.
type receiver struct {
	*httptest.Server
	opened   chan struct{}
	received atomic.Int64
}

func newReceiver() *receiver {
	r := &receiver{opened: make(chan struct{})}
	r.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		_, _ = io.Copy(io.Discard, q.Body)
		select {
		case <-r.opened:
			r.received.Add(1)
		case <-q.Context().Done(): // the server is gone
		}
	}))
	return r
}

// count answers, and returns how many events came in the time it took.
func (r *receiver) count() (events int64, took time.Duration) {
	start := time.Now()
	close(r.opened)
	for took < deliveryTime && r.received.Load() < backlog*branches {
		time.Sleep(time.Millisecond)
		took = time.Since(start)
	}
	return r.received.Load(), took
}
