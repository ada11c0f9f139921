package ratelimit_test

import (
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"gatehouse/adapters/ratelimit"
)

// begin opens a stream of an address, or the zero Addr for none, and wants it to be
// allowed or not.
func begin(t *testing.T, s *ratelimit.Streams, of string, want bool) (end func()) {
	t.Helper()
	address, _ := netip.ParseAddr(of)
	end, ok := s.Begin(address)
	if ok != want {
		t.Errorf("%q: got %t, want %t", of, ok, want)
	}
	return end
}

func TestStreams_perAddress(t *testing.T) {
	t.Parallel()
	for name, same := range map[string][3]string{
		"IPv4":             {"192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1"},
		"IPv6, by its /64": {"2001:db8::1", "2001:db8::2", "2001:db8::3:4:5:6"},
		"a Unix socket":    {"", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := ratelimit.NewStreams(10, 2)
			end := begin(t, s, same[0], true)
			begin(t, s, same[1], true)
			begin(t, s, same[2], false)
			begin(t, s, "198.51.100.1", true)
			begin(t, s, "2001:db8:0:1::1", true)
			end()
			end()
			begin(t, s, same[0], true)
			begin(t, s, same[0], false)
		})
	}
}

func TestStreams_total(t *testing.T) {
	t.Parallel()
	s := ratelimit.NewStreams(2, 2)
	end := begin(t, s, "192.0.2.1", true)
	begin(t, s, "192.0.2.2", true)
	refused := begin(t, s, "192.0.2.3", false)
	refused()
	begin(t, s, "192.0.2.3", false)
	end()
	end()
	begin(t, s, "192.0.2.3", true)
	begin(t, s, "192.0.2.4", false)
	begin(t, ratelimit.NewStreams(0, 0), "192.0.2.1", false)
}

func TestStreams_concurrent(t *testing.T) {
	t.Parallel()
	const total, perAddress = 8, 4
	s := ratelimit.NewStreams(total, perAddress)
	var open, most atomic.Int64
	var requests sync.WaitGroup
	for i := range 16 {
		requests.Go(func() {
			for range 200 {
				if end, ok := s.Begin(address(i % 4)); ok {
					now := open.Add(1)
					for highest := most.Load(); now > highest && !most.CompareAndSwap(highest, now); highest = most.Load() {
					}
					open.Add(-1)
					end()
				}
			}
		})
	}
	requests.Wait()
	if got := most.Load(); got == 0 || got > total {
		t.Errorf("got %d streams at once, want 1 to %d", got, total)
	}
	for i := range total {
		if _, ok := s.Begin(address(i % 2)); !ok {
			t.Errorf("the %dth stream after all have ended: refused", i+1)
		}
	}
	if _, ok := s.Begin(address(3)); ok {
		t.Error("a stream too many was allowed")
	}
}

// TestStreams_bytes measures the heap, so it is alone.
func TestStreams_bytes(t *testing.T) {
	const most = 64 << 10
	before := heap()
	s := ratelimit.NewStreams(1, 1)
	for i := range 1 << 16 {
		end, _ := s.Begin(address(i))
		end()
	}
	if kept := heap() - before; kept > most {
		t.Errorf("streams that have ended keep %d bytes, want at most %d", kept, most)
	}
	runtime.KeepAlive(s)
}
