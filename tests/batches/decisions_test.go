package batches_test

import (
	"context"
	"fmt"
	"net/netip"

	"gatehouse/bootstrap"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

// question is one that a client may ask: who wants what, where.
type question struct {
	claim identity.Claim
	where source.Target
	what  int
}

// String names the question.
func (q question) String() string {
	return fmt.Sprint(q.claim, " ", requests[q.what].name, " ", q.where)
}

const (
	zero = "0000000000000000000000000000000000000000"
	from = "1111111111111111111111111111111111111111"
	to   = "2222222222222222222222222222222222222222"
)

func change(before, after, ref string) []source.Change {
	changes, err := source.ParseChanges(before + " " + after + " " + ref)
	if err != nil {
		panic(err)
	}
	return changes
}

var requests = []struct {
	name string
	source.Request
}{
	{"pulls", source.Request{Command: source.UploadPack, Protocol: source.SSH}},
	{"pulls from afar", source.Request{Command: source.UploadPack, Protocol: source.HTTP, AddressGiven: true, Address: netip.MustParseAddr("192.0.2.1")}},
	{"pushes", source.Request{Command: source.ReceivePack, Protocol: source.SSH, AddressGiven: true, Address: netip.MustParseAddr("10.0.0.1")}},
	{"creates main", source.Request{Command: source.ReceivePack, Protocol: source.SSH, Changes: change(zero, to, "refs/heads/main")}},
	{"updates main", source.Request{Command: source.ReceivePack, Protocol: source.HTTP, Changes: change(from, to, "refs/heads/main")}},
	{"deletes main", source.Request{Command: source.ReceivePack, Protocol: source.SSH, Changes: change(from, zero, "refs/heads/main")}},
	{"updates x", source.Request{Command: source.ReceivePack, Protocol: source.SSH, Changes: change(from, to, "refs/heads/x")}},
	{"creates v1", source.Request{Command: source.ReceivePack, Protocol: source.SSH, Changes: change(zero, to, "refs/tags/v1")}},
}

// decisions are those on all questions of claims about targets. A claim that names
// no actor is left out: it is that of an anonymous client.
func decisions(ctx context.Context, p bootstrap.Ports, claims []identity.Claim, targets []source.Target) (map[question]bool, error) {
	allowed := map[question]bool{}
	for _, claim := range claims {
		for _, target := range targets {
			standing, err := p.Directory.Standing(ctx, source.Inquiry{Claim: claim, Target: target, Refs: true, OTP: true, Now: world.Now})
			if err != nil {
				return nil, err
			}
			if claim.Kind != identity.Anonymous && standing.Actor.Anonymous() {
				continue
			}
			for i, r := range requests {
				c := source.Case{
					Request: r.Request, Standing: standing, Now: world.Now,
					Settings: source.Settings{Protocols: source.AllProtocols, OTPRequired: true, DefaultBranchProtection: source.FullyProtected},
					Answers:  map[source.Question]source.Answer{{Old: from, New: to}: source.No},
				}
				c.Claim, c.Target = claim, target
				if len(c.Changes) == 0 {
					c.Project.Protections = nil
				}
				verdict := c.Decide()
				if verdict.Refusal == nil && len(verdict.Open) == 0 {
					allowed[question{claim, target, i}] = true
				}
			}
		}
	}
	return allowed, nil
}

func claims() (all []identity.Claim) {
	all = append(all, identity.Claim{})
	for _, name := range usernames {
		all = append(all, identity.ClaimName(name))
	}
	for id := int64(1); id <= 4; id++ {
		all = append(all, identity.Claim{Kind: identity.ByUser, ID: id})
	}
	for _, id := range []int64{31, 32, 33, 41, 42} {
		all = append(all, identity.Claim{Kind: identity.ByKey, ID: id})
	}
	return all
}

// targets are the projects of both drawn, by path and by number, and paths of the
// past.
func targets(drawn ...rows) (all []source.Target) {
	known := map[source.Path]bool{}
	add := func(path source.Path) {
		if !known[path] {
			known[path] = true
			all = append(all, source.Target{Path: path})
		}
	}
	for _, path := range []source.Path{"old/x", "g11/p", "ann/p"} {
		add(path)
	}
	for _, s := range drawn {
		for id := range s.projects {
			add(source.Path(s.projectPath(id)))
		}
	}
	for id := int64(21); id <= 24; id++ {
		all = append(all, source.Target{Repository: source.RepositoryID{Kind: source.Code, ID: id}})
	}
	return append(all, source.Target{Repository: source.RepositoryID{Kind: source.Wiki, ID: 22}})
}
