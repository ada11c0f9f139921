package servertest

import (
	"cmp"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Proxy forwards connections from a server to what it needs, and can break them.
type Proxy struct {
	// Address is where the proxy listens, host:port.
	Address string
	target  string

	mu       sync.Mutex
	listener net.Listener
	state    ProxyMode
	conns    map[net.Conn]bool
	work     sync.WaitGroup
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
	// Slow delays all data.
	Slow
	// Refused closes every connection and listens no more.
	Refused
)

// slowness is how long Slow delays what is read at once.
const slowness = 20 * time.Millisecond

// NewProxy starts a proxy in front of a database until the test ends, and returns
// the URL of the database through it.
func NewProxy(t *testing.T, database string) (*Proxy, string) {
	t.Helper()
	address, err := url.Parse(database)
	if err != nil {
		t.Fatal("malformed database URL") // the URL holds a password
	}
	p := Forward(t, net.JoinHostPort(address.Hostname(), cmp.Or(address.Port(), "5432")))
	address.Host = p.Address
	return p, address.String()
}

// Forward starts a proxy in front of a TCP address until the test ends.
func Forward(t testing.TB, target string) *Proxy {
	t.Helper()
	p := &Proxy{conns: map[net.Conn]bool{}, target: target, Address: "127.0.0.1:0"}
	if err := p.listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// listen begins to accept connections.
func (p *Proxy) listen() error {
	listener, err := net.Listen("tcp", p.Address)
	if err != nil {
		return err
	}
	p.listener, p.Address = listener, listener.Addr().String()
	p.work.Go(func() { p.serve(listener) })
	return nil
}

// Close stops the proxy for good: connections to it are refused.
func (p *Proxy) Close() {
	p.Set(Refused)
	p.work.Wait()
}

// Set changes the mode. Open connections are closed, unless the mode is Silent or Slow.
func (p *Proxy) Set(to ProxyMode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	from := p.state
	p.state = to
	if to == Refused {
		_ = p.listener.Close()
	} else if from == Refused {
		for p.listen() != nil { // the kernel may have lent the port for a moment
			time.Sleep(time.Millisecond)
		}
	}
	for conn := range p.conns {
		if to != Silent && to != Slow {
			_ = conn.Close()
		}
	}
}

func (p *Proxy) serve(listener net.Listener) {
	for {
		client, err := listener.Accept()
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
	return p.state != Closed && p.state != Refused
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
		switch p.mode() {
		case Silent:
			continue
		case Slow:
			time.Sleep(slowness)
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (p *Proxy) mode() ProxyMode {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}
