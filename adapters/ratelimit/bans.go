package ratelimit

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"gatehouse/application"
)

// maxAddresses is how many addresses Bans knows at once.
const maxAddresses = 10_000

// Bans bans addresses for a time after too many failures, within one process. An IPv6
// address counts with all others of its /64, an IPv4 address in IPv6 as IPv4. It is safe
// for concurrent use.
//
// What it keeps is bounded: with 10,000 addresses, a new one that fails makes it forget
// the failures of the address that began to fail first. While all 10,000 are banned no
// other address is counted.
type Bans struct {
	failures      int
	window, lasts time.Duration
	now           application.Clock

	mu    sync.Mutex
	known map[netip.Addr]*list.Element
	// failing and banned hold the addresses, each an *offender, those that are forgotten
	// first in front.
	failing, banned *list.List
}

// offender is an address that failed.
type offender struct {
	address  netip.Addr
	failures int
	// until is when its failures, or its ban, are forgotten.
	until time.Time
}

// NewBans makes a Bans that bans an address for lasts once it has failed that many times
// within window, which begins with the first of these failures. 0 failures ban none.
func NewBans(failures int, window, lasts time.Duration, now application.Clock) *Bans {
	return &Bans{
		failures: failures, window: window, lasts: lasts, now: now,
		known: map[netip.Addr]*list.Element{}, failing: list.New(), banned: list.New(),
	}
}

// Banned says whether an address is banned, and until when. The zero Addr never is.
func (b *Bans) Banned(address netip.Addr) (until time.Time, banned bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if at := b.find(group(address), b.now()); at != nil && b.isBanned(at) {
		return at.Value.(*offender).until, true
	}
	return time.Time{}, false
}

// Failed counts a failure of an address. One of an address that is banned does not
// make the ban longer. The zero Addr is not counted.
func (b *Bans) Failed(address netip.Addr) {
	if b.failures <= 0 || !address.IsValid() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	at := b.find(group(address), now)
	if at == nil {
		at = b.add(group(address), now)
	}
	if at == nil || b.isBanned(at) {
		return
	}
	o := at.Value.(*offender)
	if o.failures++; o.failures >= b.failures {
		o.until = now.Add(b.lasts)
		b.failing.Remove(at)
		b.known[o.address] = b.banned.PushBack(o)
	}
}

// Succeeded forgets the failures of an address. A ban goes on.
func (b *Bans) Succeeded(address netip.Addr) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if at := b.find(group(address), b.now()); at != nil && !b.isBanned(at) {
		b.remove(at)
	}
}

// find drops the addresses whose time has passed, and returns where one is, or nil.
func (b *Bans) find(address netip.Addr, now time.Time) *list.Element {
	for _, offenders := range []*list.List{b.failing, b.banned} {
		for first := offenders.Front(); first != nil && passed(first, now); first = offenders.Front() {
			b.remove(first)
		}
	}
	at := b.known[address]
	if at != nil && passed(at, now) { // one behind those of a clock that was set back since
		b.remove(at)
		return nil
	}
	return at
}

// add makes room for an address that begins to fail, or returns nil if bans take it all.
func (b *Bans) add(address netip.Addr, now time.Time) *list.Element {
	if len(b.known) >= maxAddresses {
		oldest := b.failing.Front()
		if oldest == nil {
			return nil
		}
		b.remove(oldest)
	}
	at := b.failing.PushBack(&offender{address: address, until: now.Add(b.window)})
	b.known[address] = at
	return at
}

func passed(at *list.Element, now time.Time) bool { return !now.Before(at.Value.(*offender).until) }

func (b *Bans) isBanned(at *list.Element) bool { return at.Value.(*offender).failures >= b.failures }

// remove takes an address out of the list that it is in.
func (b *Bans) remove(at *list.Element) {
	b.failing.Remove(at)
	b.banned.Remove(at)
	delete(b.known, at.Value.(*offender).address)
}

// groupBits is the part of an IPv6 address that one client is given: it has all
// addresses that begin so.
const groupBits = 64

// group returns the address that stands for those of one client. That of the zero Addr is
// the zero Addr.
func group(address netip.Addr) netip.Addr {
	address = address.Unmap().WithZone("")
	if !address.Is6() {
		return address
	}
	return netip.PrefixFrom(address, groupBits).Masked().Addr()
}
