package routing_test

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"gatehouse/adapters/httpapi/kas"
	"gatehouse/adapters/httpapi/portal"
	"gatehouse/adapters/httpapi/routing"
	"gatehouse/adapters/httpapi/shell"
	"gatehouse/adapters/memory"
	"gatehouse/application/credentials"
)

// What a request without a credential may allocate, in bytes: for itself, for each
// byte of it, and for each byte of a body that is searched for a credential.
const (
	strangerBase     = 64 << 10
	strangerPerByte  = 4
	strangerSearched = 16 << 10
	strangerPerFound = 64
)

// What it may take of the processor while fuzzing, generously: a search for hangs.
const (
	strangerTime        = 100 * time.Millisecond
	strangerTimePerByte = 300 * time.Nanosecond
)

// TestStranger is not parallel: it counts what the whole process allocates.
func TestStranger(t *testing.T) {
	handlers := strangersHandlers(t)
	for name, request := range strangers() {
		t.Run(name, func(t *testing.T) {
			if _, ok := parseRequest([]byte(request)); !ok {
				t.Fatal("it cannot be read")
			}
			checkStranger(t, handlers, []byte(request))
		})
	}
}

// FuzzStranger sends any request without a credential, at first those in testdata.
// While fuzzing it also looks at the processor's time.
func FuzzStranger(f *testing.F) {
	handlers := strangersHandlers(f)
	f.Fuzz(func(t *testing.T, request []byte) { checkStranger(t, handlers, request) })
}

// strangersSecret is that of GitLab Shell and of kas, which no stranger sends.
const strangersSecret = "0123456789abcdef0123456789abcdef"

// strangersHandlers serve all routes over an empty store.
func strangersHandlers(t testing.TB) map[string]http.Handler {
	t.Helper()
	secret := []byte(strangersSecret)
	shellAuth := shell.NewAuthenticator(func() [][]byte { return [][]byte{secret} }, shell.LegacyAccept, false, time.Now, zap.NewNop())
	tokens := credentials.New(nil, nil, memory.New().AccessTokens, nil, credentials.Rules{}, nil, time.Now)
	internal, public, err := routing.New(routing.APIs{
		Shell:  shell.New(shellAuth, shell.UseCases{}, shell.Instance{}),
		Kas:    kas.New(kas.NewAuthenticator(func() []byte { return secret }, 0, false, false, time.Now), nil, nil),
		Portal: portal.New(tokens, nil, true),
	}, routing.Settings{PublicPortal: true}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	return map[string]http.Handler{"internal": internal, "public": public}
}

// checkStranger fails the test if a request without a credential is served, or takes
// more memory or time than the bytes that were sent may take. What is no request takes
// nothing: net/http refuses it.
func checkStranger(t *testing.T, handlers map[string]http.Handler, request []byte) {
	t.Helper()
	for name, handler := range handlers {
		r, ok := parseRequest(request)
		if !ok {
			return
		}
		recorder := httptest.NewRecorder()
		allocated, took := costOf(func() { handler.ServeHTTP(recorder, r) })
		if recorder.Code < 400 || recorder.Code >= 500 {
			t.Errorf("%s: got %d %s", name, recorder.Code, recorder.Body)
		}
		size := len(request)
		most := uint64(strangerBase + strangerPerByte*size + strangerPerFound*min(size, strangerSearched))
		if raceDetector() {
			most *= 4 // sync.Pool drops what it could keep
		}
		if allocated > most {
			t.Errorf("%s: %d bytes allocated for %d, want at most %d", name, allocated, size, most)
		}
		if most := strangerTime + time.Duration(size)*strangerTimePerByte; fuzzing() && took > most {
			t.Errorf("%s: %s of the processor for %d bytes, want at most %s", name, took, size, most)
		}
	}
}

// BenchmarkStranger reports the bytes allocated and the processor's nanoseconds for
// each byte of the worst requests without a credential.
func BenchmarkStranger(b *testing.B) {
	handler := strangersHandlers(b)["internal"]
	for name, request := range strangers() {
		b.Run(name, func(b *testing.B) {
			var allocated uint64
			var took time.Duration
			for b.Loop() {
				r, _ := parseRequest([]byte(request))
				bytes, processor := costOf(func() { handler.ServeHTTP(httptest.NewRecorder(), r) })
				allocated, took = allocated+bytes, took+processor
			}
			sent := float64(b.N * len(request))
			b.ReportMetric(float64(allocated)/sent, "allocated/byte")
			b.ReportMetric(float64(took)/sent, "ns/byte")
		})
	}
}

// costOf returns the bytes that do allocates and the time that it takes of the
// processor.
func costOf(do func()) (allocated uint64, took time.Duration) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := processorTime()
	do()
	took = processorTime() - start
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, took
}

// processorTime returns what this process has taken of the processor.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// fuzzing says whether requests are made up now, and not read from testdata alone.
func fuzzing() bool {
	return flag.Lookup("test.fuzz").Value.String() != "" || flag.Lookup("test.fuzzworker").Value.String() == "true"
}

// raceDetector says whether the test is built with the race detector.
func raceDetector() bool {
	info, _ := debug.ReadBuildInfo()
	return info != nil && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// parseRequest reads a request as it is sent.
func parseRequest(text []byte) (r *http.Request, ok bool) {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
	if err != nil || !strings.HasPrefix(r.URL.Path, "/") {
		return nil, false
	}
	r.RemoteAddr = "192.0.2.1:1234"
	return r, true
}

// strangers are requests that take much to parse.
func strangers() map[string]string {
	const portal, shell = "PUT /api/v4/namespaces/50/gitlab_subscription", "POST /api/v4/internal/allowed"
	const asForm, asJSON, asMultipart = "application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=b"
	requests := map[string]string{}
	for size, name := range map[int]string{16 << 10: "16 KiB", 1 << 20: "1 MiB"} {
		for what, sent := range map[string]struct{ line, media, body string }{
			"deep form":       {portal, asForm, deepForm(size)},
			"deep form shell": {shell, asForm, deepForm(size)},
			"deep form kas":   {"POST /api/v4/internal/kubernetes/usage_metrics", asForm, deepForm(size)},
			"hashes":          {portal, asJSON, `{"a":[` + strings.Repeat(`{"":0},`, size/7-2) + `0]}`},
			"list":            {portal, asJSON, `[` + strings.Repeat(`{"":0},`, size/7-2) + `0]`},
			"members":         {portal, asJSON, members(size)},
			"arrays":          {shell, asJSON, `{"a":` + strings.Repeat("[", size-10)},
			"parts":           {portal, asMultipart, strings.Repeat("--b\r\n\r\n\r\n", size/9-1) + "--b--\r\n"},
			"escapes":         {portal, asForm, "a=" + strings.Repeat("%41", size/3-1)},
		} {
			requests[what+" "+name] = fmt.Sprintf("%s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", sent.line, sent.media, len(sent.body), sent.body)
		}
	}
	requests["deep query"] = portal + "?" + deepForm(1<<20) + " HTTP/1.1\r\nHost: x\r\n\r\n"
	requests["long path"] = "GET " + strings.Repeat("/", 1<<19) + " HTTP/1.1\r\nHost: x\r\n\r\n"
	requests["long token"] = shell + " HTTP/1.1\r\nHost: x\r\nGitlab-Shell-Api-Request: eyJhbGciOiJIUzI1NiJ9." + strings.Repeat("eyIiOjB9", 1<<17) + ".x\r\n\r\n"
	requests["long secret"] = shell + " HTTP/1.1\r\nHost: x\r\nGitlab-Shared-Secret: " + strings.Repeat("YWFh", 1<<18) + "\r\n\r\n"
	return requests
}

// deepForm returns a form of about size bytes whose pairs have 28 steps each.
func deepForm(size int) string {
	var text strings.Builder
	for i := 0; text.Len() < size-100; i++ {
		fmt.Fprintf(&text, "%d%s=&", i, strings.Repeat("[b]", 28))
	}
	return text.String()
}

// members returns an object of about size bytes, each member of another name.
func members(size int) string {
	var text strings.Builder
	for i := 0; text.Len() < size-20; i++ {
		fmt.Fprintf(&text, `"%x":0,`, i)
	}
	return "{" + text.String() + `"":0}`
}
