package bootstrap_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/tests/gitalytest"
)

// checkup returns what Check says about the thing of that name.
func checkup(t *testing.T, config config.Config, name string) bootstrap.Checkup {
	t.Helper()
	for _, c := range bootstrap.Check(t.Context(), config) {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("nothing is said about %s", name)
	return bootstrap.Checkup{}
}

// wantProblem fails unless c has a problem that says want; an empty want is
// for none.
func wantProblem(t *testing.T, c bootstrap.Checkup, want string) {
	t.Helper()
	switch {
	case want == "" && c.Problem != nil:
		t.Errorf("%s: got %v, want no problem", c.Name, c.Problem)
	case want != "" && (c.Problem == nil || !strings.Contains(c.Problem.Error(), want)):
		t.Errorf("%s: got %v, want a problem with %q", c.Name, c.Problem, want)
	}
}

func TestCheck_folders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	locked, plain := filepath.Join(dir, "locked"), filepath.Join(dir, "plain")
	if err := os.Mkdir(locked, 0o500); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(plain, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	folders := map[string]string{dir: "", filepath.Join(dir, "none"): "there is no folder " + filepath.Join(dir, "none"), plain: "not a directory"}
	if os.Getuid() != 0 { // to whom every folder is writable
		folders[locked] = "is not writable"
	}
	for folder, want := range folders {
		settings := here(t)
		settings.Database.URL = config.URL(filepath.Join(folder, "gatehouse.db"))
		settings.Shell.SecretFile, settings.Instance.KeyFile = filepath.Join(folder, "secret"), filepath.Join(folder, "key")
		settings.Kas.SecretFile = filepath.Join(folder, "kas")
		for _, name := range []string{"shell.secret_file", "instance.key_file", "kas.secret_file"} {
			wantProblem(t, checkup(t, settings, name), want)
		}
		if folder == plain {
			want = "is no folder"
		}
		wantProblem(t, checkup(t, settings, "database.url"), want)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("got %v, %v, want what was there before", entries, err)
	}
}

// listen returns an address on which somebody answers.
func listen(t *testing.T, network, at string) net.Addr {
	t.Helper()
	l, err := net.Listen(network, at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr()
}

func TestCheck_storages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	port := listen(t, "tcp", "127.0.0.1:0").String()
	socket := listen(t, "unix", filepath.Join(dir, "s")).String()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	const nobody = "nobody answers at "
	for address, want := range map[string]string{
		"tcp://" + port: "", "tls://" + port: "", "unix:" + socket: "", "unix://" + socket: "", "dns:///gitaly.invalid:1": "",
		"tcp://" + closed.Addr().String():  nobody + "tcp://" + closed.Addr().String() + ": connect: ",
		"tls://gitaly":                     "missing port",
		"unix:" + filepath.Join(dir, "no"): nobody + "unix:" + filepath.Join(dir, "no") + ": connect: ",
	} {
		settings := here(t)
		settings.Gitaly = config.Gitaly{Storages: []config.Storage{{Name: "a", Address: "unix:" + socket}, {Name: "b", Address: address}}}
		wantProblem(t, checkup(t, settings, "gitaly a"), "")
		got := checkup(t, settings, "gitaly b")
		wantProblem(t, got, want)
		if dns := strings.HasPrefix(address, "dns:"); got.Unseen != dns {
			t.Errorf("%s: got unseen %t, want %t", address, got.Unseen, dns)
		}
	}
}

// Where the server is to ask Gitaly, each storage says how it is, in one line.
func TestCheck_connectedStorages(t *testing.T) {
	t.Parallel()
	good, gone := gitalytest.Start(t), gitalytest.Start(t)
	good.Secret = "of both"
	gone.Stop()
	for name, c := range map[string]struct {
		storage      config.Storage
		detail, want string
	}{
		"right":          {config.Storage{Name: "default", Address: good.Address(), Token: "of both"}, "Gitaly 16.8.0 with git 2.43.0", ""},
		"a wrong token":  {config.Storage{Name: "default", Address: good.Address(), Token: "wrong"}, "", "Gitaly refuses the token"},
		"no such name":   {config.Storage{Name: "other", Address: good.Address(), Token: "of both"}, "", `there is no storage "other" there`},
		"nobody":         {config.Storage{Name: "default", Address: gone.Address()}, "", "nobody answers"},
		"no such socket": {config.Storage{Name: "default", Address: "unix:" + filepath.Join(t.TempDir(), "no")}, "", "nobody answers"},
	} {
		settings := here(t)
		settings.Gitaly.Storages = []config.Storage{c.storage}
		got := checkup(t, settings, "gitaly "+c.storage.Name)
		wantProblem(t, got, c.want)
		if !strings.Contains(got.Detail, c.detail) || got.Problem != nil && (strings.Contains(got.Problem.Error(), "\n") || !strings.Contains(got.Problem.Error(), c.storage.Address)) {
			t.Errorf("%s: got %q, %v", name, got.Detail, got.Problem)
		}
	}
}

// It is told whether somebody answers at the storage that is assumed, but it is
// no problem if nobody does.
func TestCheck_assumedStorage(t *testing.T) {
	t.Chdir(t.TempDir())
	config := here(t)
	for _, want := range []string{"is assumed, where nobody answers", "is assumed, where somebody answers"} {
		got := checkup(t, config, "gitaly.storages")
		wantProblem(t, got, "")
		if !strings.Contains(got.Detail, want) {
			t.Errorf("got %q, want %q in it", got.Detail, want)
		}
		if strings.Contains(want, "nobody") {
			listen(t, "unix", "gitaly.socket")
		}
	}
}
