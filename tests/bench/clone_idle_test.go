package bench_test

import (
	"context"
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
	// idleFetches is how many clients stop reading in the middle of a fetch.
	idleFetches = 300
	// idleMemory is what the server may take with them, in MiB.
	idleMemory = 100
	// readFirst is how much each client reads before it stops, in bytes.
	readFirst = 4 << 20
	// settling is how long the server has until its memory is read: Go collects garbage after
	// two minutes without much of it, and gives back the memory that is free little by little.
	settling = 150 * time.Second
)

// idle reads the memory of a server before and while clients have stopped reading.
func (c *clone) idle(start func() *process) measurement {
	name := fmt.Sprintf("%d idle fetches", idleFetches)
	return measurement{
		rows: []heading{{name + ", VmRSS of 100 MiB", atMost(1)}, {name + ", VmRSS of none", goal{}}, {name + ", RssAnon of none", goal{}}},
		do: func() []reading {
			server := start()
			defer server.stop()
			c.fetch(newHTTPClient(c.t), server.address)
			time.Sleep(settling)
			before := c.memory(server)
			defer c.stopReading(server)()
			time.Sleep(settling)
			with := c.memory(server)
			return []reading{
				{Figure: with.all, Floor: idleMemory, Unit: "MiB", Ratio: with.all / idleMemory},
				{Figure: with.all, Floor: before.all, Unit: "MiB", Ratio: with.all / before.all},
				{Figure: with.own, Floor: before.own, Unit: "MiB", Ratio: with.own / before.own},
			}
		},
	}
}

// stopReading begins fetches, ten at a time, and stops reading each of them. The function
// that it returns closes their connections.
func (c *clone) stopReading(server *process) (end func()) {
	ctx, cancel := context.WithCancel(c.t.Context())
	transport := &http.Transport{DisableKeepAlives: true, DialContext: dialSmall}
	var all sync.WaitGroup
	next := make(chan struct{}, 10)
	for range idleFetches {
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

// memory is that of a process, in MiB: all that it has of the machine's, and what of it
// belongs to no file.
type memory struct{ all, own float64 }

func (c *clone) memory(p *process) memory {
	c.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		c.t.Fatal(err)
	}
	of := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		kib, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), " kB")), 64)
		of[name] = kib / (1 << 10)
	}
	return memory{of["VmRSS"], of["RssAnon"]}
}
