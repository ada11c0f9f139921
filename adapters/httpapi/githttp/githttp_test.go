package githttp_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/adapters/httpapi/githttp"
	"gatehouse/domain"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/acme/cli.git/info/refs":                       "acme/cli info/refs",
		"/acme/tools/cli.git/git-upload-pack":           "acme/tools/cli git-upload-pack",
		"/acme/cli.git/git-receive-pack":                "acme/cli git-receive-pack",
		"/acme/cli.wiki.git/info/refs":                  "acme/cli.wiki info/refs",
		"/acme/cli.git/info/lfs/objects/batch":          "acme/cli lfs",
		"/acme/cli.git/gitlab-lfs/objects/0":            "acme/cli lfs",
		"/acme/cli.git/":                                "acme/cli other",
		"/acme/cli.git/info/refs/":                      "acme/cli other",
		"/acme/cli.git/objects/../info/refs":            "acme/cli other",
		"/acme/cli/info/refs":                           "acme/cli redirect",
		"/acme%2Fcli%2Egit/info/refs":                   "acme/cli info/refs",
		"/acme/cli.git%2Finfo%2Frefs":                   "acme/cli info/refs",
		"/acme/cli%252Egit/info/refs":                   "acme/cli%2Egit redirect",
		"//acme/cli.git/info/refs":                      "/acme/cli info/refs",
		"/a.git/b.git/info/refs":                        "a other",
		"/acme/cli.git":                                 "",
		"/acme/cli/git-upload-pack":                     "",
		"/info/refs":                                    "",
		"/.git/info/refs":                               "",
		"/api/v4/projects/a.git/info/refs":              "",
		"/api/v4/projects/1/repository/files/x.git/raw": "",
		"/-/readiness.git/info/refs":                    "",
		"":                                              "",
		"acme/cli.git/info/refs":                        "",
		"/acme/cli%zz.git/info/refs":                    "",
	} {
		got := ""
		if repository, tail, ok := githttp.Split(path); ok {
			got = repository + " " + tail
		}
		if got != want || githttp.IsGit(path) != (want != "") {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
}

func TestCheckPackets(t *testing.T) {
	t.Parallel()
	long := "fff0" + strings.Repeat("x", 65516)
	for body, want := range map[string]bool{
		"0000": true, "0001": true, "0002": true, "0004": true, "0005x": true, "0014command=ls-refs\n0000": true, long + "0000": true, "000AXXXXXX": true,
		"": false, "000": false, "0003": false, "000x": false, "-004": false, "0006x": false, "fff1" + long: false, "0000x": false, "\x00\x00\x00\x00": false,
	} {
		if err := githttp.CheckPackets(strings.NewReader(body)); (err == nil) != want || err != nil && !errors.Is(err, domain.Invalid) {
			t.Errorf("%.40q: got %v", body, err)
		}
	}
}

func TestReadsSideBand(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"0000": "no", "0009a b c": "no", "0019a b c\x00side-band-64k x": "yes", "0019a b c side-band-64k x": "no",
		"00": "bad", "zzzz": "bad", "0010a": "bad", "": "bad", "fff1": "bad",
	} {
		reads, err := githttp.ReadsSideBand(bufio.NewReaderSize(strings.NewReader(body), 64<<10))
		got := map[bool]string{true: "yes", false: "no"}[reads]
		if err != nil {
			got = "bad"
		}
		if got != want {
			t.Errorf("%q: got %s, %v, want %s", body, got, err, want)
		}
	}
}

// What looks at whole requests and at their beginning has to agree on what a packet is.
func FuzzPackets(f *testing.F) {
	for _, seed := range []string{"0000", "0005x0000", "0019a b c\x00side-band-64k x0000PACK", "", "fff0", "0003"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		whole := githttp.CheckPackets(bytes.NewReader(body))
		_, begins := githttp.ReadsSideBand(bufio.NewReaderSize(bytes.NewReader(body), 64<<10))
		if whole == nil && begins != nil {
			t.Errorf("%q: it consists of packets, but begins with none: %v", body, begins)
		}
	})
}

func TestSpool(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, githttp.SpoolMemory, githttp.SpoolMemory + 1, 3 * githttp.SpoolMemory} {
		s, disk := githttp.NewSpool(0)
		want := bytes.Repeat([]byte("abc"), size/3+1)[:size]
		for rest := want; len(rest) > 0; {
			n := min(len(rest), 1000)
			if _, err := s.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		for range 2 {
			r, err := githttp.ReadSpool(s)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
				t.Errorf("got %d bytes, %v, want %d", len(got), err, size)
			}
		}
		if got := disk.Load(); got != 0 && size <= githttp.SpoolMemory {
			t.Errorf("%d bytes: %d are on disk", size, got)
		}
		githttp.CloseSpool(s)
		if got := disk.Load(); got != 0 {
			t.Errorf("%d bytes: %d are left on disk", size, got)
		}
	}
}

func TestSpool_full(t *testing.T) {
	t.Parallel()
	s, disk := githttp.NewSpool(githttp.MaxSpooled)
	if _, err := s.Write(make([]byte, githttp.SpoolMemory)); err != nil {
		t.Errorf("in memory: got %v", err)
	}
	if _, err := s.Write([]byte("x")); !errors.Is(err, domain.TooMany) {
		t.Errorf("on disk: got %v, want that the server is busy", err)
	}
	githttp.CloseSpool(s)
	if got := disk.Load(); got != githttp.MaxSpooled {
		t.Errorf("got %d bytes of others", got)
	}
}

func TestTransfers_drain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transfers := githttp.NewTransfers()
		ctx, end, err := githttp.Begin(transfers, t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		drained := make(chan struct{})
		go func() {
			githttp.Drain(transfers, t.Context())
			close(drained)
		}()
		synctest.Wait()
		if _, _, err := githttp.Begin(transfers, t.Context(), true); !errors.Is(err, domain.Unavailable) {
			t.Errorf("a new operation: got %v", err)
		}
		_, endSecond, err := githttp.Begin(transfers, t.Context(), false)
		if err != nil {
			t.Errorf("the second request of an operation: got %v", err)
		}
		end()
		synctest.Wait()
		select {
		case <-drained:
			t.Error("drained before the last transfer ended")
		default:
		}
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("the context of a transfer that has ended: got %v", ctx.Err())
		}
		time.Sleep(time.Minute)
		endSecond()
		start := time.Now()
		time.Sleep(time.Second) // between two requests
		_, endThird, err := githttp.Begin(transfers, t.Context(), false)
		if err != nil {
			t.Fatalf("the third request of an operation: got %v", err)
		}
		endThird()
		<-drained
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("drained %v after the second request", took)
		}
		if _, _, err := githttp.Begin(transfers, t.Context(), false); !errors.Is(err, domain.Unavailable) {
			t.Errorf("after the end: got %v", err)
		}
	})
}

// A server without a transfer stops at once.
func TestTransfers_drain_none(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transfers := githttp.NewTransfers()
		_, end, err := githttp.Begin(transfers, t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		end()
		time.Sleep(2 * time.Second)
		start := time.Now()
		githttp.Drain(transfers, t.Context())
		if took := time.Since(start); took != 0 {
			t.Errorf("drained after %v", took)
		}
	})
}

func TestTransfers_cutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transfers := githttp.NewTransfers()
		ctx, end, err := githttp.Begin(transfers, t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		late, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		go func() {
			<-ctx.Done()
			if took := time.Since(start); took != time.Minute || !errors.Is(context.Cause(ctx), domain.Unavailable) {
				t.Errorf("cut off after %v: %v", took, context.Cause(ctx))
			}
			time.Sleep(time.Second)
			end()
		}()
		githttp.Drain(transfers, late)
		if took := time.Since(start); took != time.Minute+time.Second {
			t.Errorf("drained after %v", took)
		}
	})
}
