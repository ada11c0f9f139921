package integration_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatehouse/adapters/cli"
	"gatehouse/tests/servertest"
)

// commandVariable makes the test binary run as the gatehouse command.
const commandVariable = "INTEGRATION_COMMAND"

// runCommand runs a command line and ends the process, if TestReadme_tryIt
// started it.
func runCommand() {
	if os.Getenv(commandVariable) == "" {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	os.Exit(cli.Run(ctx, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Args[1:]))
}

// Three parts of the README's script are replaced: the build, since the test
// binary is the command; the start of the server, since the test waits until it
// listens; and the address, since it may be in use.
const (
	readmeBuild   = "make build\nexport PATH=$PWD/bin:$PATH\ncd \"$(mktemp -d)\"\n"
	readmeServe   = "gatehouse serve > serve.log 2>&1 &\n"
	readmeAddress = "127.0.0.1:3001"
	awaitServer   = "until grep -q '\"listening\"' serve.log; do sleep 0.05; done\n"
)

// TestReadme_tryIt runs the commands of "Try it" and compares what they print.
// In the README "…" stands for anything, and blanks do not count.
func TestReadme_tryIt(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"bash", "curl", "base64"} {
		servertest.Need(t, program)
	}
	_, section, _ := strings.Cut(document(t, "README.md"), "\n## Try it\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var script strings.Builder
	blocks := regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")
	for _, block := range blocks.FindAllStringSubmatch(section, -1) {
		script.WriteString(block[1])
	}
	var printed []string
	for line := range strings.Lines(blocks.ReplaceAllString(section, "")) {
		if text, ok := strings.CutPrefix(line, "    "); ok {
			printed = append(printed, text)
		}
	}
	got := play(t, script.String())
	want := strings.ReplaceAll(regexp.QuoteMeta(squeeze(strings.Join(printed, ""))), "…", ".*")
	if !regexp.MustCompile("^" + want + "$").MatchString(squeeze(got)) {
		t.Errorf("the commands print\n%s\nand the README says\n%s", got, strings.Join(printed, ""))
	}
}

// squeeze removes blanks and line ends.
func squeeze(text string) string { return strings.Join(strings.Fields(text), "") }

// play runs the README's script in a folder of its own and returns what it
// prints.
func play(t *testing.T, script string) string {
	t.Helper()
	for _, part := range []string{readmeBuild, readmeServe, readmeAddress} {
		if !strings.Contains(script, part) {
			t.Fatalf("the README has no %q", part)
		}
	}
	folder, address := t.TempDir(), freeAddress(t)
	script = strings.NewReplacer(readmeBuild, "", readmeServe, readmeServe+awaitServer, readmeAddress, address).Replace(script)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	wrapper := fmt.Sprintf("#!/bin/sh\n%s=yes exec '%s' \"$@\"\n", commandVariable, program)
	if err := os.WriteFile(filepath.Join(folder, "gatehouse"), []byte(wrapper), 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, log bytes.Buffer
	command := exec.CommandContext(ctx, "bash", "-eu", "-c", script+"wait\n") // until the server has stopped
	command.Dir, command.Stdout, command.Stderr = folder, &out, &log
	command.Env = append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"), "GATEHOUSE_HTTP_ADDRESS="+address)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) } // the server too
	if err := command.Run(); err != nil {
		_ = command.Cancel() // the script may have ended before it stopped the server
		served, _ := os.ReadFile(filepath.Join(folder, "serve.log"))
		t.Fatalf("%v\n%s%s%s", err, out.String(), log.String(), served)
	}
	return out.String()
}

// freeAddress returns an address that is free at this moment.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
