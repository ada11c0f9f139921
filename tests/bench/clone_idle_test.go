package bench_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// idleStreams is how many transfers are under way in which no byte moves.
	idleStreams = 300
	// idleMemory is what they may take together, in MiB.
	idleMemory = 100
	// readFirst is how much each client reads before it stops, in bytes.
	readFirst = 4 << 20
	// settling is how long the server has until its memory is read: Go collects garbage after
	// two minutes without much of it, and gives back the memory that is free little by little.
	settling = 150 * time.Second
)

// idle reads the memory of a server before and while transfers are under way.
func (c *clone) idle(start func() *process, what string, goal goal, begin func(server *process) (end func())) measurement {
	name := fmt.Sprintf("%d %s", idleStreams, what)
	return measurement{
		rows: []heading{{name + ", of 100 MiB", goal}, {name + ", VmRSS of none", noGoal}},
		do: func() []reading {
			server := start()
			defer server.stop()
			c.fetch(newHTTPClient(c.t), server.address, io.Discard)
			time.Sleep(settling)
			before := c.memory(server)
			defer begin(server)()
			time.Sleep(settling)
			with := c.memory(server)
			return []reading{
				{Figure: with - before, Floor: idleMemory, Unit: "MiB", Ratio: (with - before) / idleMemory},
				{Figure: with, Floor: before, Unit: "MiB", Ratio: with / before},
			}
		},
	}
}

var noGoal goal

// waitInPushes begins pushes that wait for their clients. The function that it returns closes
// their connections.
func (c *clone) waitInPushes(server *process) (end func()) {
	head := "POST /" + c.project.Path + ".git/git-receive-pack HTTP/1.1\r\nHost: git\r\nAuthorization: Bearer " + cloneToken +
		"\r\nContent-Type: application/x-git-receive-pack-request\r\nContent-Length: 1000000\r\n\r\n"
	command := packetLine(strings.Repeat("0", 40) + " " + strings.Repeat("1", 40) + " refs/heads/idle\x00report-status")
	var conns []net.Conn
	for range idleStreams {
		conn, err := net.Dial("tcp", server.address)
		if err == nil {
			conns = append(conns, conn)
			_, err = io.WriteString(conn, head+command)
		}
		if err != nil {
			c.t.Errorf("a push that waits: %v", err)
		}
	}
	return func() {
		for _, conn := range conns {
			_ = conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
			if n, err := conn.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				c.t.Errorf("a push that waits was answered: %d bytes, %v", n, err)
			}
			_ = conn.Close()
		}
	}
}

// stopReading begins fetches, ten at a time, and stops reading each of them. The function
// that it returns closes their connections.
func (c *clone) stopReading(server *process) (end func()) {
	ctx, cancel := context.WithCancel(c.t.Context())
	transport := &http.Transport{DisableKeepAlives: true, DialContext: dialSmall}
	var all sync.WaitGroup
	next := make(chan struct{}, 10)
	for range idleStreams {
		next <- struct{}{}
		all.Go(func() {
			defer func() { <-next }()
			answer, err := transport.RoundTrip(c.post(ctx, server.address))
			if err == nil {
				_, err = io.CopyN(io.Discard, answer.Body, readFirst) // the answer of a refusal is shorter
			}
			if err != nil {
				c.t.Errorf("a fetch that stops: %v", err)
			}
		})
	}
	all.Wait()
	return cancel
}

// dialSmall connects with a small receive buffer, so that the kernel takes less of a pack.
func dialSmall(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err == nil {
		err = conn.(*net.TCPConn).SetReadBuffer(64 << 10)
	}
	return conn, err
}

// memory returns what a process has of the machine's memory, in MiB.
func (c *clone) memory(p *process) float64 {
	c.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		c.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	value, _, _ := strings.Cut(strings.TrimSpace(rest), " kB")
	kib, err := strconv.ParseFloat(value, 64)
	if err != nil {
		c.t.Fatal(err)
	}
	return kib / (1 << 10)
}
