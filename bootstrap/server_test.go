package bootstrap_test

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatehouse/bootstrap"
)

// TestRun_publicConnections opens more public connections than the setting allows. The
// one too many waits, and the internal listener answers meanwhile.
func TestRun_publicConnections(t *testing.T) {
	t.Parallel()
	config := settings(t)
	config.Database.URL = "memory:"
	config.HTTP.PublicAddress = "127.0.0.1:0"
	config.HTTP.PublicConnections = 1
	r := run(t, config)
	dial := func() net.Conn {
		client, err := new(net.Dialer).DialContext(t.Context(), "tcp", r.Public)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		return client
	}
	answered := func(client net.Conn) error {
		response, err := http.ReadResponse(bufio.NewReader(client), nil)
		if err == nil {
			err = response.Body.Close()
		}
		return err
	}
	start, first := time.Now(), dial() // it sends nothing, and the server closes it after ten seconds
	second := dial()
	fmt.Fprint(second, "GET /nope HTTP/1.1\r\nHost: gatehouse\r\n\r\n")
	if status, _ := r.get(t, r.TCP, "/api/v4/internal/check"); status != http.StatusOK {
		t.Errorf("the internal listener: got %d", status)
	}
	_ = second.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if err := answered(second); !errors.Is(err, os.ErrDeadlineExceeded) && time.Since(start) < 5*time.Second {
		t.Errorf("the second connection: got %v, want no answer yet", err)
	}
	_ = first.Close()
	_ = second.SetReadDeadline(time.Time{})
	if err := answered(second); err != nil && time.Since(start) < 5*time.Second {
		t.Errorf("the second connection: %v", err)
	}
}

// TestRun_socketGroup starts servers whose socket belongs to a group that exists or not.
func TestRun_socketGroup(t *testing.T) {
	t.Parallel()
	config := settings(t)
	config.Database.URL = "memory:"
	folder, err := os.MkdirTemp("", "gatehouse") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	config.HTTP.Socket, config.HTTP.SocketMode, config.HTTP.SocketGroup = filepath.Join(folder, "s"), "0600", strconv.Itoa(os.Getegid())
	r := run(t, config)
	if info, err := os.Stat(r.Socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want mode 0600", info, err)
	}
	config.HTTP.SocketGroup = "no such group"
	if err := bootstrap.Run(t.Context(), config); err == nil || err.Error() != `http.socket_group: this machine has no group "no such group"` {
		t.Errorf("an unknown group: got %v", err)
	}
}

// TestRun_fewDescriptors leaves half of the file descriptors to the internal listeners.
func TestRun_fewDescriptors(t *testing.T) {
	t.Parallel()
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	config := settings(t)
	config.Database.URL = "memory:"
	config.HTTP.PublicAddress = "127.0.0.1:0"
	config.HTTP.PublicConnections = math.MaxInt32
	r := run(t, config)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`"key":"http.public_connections","wanted":%d,"descriptors":%d,"allowed":%d`, math.MaxInt32, files.Cur, files.Cur/2)
	if strings.Count(r.log.String(), want) != 1 {
		t.Errorf("the log does not say %s once:\n%s", want, r.log)
	}
}
