package hookclient_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"gatehouse/adapters/hookclient"
)

func TestRefusal(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "172.15.255.255": true, "172.32.0.1": true, "2606:4700::1111": true, "::ffff:8.8.8.8": true, "2a00:1450::1": true,
		"0.0.0.0": false, "0.1.2.3": false, "10.1.2.3": false, "100.64.0.1": false, "100.127.255.255": false, "127.0.0.1": false, "127.255.0.1": false,
		"169.254.169.254": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.0.1": false, "192.0.0.1": false, "198.18.0.1": false,
		"224.0.0.1": false, "239.1.1.1": false, "240.0.0.1": false, "255.255.255.255": false, "192.0.2.1": false, "203.0.113.9": false,
		"168.63.129.16": false, "168.63.129.15": true, "168.63.129.17": true, "100.100.100.200": false, "192.88.99.1": false, "192.88.98.255": true, "192.88.100.0": true,
		"::": false, "::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::10.0.0.1": false, "64:ff9b::10.0.0.1": false, "64:ff9b:1::1": false,
		"::ffff:0:127.0.0.1": false, "::ffff:0:8.8.8.8": false, "::fffe:ffff:ffff": false, "4000::1": false, "1fff::1": false, "2001:1ff:ffff::1": false, "2001:200::1": true, "2003::1": true, "3ffe::1": true, "::ffff:168.63.129.16": false,
		"2002:0a00:0001::1": false, "2001::1": false, "fc00::1": false, "fd12::1": false, "fe80::1": false, "febf::1": false, "fec0::1": false,
		"ff02::1": false, "2001:db8::1": false, "fe80::1%eth0": false, "fd00:ec2::254": false, "fd20:ce::254": false,
	} {
		if got := hookclient.Refusal(netip.MustParseAddr(text), false); (got == "") != want {
			t.Errorf("%s: got %q", text, got)
		}
	}
	if hookclient.Refusal(netip.Addr{}, false) == "" {
		t.Error("no address is refused")
	}
}

func TestRefusal_allowLocal(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"127.0.0.1": true, "::1": true, "10.0.0.1": true, "fd00::1": true, "169.254.1.1": true, "8.8.8.8": true,
		"64:ff9b::10.0.0.1": true, "2002:a00:1::": true,
		"169.254.169.254": false, "::ffff:169.254.169.254": false, "64:ff9b::a9fe:a9fe": false, "2002:a9fe:a9fe::1": false, "168.63.129.16": false, "64:ff9b::a83f:8110": false, "fe80::a9fe:a9fe": false, "100.100.100.200": false, "fd00:ec2::254": false, "fd00:ec2::254%eth0": false,
	} {
		if got := hookclient.Refusal(netip.MustParseAddr(text), true); (got == "") != want {
			t.Errorf("%s: got %q", text, got)
		}
	}
}

// TestRefusal_metadata takes each metadata address, in every form.
func TestRefusal_metadata(t *testing.T) {
	t.Parallel()
	for _, address := range hookclient.Metadata() {
		for _, form := range forms(address) {
			if hookclient.Refusal(form, true) == "" {
				t.Errorf("%s: %s is not refused", address, form)
			}
		}
	}
}

// TestRefusal_registries takes the blocks of IANA's special-purpose registries of both
// families, as a reader copies them from there, and multicast.
func TestRefusal_registries(t *testing.T) {
	t.Parallel()
	for _, block := range strings.Fields(`
		0.0.0.0/8 0.0.0.0/32 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.0.0/29 192.0.0.8/32 192.0.0.9/32
		192.0.0.10/32 192.0.0.170/32 192.0.0.171/32 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24
		198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4 255.255.255.255/32 224.0.0.0/4
		::1/128 ::/128 64:ff9b::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001::/32 2001:1::1/128 2001:1::2/128 2001:1::3/128
		2001:2::/48 2001:3::/32 2001:4:112::/48 2001:10::/28 2001:20::/28 2001:30::/28 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16
		fc00::/7 fe80::/10 ff00::/8`) {
		network := netip.MustParsePrefix(block)
		for _, address := range append(forms(network.Addr()), forms(lastOf(network))...) {
			if hookclient.Refusal(address, false) == "" {
				t.Errorf("%s: %s is not refused", block, address)
			}
		}
	}
}

// TestRefusal_bounds takes the first and the last address of each range, in every form
// in which IPv6 carries an IPv4 address.
func TestRefusal_bounds(t *testing.T) {
	t.Parallel()
	for _, network := range hookclient.Refused() {
		for _, address := range append(forms(network.Masked().Addr()), forms(lastOf(network))...) {
			if hookclient.Refusal(address, false) == "" {
				t.Errorf("%s: %s is not refused", network, address)
			}
		}
	}
}

// lastOf returns the last address of a range.
func lastOf(network netip.Prefix) netip.Addr {
	bytes := network.Masked().Addr().AsSlice()
	for bit := network.Bits(); bit < 8*len(bytes); bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}

// forms returns an address and, if it is one of IPv4, its forms in IPv6: mapped,
// compatible, translated, 6to4, and both of NAT64.
func forms(address netip.Addr) []netip.Addr {
	if !address.Is4() {
		return []netip.Addr{address}
	}
	four := address.As4()
	number := fmt.Sprintf("%02x%02x:%02x%02x", four[0], four[1], four[2], four[3])
	all := []netip.Addr{address}
	for _, form := range []string{"::ffff:%s", "::%s", "::ffff:0:%s", "2002:%s::", "2002:%s::1", "64:ff9b::%s", "64:ff9b:1::%s"} {
		all = append(all, netip.MustParseAddr(fmt.Sprintf(form, number)))
	}
	return all
}
