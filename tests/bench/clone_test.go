package bench_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gatehouse/adapters/gitaly"
	"gatehouse/application/gitaccess"
	"gatehouse/bootstrap/config"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/gitalytest"
	"gatehouse/tests/servertest"
)

const (
	// clonedFiles is how many files of 1 MiB the repository has.
	clonedFiles = 200
	// cloneRounds is how often each way is cloned by in one run. It is an even number: as
	// often as one way comes first, the other one does.
	cloneRounds = 8
)

// BenchmarkClone prints how fast a fetch of 200 MiB is over HTTP, as a ratio to a fetch from
// the same Gitaly without the server, and how much memory the server takes while 300 clients
// have stopped reading. Like the table it runs once, with -benchtime 1x, and no goal that is
// missed fails it.
func BenchmarkClone(b *testing.B) {
	gitalytest.RequireGit(b)
	c := newClone(b, clonedFiles)
	address := startGitaly(b, c.folder)
	c.dial(address)
	dir := b.TempDir()
	servertest.Build(b, dir, "gatehouse/cmd/gatehouse")
	start := func() *process {
		return startServer(b, "server", filepath.Join(dir, "gatehouse"), c.url, tiny, "gitaly.connect=true", fmt.Sprintf(`gitaly.storages=[{name: default, address: %q}]`, address))
	}
	out := table{title: "Git over HTTP", before: loadAverage()}
	defer out.print(b) // what was measured, even if something fails
	for run := range *runsFlag {
		for _, m := range []measurement{
			c.speed(start), c.idle(start, "idle pushes", atMost(1), c.waitInPushes), c.idle(start, "fetches whose clients stopped", atMost(1), c.stopReading),
		} {
			if strings.Contains(m.rows[0].name, *rowsFlag) {
				fmt.Fprintf(os.Stderr, "bench: run %d of %d: %s\n", run+1, *runsFlag, m.rows[0].name)
				out.add(m.rows, m.do())
			}
		}
	}
}

// clone is a repository to clone, which a user may fetch by a token.
type clone struct {
	t testing.TB
	// folder is where Gitaly's repositories are, and url the database.
	folder, url string
	project     source.Project
	user        int
	// request is what a git client sends that has nothing.
	request string
	direct  *gitaly.Client
}

const cloneToken = "glpat-of-who-clones"

// newClone makes the repository and the database.
func newClone(t testing.TB, files int) *clone {
	t.Helper()
	user, project := tiny.member()
	c := &clone{t: t, folder: t.TempDir(), url: sqliteDatabase(t, tiny), user: user, project: source.Project{ID: source.ProjectID(project), Path: tiny.path(project)}}
	db, err := sql.Open("sqlite", c.url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const token = `INSERT INTO access_tokens (user_id, name, scopes, digest, revoked) VALUES (?, 'clone', '["api"]', ?, false)`
	_, err = db.ExecContext(t.Context(), token, user, string(identity.DigestToken(cloneToken)))
	if err != nil {
		t.Fatal(err)
	}
	commit := fillRepository(t, filepath.Join(c.folder, c.project.RelativePath(source.Code)), files)
	c.request = packetLine("command=fetch") + "0001" + packetLine("no-progress") + packetLine("ofs-delta") + packetLine("want "+commit+"\n") + packetLine("done\n") + "0000"
	return c
}

func packetLine(text string) string { return fmt.Sprintf("%04x%s", len(text)+4, text) }

// dial makes the client that asks Gitaly without the server.
func (c *clone) dial(address string) {
	c.t.Helper()
	direct, err := gitaly.New([]gitaccess.Storage{{Name: "default", Address: address}}, time.Now)
	if err != nil {
		c.t.Fatal(err)
	}
	c.direct = direct
	c.t.Cleanup(func() { _ = direct.Close() })
}

// fetchDirectly fetches from Gitaly into w.
func (c *clone) fetchDirectly(w io.Writer) {
	c.t.Helper()
	transfer := gitaccess.Transfer{
		Location: gitaccess.Location{
			Storage: gitaccess.Storage{Name: "default"}, RelativePath: c.project.RelativePath(source.Code),
			Repository: source.RepositoryID{Kind: source.Code, ID: int64(c.project.ID)},
		},
		ProjectPath: c.project.Path, Command: source.UploadPack, Version: "version=2", Actor: identity.Actor{User: identity.User{ID: identity.UserID(c.user), Username: "user"}},
	}
	if _, err := c.direct.UploadPack(c.t.Context(), transfer, strings.NewReader(c.request), w); err != nil {
		c.t.Fatal(err)
	}
}

// counting counts what is written to it.
type counting int64

// Write implements io.Writer.
func (c *counting) Write(p []byte) (int, error) {
	*c += counting(len(p))
	return len(p), nil
}

// post returns the request of a fetch.
func (c *clone) post(ctx context.Context, address string) *http.Request {
	c.t.Helper()
	url := fmt.Sprintf("http://%s/%s.git/git-upload-pack", address, c.project.Path)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(c.request))
	if err != nil {
		c.t.Fatal(err)
	}
	request.SetBasicAuth("any", cloneToken)
	request.Header.Set("Content-Type", "application/x-git-upload-pack-request")
	request.Header.Set("Git-Protocol", "version=2")
	return request
}

// fetch fetches over HTTP into w.
func (c *clone) fetch(client *http.Client, address string, w io.Writer) {
	c.t.Helper()
	answer, err := client.Do(c.post(c.t.Context(), address))
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{answer.Body}, make([]byte, 64<<10))
	if err != nil || answer.StatusCode != http.StatusOK {
		c.t.Fatalf("got %s, %v", answer.Status, err)
	}
}

// newRepository is what a clone fills: a git that makes the index of the pack.
type newRepository struct {
	*io.PipeWriter
	t       testing.TB
	folder  string
	command *exec.Cmd
	parted  chan error
}

func (c *clone) newRepository() *newRepository {
	c.t.Helper()
	folder, err := os.MkdirTemp(c.folder, "clone")
	if err == nil {
		err = exec.CommandContext(c.t.Context(), "git", "init", "--quiet", "--bare", folder).Run()
	}
	command := exec.CommandContext(c.t.Context(), "git", "-C", folder, "index-pack", "--stdin")
	pack, pipeErr := command.StdinPipe()
	if err = errors.Join(err, pipeErr); err == nil {
		err = command.Start()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	r, w := io.Pipe()
	n := &newRepository{w, c.t, folder, command, make(chan error, 1)}
	go func() {
		err := partPack(r, pack)
		_ = r.CloseWithError(err)
		n.parted <- errors.Join(err, pack.Close())
	}()
	return n
}

// finish waits for git, and removes what it made.
func (n *newRepository) finish() {
	n.t.Helper()
	err := errors.Join(n.PipeWriter.Close(), <-n.parted, n.command.Wait(), os.RemoveAll(n.folder))
	if err != nil {
		n.t.Fatal(err)
	}
}

// partPack writes the pack that the packets of an answer have.
func partPack(r io.Reader, pack io.Writer) error {
	packets := bufio.NewReaderSize(r, 64<<10)
	for head := make([]byte, 5); ; {
		if _, err := io.ReadFull(packets, head[:4]); errors.Is(err, io.EOF) {
			return nil
		}
		size, err := strconv.ParseInt(string(head[:4]), 16, 32)
		if err != nil {
			return err
		}
		if size <= 4 {
			continue // a special packet
		}
		if _, err := io.ReadFull(packets, head[4:]); err != nil {
			return err
		}
		to := pack
		if head[4] != 1 { // the name of the section, or progress
			to = io.Discard
		}
		if _, err := io.CopyN(to, packets, size-5); err != nil {
			return err
		}
	}
}

// newHTTPClient returns a client that reads as much at once as the other way does.
func newHTTPClient(t testing.TB) *http.Client {
	transport := &http.Transport{DisableCompression: true, ReadBufferSize: 64 << 10}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// speed clones over HTTP and from Gitaly in turn.
func (c *clone) speed(start func() *process) measurement {
	return measurement{
		rows: []heading{
			{"clone of 200 MiB", atLeast(0.9)}, {"transfer of 200 MiB alone", goal{}},
			{"transfer of 200 MiB alone, CPU of server and client, of a client of Gitaly", goal{}},
		},
		do: func() []reading {
			server := start()
			defer server.stop()
			client := newHTTPClient(c.t)
			ways := []func(io.Writer){func(w io.Writer) { c.fetch(client, server.address, w) }, c.fetchDirectly}
			whole, _ := inTurn(server, func(way int) {
				into := c.newRepository()
				ways[way](into)
				into.finish()
			})
			alone, used := inTurn(server, func(way int) { ways[way](new(counting)) })
			return []reading{whole, alone, used}
		},
	}
}

// inTurn transfers 200 MiB by two ways in turn.
func inTurn(server *process, transfer func(way int)) (speed, cpu reading) {
	const warm = 2 // rounds that are not measured: connections are opened, files are read
	var speeds, used [2][]float64
	for way := range alternately(warm+cloneRounds, 2) {
		start, before := time.Now(), cpuTime(server.pid, os.Getpid())
		transfer(way)
		speeds[way] = append(speeds[way], clonedFiles/time.Since(start).Seconds())
		used[way] = append(used[way], float64(cpuTime(server.pid, os.Getpid())-before)/float64(time.Millisecond))
	}
	return medians(speeds, warm, "MiB/s"), medians(used, warm, "ms")
}

// medians is the median of the first figures, of the others, and of their ratios.
func medians(of [2][]float64, warm int, unit string) reading {
	var ratios []float64
	for round := warm; round < len(of[0]); round++ {
		ratios = append(ratios, of[0][round]/of[1][round])
	}
	return reading{Figure: median(of[0][warm:]), Floor: median(of[1][warm:]), Unit: unit, Ratio: median(ratios)}
}

// TestClone checks what the benchmark assumes: both ways bring the same pack, which git may
// part into other packets each time.
func TestClone(t *testing.T) {
	t.Parallel()
	gitalytest.RequireGit(t)
	c := newClone(t, 3)
	address := startGitaly(t, c.folder)
	c.dial(address)
	server := serve(t, c.url, func(s *config.Config) {
		s.Gitaly.Connect, s.Gitaly.Storages = true, []config.Storage{{Name: "default", Address: address}}
	})
	for name, way := range map[string]func(io.Writer){
		"over HTTP": func(w io.Writer) { c.fetch(newHTTPClient(t), server, w) }, "from Gitaly": c.fetchDirectly,
	} {
		var got counting
		way(&got)
		if got < 3*clonedFile || got > 3*clonedFile+clonedFile/100 {
			t.Errorf("%s: got %d bytes, want a little more than %d", name, got, 3*clonedFile)
		}
		into := c.newRepository()
		way(into)
		into.finish()
	}
}
