package servertest

import (
	"cmp"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Proxy forwards connections from a server to PostgreSQL, and can break them.
type Proxy struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	state ProxyMode
	conns map[net.Conn]bool
	work  sync.WaitGroup
}

// ProxyMode is what a Proxy does with connections.
type ProxyMode int

// The modes of a Proxy.
const (
	// Open forwards all data.
	Open ProxyMode = iota
	// Closed closes every connection, also new ones.
	Closed
	// Silent accepts connections and drops all data, as a network that loses
	// packets does.
	Silent
)

// NewProxy starts a proxy in front of a database until the test ends, and returns
// the URL of the database through it.
func NewProxy(t *testing.T, database string) (*Proxy, string) {
	t.Helper()
	address, err := url.Parse(database)
	if err != nil {
		t.Fatal("malformed database URL") // the URL holds a password
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{
		listener: listener, conns: map[net.Conn]bool{},
		target: net.JoinHostPort(address.Hostname(), cmp.Or(address.Port(), "5432")),
	}
	p.work.Go(p.serve)
	t.Cleanup(p.Close)
	address.Host = listener.Addr().String()
	return p, address.String()
}

// Close stops the proxy for good: connections to it are refused.
func (p *Proxy) Close() {
	_ = p.listener.Close()
	p.Set(Closed)
	p.work.Wait()
}

// Set changes the mode. Open connections are closed, unless the mode is Silent.
func (p *Proxy) Set(to ProxyMode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = to
	for conn := range p.conns {
		if to != Silent {
			_ = conn.Close()
		}
	}
}

func (p *Proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.work.Go(func() { p.connect(client) })
	}
}

func (p *Proxy) connect(client net.Conn) {
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

// keep registers a connection, and says whether the mode allows it.
func (p *Proxy) keep(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[conn] = true
	return p.state != Closed
}

func (p *Proxy) forget(conn net.Conn) {
	_ = conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, conn)
}

// pass copies until one of the connections ends.
func (p *Proxy) pass(from, to net.Conn) {
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

func (p *Proxy) drops() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state == Silent
}
