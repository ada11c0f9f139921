package bench_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// connections is the number of clients in a group.
const connections = 32

// requestWriter returns the bytes of a request. It may write them into scratch.
type requestWriter func(scratch []byte) []byte

// clientGroup sends one kind of request to a server, on connections that stay
// open. The clients share the cores with the server, so they do as little as
// possible.
type clientGroup struct {
	name    string
	clients []*client
}

// connect opens the connections of a group until the end of the test.
func connect(t testing.TB, name, address string, ask requestWriter) *clientGroup {
	t.Helper()
	c := &clientGroup{name: name}
	for range connections {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		c.clients = append(c.clients, &client{conn: conn, ask: ask, answer: make([]byte, 8<<10)})
	}
	return c
}

// work sends requests for an interval, and returns the number of answers and the
// time for all of them.
func (c *clientGroup) work(interval time.Duration) (answers int, took time.Duration, err error) {
	var done atomic.Bool
	var working sync.WaitGroup
	counts, errs := make([]int, len(c.clients)), make([]error, len(c.clients))
	start := time.Now()
	alarm := time.AfterFunc(interval, func() { done.Store(true) })
	defer alarm.Stop()
	for i, client := range c.clients {
		working.Go(func() {
			for !done.Load() && errs[i] == nil {
				errs[i] = client.call()
				counts[i]++
			}
		})
	}
	working.Wait()
	took = time.Since(start)
	for _, n := range counts {
		answers += n
	}
	if err := errors.Join(errs...); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", c.name, err)
	}
	return answers, took, nil
}

// client is one connection.
type client struct {
	conn    net.Conn
	ask     requestWriter
	scratch []byte
	answer  []byte
	length  int // of the last answer's body
	// want is how answers begin; granted if empty.
	want []byte
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
	request := c.ask(c.scratch[:0])
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
			if c.length, err = c.bodyLength(c.answer[:head+2]); err != nil {
				return fmt.Errorf("%w: %q", err, c.answer[:read])
			}
			whole = head + len(blank) + c.length
		}
	}
	return nil
}

func (c *client) bodyLength(head []byte) (int, error) {
	want := c.want
	if want == nil {
		want = granted
	}
	if !bytes.HasPrefix(head, want) {
		return 0, fmt.Errorf("not %q", want)
	}
	_, rest, _ := bytes.Cut(head, lengthIs)
	digits, _, _ := bytes.Cut(rest, blank[:2])
	return strconv.Atoi(string(digits))
}
