package faults_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// server is one server of an attempt, which may be killed and started again.
type server struct {
	a       *attempt
	dir     string // its working folder, where its spool lies unless the database is a file
	log     *serverLog
	command *exec.Cmd
	address atomic.Pointer[string] // nil while it does not run
}

// start starts the server and returns once it listens.
func (s *server) start(flags ...string) error {
	command := s.newCommand(flags)
	if err := command.Start(); err != nil {
		return err
	}
	s.command = command
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	select {
	case address := <-s.log.listening:
		s.address.Store(&address)
		go func() { s.log.ended <- <-ended }()
		return nil
	case err := <-ended:
		return errors.Join(errors.New("the server does not start"), err)
	case <-time.After(startTimeout):
		_ = command.Process.Kill()
		return errors.New("the server does not listen")
	}
}

// newCommand returns a command that serves. Its log goes through a pipe, which no limit of
// files hits.
func (s *server) newCommand(flags []string) *exec.Cmd {
	c := exec.Command(s.a.binary, append([]string{"serve", "--config", s.a.file("gatehouse.yaml")}, flags...)...)
	c.Dir, c.Env, c.Stderr = s.dir, s.a.environ, s.log
	return c
}

// startAndKill starts the server, and kills it after that time, before or after it
// listens.
func (s *server) startAndKill(after time.Duration) error {
	command := s.newCommand(nil)
	if err := command.Start(); err != nil {
		return err
	}
	time.Sleep(after)
	err := command.Process.Kill()
	_ = command.Wait() // its error is that it was killed
	select {
	case <-s.log.listening:
	default:
	}
	return err
}

// startTimeout is how long a start may take on a busy machine.
const startTimeout = 2 * time.Minute

// kill ends the server by SIGKILL, and returns once it is gone and its log complete.
func (s *server) kill() {
	if s.address.Swap(nil) == nil {
		return
	}
	_ = s.command.Process.Kill() // unless it has ended, which is found elsewhere
	<-s.log.ended
}

// serverLog keeps the log of a server over its restarts.
type serverLog struct {
	listening chan string
	ended     chan error

	mu   sync.Mutex
	text bytes.Buffer
	read int // up to there lines were looked at
}

func newServerLog() *serverLog {
	return &serverLog{listening: make(chan string, 1), ended: make(chan error, 1)}
}

// Write implements io.Writer.
func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	for {
		line, _, complete := bytes.Cut(l.text.Bytes()[l.read:], []byte("\n"))
		if !complete {
			return len(p), nil
		}
		l.read += len(line) + 1
		var entry struct{ Msg, Address string }
		if json.Unmarshal(line, &entry) == nil && entry.Msg == "listening" {
			l.listening <- entry.Address
		}
	}
}

// lines returns the lines that have all of these texts.
func (l *serverLog) lines(texts ...string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		all := true
		for _, text := range texts {
			all = all && strings.Contains(line, text)
		}
		if all {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// holds says whether one line has all of these texts.
func (l *serverLog) holds(texts ...string) bool { return len(l.lines(texts...)) > 0 }

// The phases of an attempt.
const (
	before int32 = iota
	faulty
	healed
)

// secret is the secret of GitLab Shell.
var secret = strings.Repeat("shell-", 6)

// client is used by all attempts. A request may wait for a server that is paused.
var client = http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 10}}

// ask sends a request to a server and returns the status of the answer, or 0 without
// one, and its body. Without a fault every request has an answer, which is no 5xx; a
// 500 is an error at any time.
func (a *attempt) ask(s *server, path, body string) (status int, text string) {
	address := s.address.Load()
	if address == nil {
		return 0, ""
	}
	a.requests.Add(1)
	phase := a.phase.Load()
	status, text, err := send(*address, path, body)
	calm := phase != faulty && phase == a.phase.Load()
	switch {
	case status == http.StatusInternalServerError || status > 500 && status != http.StatusServiceUnavailable:
		a.report(checkHealth, "%s: got %d %s", path, status, text)
	case calm && status == 0:
		a.report(checkHealth, "%s without a fault: %v", path, err)
	case calm && status == http.StatusServiceUnavailable:
		a.report(checkHealth, "%s without a fault: got %d %s", path, status, text)
	}
	return status, text
}

func send(address, path, body string) (status int, text string, err error) {
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	request, err := http.NewRequest(method, "http://"+address+"/api/v4/internal"+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/json")
	// Unlike a token it tells no time.
	request.Header.Set("Gitlab-Shared-Secret", base64.StdEncoding.EncodeToString([]byte(secret)))
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, "", err
	}
	return response.StatusCode, string(answer), nil
}

// healthy says whether a server can count, read the database, and ask Gitaly.
func (s *server) healthy() bool {
	address := s.address.Load()
	if address == nil {
		return false
	}
	status, text, _ := send(*address, "/check", "")
	if status != http.StatusOK || !strings.Contains(strings.ReplaceAll(text, " ", ""), `"redis":true`) {
		return false
	}
	status, _, _ = send(*address, "/allowed", changesBody(keyMaint, protected, childChange))
	return status == http.StatusOK
}

// gatehouse runs a command and returns what it prints.
func (a *attempt) gatehouse(args ...string) (out string, err error) {
	command := exec.Command(a.binary, append(args, "--config", a.file("gatehouse.yaml"))...)
	command.Dir, command.Env = a.dir, a.environ
	text, err := command.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		text = append(text, failed.Stderr...)
	}
	return string(text), err
}

// write writes a file of the attempt.
func (a *attempt) write(name, text string) {
	if err := os.WriteFile(a.file(name), []byte(text), 0o600); err != nil {
		a.t.Error(err)
	}
}
