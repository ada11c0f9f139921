package servertest

import (
	"os/exec"
	"slices"
	"testing"
)

// Build builds programs into a folder that exists. Each has the name of its package's
// folder.
func Build(t testing.TB, dir string, packages ...string) {
	t.Helper()
	args := slices.Concat([]string{"build", "-o", dir + "/"}, packages)
	if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
}
