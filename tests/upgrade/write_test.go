package upgrade_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writer fills a database through a program of the release.
type writer struct {
	*recorder
	program binary
	folder  string // the set's
	url     string // of the server that runs
}

// write fills an empty database, dumps it, and stores the answers of the
// program on a copy.
func write(t *testing.T, s set, e engine, base string) {
	t.Helper()
	url := e.create(t)
	k := snapshot{Tokens: map[string]string{}}
	p := binary{*program}
	w := &writer{recorder: newRecorder(t, k, p, newSettings(t, url)), program: p, folder: filepath.Join("testdata", s.name)}
	s.fill(w)
	if statements, err := os.ReadFile(filepath.Join(w.folder, "after.sql")); err == nil {
		e.execute(t, url, string(statements))
	}
	k.Moment = time.Now().UTC().Truncate(time.Second).Add(time.Second)
	time.Sleep(time.Until(k.Moment)) // so that the answers' times are after it
	text, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	k.dump = e.dump(t, url)
	restored := e.create(t)
	if e.execute(t, restored, k.dump); e.dump(t, restored) != k.dump {
		t.Fatal("a copy that is restored from the dump has another dump")
	}
	writeFile(t, base+".json", string(text)+"\n")
	writeFile(t, base+".sql", k.dump)
	writeFile(t, base+".txt", k.answers(t, s, e, p))
}

// apply applies the set's world.
func (w *writer) apply() {
	w.Helper()
	world, err := filepath.Abs(filepath.Join(w.folder, "world.yaml"))
	if err != nil {
		w.Fatal(err)
	}
	w.command("apply", world)
}

// token runs a command that makes a token, and keeps its text by name.
func (w *writer) token(name string, args ...string) {
	w.Helper()
	w.Tokens[name] = strings.TrimSpace(w.run(w.T, append(args, w.settings.flags()...)...))
}

// serving runs a server while do sends requests.
func (w *writer) serving(with settings, do func()) {
	w.Helper()
	url, stop := w.serve(w.T, w.settings.with(with))
	w.url = url
	do()
	stop()
}

// send sends requests that must succeed, and returns the last answer.
func (w *writer) send(requests ...request) (body string) {
	w.Helper()
	for _, r := range requests {
		status := 0
		if status, body = w.recorder.send(w.url, r); status/100 != 2 {
			w.Fatalf("%s: got %d %s", r, status, body)
		}
	}
	return body
}

// member returns a text member of an answer.
func (w *writer) member(body, name string) string {
	w.Helper()
	var answer map[string]any
	w.decode(body, &answer)
	text, ok := answer[name].(string)
	if !ok {
		w.Fatalf("no text %q in %s", name, body)
	}
	return text
}
