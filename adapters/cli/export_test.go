package cli

import (
	"bytes"
	"time"
)

// ProgressOutput is what a progress line writes that shows each time when it is reached.
func ProgressOutput(terminal bool, times ...time.Duration) string {
	now := time.Time{}
	var out bytes.Buffer
	l := newProgressLine(&out, func() time.Time { return now })
	l.terminal = terminal
	l.next = now.Add(l.interval())
	for _, at := range times {
		now = time.Time{}.Add(at)
		l.show(at.String())
	}
	l.end()
	return out.String()
}
