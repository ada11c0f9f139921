package system_test

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/tests/servertest"
)

// TestMigrate_olderProgram migrates the database of the program before the newest
// migration, while that program serves. It goes on serving, it can be started again, and
// what it writes leaves the new columns as they are.
func TestMigrate_olderProgram(t *testing.T) {
	dir := t.TempDir()
	build := sync.OnceValues(func() (string, error) { return buildOlder(dir) })
	servertest.OnEachEmpty(t, func(t *testing.T, database string) {
		path, err := build()
		if err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
		flags := servertest.Flags(t, database)
		old := older{path, flags, servertest.Load(t, flags)}
		old.run(t, "", "migrate")
		const hooks = "hooks: [{project: acme/tools/lib, url: 'https://ci.example.com/', tag_push_events: %t}]\n"
		old.run(t, servertest.World+fmt.Sprintf(hooks, false), "apply", "-")
		pool := openPool(t, database)
		had := columns(t, pool, database)
		first := old.serve(t)
		first.check(t, "the schema is its own")
		before, target, err := bootstrap.Migrate(t.Context(), old.config)
		if err != nil || before >= target {
			t.Fatalf("Migrate: got schema %d, then %d, %v", before, target, err)
		}
		for range 20 { // more than it has connections
			first.check(t, "the schema is newer")
		}
		first.stop(t)

		fillAdded(t, pool, database, had)
		kept := countFilled(t, pool)
		if again := old.run(t, "", "migrate"); !strings.Contains(again, "nothing to do") {
			t.Errorf("migrate again: got %q", again)
		}
		old.run(t, strings.NewReplacer("name: Dede,", "name: Renamed,", "role: developer", "role: maintainer", "visibility: internal", "visibility: private").Replace(servertest.World)+
			fmt.Sprintf(hooks, true), "apply", "-")
		old.run(t, "users: [{username: new, email: new@example.com}]\nprojects: [{path: acme/new}]\n", "apply", "-")
		if diff := cmp.Diff(kept, countFilled(t, pool)); diff != "" {
			t.Errorf("the new columns (-before +after):\n%s", diff)
		}
		second := old.serve(t)
		second.check(t, "started on the newer schema")
		second.Post(t, "/post_receive", servertest.PostReceive("feature")).Want(t, "a push", 200, servertest.Decreased)
		second.stop(t)

		data := servertest.OpenData(t, old.config)
		if text := data.Shown(t, "users"); !strings.Contains(text, `"Renamed"`) || !strings.Contains(text, `new@example.com`) {
			t.Errorf("users: got %s", text)
		}
		if got := len(data.List(t, "pushes")); got != 1 {
			t.Errorf("got %d pushes, want one", got)
		}
	})
}

// filled are the columns of tables that were there which the program before the newest
// migration does not know, as table.column, each with a value that no program writes.
var filled = map[string]string{
	"deploy_key_projects.updated_at": "2026-01-01 00:00:00+00:00",
	"hooks.updated_at":               "2026-01-01 00:00:00+00:00",
	"hooks.variables":                "filled by a test",
	"keys.comment":                   "filled by a test",
	"protections.updated_at":         "2026-01-01 00:00:00+00:00",
}

// columns returns the names of all columns by table.
func columns(t *testing.T, pool *sql.DB, database string) map[string][]string {
	t.Helper()
	query := "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
	if strings.Contains(database, "://") {
		query = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
	}
	rows, err := pool.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	names := map[string][]string{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		names[table] = append(names[table], column)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return names
}

// fillAdded fills the columns that tables of before have now and had not then. It fails
// where those are others than filled has.
func fillAdded(t *testing.T, pool *sql.DB, database string, before map[string][]string) {
	t.Helper()
	var added []string
	for table, now := range columns(t, pool, database) {
		for _, column := range now {
			if then, ok := before[table]; ok && !slices.Contains(then, column) {
				added = append(added, table+"."+column)
			}
		}
	}
	slices.Sort(added)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(filled)), added); diff != "" {
		t.Fatalf("the columns that were added (-filled +added):\n%s", diff)
	}
	for name, value := range filled {
		table, column, _ := strings.Cut(name, ".")
		if _, err := pool.ExecContext(t.Context(), fmt.Sprintf("UPDATE %s SET %s = '%s'", table, column, value)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// countFilled returns how many rows are as fillAdded has made them, by column.
func countFilled(t *testing.T, pool *sql.DB) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for name, value := range filled {
		table, column, _ := strings.Cut(name, ".")
		var n int
		query := fmt.Sprintf("SELECT count(*) FROM %s WHERE %s = '%s'", table, column, value)
		if err := pool.QueryRowContext(t.Context(), query).Scan(&n); err != nil || n == 0 {
			t.Fatalf("%s: got %d rows, %v", name, n, err)
		}
		counts[name] = n
	}
	return counts
}

func openPool(t *testing.T, url string) *sql.DB {
	t.Helper()
	driver := "sqlite"
	if strings.Contains(url, "://") {
		driver = "pgx"
	}
	pool, err := sql.Open(driver, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	return pool
}

// older is the program before the newest migration, with its settings.
type older struct {
	path   string
	flags  map[string]string
	config config.Config
}

func (o older) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	for key, value := range o.flags {
		args = append(args, "--set", key+"="+value)
	}
	command := exec.CommandContext(t.Context(), o.path, args...)
	command.Dir, command.Env = t.TempDir(), []string{"TZ=UTC"} // no configuration but the arguments
	return command
}

// run runs a command that has to succeed, with text on its standard input, and returns
// what it prints.
func (o older) run(t *testing.T, in string, args ...string) string {
	t.Helper()
	command := o.command(t, args...)
	var errs bytes.Buffer
	command.Stdin, command.Stderr = strings.NewReader(in), &errs
	out, err := command.Output()
	if err != nil {
		t.Fatalf("gatehouse %s: %v\n%s", args[0], err, &errs)
	}
	return string(out)
}

// olderServer is a server of the older program.
type olderServer struct {
	*servertest.Server
	command *exec.Cmd
	read    chan struct{} // closed at the end of its log
}

// serve starts a server and returns once it listens.
func (o older) serve(t *testing.T) olderServer {
	t.Helper()
	s := olderServer{&servertest.Server{Config: o.config, Log: new(servertest.Log)}, o.command(t, "serve"), make(chan struct{})}
	log, err := s.command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(log)
	for s.TCP == "" {
		line, err := lines.ReadString('\n')
		_, _ = s.Log.Write([]byte(line)) // which never fails
		if err != nil {
			t.Fatalf("the server does not listen: %v\n%s", err, s.Log)
		}
		var entry struct{ Msg, Key, Address string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "listening" && entry.Key == "http.address" {
			s.TCP = entry.Address
		}
	}
	go func() {
		defer close(s.read)
		_, _ = io.Copy(s.Log, lines) // until the server has ended
	}()
	secret, err := os.ReadFile(o.config.Shell.SecretFile)
	if err != nil {
		t.Fatal(err)
	}
	s.Secret = bytes.TrimSpace(secret)
	return s
}

// check asks whether a developer may push, by key and by name.
func (s olderServer) check(t *testing.T, when string) {
	t.Helper()
	for _, who := range []string{`"key_id": 102`, `"username": "dev"`} {
		s.Post(t, "/allowed", fmt.Sprintf(`{%s, "project": "acme/tools/cli.git", "action": "git-receive-pack", "protocol": "ssh", "changes": "_any"}`, who)).
			Want(t, who+", "+when, 200, `{"status": true, "gl_project_path": "acme/tools/cli"}`)
	}
}

// stop ends the server as an operator does.
func (s olderServer) stop(t *testing.T) {
	t.Helper()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-s.read
	if err := s.command.Wait(); err != nil {
		t.Errorf("the server: %v\n%s", err, s.Log)
	}
}

// buildOlder builds the program of the commit before the newest migration into a folder
// and returns its path. While the newest migration is not committed yet, that is the last
// commit.
func buildOlder(dir string) (path string, err error) {
	const migrations = "adapters/gormstore/migrations/sqlite/"
	root := filepath.Join("..", "..")
	names, err := filepath.Glob(filepath.Join(root, migrations, "*.sql"))
	if err != nil || len(names) == 0 {
		return "", fmt.Errorf("no migrations: %v", err)
	}
	run := func(env []string, name string, args ...string) (string, error) {
		command := exec.Command(name, args...)
		command.Dir, command.Env = root, append(os.Environ(), env...)
		var errs bytes.Buffer
		command.Stderr = &errs
		out, err := command.Output()
		if err != nil {
			err = fmt.Errorf("%s %s: %w: %s", name, args[0], err, &errs)
		}
		return strings.TrimSpace(string(out)), err
	}
	newest := migrations + filepath.Base(slices.Max(names))
	commit, err := run(nil, "git", "log", "--diff-filter=A", "--format=%H", "-1", "--", newest)
	if err != nil {
		return "", fmt.Errorf("the program before %s can be built only in a clone with its history: %w", newest, err)
	}
	before := "HEAD"
	if commit != "" {
		before = commit + "^"
	}
	if _, err := run(nil, "git", "rev-parse", "--verify", before+"^{tree}"); err != nil {
		return "", fmt.Errorf("the commit before %s is not in this clone; fetch its whole history (git fetch --unshallow): %w", newest, err)
	}
	source, err := filepath.Abs(filepath.Join(dir, "source"))
	if err != nil {
		return "", err
	}
	index := []string{"GIT_INDEX_FILE=" + filepath.Join(dir, "index")}
	if _, err = run(index, "git", "read-tree", before); err != nil {
		return "", err
	}
	if _, err = run(index, "git", "checkout-index", "--all", "--prefix="+source+"/"); err != nil {
		return "", err
	}
	path = filepath.Join(dir, "gatehouse")
	// The same paths in the program, wherever it is built, so that the cache has its parts.
	_, err = run([]string{"CGO_ENABLED=0", "GOFLAGS="}, "nice", "go", "build", "-C", source, "-trimpath", "-buildvcs=false", "-o", path, "./cmd/gatehouse")
	return path, err
}
