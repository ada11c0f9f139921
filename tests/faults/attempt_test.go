package faults_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse/tests/gitalytest"
	"gatehouse/tests/servertest"
)

// counterExpiry is the setting counters.expiry.
const counterExpiry = time.Second

// The checks of an attempt, as the table names them.
const (
	checkRights   = "rights"
	checkPushes   = "pushes"
	checkCounters = "counters"
	checkEvents   = "events"
	checkHealth   = "health"
)

// attempt is one time that servers run, meet a fault and recover.
type attempt struct {
	t         *testing.T
	kind      kind
	seed      uint64
	worker    *worker
	database  string
	withRedis bool
	plant     string // a fault of the program; empty for none
	// patience is how long the harness waits for what a server does later.
	patience time.Duration

	dir     string
	binary  string
	environ []string
	servers []*server
	// The proxies between the servers and what they need. That of a database or a Redis
	// that is not used is nil.
	databaseProxy, redisProxy, gitalyProxy, receiverProxy *servertest.Proxy
	gitaly                                                *gitalytest.Server
	receiver                                              *receiver
	subjects                                              []*subject
	changes                                               [][]change
	pushes                                                pushes

	phase    atomic.Int32
	stopped  atomic.Bool
	requests atomic.Int64
	// applying is the apply under way, and applies counts their beginnings and ends.
	applying atomic.Pointer[os.Process]
	applies  atomic.Int64
	figures  figures

	mu       sync.Mutex
	findings []finding
}

// finding is one thing that is wrong.
type finding struct{ check, text string }

// figures are what the table sums up.
type figures struct {
	acknowledged, recorded, logged, lost, events int
	recovery                                     time.Duration
}

// report notes that something is wrong.
func (a *attempt) report(check, format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.findings) < 100 {
		a.findings = append(a.findings, finding{check, fmt.Sprintf(format, args...)})
	}
}

// found returns how many findings a check has.
func (a *attempt) found(check string) (n int) {
	for _, f := range a.findings {
		if f.check == check {
			n++
		}
	}
	return n
}

func (a *attempt) file(name string) string { return filepath.Join(a.dir, name) }

// random returns a source of the attempt's random numbers. Each goroutine has its own.
func (a *attempt) random(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(a.seed, stream)) }

// pause waits at most for that time, and says whether the attempt ends.
func (a *attempt) pause(random *rand.Rand, most time.Duration) (ends bool) {
	time.Sleep(time.Duration(random.Int64N(int64(most))))
	return a.stopped.Load()
}

// run starts servers, lets readers and writers use them, injects the fault and heals it,
// and checks everything.
func (a *attempt) run() {
	random := a.random(0)
	a.setUp(random)
	var work sync.WaitGroup
	for n := range 2 {
		work.Go(func() { a.makePushes(n, a.random(uint64(10+n))) })
		work.Go(func() { a.read(a.random(uint64(20 + n))) })
	}
	work.Go(func() { a.administer(a.random(30)) })
	between := func(low, high time.Duration) { time.Sleep(low + time.Duration(random.Int64N(int64(high-low)))) }

	between(50*time.Millisecond, 400*time.Millisecond)
	a.phase.Store(faulty)
	heal := a.kind.inject(a, random)
	between(50*time.Millisecond, 700*time.Millisecond)
	time.Sleep(a.kind.lasts)
	heal()
	a.awaitHealth()
	a.phase.Store(healed)
	between(100*time.Millisecond, 250*time.Millisecond)
	a.stopped.Store(true)
	work.Wait()

	a.checkRights(random)
	if a.kind.everyEvent {
		a.awaitEvents()
	}
	a.checkPushes()
	a.checkCounters()
	for _, s := range a.servers {
		for _, line := range s.log.lines("panic") {
			a.report(checkHealth, "the log has a panic: %s", line)
		}
	}
	a.receiver.mu.Lock()
	defer a.receiver.mu.Unlock()
	a.figures.events = a.receiver.events
}

// setUp starts everything that the attempt needs.
func (a *attempt) setUp(random *rand.Rand) {
	t := a.t
	a.subjects = newSubjects()
	a.changes = [][]change{changesOf(0), changesOf(1)}
	a.gitaly = gitalytest.Start(t)
	fillGitaly(a.gitaly, a.changes)
	a.receiver = a.startReceiver(t, a.random(40))
	a.gitalyProxy = servertest.Forward(t, strings.TrimPrefix(a.gitaly.Address(), "tcp://"))
	a.receiverProxy = servertest.Forward(t, strings.TrimPrefix(a.receiver.URL, "http://"))
	url := a.openDatabase()
	settings := fmt.Sprintf(`
http: {address: "127.0.0.1:0"}
database: {url: %q}
shell: {secret_file: %q}
instance: {key_file: %q}
kas: {enabled: false}
gitaly: {storages: [{name: default, address: "tcp://%s"}]}
counters: {expiry: %s}
git: {rate_limit: 0}
jobs: {poll_interval: 20ms, retry_delay: 2ms}
webhooks: {backoff: 20ms, timeout: 5s, allow_local_requests: true}
log: {format: json}
`, url, a.file("secret"), a.file("key"), a.gitalyProxy.Address, counterExpiry)
	if a.withRedis {
		a.redisProxy = servertest.Forward(t, a.worker.redis.Address)
		// Attempts share a Redis, so each has a database of its own there.
		settings += fmt.Sprintf("redis: {url: \"redis://%s/%d\"}\n", a.redisProxy.Address, a.worker.nextRedis())
	}
	a.write("gatehouse.yaml", settings)
	a.write("secret", secret)
	a.write("key", strings.Repeat("instance", 5))
	a.write("clock", "0s")
	a.write("base.yaml", baseWorld("http://"+a.receiverProxy.Address).String())
	a.environ = append(os.Environ(), "FAULTS_CLOCK="+a.file("clock"), "FAULTS_PLANT="+a.plant)
	count := 1
	if a.database == twoServers {
		count = 2
	}
	for n := range count {
		s := &server{a: a, dir: a.file(fmt.Sprint("server-", n)), log: newServerLog()}
		if err := os.Mkdir(s.dir, 0o700); err != nil {
			t.Fatal(err)
		}
		a.servers = append(a.servers, s)
		t.Cleanup(s.kill)
		if err := s.start("--world", a.file("base.yaml")); err != nil {
			t.Fatalf("%v\n%s", err, s.log.text.String())
		}
	}
}

// awaitHealth waits until all servers are healthy, and measures it.
func (a *attempt) awaitHealth() {
	began := time.Now()
	for _, s := range a.servers {
		for !s.healthy() {
			if time.Since(began) > startTimeout {
				a.report(checkHealth, "a server is not healthy %v after the fault", time.Since(began))
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	a.figures.recovery = time.Since(began)
}

// read asks about rights until the attempt ends.
func (a *attempt) read(random *rand.Rand) {
	for !a.pause(random, 6*time.Millisecond) {
		a.readOne(a.servers[random.IntN(len(a.servers))], a.subjects[random.IntN(len(a.subjects))])
	}
}

// readOne asks about one right. While an apply runs, or after one that failed, a
// refusal of anything is right.
func (a *attempt) readOne(to *server, s *subject) {
	moment, applies := s.moment(), a.applies.Load()
	status, text := a.ask(to, "/allowed", s.question)
	var got verdicts
	switch status {
	case http.StatusOK:
		got = allowed
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		got = refused
	default:
		return // without an answer nothing is decided
	}
	right := s.since(moment)
	if got&right != 0 {
		return
	}
	if got == allowed {
		a.report(checkRights, "%s: allowed, but forbidden by every world since the question", s.name)
	} else if applies%2 == 0 && applies == a.applies.Load() {
		a.report(checkRights, "%s: refused, but allowed by every world since the question: %s", s.name, text)
	}
}

// administer changes rights until the attempt ends.
func (a *attempt) administer(random *rand.Rand) {
	for !a.pause(random, 80*time.Millisecond) {
		for n := 1 + random.IntN(2); n > 0; n-- {
			s := a.subjects[random.IntN(len(a.subjects))]
			s.begin(!s.given)
		}
		a.apply()
	}
}

// apply applies a world file with the present state of all rights, again and again
// until that succeeds. Between the first beginning and the success a.applies is odd.
func (a *attempt) apply() {
	a.applies.Add(1)
	world := rows{}
	for _, s := range a.subjects {
		world.add(s.rows(s.given))
	}
	for n := range a.kind.moreUsers {
		world.add(rows{"users": {fmt.Sprintf("{id: %d, username: more-%[1]d}", 1000+n)}})
	}
	a.write("world.yaml", world.String())
	for {
		phase := a.phase.Load()
		out, err := a.applyOnce()
		if err == nil {
			break
		}
		if phase != faulty && phase == a.phase.Load() {
			a.report(checkHealth, "apply without a fault: %v: %s", err, out)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	for _, s := range a.subjects {
		s.end()
	}
	a.applies.Add(1)
}

func (a *attempt) applyOnce() (out string, err error) {
	var text strings.Builder
	command := exec.Command(a.binary, "apply", "--config", a.file("gatehouse.yaml"), a.file("world.yaml"))
	command.Dir, command.Env, command.Stdout, command.Stderr = a.dir, a.environ, &text, &text
	if err := command.Start(); err != nil {
		return "", err
	}
	a.applying.Store(command.Process)
	err = command.Wait()
	a.applying.Store(nil)
	return text.String(), err
}

// checkRights applies a last world, and asks every server about all rights.
func (a *attempt) checkRights(random *rand.Rand) {
	for _, s := range a.subjects {
		s.begin(random.IntN(2) == 0)
	}
	a.apply()
	for _, to := range a.servers {
		for _, s := range a.subjects {
			a.readOne(to, s)
		}
	}
}

// evidence returns the findings by check, and the end of the logs.
func (a *attempt) evidence() string {
	var text strings.Builder
	byCheck := map[string][]string{}
	for _, f := range a.findings {
		byCheck[f.check] = append(byCheck[f.check], f.text)
	}
	for _, check := range slices.Sorted(maps.Keys(byCheck)) {
		list := byCheck[check]
		for _, line := range list[:min(4, len(list))] {
			fmt.Fprintf(&text, "\n  %s: %s", check, line)
		}
		if len(list) > 4 {
			fmt.Fprintf(&text, "\n  %s: … %d more", check, len(list)-4)
		}
	}
	for n, s := range a.servers {
		lines := slices.Concat(s.log.lines(`"level":"error"`), s.log.lines(`"level":"warn"`))
		for _, line := range lines[max(0, len(lines)-3):] {
			fmt.Fprintf(&text, "\n  log of server %d: %.600s", n, line)
		}
	}
	return text.String()
}
