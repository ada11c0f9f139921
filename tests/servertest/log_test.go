package servertest_test

import (
	"testing"

	"gatehouse/tests/servertest"
)

func TestLog_leaks(t *testing.T) {
	t.Parallel()
	var l servertest.Log
	l.Hide("sesame")
	if _, err := l.Write([]byte("open\nopen sesame, please\n")); err != nil {
		t.Fatal(err)
	}
	if got := l.Leaks(); len(got) != 1 || got[0] != "open sesame, please\n" {
		t.Errorf("got %q", got)
	}
}
