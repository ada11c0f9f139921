package bench_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// connections is the number of clients in a group.
const connections = 32

// requestWriter returns the bytes of a request, which it may write into scratch, and how
// the answer has to begin.
type requestWriter func(scratch []byte) (request, want []byte)

// clientGroup sends one kind of request to a server, on connections that stay
// open. The clients share the cores with the server, so they do as little as
// possible.
type clientGroup struct {
	name    string
	clients []*client
	// beside sends requests, too, while the group works; nil for none.
	beside *clientGroup
}

// connect opens the connections of a group until the end of the test.
func connect(t testing.TB, name, address string, ask requestWriter) *clientGroup {
	t.Helper()
	c, err := dial(name, address, func() requestWriter { return ask }, connections)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

// dial opens the connections of a group, each with a requestWriter of its own.
func dial(name, address string, newAsk func() requestWriter, connections int) (*clientGroup, error) {
	c := &clientGroup{name: name}
	for range connections {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			c.close()
			return nil, err
		}
		c.clients = append(c.clients, &client{conn: conn, ask: newAsk(), answer: make([]byte, 8<<10)})
	}
	return c, nil
}

func (c *clientGroup) close() {
	for _, client := range c.clients {
		_ = client.conn.Close()
	}
	if c.beside != nil {
		c.beside.close()
	}
}

// throughput is the number of answers in an interval, the time for all of them, and how long
// the slowest hundredth of the requests waited at least.
type throughput struct {
	Answers   int
	Took, P99 time.Duration
}

// each is the time for each answer: the interval divided by the number of answers.
func (t throughput) each() time.Duration { return t.Took / time.Duration(t.Answers) }

// work sends requests for an interval.
func (c *clientGroup) work(interval time.Duration) (done throughput, err error) {
	if c.beside == nil {
		return c.workAlone(interval)
	}
	var working sync.WaitGroup
	var besideErr error
	working.Go(func() { _, besideErr = c.beside.work(interval) })
	done, err = c.workAlone(interval)
	working.Wait()
	return done, errors.Join(err, besideErr)
}

func (c *clientGroup) workAlone(interval time.Duration) (throughput, error) {
	var done atomic.Bool
	var working sync.WaitGroup
	errs := make([]error, len(c.clients))
	start := time.Now()
	alarm := time.AfterFunc(interval, func() { done.Store(true) })
	defer alarm.Stop()
	for i, client := range c.clients {
		client.waits = client.waits[:0]
		working.Go(func() {
			for last := start; !done.Load() && errs[i] == nil; {
				errs[i] = client.call()
				now := time.Now()
				client.waits, last = append(client.waits, now.Sub(last)), now
			}
		})
	}
	working.Wait()
	out := throughput{Took: time.Since(start)}
	if err := errors.Join(errs...); err != nil {
		return throughput{}, fmt.Errorf("%s: %w", c.name, err)
	}
	var waits []time.Duration
	for _, client := range c.clients {
		waits = append(waits, client.waits...)
	}
	slices.Sort(waits)
	out.Answers, out.P99 = len(waits), waits[len(waits)*99/100]
	return out, nil
}

// client is one connection.
type client struct {
	conn    net.Conn
	ask     requestWriter
	scratch []byte
	answer  []byte
	length  int // of the last answer's body
	waits   []time.Duration
}

var (
	granted  = []byte("HTTP/1.1 200 ")
	missing  = []byte("HTTP/1.1 404 ")
	lengthIs = []byte("\r\nContent-Length: ")
	blank    = []byte("\r\n\r\n")
)

// call sends a request and reads the answer, which must begin as wanted and have a
// Content-Length.
func (c *client) call() error {
	request, want := c.ask(c.scratch[:0])
	if cap(request) <= 4<<10 {
		c.scratch = request
	}
	if _, err := c.conn.Write(request); err != nil {
		return err
	}
	read, whole := 0, 0
	for whole == 0 || read < whole {
		n, err := c.conn.Read(c.answer[read:])
		if err != nil {
			return fmt.Errorf("%w after %q", err, c.answer[:read])
		}
		read += n
		if head := bytes.Index(c.answer[:read], blank); whole == 0 && head >= 0 {
			if c.length, err = bodyLength(c.answer[:head+2], want); err != nil {
				return fmt.Errorf("%w: %q", err, c.answer[:read])
			}
			whole = head + len(blank) + c.length
		}
	}
	return nil
}

func bodyLength(head, want []byte) (int, error) {
	if !bytes.HasPrefix(head, want) {
		return 0, fmt.Errorf("not %q", want)
	}
	_, rest, _ := bytes.Cut(head, lengthIs)
	digits, _, _ := bytes.Cut(rest, blank[:2])
	return strconv.Atoi(string(digits))
}
