package bench_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/tests/pipe"
)

// oneWay is how long the proxy delays what it forwards: the database is as far away as in
// another data centre of the region.
const oneWay = 2 * time.Millisecond

// startDelay starts a proxy in front of the database at a URL, and returns its URL through
// the proxy.
func startDelay(t testing.TB, database string) (far string) {
	t.Helper()
	at, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{name: "proxy", address: freeAddress(t)}
	p.startTask(t, task{Name: delayTask, URL: at.Host, Address: p.address})
	at.Host = p.address
	return at.String()
}

// serveDelay forwards connections to the host of the task until ctx ends.
func serveDelay(ctx context.Context, t task) error {
	listener, err := net.Listen("tcp", t.Address)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
	return forward(listener, oneWay, func() (net.Conn, error) { return net.Dial("tcp", t.URL) })
}

// forward accepts connections, and forwards each to one that dial makes.
func forward(listener net.Listener, oneWay time.Duration, dial func() (net.Conn, error)) error {
	for {
		client, err := listener.Accept()
		if err != nil {
			return err
		}
		server, err := dial()
		if err != nil {
			_ = client.Close()
			continue
		}
		go pass(client, server, oneWay)
		go pass(server, client, oneWay)
	}
}

// chunk is what was read at once, nothing at the end, and when it is due.
type chunk struct {
	data []byte
	due  time.Time
}

// pass writes to one connection what it reads from the other one, so much later and in the
// same order, until either ends; then it closes both. Chunks wait side by side, so the delay
// does not limit how much passes in a second.
func pass(from, to net.Conn, oneWay time.Duration) {
	chunks := make(chan chunk, 1024)
	go func() {
		defer close(chunks)
		buffer := make([]byte, 16<<10)
		for {
			n, err := from.Read(buffer)
			chunks <- chunk{bytes.Clone(buffer[:n]), time.Now().Add(oneWay)}
			if err != nil {
				return
			}
		}
	}()
	defer to.Close()
	for c := range chunks {
		time.Sleep(time.Until(c.due))
		if len(c.data) == 0 {
			continue // it ends
		}
		if _, err := to.Write(c.data); err != nil {
			_ = from.Close() // the reader ends, too
		}
	}
}

func TestForward(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := pipe.Listen(), pipe.Listen()
		ended := make(chan error, 1)
		go func() { ended <- forward(near, oneWay, far.Dial) }()
		type accepted struct {
			conn net.Conn
			err  error
		}
		server := make(chan accepted, 1)
		go func() {
			conn, err := far.Accept()
			server <- accepted{conn, err}
		}()
		client, err := near.Dial()
		if err != nil {
			t.Fatal(err)
		}
		behind := <-server
		if behind.err != nil {
			t.Fatal(behind.err)
		}
		start := time.Now()
		go func() {
			for i := range 100 { // all within one delay
				_, _ = client.Write([]byte{byte(i)})
				time.Sleep(oneWay / 200)
			}
			_ = client.Close()
		}()
		var got []byte
		one := make([]byte, 16)
		for {
			n, err := behind.conn.Read(one)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for range n {
				if late, want := time.Since(start), oneWay+time.Duration(len(got))*oneWay/200; late != want {
					t.Errorf("byte %d came after %v, want %v", len(got), late, want)
				}
				got = append(got, one[0])
			}
		}
		var want []byte
		for i := range 100 {
			want = append(want, byte(i))
		}
		if !bytes.Equal(got, want) {
			t.Errorf("got %v", got)
		}
		if late, want := time.Since(start), oneWay+oneWay/2; late != want {
			t.Errorf("the end came after %v, want %v", late, want)
		}
		_ = behind.conn.Close()
		_ = near.Close()
		time.Sleep(2 * oneWay) // until the other direction has ended
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("forward: %v", err)
		}
	})
}
