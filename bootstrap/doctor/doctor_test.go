package doctor_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"gatehouse/bootstrap/config"
	"gatehouse/bootstrap/doctor"
	"gatehouse/tests/gitalytest"
	"gatehouse/tests/pgtest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		pgtest.Close()
		os.Exit(code)
	}))
}

// settings are valid, and name files in a folder of their own that do not exist.
func settings(t *testing.T) config.Config {
	t.Helper()
	dir := t.TempDir()
	c := config.Default()
	c.Database.URL = config.URL(filepath.Join(dir, "gatehouse.db"))
	c.Shell.SecretFile, c.Instance.KeyFile, c.Kas.SecretFile = filepath.Join(dir, "secret"), filepath.Join(dir, "key"), filepath.Join(dir, "kas")
	return c
}

// checkup returns the result of the check of that name.
func checkup(t *testing.T, c config.Config, name string) doctor.Checkup {
	t.Helper()
	for _, found := range doctor.Check(t.Context(), c) {
		if found.Name == name {
			return found
		}
	}
	t.Fatalf("there is no check %s", name)
	return doctor.Checkup{}
}

// wantProblem fails the test unless c has a problem with want in its text. An
// empty want is for no problem.
func wantProblem(t *testing.T, c doctor.Checkup, want string) {
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
	if os.Getuid() != 0 { // root can write everywhere
		folders[locked] = "is not writable"
	}
	for folder, want := range folders {
		c := settings(t)
		c.Database.URL = config.URL(filepath.Join(folder, "gatehouse.db"))
		c.Shell.SecretFile, c.Instance.KeyFile = filepath.Join(folder, "secret"), filepath.Join(folder, "key")
		c.Kas.SecretFile = filepath.Join(folder, "kas")
		for _, name := range []string{"shell.secret_file", "instance.key_file", "kas.secret_file"} {
			wantProblem(t, checkup(t, c, name), want)
		}
		if folder == plain {
			want = "is no folder"
		}
		wantProblem(t, checkup(t, c, "database.url"), want)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("got %v, %v, want what was there before", entries, err)
	}
}

// TestCheck_redisSilent asks a Redis that accepts connections and never answers.
func TestCheck_redisSilent(t *testing.T) {
	t.Parallel()
	c := settings(t)
	c.Redis.URL = config.URL("redis://:hunter2@" + listen(t, "tcp", "127.0.0.1:0").String() + "?dial_timeout=1h&read_timeout=10ms&write_timeout=1h&pool_timeout=1h")
	got := checkup(t, c, "redis.url")
	wantProblem(t, got, "ping redis")
	if text := got.Detail + got.Problem.Error(); strings.Contains(text, "hunter2") {
		t.Errorf("got %s, want no password", text)
	}
}

// listen accepts connections until the test ends, and returns the address.
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
		c := settings(t)
		c.Gitaly = config.Gitaly{Storages: []config.Storage{{Name: "a", Address: "unix:" + socket}, {Name: "b", Address: address}}}
		wantProblem(t, checkup(t, c, "gitaly a"), "")
		got := checkup(t, c, "gitaly b")
		wantProblem(t, got, want)
		if dns := strings.HasPrefix(address, "dns:"); got.Skipped != dns {
			t.Errorf("%s: got skipped %t, want %t", address, got.Skipped, dns)
		}
	}
}

// TestCheck_connectedStorages asks each Gitaly, and wants one line about it.
func TestCheck_connectedStorages(t *testing.T) {
	t.Parallel()
	good, gone := gitalytest.Start(t), gitalytest.Start(t)
	good.Secret = "of both"
	gone.Stop()
	for name, test := range map[string]struct {
		storage      config.Storage
		detail, want string
	}{
		"reachable: its version":           {config.Storage{Name: "default", Address: good.Address(), Token: "of both"}, "Gitaly 16.8.0 with git 2.43.0", ""},
		"wrong token: refused":             {config.Storage{Name: "default", Address: good.Address(), Token: "wrong"}, "", "Gitaly refuses the token"},
		"another storage: unknown":         {config.Storage{Name: "other", Address: good.Address(), Token: "of both"}, "", `there is no storage "other" there`},
		"stopped: no answer":               {config.Storage{Name: "default", Address: gone.Address()}, "", "nobody answers"},
		"socket does not exist: no answer": {config.Storage{Name: "default", Address: "unix:" + filepath.Join(t.TempDir(), "no")}, "", "nobody answers"},
	} {
		c := settings(t)
		c.Gitaly.Storages = []config.Storage{test.storage}
		got := checkup(t, c, "gitaly "+test.storage.Name)
		wantProblem(t, got, test.want)
		if !strings.Contains(got.Detail, test.detail) || got.Problem != nil && (strings.Contains(got.Problem.Error(), "\n") || !strings.Contains(got.Problem.Error(), test.storage.Address)) {
			t.Errorf("%s: got %q, %v", name, got.Detail, got.Problem)
		}
	}
}

// TestCheck_assumedStorage wants to read whether the assumed storage answers, and
// no problem if it does not.
func TestCheck_assumedStorage(t *testing.T) {
	t.Chdir(t.TempDir())
	c := settings(t)
	for _, want := range []string{"is assumed, where nobody answers", "is assumed, where somebody answers"} {
		got := checkup(t, c, "gitaly.storages")
		wantProblem(t, got, "")
		if !strings.Contains(got.Detail, want) {
			t.Errorf("got %q, want %q in it", got.Detail, want)
		}
		if strings.Contains(want, "nobody") {
			listen(t, "unix", "gitaly.socket")
		}
	}
}

func TestCheck_workhorseSecret(t *testing.T) {
	t.Parallel()
	c := settings(t)
	for _, got := range doctor.Check(t.Context(), c) {
		if got.Name == "workhorse.secret_file" {
			t.Errorf("it is not set: got %+v", got)
		}
	}
	folder := filepath.Join(t.TempDir(), "none")
	c.Workhorse.SecretFile = filepath.Join(folder, "workhorse")
	wantProblem(t, checkup(t, c, "workhorse.secret_file"), "no such file")
	doctor.Fix(c)
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("the folder of a file that GitLab makes: got %v, want none", err)
	}
	c.Workhorse.SecretFile = filepath.Join(t.TempDir(), "workhorse")
	for text, want := range map[string]string{
		"c2hvcnQ=": "it is not the base64 of 32 bytes", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n": "",
	} {
		write(t, c.Workhorse.SecretFile, text, 0o600)
		wantProblem(t, checkup(t, c, "workhorse.secret_file"), want)
	}
}

func TestCheck_kasSecret(t *testing.T) {
	t.Parallel()
	c := settings(t)
	wantProblem(t, checkup(t, c, "kas.secret_file"), "")
	if err := os.WriteFile(c.Kas.SecretFile, []byte("c2hvcnQ="), 0o600); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, checkup(t, c, "kas.secret_file"), "it is not the base64 of 32 bytes")
}
