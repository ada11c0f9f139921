package faults_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse/tests/pgtest"
	"gatehouse/tests/servertest"
	"gatehouse/tests/stores"
)

// The databases of attempts.
const (
	sqlite     = "sqlite"
	postgres   = "postgres"
	twoServers = "postgres, two servers"
)

// kind is a kind of fault.
type kind struct {
	name string
	// databases are those that it can hit.
	databases []string
	// redis says that there has to be a Redis.
	redis bool
	// stepped takes the program whose clock can be stepped.
	stepped bool
	// moreUsers make apply take longer.
	moreUsers int
	// lasts makes the fault last longer than others.
	lasts time.Duration
	// device keeps the database on a small file system of its own.
	device bool
	// everyEvent checks that the newest event of each ref arrives in time. After other
	// faults River waits for three minutes.
	everyEvent bool
	// inject makes the fault, and returns what ends it.
	inject func(a *attempt, random *rand.Rand) (heal func())
}

var (
	anyDatabase = []string{sqlite, postgres, twoServers}
	onPostgres  = []string{postgres, twoServers}
)

// slowKinds are made only where they are named.
var slowKinds = []kind{
	{name: "database-away-a-minute", databases: onPostgres, lasts: time.Minute, inject: func(a *attempt, _ *rand.Rand) func() {
		a.must(a.worker.postgres.Stop())
		return func() { a.must(a.worker.postgres.Start()) }
	}},
}

// kinds are all other kinds of faults.
var kinds = append([]kind{
	{name: "none", databases: anyDatabase, everyEvent: true, inject: func(*attempt, *rand.Rand) func() { return func() {} }},
	{name: "server-killed", databases: anyDatabase, inject: killServer},
	{name: "server-paused", databases: anyDatabase, inject: pauseServer},
	{name: "apply-killed", databases: anyDatabase, moreUsers: 300, everyEvent: true, inject: killApply},
	{name: "database-paused", databases: onPostgres, inject: func(a *attempt, _ *rand.Rand) func() {
		a.must(a.worker.postgres.Pause())
		return func() { a.must(a.worker.postgres.Resume()) }
	}},
	{name: "database-restarted", databases: onPostgres, inject: func(a *attempt, _ *rand.Rand) func() {
		a.must(a.worker.postgres.Stop())
		return func() { a.must(a.worker.postgres.Start()) }
	}},
	{name: "redis-paused", databases: anyDatabase, redis: true, inject: func(a *attempt, _ *rand.Rand) func() {
		a.must(a.worker.redis.Pause())
		return func() { a.must(a.worker.redis.Resume()) }
	}},
	{name: "redis-restarted", databases: anyDatabase, redis: true, inject: func(a *attempt, _ *rand.Rand) func() {
		a.worker.redis.Kill()
		return func() { a.must(a.worker.redis.Start()) }
	}},
	{name: "disk-full", databases: anyDatabase, inject: limitFiles},
	{name: "disk-full-database-cut", databases: onPostgres, inject: func(a *attempt, random *rand.Rand) func() {
		a.databaseProxy.Set(servertest.Closed)
		heal := limitFiles(a, random)
		return func() {
			heal()
			a.databaseProxy.Set(servertest.Open)
		}
	}},
	{name: "device-full", databases: []string{sqlite}, device: true, inject: fillDevice},
	{name: "clock-ahead", databases: anyDatabase, stepped: true, everyEvent: true, inject: stepClock(1)},
	{name: "clock-back", databases: anyDatabase, stepped: true, everyEvent: true, inject: stepClock(-1)},
}, connectionKinds()...)

// connectionKinds cut, refuse, silence and slow down the connections to each of the
// servers' neighbours.
func connectionKinds() (all []kind) {
	modes := map[string]servertest.ProxyMode{"closed": servertest.Closed, "refused": servertest.Refused, "silent": servertest.Silent, "slow": servertest.Slow}
	for _, mode := range []string{"closed", "refused", "silent", "slow"} {
		for _, to := range []struct {
			name  string
			on    []string
			proxy func(*attempt) *servertest.Proxy
		}{
			{"database", onPostgres, func(a *attempt) *servertest.Proxy { return a.databaseProxy }},
			{"redis", anyDatabase, func(a *attempt) *servertest.Proxy { return a.redisProxy }},
			{"gitaly", anyDatabase, func(a *attempt) *servertest.Proxy { return a.gitalyProxy }},
			{"receiver", anyDatabase, func(a *attempt) *servertest.Proxy { return a.receiverProxy }},
		} {
			all = append(all, kind{
				name: to.name + "-" + mode, databases: to.on, redis: to.name == "redis", everyEvent: to.name == "receiver",
				inject: func(a *attempt, _ *rand.Rand) func() {
					to.proxy(a).Set(modes[mode])
					return func() { to.proxy(a).Set(servertest.Open) }
				},
			})
		}
	}
	return all
}

// must ends the attempt if the harness fails.
func (a *attempt) must(err error) {
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *attempt) anyServer(random *rand.Rand) *server { return a.servers[random.IntN(len(a.servers))] }

// killServer kills a server, or all. Some are killed again while they start.
func killServer(a *attempt, random *rand.Rand) func() {
	killed := a.servers
	if random.IntN(2) == 0 {
		killed = []*server{a.anyServer(random)}
	}
	for _, s := range killed {
		s.kill()
	}
	return func() {
		for _, s := range killed {
			if random.IntN(3) == 0 {
				a.must(s.startAndKill(time.Duration(random.Int64N(int64(100 * time.Millisecond)))))
			}
			if err := s.start(); err != nil {
				a.report(checkHealth, "after it was killed: %v", err)
			}
		}
	}
}

func pauseServer(a *attempt, random *rand.Rand) func() {
	process := a.anyServer(random).command.Process
	a.must(process.Signal(pauseSignal))
	return func() { a.must(process.Signal(resumeSignal)) }
}

// killApply kills the next apply, somewhere in its work.
func killApply(a *attempt, random *rand.Rand) func() {
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if a.applying.Load() == nil {
			continue
		}
		time.Sleep(time.Duration(random.Int64N(int64(400 * time.Millisecond))))
		if process := a.applying.Load(); process != nil && process.Kill() == nil {
			break
		}
	}
	return func() {}
}

// limitFiles lets no file of a server grow beyond a size that the database needs at
// once: zero, with which nothing can be written, or a page, which leaves room for
// other files.
func limitFiles(a *attempt, random *rand.Rand) func() {
	limit := []string{"0", "4096"}[random.IntN(2)]
	set := func(limit string) {
		for _, s := range a.servers {
			out, err := exec.Command("prlimit", "--pid", strconv.Itoa(s.command.Process.Pid), "--fsize="+limit+":unlimited").CombinedOutput()
			if err != nil {
				a.t.Fatalf("prlimit: %v\n%s", err, out)
			}
		}
	}
	set(limit)
	return func() { set("unlimited") }
}

// fillDevice fills the file system of the database to the last byte.
func fillDevice(a *attempt, _ *rand.Rand) func() {
	name := filepath.Join(a.file("device"), "filler")
	filler, err := os.Create(name)
	a.must(err)
	for size := 1 << 20; size > 0; {
		if _, err := filler.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	a.must(filler.Close())
	return func() { a.must(os.Remove(name)) }
}

// stepClock makes the servers' clock jump by hours, and at the end back.
func stepClock(direction time.Duration) func(*attempt, *rand.Rand) func() {
	return func(a *attempt, random *rand.Rand) func() {
		step := direction * time.Duration(1+random.IntN(5)) * time.Hour
		if random.IntN(4) == 0 {
			step *= 24 * 40 // longer than deliveries are kept
		}
		set := func(text string) {
			a.write("clock.new", text)
			a.must(os.Rename(a.file("clock.new"), a.file("clock")))
		}
		set(step.String())
		return func() { set("0s") }
	}
}

// absence returns why attempts of this kind cannot be made here, or nothing.
func (k kind) absence(w *worker) string {
	if k.redis && w.redis == nil {
		return "there is no redis-server"
	}
	if len(k.databases) == len(onPostgres) && w.postgres == nil {
		return "there is no PostgreSQL to stop and start"
	}
	if k.name == "disk-full" || k.name == "disk-full-database-cut" {
		if _, err := exec.LookPath("prlimit"); err != nil {
			return "there is no prlimit"
		}
	}
	if k.device && !mayMount() {
		return "no file system may be mounted"
	}
	return ""
}

// mayMount says whether this process may mount file systems.
var mayMount = sync.OnceValue(func() bool {
	dir, err := os.MkdirTemp("", "faults")
	if err != nil {
		return false
	}
	defer os.RemoveAll(dir)
	return mount(dir) == nil && unmount(dir) == nil
})

func mount(dir string) error {
	return exec.Command("mount", "-t", "tmpfs", "-o", "size=16m", "none", dir).Run()
}

func unmount(dir string) error { return exec.Command("umount", "--lazy", dir).Run() }

// worker has what one attempt at a time may break.
type worker struct {
	postgres  *pgtest.Owned     // nil if there is none
	redis     *servertest.Redis // nil if there is none
	redisLast atomic.Int32
}

// nextRedis returns the number of a database in Redis.
func (w *worker) nextRedis() int { return int(w.redisLast.Add(1) % 16) }

// startWorker starts a worker's own PostgreSQL and Redis, and says loudly what is missing.
func startWorker(t *testing.T) *worker {
	w := new(worker)
	var err error
	if w.postgres, err = pgtest.Start(t); err != nil {
		reportAbsence(t, "NO POSTGRESQL to stop and start: %v", err)
	}
	if _, err := exec.LookPath("redis-server"); err != nil {
		reportAbsence(t, "NO REDIS: the Debian package redis-server has it")
	} else {
		w.redis = servertest.StartRedis(t)
	}
	return w
}

// reportAbsence says what cannot be tested here, which is a failure if CI is set.
func reportAbsence(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Errorf(format+" (CI is set)", args...)
		return
	}
	fmt.Fprintf(os.Stderr, "faults: "+format+"\n", args...)
}

// openDatabase makes the database and returns its URL for the servers.
func (a *attempt) openDatabase() string {
	if a.database == sqlite {
		file := stores.SQLiteFile(a.t)
		if !a.kind.device {
			return file
		}
		device := a.file("device")
		a.must(os.Mkdir(device, 0o700))
		a.must(mount(device))
		a.t.Cleanup(func() { a.must(unmount(device)) })
		text, err := os.ReadFile(file)
		a.must(err)
		a.write("device/gatehouse.db", string(text))
		return a.file("device/gatehouse.db")
	}
	var url string
	a.databaseProxy, url = servertest.NewProxy(a.t, stores.Own(a.t, a.worker.postgres))
	return url
}

// choose returns the kind and the database of an attempt: of kinds, unless one is named.
func choose(seed uint64, named string, w *worker) (kind, string, error) {
	k := kinds[seed%uint64(len(kinds))]
	if named != "" {
		k.name = ""
		for _, other := range append(slowKinds, kinds...) {
			if other.name == named {
				k = other
			}
		}
		if k.name == "" {
			return kind{}, "", fmt.Errorf("there is no kind %q", named)
		}
	}
	databases := k.databases
	if w.postgres == nil {
		databases = []string{sqlite}
	}
	return k, databases[rand.New(rand.NewPCG(seed, 1)).IntN(len(databases))], nil
}
