package gitaccess_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/application/gitaccess"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// overHTTP is a fetch over HTTP without credentials.
func overHTTP() gitaccess.Request {
	req := fetch()
	req.Claim, req.Protocol = identity.Claim{}, source.HTTP
	req.Address, req.AddressGiven = netip.MustParseAddr("192.0.2.7"), true
	return req
}

func TestGatekeeper_Allow_token(t *testing.T) {
	t.Parallel()
	w := newPorts()
	w.standing.Actor.Key = identity.Key{}
	req := overHTTP()
	req.Claim, req.Command = identity.ClaimUser("7"), source.ReceivePack
	req.Token = &identity.AccessToken{ID: 31, Scopes: []identity.Scope{identity.ScopeReadRepository}}
	denial, event := w.denied(t, req)
	if denial.Rule != "token_scope" || event.Actor.Token != 31 || event.Actor.User != 7 {
		t.Errorf("got rule %q, actor %+v", denial.Rule, event.Actor)
	}
	if diff := cmp.Diff([]string{"read_repository"}, event.Decision.Facts["token.scopes"]); diff != "" {
		t.Errorf("token.scopes (-want +got):\n%s", diff)
	}
}

// Who is only asked for credentials leaves no record: every clone of a private project
// begins so.
func TestGatekeeper_Allow_recordsNoChallenge(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*gitaccess.Request)
		public bool
		want   int
	}{
		"nobody over HTTP, refused":      {func(*gitaccess.Request) {}, false, 0},
		"nobody over HTTP, allowed":      {func(*gitaccess.Request) {}, true, 1},
		"nobody over SSH, refused":       {func(r *gitaccess.Request) { r.Protocol = source.SSH }, false, 1},
		"somebody else's token, refused": {func(r *gitaccess.Request) { r.Claim = identity.ClaimUser("99") }, false, 1},
	} {
		w := newPorts()
		w.standing.Actor, w.standing.Role = identity.Actor{}, source.NoRole
		if c.public {
			w.standing.Project.Visibility = source.Public
		}
		req := overHTTP()
		c.change(&req)
		_, err := w.gatekeeper().Allow(t.Context(), req)
		if got := len(w.decisions.events); got != c.want || (err == nil) != c.public {
			t.Errorf("%s: got %d records, %v, want %d", name, got, err, c.want)
		}
	}
}

// Who shows no credentials has one bucket for all projects, the address: a shared bucket
// would let one stranger refuse a public project to all others.
func TestGatekeeper_Allow_bucketsOfStrangers(t *testing.T) {
	t.Parallel()
	count := func(project, address string) []gitaccess.Bucket {
		w := newPorts()
		req := overHTTP()
		req.Project, req.Address = project, netip.MustParseAddr(address)
		_, _ = w.gatekeeper().Allow(t.Context(), req)
		return w.buckets
	}
	a, b, other := count("acme/a", "192.0.2.7"), count("acme/b", "192.0.2.7"), count("acme/a", "192.0.2.8")
	if len(a) != 1 || a[0] != b[0] || a[0] == other[0] {
		t.Errorf("got %v, %v and %v", a, b, other)
	}
}
