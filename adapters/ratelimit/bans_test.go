package ratelimit_test

import (
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"gatehouse/adapters/ratelimit"
)

const (
	window = 3 * time.Minute
	lasts  = time.Hour
	// room is how many addresses a Bans knows.
	room = 10_000
)

// bans returns a Bans after three failures, and its clock, which stands.
func bans() (*ratelimit.Bans, *time.Time) {
	clock := now
	return ratelimit.NewBans(3, window, lasts, func() time.Time { return clock }), &clock
}

// address returns the address with a number, each in a /64 of its own.
func address(n int) netip.Addr {
	return netip.AddrFrom16([16]byte{0x20, 1, byte(n >> 16), byte(n >> 8), byte(n), 15: 1})
}

// fail counts failures of an address.
func fail(b *ratelimit.Bans, address netip.Addr, times int) {
	for range times {
		b.Failed(address)
	}
}

func wantBanned(t *testing.T, b *ratelimit.Bans, address netip.Addr, want bool) {
	t.Helper()
	if _, got := b.Banned(address); got != want {
		t.Errorf("%s: banned: got %t, want %t", address, got, want)
	}
}

func TestBans_failures(t *testing.T) {
	t.Parallel()
	one := address(1)
	for name, test := range map[string]struct {
		do   func(b *ratelimit.Bans, clock *time.Time)
		want bool
	}{
		"none":               {func(*ratelimit.Bans, *time.Time) {}, false},
		"too few":            {func(b *ratelimit.Bans, _ *time.Time) { fail(b, one, 2) }, false},
		"enough":             {func(b *ratelimit.Bans, _ *time.Time) { fail(b, one, 3) }, true},
		"of another address": {func(b *ratelimit.Bans, _ *time.Time) { fail(b, one, 2); fail(b, address(2), 3) }, false},
		"success before the last": {func(b *ratelimit.Bans, _ *time.Time) {
			fail(b, one, 2)
			b.Succeeded(one)
			fail(b, one, 2)
		}, false},
		"success of another address": {func(b *ratelimit.Bans, _ *time.Time) {
			fail(b, one, 2)
			b.Succeeded(address(2))
			fail(b, one, 1)
		}, true},
		"success during the ban": {func(b *ratelimit.Bans, _ *time.Time) { fail(b, one, 3); b.Succeeded(one) }, true},
		"the last within the window": {func(b *ratelimit.Bans, clock *time.Time) {
			fail(b, one, 2)
			*clock = clock.Add(window - 1)
			fail(b, one, 1)
		}, true},
		"the last after the window": {func(b *ratelimit.Bans, clock *time.Time) {
			fail(b, one, 2)
			*clock = clock.Add(window)
			fail(b, one, 2)
		}, false},
		"at the end of the ban": {func(b *ratelimit.Bans, clock *time.Time) { fail(b, one, 3); *clock = clock.Add(lasts - 1) }, true},
		"after the ban":         {func(b *ratelimit.Bans, clock *time.Time) { fail(b, one, 3); *clock = clock.Add(lasts) }, false},
		"after the ban, with too few": {func(b *ratelimit.Bans, clock *time.Time) {
			fail(b, one, 3)
			*clock = clock.Add(lasts)
			fail(b, one, 2)
		}, false},
		"failures during the ban": {func(b *ratelimit.Bans, clock *time.Time) {
			fail(b, one, 3)
			*clock = clock.Add(lasts - 1)
			fail(b, one, 3)
			*clock = clock.Add(1)
		}, false},
		"after the ban, the clock was set back": {func(b *ratelimit.Bans, clock *time.Time) {
			fail(b, address(2), 3)
			*clock = clock.Add(-24 * time.Hour)
			fail(b, one, 3)
			*clock = clock.Add(lasts)
		}, false},
	} {
		b, clock := bans()
		test.do(b, clock)
		t.Run(name, func(t *testing.T) { wantBanned(t, b, one, test.want) })
	}
}

func TestBans_Banned_until(t *testing.T) {
	t.Parallel()
	b, clock := bans()
	fail(b, address(1), 2)
	*clock = clock.Add(time.Minute)
	fail(b, address(1), 1)
	want := clock.Add(lasts)
	if until, banned := b.Banned(address(1)); !banned || !until.Equal(want) {
		t.Errorf("got %v, %t, want %v", until, banned, want)
	}
}

// TestBans_groups bans one address, and asks for another.
func TestBans_groups(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		failed, asked string
		want          bool
	}{
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"::ffff:192.0.2.1", "192.0.2.1", true},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
		{"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"fe80::1%eth0", "fe80::2", true},
		{"::", "0.0.0.0", false},
	} {
		b, _ := bans()
		fail(b, netip.MustParseAddr(test.failed), 3)
		t.Run(test.failed+", "+test.asked, func(t *testing.T) { wantBanned(t, b, netip.MustParseAddr(test.asked), test.want) })
	}
}

func TestBans_never(t *testing.T) {
	t.Parallel()
	b, _ := bans()
	fail(b, netip.Addr{}, 3)
	wantBanned(t, b, netip.Addr{}, false)
	off := ratelimit.NewBans(0, 0, 0, func() time.Time { return now })
	fail(off, address(1), 3)
	off.Succeeded(address(1))
	wantBanned(t, off, address(1), false)
}

// TestBans_full has more addresses fail than there is room for.
func TestBans_full(t *testing.T) {
	t.Parallel()
	t.Run("the oldest failures are forgotten", func(t *testing.T) {
		t.Parallel()
		b, _ := bans()
		fail(b, address(0), 3)
		for i := 1; i <= room; i++ { // one too many
			fail(b, address(i), 2)
		}
		wantBanned(t, b, address(0), true)
		fail(b, address(2), 1)
		wantBanned(t, b, address(2), true)
		fail(b, address(1), 1)
		wantBanned(t, b, address(1), false)
	})
	t.Run("those whose time has passed go first", func(t *testing.T) {
		t.Parallel()
		b, clock := bans()
		fail(b, address(0), 3)
		*clock = clock.Add(lasts - time.Minute)
		for i := 1; i < room; i++ {
			fail(b, address(i), 2)
		}
		*clock = clock.Add(time.Minute) // the ban ends
		fail(b, address(room), 2)
		fail(b, address(1), 1)
		wantBanned(t, b, address(1), true)
	})
	t.Run("bans alone", func(t *testing.T) {
		t.Parallel()
		b, clock := bans()
		for i := range room {
			fail(b, address(i), 3)
		}
		fail(b, address(room), 3)
		wantBanned(t, b, address(room), false)
		wantBanned(t, b, address(0), true)
		*clock = clock.Add(lasts)
		fail(b, address(room), 3)
		wantBanned(t, b, address(room), true)
	})
}

// TestBans_bytes measures the heap, so it is alone.
func TestBans_bytes(t *testing.T) {
	const most = 4 << 20
	before := heap()
	b, _ := bans()
	for i := range 1 << 19 {
		b.Failed(address(i))
	}
	if kept := heap() - before; kept > most {
		t.Errorf("half a million addresses keep %d bytes, want at most %d", kept, most)
	}
	runtime.KeepAlive(b)
}

func TestBans_concurrent(t *testing.T) {
	t.Parallel()
	b := ratelimit.NewBans(800, window, lasts, func() time.Time { return now })
	var requests sync.WaitGroup
	for i := range 8 {
		requests.Go(func() {
			for n := range 100 {
				b.Failed(address(0))
				b.Failed(address(1 + i*100 + n))
				b.Succeeded(address(1 + n))
				b.Banned(address(0))
			}
		})
	}
	requests.Wait()
	wantBanned(t, b, address(0), true)
}
