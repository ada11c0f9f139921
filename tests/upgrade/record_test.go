package upgrade_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/pquerna/otp/totp"

	"gatehouse/tests/gitalytest"
)

// recorder sends requests to an instance and records the answers.
type recorder struct {
	*testing.T
	snapshot
	instance
	settings settings
	receiver *receiver
	// shell and kas are the secrets that requests are signed with.
	shell, kas []byte
	out        strings.Builder
}

// answers restores a copy of the database, sends all requests to the instance, and
// returns the answers.
func (k snapshot) answers(t *testing.T, s set, e engine, of instance) string {
	t.Helper()
	r := newReceiver(t)
	url := e.create(t)
	e.execute(t, url, strings.ReplaceAll(k.dump, closedPort, r.URL))
	a := newRecorder(t, k, of, newSettings(t, url))
	a.receiver = r
	if len(s.refused) > 0 {
		if tree, ok := of.(tree); ok {
			tree.wantRefusal(t, e, url, s.refused, a.settings)
		}
		e.execute(t, url, readFile(t, filepath.Join("testdata", s.name, "remedy.sql")))
	}
	a.run(t, append([]string{"migrate"}, a.settings.flags()...)...)
	for _, thing := range s.shown {
		a.show(thing)
	}
	for _, options := range s.explain {
		a.section("explain " + strings.Join(options, " "))
		a.out.WriteString(a.command(append([]string{"explain", "--json"}, options...)...))
	}
	a.served(settings{}, s.reads, s.writes)
	a.served(settings{"otp.required_for_git": "true"}, s.sessions)
	for _, thing := range s.touched {
		a.show(thing)
	}
	a.work()
	if _, ok := of.(tree); ok {
		e.wantSealed(t, url)
		if s.exported {
			a.wantExported()
		}
	}
	return a.out.String()
}

// wantExported applies what the tree exports, which changes nothing.
func (a *recorder) wantExported() {
	a.Helper()
	file := filepath.Join(a.TempDir(), "world.yaml")
	a.command("export", "--secrets", "--output", file)
	if got := a.command("apply", "--dry-run", file); !strings.HasPrefix(got, "0 to change, ") {
		a.Errorf("an export that is applied again: got %s", got)
	}
}

func newRecorder(t *testing.T, k snapshot, of instance, with settings) *recorder {
	t.Helper()
	a := &recorder{T: t, snapshot: k, instance: of, settings: with}
	a.shell = []byte(strings.TrimSpace(readFile(t, "testdata/secrets/shell")))
	var err error
	if a.kas, err = base64.StdEncoding.DecodeString(strings.TrimSpace(readFile(t, "testdata/secrets/kas"))); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *recorder) section(title string) { fmt.Fprintf(&a.out, "\n== %s\n", title) }

// command returns what a command on the database prints.
func (a *recorder) command(args ...string) string {
	a.Helper()
	return a.mask(a.run(a.T, append(args, a.settings.flags()...)...))
}

// show writes the records of a thing, one a line.
func (a *recorder) show(thing string) {
	a.Helper()
	a.section("show " + thing)
	for _, record := range a.records(thing) {
		if thing == "audit" {
			if record = withoutNumber(record); isDecision(record) {
				continue
			}
		}
		fmt.Fprintf(&a.out, "%s\n", record)
	}
}

var auditNumber = regexp.MustCompile(`^{"id":\d+,`)

// withoutNumber hides the number of an audit event: decisions are recorded behind the
// requests, so that it depends on the time.
func withoutNumber(event json.RawMessage) json.RawMessage {
	return auditNumber.ReplaceAll(event, []byte(`{"id":"<id>",`))
}

// isDecision says whether an audit event is a decision, of which earlier releases
// recorded none.
func isDecision(event json.RawMessage) bool {
	return bytes.Contains(event, []byte(`"outcome":"allowed"`)) || bytes.Contains(event, []byte(`"outcome":"refused"`))
}

func (a *recorder) records(thing string) (records []json.RawMessage) {
	a.Helper()
	a.decode(a.command("show", thing, "--json"), &records)
	for i, record := range records {
		var line bytes.Buffer
		if err := json.Compact(&line, record); err != nil {
			a.Fatal(err)
		}
		records[i] = line.Bytes()
	}
	return records
}

func (a *recorder) decode(text string, into any) {
	a.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		a.Fatalf("%v in %s", err, text)
	}
}

// served sends requests to a server. Without requests it starts none.
func (a *recorder) served(with settings, lists ...[]request) {
	a.Helper()
	requests := slices.Concat(lists...)
	if len(requests) == 0 {
		return
	}
	url, stop := a.serve(a.T, a.settings.with(with))
	for _, r := range requests {
		a.section(r.String())
		status, body := a.send(url, r)
		fmt.Fprintf(&a.out, "%d %s\n", status, strings.TrimSpace(a.mask(body)))
	}
	stop()
}

// send sends a request and returns the answer as it is.
func (a *recorder) send(url string, r request) (status int, body string) {
	a.Helper()
	request, err := http.NewRequestWithContext(a.Context(), r.method, url+"/api/v4"+r.path, strings.NewReader(a.codes(r.body)))
	if err != nil {
		a.Fatal(err)
	}
	if strings.HasPrefix(r.body, "{") {
		request.Header.Set("Content-Type", "application/json")
	} else if r.body != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	token := r.token
	if text, ok := a.Tokens[token]; ok {
		token = text
	}
	switch now := a.now(); r.caller {
	case shellCaller:
		request.Header.Set("Gitlab-Shell-Api-Request", a.sign(a.shell, jwt.MapClaims{"iss": "gitlab-shell", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}))
	case kasCaller:
		request.Header.Set("Gitlab-Kas-Api-Request", a.sign(a.kas, jwt.MapClaims{"iss": "gitlab-kas", "aud": "gitlab", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}))
		request.Header.Set("Authorization", "Bearer "+token)
	case portalCaller:
		request.Header.Set("PRIVATE-TOKEN", token)
	}
	response, err := client.Do(request)
	if err != nil {
		a.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it is read to its end
	text, err := io.ReadAll(response.Body)
	if err != nil {
		a.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func (a *recorder) sign(secret []byte, claims jwt.MapClaims) string {
	a.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(secret)
	if err != nil {
		a.Fatal(err)
	}
	return text
}

var otpCode = regexp.MustCompile(`<otp ([A-Z2-7]+)>`)

// codes replaces <otp SECRET> in a body by a one-time password.
func (a *recorder) codes(body string) string {
	return otpCode.ReplaceAllStringFunc(body, func(found string) string {
		code, err := totp.GenerateCode(otpCode.FindStringSubmatch(found)[1], a.now())
		if err != nil {
			a.Fatal(err)
		}
		return code
	})
}

// work lets a server do all waiting jobs, and records the delivered events.
// Jobs that need Gitaly are tried once without it, then with a Gitaly that has
// no repository.
func (a *recorder) work() {
	a.Helper()
	// Completed jobs leave the table by the machine's clock.
	isOld := map[int64]bool{}
	for _, j := range a.jobs() {
		isOld[j.ID] = j.State == "discarded"
	}
	open := func() []job {
		return slices.DeleteFunc(a.jobs(), func(j job) bool { return j.State == "completed" || isOld[j.ID] })
	}
	a.do(settings{}, func(j job) bool { return j.Kind == "create_repository" && j.Attempt > 0 })
	a.section("jobs that are not completed")
	left := open()
	for _, j := range left {
		fmt.Fprintf(&a.out, "%+v\n", j)
	}
	a.section("deliveries")
	a.out.WriteString(strings.Join(a.receiver.deliveries(a.mask), "\n"))
	a.show("hooks")
	a.show("projects")
	if len(left) == 0 {
		return
	}
	g := gitalytest.Start(a.T)
	a.do(storage(g.Address()), func(job) bool { return false })
	a.section("repositories that were made")
	for _, c := range g.Calls("CreateRepository") {
		path := c.Repository.GetRelativePath()
		fmt.Fprintf(&a.out, "%s %s %s %s\n", c.Repository.GetGlRepository(), c.Repository.GetGlProjectPath(), path, g.Put(path).Head)
	}
	a.section("jobs that are not completed with a Gitaly")
	for _, j := range open() {
		fmt.Fprintf(&a.out, "%+v\n", j)
	}
}

// do makes all waiting jobs due, and runs a server with workers until only jobs
// are left that may stay.
func (a *recorder) do(with settings, mayStay func(job) bool) {
	a.Helper()
	for _, j := range a.jobs() {
		if j.State == "waiting" { // perhaps until a time that the machine's clock has not reached
			a.command("jobs", "retry", strconv.FormatInt(j.ID, 10))
		}
	}
	_, stop := a.serve(a.T, a.settings.with(settings{"jobs.workers": "4"}).with(with))
	await(a.T, "end of the jobs", func() bool {
		return !slices.ContainsFunc(a.jobs(), func(j job) bool {
			return j.State == "running" || j.State == "waiting" && !mayStay(j)
		})
	})
	stop()
}

// job is a record of `show jobs`.
type job struct {
	ID      int64
	Kind    string
	Subject int64
	State   string
	Attempt int
}

func (a *recorder) jobs() (all []job) {
	a.Helper()
	a.decode(a.command("show", "jobs", "--json"), &all)
	return all
}

// closedPort is the address of all hooks in a dump.
const closedPort = "http://127.0.0.1:9"

// fresh are the texts that differ between runs, with their replacements.
var fresh = []struct {
	shape *regexp.Regexp
	mask  string
}{
	{regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]{43}`), "<jwt>"},
	{regexp.MustCompile(`glpat-[\w-]{20,}`), "<access token>"},
	{regexp.MustCompile(`"[0-9a-f]{16}"`), `"<recovery code>"`},
	{regexp.MustCompile(`"(gitlab_rev(?:ision)?)":"[^"]*"`), `"$1":"<revision>"`},
}

var (
	randomUUID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)
	moment     = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
)

// mask replaces texts that differ between runs: tokens, codes, the revision,
// random UUIDs that are not in the dump, times within a day after the moment,
// and the receiver's address.
func (a *recorder) mask(text string) string {
	if a.receiver != nil {
		text = strings.ReplaceAll(text, a.receiver.URL, closedPort)
	}
	for _, f := range fresh {
		text = f.shape.ReplaceAllString(text, f.mask)
	}
	text = randomUUID.ReplaceAllStringFunc(text, func(id string) string {
		if strings.Contains(a.dump, id) {
			return id
		}
		return "<uuid>"
	})
	return moment.ReplaceAllStringFunc(text, func(found string) string {
		at, err := time.Parse(time.RFC3339Nano, found)
		if err != nil || at.Before(a.Moment) || at.After(a.Moment.Add(24*time.Hour)) {
			return found
		}
		return "<now>"
	})
}

func lines(text string) []string { return strings.Split(text, "\n") }

// receiver records the requests of hooks.
type receiver struct {
	*httptest.Server
	mu  sync.Mutex
	all []string
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := new(receiver)
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP takes one delivery.
func (r *receiver) ServeHTTP(_ http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	text := fmt.Sprintf("%s %s\n", request.Method, request.URL)
	for _, name := range []string{
		"Content-Type", "User-Agent", "X-Gitlab-Event", "X-Gitlab-Instance", "X-Gitlab-Token",
		"X-Gitlab-Event-Uuid", "X-Gitlab-Webhook-Uuid", "Idempotency-Key",
	} {
		text += fmt.Sprintf("%s: %s\n", name, request.Header.Get(name))
	}
	if err != nil {
		text += err.Error()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, text+string(body))
}

// deliveries returns all recorded requests, masked and sorted.
func (r *receiver) deliveries(mask func(string) string) (all []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range r.all {
		all = append(all, mask(one))
	}
	slices.Sort(all)
	return all
}
