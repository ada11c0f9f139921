package githttp

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// spoolMemory is how much of a spool is kept in memory, in bytes.
const spoolMemory = 256 << 10

// spool keeps what is written to it until it is read: in memory, or in a temporary file
// without a name if it is long. The zero spool is empty.
type spool struct {
	memory bytes.Buffer
	file   *os.File
}

// Write implements io.Writer.
func (s *spool) Write(p []byte) (int, error) {
	if s.file == nil && s.memory.Len()+len(p) <= spoolMemory {
		return s.memory.Write(p)
	}
	if s.file == nil {
		if err := s.open(); err != nil {
			return 0, fmt.Errorf("keep a part of a transfer on disk: %w", err)
		}
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
	}
	*s = spool{}
}
