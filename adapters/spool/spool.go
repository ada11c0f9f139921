// Package spool keeps pushes in a folder that could not be recorded, a file for each,
// and has them recorded in order as soon as that is possible.
//
// Servers may share the folder. Each adds to it; the one that holds its lock replays it.
package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"gatehouse/application"
	"gatehouse/application/pushes"
)

// Folder implements pushes.Spool. It is safe for concurrent use, by several processes
// too.
type Folder struct {
	path  string
	limit int64
	now   application.Clock
	log   *zap.Logger
	// writers bounds how many files are written at once, each by a thread.
	writers chan struct{}

	mu      sync.Mutex
	entries map[string]*entry // by file name
	// queues are how many entries of each queue are not recorded yet.
	queues map[string]int
	// size is the room that all entries take.
	size int64
	// latest is the highest number that was given to an entry.
	latest int64
	// scans counts how often the folder was read.
	scans int
	// reported are the problems with files that are in the log, by name.
	reported map[string]string
	// since is when the first of the entries came that are here now, and total how
	// many have come since.
	since time.Time
	total int
}

// entry is what is known of a file.
type entry struct {
	name   string
	queue  string
	number int64
	size   int64
	// writing says that the file is not complete yet.
	writing bool
	// scan is the scan during which it was written.
	scan int
	// recorded says that only its counter is to be decreased.
	recorded bool
}

const (
	lockName      = "lock"
	tempSuffix    = ".tmp"
	brokenSuffix  = ".broken"
	folderMode    = 0o700
	fileMode      = 0o600
	maxWriters    = 8
	maxClockAhead = 24 * time.Hour
)

// New returns the spool in the folder at path, which is made when the first push is
// added. Its entries take limit bytes at most. With an empty path it keeps nothing.
func New(path string, limit int64, now application.Clock, log *zap.Logger) *Folder {
	return &Folder{
		path: path, limit: limit, now: now, log: log, writers: make(chan struct{}, maxWriters),
		entries: map[string]*entry{}, queues: map[string]int{}, reported: map[string]string{},
	}
}

// Waiting implements pushes.Spool.
func (f *Folder) Waiting(queue string) (others, same bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.queues) > 0, f.queues[queue] > 0
}

var errNone = errors.New("there is no spool without a database")

// Add implements pushes.Spool. It fails if the folder is full or cannot be written.
func (f *Folder) Add(p pushes.Push) error {
	if f.path == "" {
		return errNone
	}
	content, err := write(p)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	e, err := f.reserve(p, onDisk(len(content)))
	if err != nil {
		return err
	}
	f.writers <- struct{}{}
	err = f.store(e.name, content)
	<-f.writers
	if err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.total--
		f.drop(e)
		return fmt.Errorf("spool: %w", err)
	}
	f.complete(e)
	return nil
}

// reserve returns an entry with its place among the others. A file of that name is not
// there yet.
func (f *Folder) reserve(p pushes.Push, size int64) (*entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.size+size > f.limit {
		return nil, fmt.Errorf("spool: %s is full: its entries take %d KiB, and spool.max_mib allows %d", f.path, f.size>>10, f.limit>>10)
	}
	number := f.nextNumber()
	e := &entry{name: fileName(number, p), queue: p.Queue(), number: number, size: size, writing: true}
	f.put(e)
	return e, nil
}

// nextNumber returns a number higher than all before, also if the clock was set back.
// The caller holds mu.
func (f *Folder) nextNumber() int64 {
	f.latest = max(f.now().UnixNano(), f.latest+1)
	return f.latest
}

// complete says that the file of an entry is there.
func (f *Folder) complete(e *entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e.writing, e.scan = false, f.scans
	f.announce()
}

// put takes an entry in. The caller holds mu.
func (f *Folder) put(e *entry) {
	f.entries[e.name] = e
	f.queues[e.queue]++
	f.size += e.size
	f.total++
	if f.now().Add(maxClockAhead).UnixNano() > e.number {
		f.latest = max(f.latest, e.number)
	}
}

// drop forgets an entry. The caller holds mu.
func (f *Folder) drop(e *entry) {
	delete(f.entries, e.name)
	f.size -= e.size
	if !e.recorded {
		f.unqueue(e)
	}
	if len(f.entries) > 0 {
		return
	}
	if !f.since.IsZero() {
		f.log.Info("no push waits any more", zap.Int("pushes", f.total), zap.Duration("for", f.now().Sub(f.since)))
	}
	f.since, f.total = time.Time{}, 0
}

func (f *Folder) unqueue(e *entry) {
	if f.queues[e.queue]--; f.queues[e.queue] == 0 {
		delete(f.queues, e.queue)
	}
}

// announce logs that pushes begin to wait. The caller holds mu.
func (f *Folder) announce() {
	if f.since.IsZero() && len(f.entries) > 0 {
		f.since = f.now()
		f.log.Warn("pushes wait to be recorded", zap.String("spool", f.path), zap.Int("pushes", len(f.entries)))
	}
}

// setRecorded notes that an entry is recorded: later pushes need not wait for it.
func (f *Folder) setRecorded(e *entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e.recorded = true
	f.unqueue(e)
}

// store writes a file that is complete once it has its name.
func (f *Folder) store(name string, content []byte) error {
	temporary := filepath.Join(f.path, name+tempSuffix)
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if errors.Is(err, fs.ErrNotExist) {
		if err = f.makeFolder(); err == nil {
			file, err = os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
		}
	}
	if err != nil {
		return err
	}
	locked, err := lockFile(file) // so that no other server takes it for left over
	if err == nil && !locked {
		err = fmt.Errorf("%s is locked", temporary)
	}
	if err == nil {
		_, err = file.Write(content)
	}
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = os.Rename(temporary, filepath.Join(f.path, name))
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = syncFolder(f.path)
	}
	if err != nil {
		_ = os.Remove(temporary) // of a push that the caller still has
	}
	return err
}

func (f *Folder) makeFolder() error {
	if err := os.Mkdir(f.path, folderMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(filepath.Dir(f.path))
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// remove removes the file of an entry.
func (f *Folder) remove(e *entry) error {
	if err := os.Remove(filepath.Join(f.path, e.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drop(e)
	return nil
}

// load reads the push of an entry, and the size of its file.
func (f *Folder) load(name string) (p pushes.Push, size int, err error) {
	content, err := os.ReadFile(filepath.Join(f.path, name))
	if err != nil {
		return pushes.Push{}, 0, err
	}
	if p, err = read(content); err != nil {
		err = damage{err}
	}
	return p, len(content), err
}

// onDisk returns how much room a file of that size takes on most disks.
func onDisk(size int) int64 {
	const block = 4096
	return int64((size + block - 1) / block * block)
}

// damage is a problem with the content of a file.
type damage struct{ error }

// Unwrap returns the problem.
func (d damage) Unwrap() error { return d.error }

// LogPush implements pushes.Spool. The field entry, saved in the folder as the field
// file says, is an entry of the spool.
func (f *Folder) LogPush(p pushes.Push, why error) {
	f.mu.Lock()
	number := f.nextNumber()
	f.mu.Unlock()
	f.log.Error("a push could neither be recorded nor kept: save the entry in the spool to have it recorded",
		zap.String("file", fileName(number, p)), zap.Reflect("entry", newForm(p)), zap.Error(why))
}

// isEntry says whether a file of that name is an entry.
func isEntry(name string) bool { return strings.HasSuffix(name, suffix) }
