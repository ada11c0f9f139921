package bench_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/tests/pgtest"
)

// listRounds is how often each list is asked for. It is an even number: as often as it comes
// before the floor, it comes behind it.
const listRounds = 16

// measuredList is a list of projects that clients ask for. In its query :far is a page of
// which four fifths of all projects that the user sees, but 40,000 at most, come before.
type measuredList struct {
	name, query string
	goal        goal
}

const (
	byKeyset = "pagination=keyset&order_by=id&sort=asc&per_page=100"
	byOffset = "per_page=100&page=1"
)

// The goals are 20 ms by keyset and 100 ms by offset, on an idle machine on which the floor
// takes half a millisecond.
var (
	goalByKeyset = atMost(40)
	goalByOffset = atMost(200)
)

var measuredLists = []measuredList{
	{"keyset, first page", byKeyset, goalByKeyset},
	{"keyset, from the middle", byKeyset + "&id_after=50000", goalByKeyset},
	{"offset, first page", byOffset, goalByOffset},
	{"offset, far page", "per_page=100&page=:far", goalByOffset},
	{"offset, search, common word", byOffset + "&search=" + commonWord, goalByOffset},
	{"offset, search, rare word", byOffset + "&search=" + rareWord, goalByOffset},
	{"offset, search, absent word", byOffset + "&search=" + absentWord, goalByOffset},
	{"offset, search, common word, by similarity", byOffset + "&order_by=similarity&search=" + commonWord, goalByOffset},
	{"offset, membership", byOffset + "&membership=true", goalByOffset},
	{"keyset, membership", byKeyset + "&membership=true", goalByKeyset},
	{"offset, by last activity", byOffset + "&order_by=last_activity_at", goalByOffset},
	{"offset, by name", byOffset + "&order_by=name&sort=asc", goalByOffset},
	{"offset, by path", byOffset + "&order_by=path&sort=asc", goalByOffset},
}

// BenchmarkLists prints how long lists of projects take among 100,000, of users who see all,
// some or many, as a ratio to an indexed SELECT of 100 projects. Like the table it runs once,
// with -benchtime 1x, and no goal that is missed fails it.
func BenchmarkLists(b *testing.B) {
	postgres, err := pgtest.Start(b, "shared_buffers=1GB")
	if err != nil {
		b.Fatal(err)
	}
	l := lists{b: b, url: postgres.Open(b)}
	l.fill()
	l.address = serve(b, l.url)
	l.check()
	out := table{title: "lists among 100,000 projects", before: loadAverage()}
	defer out.print(b) // what was measured, even if something fails
	for run := range *runsFlag {
		fmt.Fprintf(os.Stderr, "bench: run %d of %d\n", run+1, *runsFlag)
		for _, list := range measuredLists {
			for _, by := range listCallers {
				row := heading{list.name + ", " + by.name, list.goal}
				if strings.Contains(row.name, *rowsFlag) {
					out.add([]heading{row}, []reading{l.measure(list, by)})
				}
			}
		}
	}
}

// lists is a server in this process on the world of lists.
type lists struct {
	b            *testing.B
	url, address string
}

func (l *lists) fill() {
	l.b.Helper()
	migrate(l.b, l.url)
	conn := l.connect()
	for _, sql := range listFilling() {
		if _, err := conn.Exec(l.b.Context(), sql); err != nil {
			l.b.Fatalf("%s: %v", sql, err)
		}
	}
}

// connect returns a connection to the database that is open until the end of the benchmark.
func (l *lists) connect() *pgx.Conn {
	l.b.Helper()
	conn, err := pgx.Connect(l.b.Context(), l.url)
	if err != nil {
		l.b.Fatal(err)
	}
	l.b.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// check ends the benchmark unless the users see as many projects as they should.
func (l *lists) check() {
	l.b.Helper()
	for _, by := range listCallers {
		if got := l.ask("per_page=1", by).Get("X-Total"); got != strconv.Itoa(by.sees) {
			l.b.Fatalf("%s: got %s projects, want %d", by.name, got, by.sees)
		}
	}
}

// ask asks for a list, reads all of it, and returns the header of the answer.
func (l *lists) ask(query string, by listCaller) http.Header {
	l.b.Helper()
	request, err := http.NewRequestWithContext(l.b.Context(), http.MethodGet, "http://"+l.address+"/api/v4/projects?"+query, nil)
	if err != nil {
		l.b.Fatal(err)
	}
	request.Header.Set("PRIVATE-TOKEN", by.token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		l.b.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		l.b.Fatalf("%s: got %s, %v", query, answer.Status, err)
	}
	return answer.Header
}

// floor reads 100 projects by an index.
func (l *lists) floor(conn *pgx.Conn) {
	l.b.Helper()
	rows, err := conn.Query(l.b.Context(), "SELECT * FROM projects WHERE id > $1 ORDER BY id LIMIT 100", listedProjects/2)
	if err != nil {
		l.b.Fatal(err)
	}
	for rows.Next() {
		if _, err := rows.Values(); err != nil {
			l.b.Fatal(err)
		}
	}
	if rows.Err() != nil || rows.CommandTag().RowsAffected() != 100 {
		l.b.Fatalf("the floor: got %s, %v", rows.CommandTag(), rows.Err())
	}
}

// measure asks for a list and for the floor in turn.
func (l *lists) measure(list measuredList, by listCaller) reading {
	l.b.Helper()
	const warm = 2 // rounds that are not measured: statements are prepared
	conn := l.connect()
	far := strconv.Itoa(min(by.sees*4/5, 40_000)/100 + 1)
	query := strings.ReplaceAll(list.query, ":far", far)
	ask := []func(){func() { l.ask(query, by) }, func() { l.floor(conn) }}
	var of [2][]float64
	for i := range alternately(warm+listRounds, len(ask)) {
		start := time.Now()
		ask[i]()
		of[i] = append(of[i], float64(time.Since(start))/float64(time.Millisecond))
	}
	var ratios []float64
	for round := range listRounds {
		ratios = append(ratios, of[0][warm+round]/of[1][warm+round])
	}
	return reading{Figure: median(of[0][warm:]), Floor: median(of[1][warm:]), Unit: "ms", Ratio: median(ratios)}
}
