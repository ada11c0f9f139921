package spool

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
)

// settleTime is how old a file is whose writer must have come to its end: it is broken
// if it is not complete.
const settleTime = 10 * time.Second

// scan finds out which entries are in the folder. Whoever replays them also cleans up:
// a file that cannot be read is set aside, one that a process left over when it ended
// becomes an entry.
func (f *Folder) scan(cleanUp bool) error {
	f.mu.Lock()
	f.scans++
	scan := f.scans
	f.mu.Unlock()
	names, err := readNames(f.path)
	if err != nil {
		return err
	}
	if cleanUp {
		names = f.adopt(names)
	}
	found := f.loadNew(names, cleanUp)

	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range found {
		if _, known := f.entries[e.name]; !known {
			f.put(e)
		}
	}
	f.announce()
	here := map[string]bool{}
	for _, name := range names {
		here[name] = true
	}
	for name, e := range f.entries {
		if !here[name] && !e.writing && e.scan < scan {
			f.drop(e) // another process recorded it
		}
	}
	for name := range f.reported {
		if !here[name] && name != lockName {
			delete(f.reported, name)
		}
	}
	return nil
}

// readNames returns the names of all files in a folder, or none if there is no folder.
func readNames(path string) ([]string, error) {
	folder, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names, err := folder.Readdirnames(-1)
	return names, errors.Join(err, folder.Close())
}

// loadNew reads the entries that are not known yet.
func (f *Folder) loadNew(names []string, cleanUp bool) (found []*entry) {
	for _, name := range names {
		if !isEntry(name) || f.knows(name) {
			continue
		}
		p, size, err := f.load(name)
		if err != nil {
			f.refuse(name, err, cleanUp)
			continue
		}
		found = append(found, &entry{name: name, queue: p.Queue(), number: numberOf(name, p), size: onDisk(size)})
	}
	return found
}

func (f *Folder) knows(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.entries[name] != nil || f.reported[name] == errNewer.Error()
}

// refuse logs that a file cannot be read, and sets it aside if it is broken. Other
// entries do not wait for it.
func (f *Folder) refuse(name string, problem error, cleanUp bool) {
	var broken damage
	switch {
	case errors.Is(problem, fs.ErrNotExist): // another process recorded it
	case errors.Is(problem, errNewer):
		f.report(name, errNewer)
	case !errors.As(problem, &broken):
		f.report(name, problem)
	case cleanUp && f.age(name) >= settleTime:
		f.setAside(name, problem)
	}
}

// setAside gives a broken file a name by which no process takes it for an entry.
func (f *Folder) setAside(name string, problem error) {
	if err := os.Rename(filepath.Join(f.path, name), filepath.Join(f.path, name+brokenSuffix)); err != nil {
		problem = errors.Join(problem, err)
	}
	f.report(name, problem)
}

// report logs a problem with a file, once for as long as it lasts.
func (f *Folder) report(name string, problem error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.reported[name] == problem.Error() {
		return
	}
	f.reported[name] = problem.Error()
	f.log.Error("a file of the spool cannot be recorded", zap.String("spool", f.path), zap.String("file", name), zap.Error(problem))
}

// age returns how long ago a file was written; 0 if that is unknown.
func (f *Folder) age(name string) time.Duration {
	info, err := os.Stat(filepath.Join(f.path, name))
	if err != nil {
		return 0
	}
	return f.now().Sub(info.ModTime())
}

// adopt makes entries of the complete files whose writers have ended before they could
// give them their name, and sets the others aside. It returns the names with theirs.
func (f *Folder) adopt(names []string) (now []string) {
	for _, name := range names {
		now = append(now, name)
		if !strings.HasSuffix(name, suffix+tempSuffix) || f.age(name) < settleTime {
			continue
		}
		file, err := os.Open(filepath.Join(f.path, name))
		if err != nil {
			continue
		}
		if left, err := lockFile(file); left && err == nil {
			now[len(now)-1] = f.rename(name)
		}
		_ = file.Close()
	}
	return now
}

// rename gives a left over file the name of its entry, or that of a broken one.
func (f *Folder) rename(name string) string {
	_, _, err := f.load(name)
	var broken damage
	if errors.As(err, &broken) {
		f.setAside(name, err)
		return name + brokenSuffix
	}
	complete := strings.TrimSuffix(name, tempSuffix)
	if err == nil {
		err = os.Rename(filepath.Join(f.path, name), filepath.Join(f.path, complete))
	}
	if err != nil {
		f.report(name, err)
		return name
	}
	return complete
}

// inOrder returns the complete entries, those of one queue in the order in which they
// are recorded. Those of the queue last come last.
func (f *Folder) inOrder(last string) []*entry {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []*entry
	for _, e := range f.entries {
		if !e.writing {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b *entry) int {
		switch {
		case a.queue == last && b.queue != last:
			return 1
		case b.queue == last && a.queue != last:
			return -1
		}
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.name, b.name))
	})
	return all
}
