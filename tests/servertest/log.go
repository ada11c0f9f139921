package servertest

import (
	"bytes"
	"strings"
	"sync"
)

// Log keeps what a server logs, and finds secrets in it. It is safe for
// concurrent use.
type Log struct {
	mu      sync.Mutex
	text    bytes.Buffer
	secrets []string
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns all lines.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Hide adds a text that the log must not contain.
func (l *Log) Hide(secret string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.secrets = append(l.secrets, secret)
}

// Leaks returns the lines that contain a hidden text.
func (l *Log) Leaks() (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		for _, secret := range l.secrets {
			if strings.Contains(line, secret) {
				lines = append(lines, line)
				break
			}
		}
	}
	return lines
}
