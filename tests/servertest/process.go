package servertest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"go.uber.org/zap"

	"gatehouse/adapters/worldfile"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
)

// spawnVariable is the environment variable that makes a test binary run a server.
// Its value is a spawnRequest.
const spawnVariable = "SERVERTEST_SPAWN"

// spawnRequest is what Spawn passes to the new process.
type spawnRequest struct {
	Config config.Config
	// Database is the URL of the database, whose password Config hides.
	Database string
	World    string
}

// Process is a server in a process of its own.
type Process struct {
	*Server
	command *exec.Cmd
}

// Spawn starts the test binary again, as a server that applies a world file unless
// it is empty. It returns once the server listens. The tests' TestMain must call
// Main.
func Spawn(t *testing.T, config config.Config, world string) *Process {
	t.Helper()
	request, err := json.Marshal(spawnRequest{config, string(config.Database.URL), world})
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &Process{Server: &Server{Config: config, Log: new(Log)}, command: exec.Command(program)}
	p.command.Env = append(os.Environ(), spawnVariable+"="+string(request))
	p.command.Stderr = p.Log
	// The pipe stays open until this process ends, and then the server ends too.
	if _, err := p.command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		p.Kill() // afterwards its log is complete
		t.Fatalf("the server did not start: %v\n%s", err, p.Log)
	}
	if err := json.Unmarshal(line, &p.Addresses); err != nil {
		t.Fatal(err)
	}
	secret, err := os.ReadFile(config.Shell.SecretFile)
	if err != nil {
		t.Fatal(err)
	}
	p.Secret = bytes.TrimSpace(secret)
	return p
}

// Kill ends the process by SIGKILL.
func (p *Process) Kill() {
	_ = p.command.Process.Kill() // unless it has ended
	_ = p.command.Wait()         // its error is that it was killed
}

// serveSpawned serves until the process is killed, if Spawn started it.
func serveSpawned() {
	text, ok := os.LookupEnv(spawnVariable)
	if !ok {
		return
	}
	var request spawnRequest
	err := json.Unmarshal([]byte(text), &request)
	if err == nil {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin) // until the tests end
			os.Exit(1)
		}()
		err = request.serve()
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func (r spawnRequest) serve() error {
	r.Config.Database.URL = config.URL(r.Database)
	options := []bootstrap.Option{
		bootstrap.WithLog(zap.NewNop()),
		bootstrap.WhenListening(func(at bootstrap.Addresses) { _ = json.NewEncoder(os.Stdout).Encode(at) }),
	}
	if r.World != "" {
		world, err := worldfile.Parse([]byte(r.World))
		if err != nil {
			return err
		}
		options = append(options, bootstrap.WithWorld(bootstrap.World{Name: "the tests", World: world}))
	}
	return bootstrap.Run(context.Background(), r.Config, options...)
}
