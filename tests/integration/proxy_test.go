package integration_test

import (
	"cmp"
	"net"
	"net/url"
	"sync"
	"testing"
)

// proxy stands in front of PostgreSQL and can break the way to it.
type proxy struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	state way
	conns map[net.Conn]bool
	work  sync.WaitGroup
}

// way is how far the way to the database is open.
type way int

const (
	open way = iota
	// closed lets nobody in and hangs up on everybody.
	closed
	// silent lets everybody in and passes nothing on, as a network that drops
	// packets does.
	silent
)

// through returns a proxy and the URL of the database behind it.
func through(t *testing.T, database string) (*proxy, string) {
	t.Helper()
	address, err := url.Parse(database)
	if err != nil {
		t.Fatal("the database's URL cannot be read") // it holds a password
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{
		listener: listener, conns: map[net.Conn]bool{},
		target: net.JoinHostPort(address.Hostname(), cmp.Or(address.Port(), "5432")),
	}
	p.work.Go(p.serve)
	t.Cleanup(p.remove)
	address.Host = listener.Addr().String()
	return p, address.String()
}

// remove takes the proxy away for good: whoever calls is refused.
func (p *proxy) remove() {
	_ = p.listener.Close()
	p.turn(closed)
	p.work.Wait()
}

// turn opens or breaks the way. Connections that there are are cut off, unless
// it falls silent.
func (p *proxy) turn(to way) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = to
	for conn := range p.conns {
		if to != silent {
			_ = conn.Close()
		}
	}
}

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.work.Go(func() { p.connect(client) })
	}
}

func (p *proxy) connect(client net.Conn) {
	defer p.forget(client)
	if !p.keep(client) {
		return
	}
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer p.forget(server)
	if !p.keep(server) {
		return
	}
	p.work.Go(func() {
		p.pass(server, client)
		_ = client.Close()
	})
	p.pass(client, server)
}

// keep says whether a connection may be there.
func (p *proxy) keep(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[conn] = true
	return p.state != closed
}

func (p *proxy) forget(conn net.Conn) {
	_ = conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, conn)
}

// pass hands on what comes, until the connection ends.
func (p *proxy) pass(from, to net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if p.drops() {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (p *proxy) drops() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state == silent
}
