package ratelimit

import (
	"net/netip"
	"sync"
)

// Streams limits how many streams are open at once, in all and for each address, within
// one process. An IPv6 address counts with all others of its /64, an IPv4 address in IPv6
// as IPv4, and the zero Addr, such as that of a Unix socket, as an address of its own. It
// is safe for concurrent use.
type Streams struct {
	total, perAddress int

	mu   sync.Mutex
	open int
	// by has the open streams of each address that has any.
	by map[netip.Addr]int
}

// NewStreams makes a Streams that allows total streams in all, and perAddress for each
// address. 0 allows none.
func NewStreams(total, perAddress int) *Streams {
	return &Streams{total: total, perAddress: perAddress, by: map[netip.Addr]int{}}
}

// Begin opens a stream of an address, and says whether it may. If so the stream is open
// until end is called; further calls of end do nothing. Otherwise end does nothing.
func (s *Streams) Begin(address netip.Addr) (end func(), ok bool) {
	address = group(address)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open >= s.total || s.by[address] >= s.perAddress {
		return func() {}, false
	}
	s.open++
	s.by[address]++
	return sync.OnceFunc(func() { s.end(address) }), true
}

func (s *Streams) end(address netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if s.by[address]--; s.by[address] == 0 {
		delete(s.by, address)
	}
}
