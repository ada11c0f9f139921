package integration_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"go.uber.org/zap"

	"gatehouse/adapters/worldfile"
	"gatehouse/bootstrap"
)

// spawnVariable tells a process that it is to be a server: what is spawned.
const spawnVariable = "INTEGRATION_SPAWN"

type spawned struct {
	Config bootstrap.Config
	// Database is apart, as a configuration hides its password.
	Database, World string
}

// victim is a server in a process of its own, which can be killed.
type victim struct {
	*server
	process *exec.Cmd
}

// spawn starts the test's own program as a server.
func spawn(t *testing.T, config bootstrap.Config, world string) *victim {
	t.Helper()
	told, err := json.Marshal(spawned{config, string(config.Database.URL), world})
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	v := &victim{server: &server{config: config, log: new(logbook)}, process: exec.Command(program)}
	v.process.Env = append(os.Environ(), spawnVariable+"="+string(told))
	v.process.Stderr = v.log
	out, err := v.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.process.Process.Kill() })
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the server did not start: %v\n%s", err, v.log)
	}
	if err := json.Unmarshal(line, &v.Addresses); err != nil {
		t.Fatal(err)
	}
	secret, err := os.ReadFile(config.Shell.SecretFile)
	if err != nil {
		t.Fatal(err)
	}
	v.secret = bytes.TrimSpace(secret)
	return v
}

// kill ends the process at once.
func (v *victim) kill(t *testing.T) {
	t.Helper()
	if err := v.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = v.process.Wait() // it was killed
}

// serveSpawned serves until the process is killed, if it was started for that.
func serveSpawned() {
	text, ok := os.LookupEnv(spawnVariable)
	if !ok {
		return
	}
	var told spawned
	err := json.Unmarshal([]byte(text), &told)
	if err == nil {
		err = serveAsTold(told)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func serveAsTold(told spawned) error {
	told.Config.Database.URL = bootstrap.URL(told.Database)
	world, err := worldfile.Parse([]byte(told.World))
	if err != nil {
		return err
	}
	return bootstrap.Run(context.Background(), told.Config, bootstrap.WithLog(zap.NewNop()),
		bootstrap.WithWorld(bootstrap.World{Name: "the tests", World: world}),
		bootstrap.WhenListening(func(at bootstrap.Addresses) { _ = json.NewEncoder(os.Stdout).Encode(at) }))
}
