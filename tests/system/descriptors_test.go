package system_test

import (
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestProgram_fewDescriptors opens more connections than the program may open files,
// each with a request whose body never comes. The internal API still answers.
func TestProgram_fewDescriptors(t *testing.T) {
	p := startProgram(t, "ulimit -n 128", "--set=http.public_address=127.0.0.1:0")
	p.until(t, "too few file descriptors for all public connections")
	internal, public := p.until(t, "listening"), p.until(t, "listening") // in the order of the settings
	go func() {
		for p.log.Scan() { // or the program waits for its log
		}
	}()
	for i := range 300 {
		conn, err := net.Dial("tcp", []string{public, internal}[i%2])
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "POST /nope HTTP/1.1\r\nHost: gatehouse\r\nContent-Length: 1000\r\n\r\n")
	}
	client := http.Client{Timeout: time.Minute} // before, they were open for longer than that
	response, err := client.Get("http://" + internal + "/api/v4/internal/check")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %s, want 401", response.Status)
	}
}
