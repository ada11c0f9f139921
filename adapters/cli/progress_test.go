package cli_test

import (
	"testing"
	"time"

	"gatehouse/adapters/cli"
)

func TestProgressLine_show(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		terminal bool
		want     string
	}{
		"terminal": {true, "\r\x1b[K1s\r\x1b[K2s\r\x1b[K6s\r\x1b[K7s\r\x1b[K"},
		"log":      {false, "6s\n"},
	} {
		got := cli.ProgressOutput(test.terminal, 0, 100*time.Millisecond, time.Second, time.Second, 2*time.Second, 6*time.Second, 7*time.Second)
		if got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
