package hookclient

import (
	"net/netip"
	"slices"
)

// Refusal says why no webhook is sent to an address.
var Refusal = refusal

// Metadata returns the addresses of clouds' metadata.
func Metadata() (all []netip.Addr) {
	for _, n := range metadata {
		all = append(all, n.prefix.Addr())
	}
	return all
}

// Refused returns the ranges to which no webhook is sent.
func Refused() (all []netip.Prefix) {
	for _, n := range slices.Concat(local, metadata) {
		all = append(all, n.prefix)
	}
	return all
}
