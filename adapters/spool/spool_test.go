package spool_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"pgregory.net/rapid"

	"gatehouse/adapters/spool"
	"gatehouse/application/pushes"
	"gatehouse/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const mebibyte = 1 << 20

var now = time.Date(2026, 5, 1, 12, 0, 0, 123456000, time.UTC)

// later is a clock at which every file is old enough to be judged.
func later() time.Time { return time.Now().Add(time.Hour) }

func newFolder(path string) *spool.Folder { return spool.New(path, mebibyte, later, zap.NewNop()) }

// pushOf returns a push with an entry id of its own.
func pushOf(repository string, number int) pushes.Push {
	return pushes.Push{EntryID: fmt.Sprint("entry-", number), Repository: repository, Identifier: "key-11", Changes: "a b refs/heads/main\n", ReceivedAt: now}
}

// receiver records pushes, unless fail returns an error for one.
type receiver struct {
	mu        sync.Mutex
	fail      func(p pushes.Push) error
	failCount error
	recorded  []pushes.Push
	decreased []string
}

func (r *receiver) RecordWaiting(_ context.Context, p pushes.Push) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		if err := r.fail(p); err != nil {
			return err
		}
	}
	r.recorded = append(r.recorded, p)
	return nil
}

func (r *receiver) DecreaseWaiting(_ context.Context, p pushes.Push) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failCount == nil {
		r.decreased = append(r.decreased, p.EntryID)
	}
	return r.failCount
}

// ids returns the entry ids that were recorded.
func (r *receiver) ids() (out []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.recorded {
		out = append(out, p.EntryID)
	}
	return out
}

// replay opens the folder as a new server does, and looks into it once.
func replay(t interface{ Context() context.Context }, path string, r spool.Receiver) {
	replayer := spool.NewReplayer(newFolder(path), r, time.Hour)
	replayer.Replay(t.Context())
	replayer.Release()
}

// add fails the test unless all pushes are added.
func add(t *testing.T, f *spool.Folder, list ...pushes.Push) {
	t.Helper()
	for _, p := range list {
		if err := f.Add(p); err != nil {
			t.Fatal(err)
		}
	}
}

// files returns the names of the files in a folder, but for the lock.
func files(t *testing.T, path string) (names []string) {
	t.Helper()
	all, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range all {
		if file.Name() != "lock" {
			names = append(names, file.Name())
		}
	}
	return names
}

func TestFolder_anyBytes(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		path, err := os.MkdirTemp(folder, "")
		if err != nil {
			t.Fatal(err)
		}
		text := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
		p := pushes.Push{
			EntryID: "018f-Aa", ReceivedAt: now, Repository: "x" + text.Draw(t, "repository"), Identifier: text.Draw(t, "identifier"),
			Changes: text.Draw(t, "changes"), Options: rapid.SliceOf(text).Draw(t, "options"),
		}
		if err := newFolder(path).Add(p); err != nil {
			t.Fatal(err)
		}
		r := new(receiver)
		replay(t, path, r)
		if len(p.Options) == 0 {
			p.Options = nil
		}
		if diff := cmp.Diff([]pushes.Push{p}, r.recorded); diff != "" {
			t.Fatalf("-want +got\n%s", diff)
		}
	})
}

func TestFolder_files(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "spool")
	f := newFolder(path)
	if others, _ := f.Waiting("project-1"); others {
		t.Error("a push waits in a folder that is not there")
	}
	replay(t, path, new(receiver))
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder was made before a push needed it: %v", err)
	}
	add(t, f, pushOf("project-1", 1), pushOf("project-2", 2))
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: got %v, %v", info, err)
	}
	for _, name := range files(t, path) {
		if info, err := os.Stat(filepath.Join(path, name)); err != nil || info.Mode().Perm() != 0o600 || !strings.HasSuffix(name, ".json") {
			t.Errorf("%s: got %v, %v", name, info.Mode(), err)
		}
	}
	for queue, want := range map[string]bool{"project-1": true, "project-2": true, "project-3": false} {
		if others, same := f.Waiting(queue); !others || same != want {
			t.Errorf("%s: got %t, %t", queue, others, same)
		}
	}
	r := new(receiver)
	replay(t, path, r)
	if diff := cmp.Diff([]string{"entry-1", "entry-2"}, r.ids()); diff != "" || len(files(t, path)) > 0 || !cmp.Equal(r.decreased, r.ids()) {
		t.Errorf("recorded %v, decreased %v, left %v", r.ids(), r.decreased, files(t, path))
	}
}

// TestFolder_clockBack wants entries in the order in which they were added, whatever
// the clock says.
func TestFolder_clockBack(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	var want []string
	for i := range 20 {
		// A new process every fourth time, and an hour earlier each time.
		clock := func() time.Time { return now.Add(-time.Duration(i) * time.Hour) }
		f := spool.New(path, mebibyte, clock, zap.NewNop())
		r := spool.NewReplayer(f, &receiver{fail: func(pushes.Push) error { return domain.Unavailable }}, time.Hour)
		r.Replay(t.Context())
		r.Release()
		for j := range 4 {
			add(t, f, pushOf("project-1", 4*i+j))
			want = append(want, fmt.Sprint("entry-", 4*i+j))
		}
	}
	r := new(receiver)
	replay(t, path, r)
	if diff := cmp.Diff(want, r.ids()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestFolder_full(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	f := spool.New(path, 10<<10, later, zap.NewNop())
	add(t, f, pushOf("project-1", 1), pushOf("project-1", 2))
	if err := f.Add(pushOf("project-1", 3)); err == nil || !strings.Contains(err.Error(), "spool.max_mib") {
		t.Errorf("got %v", err)
	}
	replay(t, path, new(receiver))
	replayer := spool.NewReplayer(f, new(receiver), time.Hour)
	replayer.Replay(t.Context())
	defer replayer.Release()
	add(t, f, pushOf("project-1", 3))
	if err := spool.New("", mebibyte, later, zap.NewNop()).Add(pushOf("project-1", 1)); err == nil {
		t.Error("a push was added to no folder")
	}
}

func TestFolder_noFolder(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(t.TempDir(), "no", "such"), file, filepath.Join(file, "below")} {
		f := newFolder(path)
		if err := f.Add(pushOf("project-1", 1)); err == nil {
			t.Errorf("%s: got no error", path)
		}
		if others, same := f.Waiting("project-1"); others || same {
			t.Errorf("%s: a push waits that was not added", path)
		}
		if err := spool.Usable(path); err == nil {
			t.Errorf("%s is usable", path)
		}
	}
}

// TestFolder_LogPush saves the log line of a push as a file, as deploy/README.md says.
func TestFolder_LogPush(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	var log strings.Builder
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&log), zap.InfoLevel)
	f := spool.New(path, mebibyte, later, zap.New(core))
	p := pushOf("project-1", 1)
	p.Options, p.Changes = []string{"ci.variable=<K>&\u2028\"", "\xff\x00"}, "a b refs/heads/\xe9\n"
	f.LogPush(p, errors.New("no space left on device"))
	add(t, f, pushOf("project-1", 2))
	var line struct {
		Level, File, Error string
		Entry              json.RawMessage
	}
	if err := json.Unmarshal([]byte(strings.SplitAfter(log.String(), "\n")[0]), &line); err != nil || line.Level != "error" || line.Error != "no space left on device" {
		t.Fatalf("got %+v, %v", line, err)
	}
	if err := os.WriteFile(filepath.Join(path, line.File), line.Entry, 0o600); err != nil {
		t.Fatal(err)
	}
	r := new(receiver)
	replay(t, path, r)
	if len(r.recorded) != 2 || !cmp.Equal(r.recorded[0], p) {
		t.Errorf("recorded %+v", r.recorded)
	}
}

// TestReplayer_broken wants files that cannot be read to be reported once and kept, and
// the others to be recorded.
func TestReplayer_broken(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	add(t, newFolder(path), pushOf("project-1", 1), pushOf("project-2", 2))
	whole, err := os.ReadFile(filepath.Join(path, files(t, path)[0]))
	if err != nil {
		t.Fatal(err)
	}
	set := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(path, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	left := strings.Replace(string(whole), "entry-1", "entry-3", 1)
	set("00000000000000000001-cut.json", string(whole[:len(whole)/2]))
	set("00000000000000000002-empty.json", "")
	set("00000000000000000003-zeros.json", strings.Repeat("\x00", 300))
	set("00000000000000000004-id.json", strings.Replace(string(whole), "entry-1", "../x\\u0000", 1))
	set("00000000000000000005-newer.json", strings.Replace(string(whole), `"version":1`, `"version":2`, 1))
	set("00000000000000000006-left.json.tmp", left)
	set("00000000000000000007-cut.json.tmp", left[:20])
	set("by hand.json", strings.Replace(string(whole), "entry-1", "entry-4", 1))
	set("notes.txt", "not an entry")

	core, logged := observer.New(zap.InfoLevel)
	r := new(receiver)
	replayer := spool.NewReplayer(spool.New(path, mebibyte, later, zap.New(core)), r, time.Hour)
	defer replayer.Release()
	for range 3 {
		replayer.Replay(t.Context())
	}
	if diff := cmp.Diff([]string{"entry-3", "entry-4", "entry-1", "entry-2"}, r.ids()); diff != "" {
		t.Errorf("recorded, -want +got\n%s", diff)
	}
	want := []string{
		"00000000000000000001-cut.json.broken", "00000000000000000002-empty.json.broken", "00000000000000000003-zeros.json.broken",
		"00000000000000000004-id.json.broken", "00000000000000000005-newer.json", "00000000000000000007-cut.json.tmp.broken", "notes.txt",
	}
	if diff := cmp.Diff(want, files(t, path)); diff != "" {
		t.Errorf("files, -want +got\n%s", diff)
	}
	if got := logged.FilterLevelExact(zap.ErrorLevel).Len(); got != 6 {
		t.Errorf("got %d errors, want one for each of 6 files: %v", got, logged.All())
	}
	found, err := spool.Inspect(path)
	if err != nil || found.Waiting != 0 || len(found.Broken) != 6 {
		t.Errorf("Inspect: got %+v, %v", found, err)
	}
}

// TestReplayer_young leaves a file alone that may still be being written.
func TestReplayer_young(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	for _, name := range []string{"a.json", "b.json.tmp"} {
		if err := os.WriteFile(filepath.Join(path, name), []byte(`{"vers`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	replayer := spool.NewReplayer(spool.New(path, mebibyte, func() time.Time { return time.Now().Add(-time.Hour) }, zap.NewNop()), new(receiver), time.Hour)
	replayer.Replay(t.Context())
	replayer.Release()
	if diff := cmp.Diff([]string{"a.json", "b.json.tmp"}, files(t, path)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestReplayer_queues wants a push that cannot be recorded to hold up its repository
// alone, and a database that is away to be asked once.
func TestReplayer_queues(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	f := newFolder(path)
	add(t, f, pushOf("project-1", 1), pushOf("project-2", 2), pushOf("project-1", 3), pushOf("project-3", 4))
	attempts := 0
	r := &receiver{fail: func(p pushes.Push) error {
		attempts++
		if p.Repository == "project-1" {
			return errors.New("the database refuses this one")
		}
		return nil
	}}
	replayer := spool.NewReplayer(f, r, time.Hour)
	defer replayer.Release()
	replayer.Replay(t.Context())
	if diff := cmp.Diff([]string{"entry-2", "entry-4"}, r.ids()); diff != "" || attempts != 3 {
		t.Errorf("after %d attempts recorded %v", attempts, r.ids())
	}
	add(t, f, pushOf("project-4", 5))
	attempts = 0
	r.fail = func(p pushes.Push) error {
		attempts++
		if p.Repository == "project-1" {
			return fmt.Errorf("a row is locked: %w", domain.Unavailable)
		}
		return nil
	}
	if replayer.Replay(t.Context()); attempts != 1 {
		t.Errorf("a database that is away was asked %d times", attempts)
	}
	if replayer.Replay(t.Context()); len(r.ids()) != 3 {
		t.Errorf("the other repositories do not come first: recorded %v", r.ids())
	}
	if others, same := f.Waiting("project-1"); !others || !same {
		t.Error("no push waits")
	}
	r.fail = nil
	replayer.Replay(t.Context())
	if diff := cmp.Diff([]string{"entry-2", "entry-4", "entry-5", "entry-1", "entry-3"}, r.ids()); diff != "" || len(files(t, path)) > 0 {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestReplayer_counter wants a counter that cannot be decreased to hold up no push.
func TestReplayer_counter(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	f := newFolder(path)
	add(t, f, pushOf("project-1", 1), pushOf("project-1", 2))
	r := &receiver{failCount: errors.New("redis is away")}
	replayer := spool.NewReplayer(f, r, time.Hour)
	defer replayer.Release()
	for range 2 {
		replayer.Replay(t.Context())
	}
	if others, _ := f.Waiting("project-1"); others || len(r.recorded) != 2 || len(files(t, path)) != 2 {
		t.Errorf("pushes wait: %t, recorded %v", others, r.recorded)
	}
	r.failCount = nil
	replayer.Replay(t.Context())
	if len(r.recorded) != 2 || len(r.decreased) != 2 || len(files(t, path)) > 0 {
		t.Errorf("recorded %v, decreased %v", r.recorded, r.decreased)
	}
}

// TestReplayer_log wants a line when pushes begin to wait and one when none does any
// more, and none for each attempt.
func TestReplayer_log(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "spool")
	synctest.Test(t, func(t *testing.T) {
		core, logged := observer.New(zap.InfoLevel)
		f := spool.New(path, mebibyte, time.Now, zap.New(core))
		r := &receiver{fail: func(pushes.Push) error { return domain.Unavailable }}
		replayer := spool.NewReplayer(f, r, spool.Interval)
		replayer.Stop() // has no effect before Start
		replayer.Start()
		defer replayer.Stop()
		time.Sleep(time.Minute)
		add(t, f, pushOf("project-1", 1), pushOf("project-1", 2), pushOf("project-2", 3))
		time.Sleep(time.Minute)
		r.mu.Lock()
		r.fail = nil
		r.mu.Unlock()
		time.Sleep(time.Minute)
		if got := r.ids(); len(got) != 3 {
			t.Errorf("recorded %v", got)
		}
		lines := logged.All()
		if len(lines) != 2 || lines[0].Message != "pushes wait to be recorded" || lines[1].Message != "no push waits any more" || lines[1].ContextMap()["pushes"] != int64(3) {
			t.Fatalf("got %v", lines)
		}
		if took := lines[1].ContextMap()["for"].(time.Duration); took < time.Minute || took > time.Minute+2*spool.Interval {
			t.Errorf("pushes waited for %v", took)
		}
	})
}

// TestReplayer_twoServers lets two servers share a folder: one replays the entries of
// both, and when it ends the other one takes over.
func TestReplayer_twoServers(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var folders [2]*spool.Folder
		var receivers [2]*receiver
		var servers [2]*spool.Replayer
		for i := range servers {
			folders[i], receivers[i] = spool.New(path, mebibyte, time.Now, zap.NewNop()), new(receiver)
			servers[i] = spool.NewReplayer(folders[i], receivers[i], spool.Interval)
			servers[i].Start()
			synctest.Wait()
		}
		defer servers[1].Stop()
		var want []string
		for i := range 10 {
			add(t, folders[i%2], pushOf("project-1", i))
			want = append(want, fmt.Sprint("entry-", i))
			time.Sleep(time.Millisecond)
		}
		time.Sleep(2 * spool.Interval)
		if diff := cmp.Diff(want, receivers[0].ids()); diff != "" || len(receivers[1].ids()) > 0 {
			t.Errorf("by the first: -want +got\n%s\nby the second: %v", diff, receivers[1].ids())
		}
		if others, _ := folders[1].Waiting("project-1"); others {
			t.Error("the second server does not see that its pushes are recorded")
		}
		servers[0].Stop()
		add(t, folders[0], pushOf("project-1", 10)) // as in the drain
		time.Sleep(2 * spool.Interval)
		if diff := cmp.Diff([]string{"entry-10"}, receivers[1].ids()); diff != "" {
			t.Errorf("after the takeover, -want +got\n%s", diff)
		}
	})
}
