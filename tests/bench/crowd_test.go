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

// connections is how many clients there are at a time.
const connections = 32

// asking returns a request as it goes over the wire. It may write it into
// scratch, which is the caller's own.
type asking func(scratch []byte) []byte

// crowd asks one server the same kind of thing, on connections that stay open.
// It shares the cores with the server, and so does as little as it can.
type crowd struct {
	name    string
	clients []*client
}

// gather connects a crowd, until the end of the test.
func gather(t testing.TB, name, address string, ask asking) *crowd {
	t.Helper()
	c := &crowd{name: name}
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

// work lets the crowd ask for as long as turn, and returns how many answers it
// got and in what time.
func (c *crowd) work(turn time.Duration) (answers int, took time.Duration, err error) {
	var over atomic.Bool
	var working sync.WaitGroup
	counts, errs := make([]int, len(c.clients)), make([]error, len(c.clients))
	start := time.Now()
	alarm := time.AfterFunc(turn, func() { over.Store(true) })
	defer alarm.Stop()
	for i, client := range c.clients {
		working.Go(func() {
			for !over.Load() && errs[i] == nil {
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
	ask     asking
	scratch []byte
	answer  []byte
	length  int // of the last answer's body
}

var (
	granted  = []byte("HTTP/1.1 200 ")
	lengthIs = []byte("\r\nContent-Length: ")
	blank    = []byte("\r\n\r\n")
)

// call asks once and reads the answer, which has to be a 200 that says how
// long it is.
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
			if c.length, err = bodyLength(c.answer[:head+2]); err != nil {
				return fmt.Errorf("%w: %q", err, c.answer[:read])
			}
			whole = head + len(blank) + c.length
		}
	}
	return nil
}

func bodyLength(head []byte) (int, error) {
	if !bytes.HasPrefix(head, granted) {
		return 0, errors.New("not granted")
	}
	_, rest, _ := bytes.Cut(head, lengthIs)
	digits, _, _ := bytes.Cut(rest, blank[:2])
	return strconv.Atoi(string(digits))
}
