package hookclient

import (
	"net/netip"
	"slices"
)

// network is a range of addresses to which no webhook is sent.
type network struct {
	prefix netip.Prefix
	use    string
}

// specialPurpose are the entries of IANA's special-purpose registries of IPv4 and IPv6
// addresses, with every entry allocated by April 2025, also those that can be reached
// from the internet. An entry within another one is left out.
var specialPurpose = []network{
	{netip.MustParsePrefix("0.0.0.0/8"), "this network"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private use"},
	{netip.MustParsePrefix("100.64.0.0/10"), "shared by the customers of a carrier"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private use"},
	{netip.MustParsePrefix("192.0.0.0/24"), "protocol assignments"},
	{netip.MustParsePrefix("192.0.2.0/24"), "documentation"},
	{netip.MustParsePrefix("192.31.196.0/24"), "AS112"},
	{netip.MustParsePrefix("192.52.193.0/24"), "automatic multicast tunneling"},
	{netip.MustParsePrefix("192.88.99.0/24"), "relays of 6to4, deprecated"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private use"},
	{netip.MustParsePrefix("192.175.48.0/24"), "AS112, delegated directly"},
	{netip.MustParsePrefix("198.18.0.0/15"), "benchmarks"},
	{netip.MustParsePrefix("198.51.100.0/24"), "documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "documentation"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved, and broadcast"},

	{netip.MustParsePrefix("::/128"), "unspecified"},
	{netip.MustParsePrefix("::1/128"), "loopback"},
	{netip.MustParsePrefix("64:ff9b::/96"), "translation to IPv4 (NAT64)"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "translation to IPv4, local"},
	{netip.MustParsePrefix("100::/64"), "discard only"},
	{netip.MustParsePrefix("100:0:0:1::/64"), "dummy prefix"},
	{netip.MustParsePrefix("2001::/23"), "protocol assignments, with Teredo and ORCHID"},
	{netip.MustParsePrefix("2001:db8::/32"), "documentation"},
	{netip.MustParsePrefix("2002::/16"), "6to4"},
	{netip.MustParsePrefix("2620:4f:8000::/48"), "AS112, delegated directly"},
	{netip.MustParsePrefix("3fff::/20"), "documentation"},
	{netip.MustParsePrefix("5f00::/16"), "segment routing"},
	{netip.MustParsePrefix("fc00::/7"), "unique local"},
	{netip.MustParsePrefix("fe80::/10"), "link-local"},
}

// others are ranges outside the public internet that are in other registries of IANA,
// or in none.
var others = []network{
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("::/96"), "IPv4-compatible, deprecated"},
	{netip.MustParsePrefix("::ffff:0:0:0/96"), "IPv4-translated (SIIT)"},
	{netip.MustParsePrefix("fec0::/10"), "site-local, deprecated"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
}

// metadata are the addresses at which clouds tell a machine its own settings and
// credentials. Most are also in a range above.
var metadata = []network{
	{netip.MustParsePrefix("168.63.129.16/32"), "Azure"},
	{netip.MustParsePrefix("169.254.169.254/32"), "AWS, Azure, Google Cloud, Oracle Cloud and others"},
	{netip.MustParsePrefix("169.254.0.23/32"), "Tencent Cloud"},
	{netip.MustParsePrefix("169.254.170.2/32"), "AWS, tasks of ECS"},
	{netip.MustParsePrefix("169.254.170.23/32"), "AWS, pods of EKS"},
	{netip.MustParsePrefix("169.254.42.42/32"), "Scaleway"},
	{netip.MustParsePrefix("100.100.100.200/32"), "Alibaba Cloud"},
	{netip.MustParsePrefix("192.0.0.192/32"), "Oracle Cloud Classic"},
	{netip.MustParsePrefix("fe80::a9fe:a9fe/128"), "OpenStack"},
	{netip.MustParsePrefix("fd00:ec2::254/128"), "AWS"},
	{netip.MustParsePrefix("fd00:ec2::23/128"), "AWS, pods of EKS"},
	{netip.MustParsePrefix("fd00:42::42/128"), "Scaleway"},
	{netip.MustParsePrefix("fd20:ce::254/128"), "Google Cloud"},
	{netip.MustParsePrefix("fd00:c1::a9fe:a9fe/128"), "Oracle Cloud"},
}

// globalUnicast is the part of IPv6 from which addresses of the internet are
// allocated.
var globalUnicast = netip.MustParsePrefix("2000::/3")

// local are the ranges outside the public internet.
var local = slices.Concat(specialPurpose, others)

// refusal returns why no webhook is sent to an address, or "" for one of the public
// internet. With allowLocal only the metadata of clouds are refused. An IPv4-mapped
// address (::ffff:0:0/96) counts as the IPv4 address in it, to which the system
// connects.
func refusal(address netip.Addr, allowLocal bool) string {
	address = address.Unmap().WithZone("")
	for _, form := range []netip.Addr{address, carried(address)} {
		if use, found := find(metadata, form); found {
			return "it has the metadata of a cloud (" + use + ")"
		}
	}
	if allowLocal {
		return ""
	}
	if use, found := find(local, address); found {
		return "it is not a public address (" + use + "), and webhooks.allow_local_requests is off"
	}
	if !address.Is4() && !globalUnicast.Contains(address) {
		return "it is not a public address, and webhooks.allow_local_requests is off"
	}
	return ""
}

// carriers are the ranges of IPv6 whose addresses may stand for an IPv4 address, with
// the byte at which that begins.
var carriers = []struct {
	prefix netip.Prefix
	at     int
}{
	{netip.MustParsePrefix("::/96"), 12},
	{netip.MustParsePrefix("::ffff:0:0:0/96"), 12},
	{netip.MustParsePrefix("64:ff9b::/96"), 12},
	{netip.MustParsePrefix("64:ff9b:1::/96"), 12},
	{netip.MustParsePrefix("2002::/16"), 2},
}

// carried returns the IPv4 address in an IPv6 address, or no address.
func carried(address netip.Addr) netip.Addr {
	for _, c := range carriers {
		if c.prefix.Contains(address) {
			sixteen := address.As16()
			return netip.AddrFrom4([4]byte(sixteen[c.at:]))
		}
	}
	return netip.Addr{}
}

// find returns the use of the first network that holds an address.
func find(networks []network, address netip.Addr) (use string, found bool) {
	for _, n := range networks {
		if n.prefix.Contains(address) {
			return n.use, true
		}
	}
	return "", false
}
