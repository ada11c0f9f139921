package githttp

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

const (
	// spoolMemory is how much of a spool is kept in memory, in bytes.
	spoolMemory = 256 << 10
	// maxSpooled is how much all spools together may have on disk.
	maxSpooled = 1 << 30
)

// spool keeps what is written to it until it is read: in memory, or in a temporary file
// without a name if it is long.
type spool struct {
	// disk counts what all spools have in files.
	disk   *atomic.Int64
	memory bytes.Buffer
	file   *os.File
	// size is what this one has in its file.
	size int64
}

// Write implements io.Writer. It fails with errBusy if all spools have too much on disk.
func (s *spool) Write(p []byte) (int, error) {
	if s.file == nil && s.memory.Len()+len(p) <= spoolMemory {
		return s.memory.Write(p)
	}
	if s.file == nil {
		if err := s.open(); err != nil {
			return 0, fmt.Errorf("keep a part of a transfer on disk: %w", err)
		}
	}
	s.size += int64(len(p))
	if s.disk.Add(int64(len(p))) > maxSpooled {
		return 0, errBusy
	}
	return s.file.Write(p)
}

// open moves what is in memory to a file, which goes with its last descriptor.
func (s *spool) open() error {
	file, err := os.CreateTemp("", "gatehouse-git-*")
	if err != nil {
		return err
	}
	s.file = file
	if err := os.Remove(file.Name()); err != nil {
		return err
	}
	_, err = s.memory.WriteTo(file)
	s.memory = bytes.Buffer{}
	return err
}

// reader returns a reader of all that was written. It may be called again.
func (s *spool) reader() (io.Reader, error) {
	if s.file == nil {
		return bytes.NewReader(s.memory.Bytes()), nil
	}
	_, err := s.file.Seek(0, io.SeekStart)
	return s.file, err
}

// close frees what the spool has.
func (s *spool) close() {
	if s.file != nil {
		_ = s.file.Close()
		s.disk.Add(-s.size)
	}
	*s = spool{disk: s.disk}
}
