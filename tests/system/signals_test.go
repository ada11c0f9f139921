package system_test

import (
	"bufio"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"gatehouse/tests/servertest"
)

// program is the program of cmd/gatehouse in a process of its own.
type program struct {
	*exec.Cmd
	log *bufio.Scanner
	dir string
}

// startProgram builds the program and runs serve on files in a folder of its own, after
// a command of the shell.
func startProgram(t *testing.T, before string, flags ...string) *program {
	t.Helper()
	dir := t.TempDir()
	servertest.Build(t, dir, "gatehouse/cmd/gatehouse")
	binary := filepath.Join(dir, "gatehouse")
	args := append([]string{"-c", before + ` && exec "$0" "$@"`, binary, "serve", "--database=memory:", "--address=127.0.0.1:0"}, flags...)
	p := &program{Cmd: exec.Command("sh", args...), dir: dir}
	p.Dir = dir
	pipe, err := p.StderrPipe()
	if err == nil {
		err = p.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Process.Kill() // unless it has ended
		_ = p.Wait()
	})
	p.log = bufio.NewScanner(pipe)
	return p
}

// until reads the log until it had lines with all of these messages, in any order, and
// returns the address field that one of them has.
func (p *program) until(t *testing.T, messages ...string) (address string) {
	t.Helper()
	for len(messages) > 0 {
		if !p.log.Scan() {
			t.Fatalf("the log ends without %q", messages)
		}
		var line struct{ Msg, Address string }
		if err := json.Unmarshal(p.log.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v", p.log.Bytes(), err)
		}
		if i := slices.Index(messages, line.Msg); i >= 0 {
			address = cmp.Or(address, line.Address)
			messages = slices.Delete(messages, i, i+1)
		}
	}
	return address
}

func (p *program) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// TestProgram_signals sends SIGHUP to a server that starts, serves and drains: it
// reads its secret again and goes on. SIGTERM ends it once the request under way is
// answered.
func TestProgram_signals(t *testing.T) {
	p := startProgram(t, "true")
	const reread = "secret files and log level were read again"
	p.until(t, "secrets") // it starts
	p.signal(t, syscall.SIGHUP)
	address := p.until(t, reread, "listening")

	const secret = "another secret, long enough"
	if err := os.WriteFile(filepath.Join(p.dir, ".gitlab_shell_secret"), []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	p.signal(t, syscall.SIGHUP)
	p.until(t, "a changed secret is in use", reread)

	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const body = `{"gl_repository": "project-1"}`
	fmt.Fprintf(conn, "POST /api/v4/internal/pre_receive HTTP/1.1\r\nHost: gatehouse\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"+
		"Gitlab-Shared-Secret: %s\r\nExpect: 100-continue\r\n\r\n", len(body), base64.StdEncoding.EncodeToString([]byte(secret)))
	answers := bufio.NewReader(conn)
	if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("the request under way: got %q, %v", line, err)
	}
	p.signal(t, syscall.SIGTERM)
	servertest.Await(t, "the server to drain", func() bool {
		other, err := net.Dial("tcp", address)
		if err == nil {
			_ = other.Close()
		}
		return err != nil
	})
	p.signal(t, syscall.SIGHUP)
	p.until(t, reread)
	fmt.Fprint(conn, body)
	if rest, err := io.ReadAll(answers); err != nil || !strings.Contains(string(rest), "HTTP/1.1 200 OK") {
		t.Errorf("the request under way: got %q, %v", rest, err)
	}
	for p.log.Scan() { // to the end of the log
	}
	if err := p.Wait(); err != nil {
		t.Errorf("got %v, want the exit code 0", err)
	}
}
