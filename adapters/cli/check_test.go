package cli_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// Check skips a storage at a dns: address: it is neither ok nor wrong.
func TestRun_checkStorages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{
		"check", "--database=memory:", "--set", "shell.secret_file=" + filepath.Join(dir, "secret"), "--set", "instance.key_file=" + filepath.Join(dir, "key"),
		"--set", "gitaly.connect=false", "--set", `gitaly.storages=[{name: far, address: "dns:///gitaly.invalid:8075"}]`,
	}
	out := gatehouse(t, "", args...)
	if !strings.Contains(out, "gitaly far         not looked at  dns:///gitaly.invalid:8075 is for gRPC to look up") {
		t.Errorf("got\n%s", out)
	}
	out = gatehouse(t, "", append(args, "--json")...)
	if !strings.Contains(strings.ReplaceAll(out, " ", ""), `"ok":null`) {
		t.Errorf("got\n%s", out)
	}
	args[len(args)-1] = `gitaly.storages=[{name: near, address: "unix:` + filepath.Join(dir, "none") + `"}]`
	if got := run(t.Context(), "", args...); got.code != 1 || strings.Count(got.out, "WRONG") != 1 || !strings.Contains(got.out, "nobody answers at unix:"+dir) {
		t.Errorf("no Gitaly at the socket: got %d, %s", got.code, got.out)
	}
}
