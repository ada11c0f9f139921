package bench_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// single are the settings of a server that asks the database one question a statement.
var single = []string{"database.lookups_in_flight=0"}

const ofSingle = ", of lookups_in_flight=0"

// lookups are how fast the server is, and its slowest answers, while its database is far
// away, and while one look-up takes long. The ratio is to the same server that coalesces no
// look-ups. The goals leave room for what two equal servers differ by.
func (b *yardstick) lookups(near *pair) (all []measurement) {
	far := sync.OnceValue(func() string { return startDelay(b.t, near.database()) })
	slow := sync.OnceValue(func() string {
		url := b.postgresDatabase(b.t, near.world)
		slowDown(b.t, near.world, url)
		return url
	})
	for _, c := range []struct {
		name, beside string
		database     func() (url string)
	}{{"PostgreSQL at 2 ms", "", far}, {"PostgreSQL, one look-up of 50 ms", "slow", slow}} {
		open := func(testing.TB, world) string { return c.database() }
		server, other := b.pair(near.world, c.name, open), b.pair(near.world, c.name, open, single...)
		for _, connections := range []int{8, 32, 64} {
			name := fmt.Sprintf("%s, %d connections", c.name, connections)
			all = append(all, measurement{
				named: true,
				rows:  []heading{{name + ofSingle, atLeast(0.95)}, {name + ", p99" + ofSingle, atMost(1.2)}},
				do: func() []reading {
					samples := b.alternate(tableInterval, connections,
						ask{process: server.server(), kind: "mix", beside: c.beside}, ask{process: other.server(), kind: "mix", beside: c.beside})
					return []reading{speedOf(samples), slowestOf(samples)}
				},
			})
		}
	}
	return all
}

// slowDown makes one look-up take 50 ms: that of the first project by the heavy user. All
// look-ups read members through a view, which waits before it shows this membership in the
// project's top-level group. Others cost what they did.
func slowDown(t testing.TB, w world, url string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }() // only statements count
	_, err = conn.Exec(t.Context(), fmt.Sprintf(`ALTER TABLE members RENAME TO fast_members;
		CREATE VIEW members AS SELECT * FROM fast_members WHERE user_id <> %d OR holder <> %d OR pg_sleep(0.05) IS NOT NULL`, w.users, w.users+1))
	if err != nil {
		t.Fatal(err)
	}
}
