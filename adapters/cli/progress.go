package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"

	"gatehouse/application"
)

// How often a progress line changes, on a terminal and elsewhere.
const (
	terminalInterval = 200 * time.Millisecond
	logInterval      = 5 * time.Second
)

// progressLine shows how far long work is: on a terminal as one line that changes, elsewhere
// as a line every few seconds. Of work that is shorter than that it shows nothing.
type progressLine struct {
	w        io.Writer
	now      application.Clock
	terminal bool
	next     time.Time
	shown    bool
}

func newProgressLine(w io.Writer, now application.Clock) *progressLine {
	file, ok := w.(*os.File)
	l := &progressLine{w: w, now: now, terminal: ok && isatty.IsTerminal(file.Fd())}
	l.next = now().Add(l.interval())
	return l
}

func (l *progressLine) interval() time.Duration {
	if l.terminal {
		return terminalInterval
	}
	return logInterval
}

// show shows the text, unless another one was shown a moment ago.
func (l *progressLine) show(text string) {
	if l.now().Before(l.next) {
		return
	}
	l.next = l.now().Add(l.interval())
	if l.terminal {
		_, _ = fmt.Fprintf(l.w, "\r\x1b[K%s", text)
		l.shown = true
		return
	}
	progress(l.w, "%s", text)
}

// end removes the line from a terminal.
func (l *progressLine) end() {
	if l.shown {
		_, _ = fmt.Fprint(l.w, "\r\x1b[K")
	}
}
