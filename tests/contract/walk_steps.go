package contract

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"gatehouse/application"
	"gatehouse/application/members"
	"gatehouse/application/projects"
	"gatehouse/application/pushes"
	"gatehouse/application/worldimport"
	"gatehouse/bootstrap"
	"gatehouse/domain"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

// walk draws random steps in a small world, so that the steps conflict often.
type walk struct {
	*rand.Rand
	now time.Time
}

func newWalk(seed uint64) *walk {
	return &walk{rand.New(rand.NewPCG(seed, 0)), now}
}

// walkWorld is the world at the start of every walk. Its highest number is
// 1000, so that stores generate numbers from 1001 on, which no walk names or
// compares.
var walkWorld = fmt.Sprintf(`
users: [{id: 1, username: ann}, {id: 2, username: Bob}, {id: 3, username: cat}, {id: 1000, username: zed, namespace_id: 1000}]
groups: [{id: 11, path: a}, {id: 12, path: a/b}, {id: 13, path: a/b/C}, {id: 14, path: D}]
projects: [{id: 21, path: a/b/C/p}, {id: 22, path: a/p}, {id: 23, path: ann/p}, {id: 1000, path: zed/p}]
keys: [{id: 31, user: ann, title: laptop, key: %q}, {id: 1000, user: zed, key: %q}]
agents: [{id: 1000, name: prod, project: zed/p}]
hooks: [{id: 1000, project: zed/p, url: "http://z"}]
deploy_keys: [{id: 32, title: robot, creator: Bob, key: %q, projects: [{project: a/p, can_push: true}]}]
`, world.Key(1), world.Key(2), world.Key(3))

// The names that a walk draws from.
var (
	parents      = []string{"a", "a/b", "a/b/c", "A/B", "d", "D/b", "d/b/c", "b", "ann", "bob", "cat", "p"}
	segments     = []string{"a", "b", "C", "c", "D", "p", "P", "p.wiki", "p_", "px"}
	people       = []string{"ann", "ANN", "bob", "cat", "dan", "a", "d"}
	fingerprints = []identity.Fingerprint{"f1", "f2", "F1", fingerprint(1), fingerprint(3)}
	generatedIDs = []string{"broadcasts", "access-tokens", "pushes"} // numbers are always generated
)

// step draws a transaction or another call, followed by a snapshot.
func (w *walk) step() step {
	w.now = w.now.Add(time.Duration(w.IntN(5)) * 100 * time.Second)
	action := pick(w.Rand, w.transaction, w.transaction, w.transaction, w.portCall, w.memberChange)()
	snapshot := w.snapshot()
	return step{action.name, func(ctx context.Context, p bootstrap.Ports) string {
		return maskGenerated(action.do(ctx, p) + "\n" + snapshot(ctx, p))
	}}
}

// transaction draws puts for one transaction, which may fail at its end.
func (w *walk) transaction() step {
	var puts []put
	for range 1 + w.IntN(4) {
		puts = append(puts, pick(w.Rand, w.user, w.group, w.group, w.project, w.project, w.member, w.member, w.share, w.share, w.key, w.enable, w.protect, w.broadcast, w.token, w.agent, w.hook)())
	}
	if w.IntN(10) == 0 {
		puts = append(puts, w.ghost())
	}
	fails := w.IntN(5) == 0
	var names []string
	for _, p := range puts {
		names = append(names, p.name)
	}
	name := strings.Join(names, "; ")
	if fails {
		name += "; roll back"
	}
	return step{name, func(ctx context.Context, p bootstrap.Ports) string {
		var out []string
		err := p.WorldImport(ctx, func(tx worldimport.Tx) error {
			out = nil
			for _, put := range puts {
				out = append(out, outcome(put.do(ctx, tx)))
			}
			if fails {
				return errLate
			}
			return nil
		})
		return strings.Join(append(out, outcome("unit", err)), ", ")
	}}
}

// put is a call of worldimport.Tx.
type put struct {
	name string
	do   func(ctx context.Context, tx worldimport.Tx) (any, error)
}

func putting(do func(context.Context, worldimport.Tx) (any, error), format string, args ...any) put {
	return put{fmt.Sprintf(format, args...), do}
}

// outcome returns an answer, or the kind of the error.
func outcome(answer any, err error) string {
	switch {
	case err == nil:
		return fmt.Sprint(answer)
	case errors.Is(err, errLate):
		return "rolled back"
	}
	for _, kind := range domain.Kinds {
		if errors.Is(err, kind) {
			return string(kind)
		}
	}
	return "unexpected: " + err.Error()
}

// id draws one of four numbers from first on, or 0.
func (w *walk) id(first int64) int64 { return pick(w.Rand, 0, 0, first, first+1, first+2, first+3) }

// path draws a path, sometimes at the top level.
func (w *walk) path() string {
	if w.IntN(6) == 0 {
		return pick(w.Rand, segments...)
	}
	return pick(w.Rand, parents...) + "/" + pick(w.Rand, segments...)
}

func (w *walk) day() time.Time {
	return pick(w.Rand, time.Time{}, time.Time{}, w.now.AddDate(0, 0, -1), w.now, w.now.AddDate(0, 0, 1))
}

func (w *walk) role() source.Role {
	return pick(w.Rand, source.Minimal, source.Guest, source.Reporter, source.Developer, source.Maintainer, source.Owner)
}

func (w *walk) user() put {
	u := worldimport.User{User: identity.User{
		ID: identity.UserID(w.id(1)), Username: pick(w.Rand, people...), Name: pick(w.Rand, "", "Ann"), Email: pick(w.Rand, "", "a@x", "A@X", "b@x"),
		State: pick(w.Rand, identity.States...), Type: pick(w.Rand, identity.Human, identity.ServiceAccount),
		Admin: w.IntN(4) == 0, EmailConfirmed: true, PasswordExpiresAt: w.day(),
	}, Profile: identity.Profile{Note: pick(w.Rand, "", "n"), ProjectsLimit: int64(w.IntN(3)), CreatedAt: w.day()}}
	if w.IntN(3) == 0 {
		u.NamespaceID = source.NamespaceID(w.id(11))
	}
	return putting(func(ctx context.Context, tx worldimport.Tx) (any, error) { return tx.Users.Put(ctx, u) },
		"user %d %s %q namespace %d", u.User.ID, u.User.Username, u.User.Email, u.NamespaceID)
}

func (w *walk) ghost() put {
	return putting(func(ctx context.Context, tx worldimport.Tx) (any, error) {
		id, made, err := tx.Users.GhostID(ctx)
		return []any{id, made}, err
	}, "ghost")
}

func (w *walk) group() put {
	g := group(source.NamespaceID(w.id(11)), w.path())
	g.PendingDelete = w.IntN(12) == 0
	g.Namespace.Protocols = pick(w.Rand, source.ProtocolSettings...)
	if w.IntN(3) == 0 {
		level := source.BranchProtection(w.IntN(5))
		g.DefaultBranchProtection = &level
	}
	return putting(func(ctx context.Context, tx worldimport.Tx) (any, error) { return tx.Namespaces.PutGroup(ctx, g) },
		"group %d %s pending %t", g.Namespace.ID, g.Namespace.Path, g.PendingDelete)
}

func (w *walk) project() put {
	p := worldimport.Project{
		Project: source.Project{
			ID: source.ProjectID(w.id(21)), Path: w.path(), Visibility: pick(w.Rand, source.Visibilities...),
			Repository: source.FeatureEnabled, Wiki: pick(w.Rand, source.Features...), Storage: "default",
		},
		PendingDelete: w.IntN(12) == 0,
	}
	if w.IntN(2) == 0 {
		p.Project.Empty, p.Project.DefaultBranch = w.IntN(2) == 0, pick(w.Rand, "", "main")
		p.Profile = source.ProjectProfile{Description: pick(w.Rand, "", "d"), CreatedAt: w.day(), Topics: pick(w.Rand, nil, []string{"a", "b"})}
	}
	for range w.IntN(3) {
		p.MovedFrom = append(p.MovedFrom, source.Path(w.path()))
	}
	return putting(func(ctx context.Context, tx worldimport.Tx) (any, error) {
		id, fresh, err := tx.Projects.Put(ctx, p)
		return fmt.Sprint(id, fresh), err
	}, "project %d %s was %v pending %t", p.Project.ID, p.Project.Path, p.MovedFrom, p.PendingDelete)
}

func (w *walk) memberSource() source.MemberSource {
	if w.IntN(3) == 0 {
		return source.MemberSource{Project: source.ProjectID(21 + w.IntN(4))}
	}
	return source.MemberSource{Group: source.NamespaceID(11 + w.IntN(4))}
}

func (w *walk) member() put {
	user, in := identity.UserID(1+w.IntN(4)), w.memberSource()
	m := worldimport.Member{Role: w.role(), State: pick(w.Rand, worldimport.MemberActive, worldimport.MemberActive, worldimport.MemberRequested), ExpiresAt: w.day()}
	return putting(func(ctx context.Context, tx worldimport.Tx) (any, error) {
		return "member", tx.Namespaces.PutMember(ctx, user, in, m)
	}, "member %d in %v %s %s until %v", user, in, m.Role, m.State, m.ExpiresAt)
}

func (w *walk) share() put {
	in, with := w.memberSource(), source.NamespaceID(11+w.IntN(4))
	s := worldimport.Share{Role: w.role(), ExpiresAt: w.day()}
	return putting(func(ctx context.Context, tx worldimport.Tx) (any, error) {
		return "share", tx.Namespaces.PutShare(ctx, in, with, s)
	}, "share %v with %d %s until %v", in, with, s.Role, s.ExpiresAt)
}

func (w *walk) key() put {
	k := identity.Key{
		ID: identity.KeyID(w.id(31)), Kind: pick(w.Rand, identity.UserKey, identity.DeployKey), Owner: identity.UserID(w.IntN(4)),
		Fingerprint: pick(w.Rand, fingerprints...), Usage: pick(w.Rand, identity.Usages...), CreatedAt: w.now, ExpiresAt: w.day(),
	}
	return putting(func(ctx context.Context, tx worldimport.Tx) (any, error) { return tx.Keys.Put(ctx, k) },
		"%s %d %s of %d for %s", k.Kind, k.ID, k.Fingerprint, k.Owner, k.Usage)
}

func (w *walk) enable() put {
	id, projects := identity.KeyID(31+w.IntN(4)), map[source.ProjectID]bool{}
	for range w.IntN(3) {
		projects[source.ProjectID(21+w.IntN(4))] = w.IntN(2) == 0
	}
	return putting(func(ctx context.Context, tx worldimport.Tx) (any, error) {
		return "enabled", tx.Keys.Enable(ctx, id, projects)
	}, "enable %d on %v", id, projects)
}

func (w *walk) protect() put {
	id := source.ProjectID(21 + w.IntN(4))
	entries := func() (out []source.Access) {
		for range w.IntN(3) {
			out = append(out, pick(w.Rand, source.Access{Role: source.Maintainer}, source.Access{User: identity.UserID(1 + w.IntN(4))},
				source.Access{Group: source.NamespaceID(11 + w.IntN(4))}, source.Access{DeployKey: identity.KeyID(31 + w.IntN(4))}))
		}
		return out
	}
	var protections []source.Protection
	for range w.IntN(4) {
		p := source.Protection{Kind: source.Branch, Pattern: pick(w.Rand, source.Pattern("main"), "Main", "*"), Push: entries(), Merge: entries()}
		if w.IntN(4) == 0 {
			p = source.Protection{Kind: source.Tag, Pattern: "v*", Create: entries()}
		}
		protections = append(protections, p)
	}
	return putting(func(ctx context.Context, tx worldimport.Tx) (any, error) {
		return "protected", tx.Projects.PutProtections(ctx, id, protections)
	}, "protect %d %+v", id, protections)
}

func (w *walk) broadcast() put {
	b := worldimport.Broadcast{
		Message: pick(w.Rand, "hello", "Hello"), Type: pick(w.Rand, worldimport.BroadcastTypes...), ShowInGit: w.IntN(4) > 0,
		StartsAt: w.day(), EndsAt: w.day(), TargetPath: pick(w.Rand, "", source.Pattern("a/*")),
	}
	return putting(func(ctx context.Context, tx worldimport.Tx) (any, error) {
		return "broadcast", tx.Namespaces.PutBroadcast(ctx, b)
	}, "broadcast %+v", b)
}

func (w *walk) token() put {
	user := identity.UserID(1 + w.IntN(4))
	t := worldimport.AccessToken{
		Name: pick(w.Rand, "a", "b"), Scopes: pick(w.Rand, nil, []string{"api"}, []string{"b", "a"}),
		Digest: pick(w.Rand, identity.TokenDigest("d1"), "d2", "D1"), ExpiresAt: w.day(), Revoked: w.IntN(2) == 0,
	}
	return putting(func(ctx context.Context, tx worldimport.Tx) (any, error) {
		return "token", tx.Credentials.PutAccessToken(ctx, user, t)
	}, "access token of %d %+v", user, t)
}

func (w *walk) agent() put {
	project, creator := source.ProjectID(21+w.IntN(4)), identity.UserID(w.IntN(4))
	a := worldimport.Agent{ID: w.id(41), Name: pick(w.Rand, "prod", "test")}
	for range w.IntN(3) {
		t := worldimport.AgentToken{Name: pick(w.Rand, "a", "b"), Digest: pick(w.Rand, identity.TokenDigest("d1"), "d2", "d3"), Revoked: w.IntN(2) == 0}
		a.Tokens = append(a.Tokens, t)
	}
	return putting(func(ctx context.Context, tx worldimport.Tx) (any, error) {
		return "agent", tx.Credentials.PutAgent(ctx, project, creator, a)
	}, "agent of %d by %d %+v", project, creator, a)
}

func (w *walk) hook() put {
	in := w.memberSource()
	h := hooks.Hook{ID: hooks.HookID(w.id(51)), URL: pick(w.Rand, "http://a", "http://b", "http://B"), Push: w.IntN(2) == 0}
	return putting(func(ctx context.Context, tx worldimport.Tx) (any, error) {
		return "hook", tx.Hooks.Put(ctx, in, h)
	},
		"hook %d of %v %s", h.ID, in, h.URL)
}

// portCall draws a call outside of a transaction.
func (w *walk) portCall() step {
	at, repository := w.now, pick(w.Rand, "project-21", "wiki-21", "Project-21")
	user, notice := identity.UserID(1+w.IntN(3)), source.RepositoryID{Kind: source.Code, ID: 21 + w.Int64N(2)}
	key, entry := identity.KeyID(31+w.IntN(4)), fmt.Sprint("entry-", w.IntN(40))
	return pick(w.Rand,
		step{"increase " + repository, func(ctx context.Context, p bootstrap.Ports) string {
			return outcome("", p.Counters.Increase(ctx, repository, at, expiry))
		}},
		step{"decrease " + repository, func(ctx context.Context, p bootstrap.Ports) string {
			return outcome("", p.Counters.Decrease(ctx, repository, at))
		}},
		step{"decrease " + repository + " for " + entry, func(ctx context.Context, p bootstrap.Ports) string {
			return outcome("", p.Counters.DecreaseOnce(ctx, repository, entry, at.Add(time.Minute), at))
		}},
		step{"push " + entry + " to " + repository, func(ctx context.Context, p bootstrap.Ports) string {
			return outcome("", p.Recorder.Record(ctx, pushes.Push{EntryID: entry, Repository: repository, ReceivedAt: at, Options: []string{"a", ""}}))
		}},
		step{fmt.Sprintf("add a notice for %d in %s", user, notice), func(ctx context.Context, p bootstrap.Ports) string {
			return outcome("", p.Notices.Add(ctx, source.Notice{User: user, Repository: notice, OldPath: "a/b", ExpiresAt: at.Add(200 * time.Second)}))
		}},
		step{fmt.Sprintf("take the notice for %d in %s", user, notice), func(ctx context.Context, p bootstrap.Ports) string {
			return outcome(p.Notices.Take(ctx, user, notice, at))
		}},
		step{fmt.Sprintf("use key %d", key), func(ctx context.Context, p bootstrap.Ports) string {
			p.KeyUses.Record(key, at)
			return outcome("", p.Store.Flush(ctx))
		}},
	)
}

// memberChange draws a change of a member through the management API.
func (w *walk) memberChange() step {
	user, in, below := identity.UserID(1+w.IntN(4)), w.memberSource(), w.IntN(2) == 0
	m := members.Member{Role: w.role(), State: source.MemberActive, ExpiresAt: w.day(), CreatedAt: w.now, UpdatedAt: w.now, CreatedBy: identity.UserID(w.IntN(4))}
	remove := w.IntN(2) == 0
	name := fmt.Sprintf("member %d of %v through the API: %+v", user, in, m)
	if remove {
		name = fmt.Sprintf("remove member %d of %v below %t", user, in, below)
	}
	return step{name, func(ctx context.Context, p bootstrap.Ports) (result string) {
		err := p.MemberUnitOfWork(ctx, func(tx members.Tx) error {
			if !remove {
				return tx.Members.PutMember(ctx, user, in, m)
			}
			removed, err := tx.Members.RemoveMember(ctx, user, in, below)
			result = jsonText(removed)
			return err
		})
		return outcome(result, err)
	}}
}

// lists draws lists of the management API.
func (w *walk) lists() (all []step) {
	at := w.now
	for range 2 {
		in, f := w.memberSource(), members.Filter{Inherited: w.IntN(3) > 0}
		all = append(all, step{fmt.Sprintf("members of %v %+v", in, f), func(ctx context.Context, p bootstrap.Ports) string {
			l, err := p.MemberRecords.Views(ctx, in, f, application.Page{Order: "id", Size: 20}, at)
			return outcome(jsonText(l), err)
		}})
	}
	for range 3 {
		f := projects.Filter{
			User: identity.UserID(w.IntN(4)), All: w.IntN(6) == 0, Open: pick(w.Rand, []source.Visibility{source.Public}, []source.Visibility{source.Internal, source.Public}),
			LeastRole: pick(w.Rand, source.NoRole, source.NoRole, w.role()), PendingDelete: w.IntN(8) == 0, Search: pick(w.Rand, "", "", "P"),
		}
		if w.IntN(2) == 0 {
			in := w.memberSource()
			f.In = &projects.Scope{Namespace: in.Group, Own: w.IntN(3) > 0, Below: w.IntN(2) == 0, Above: w.IntN(2) == 0, Shared: w.IntN(2) == 0}
		}
		page := application.Page{Order: pick(w.Rand, "id", "path", "name", "similarity"), Descending: w.IntN(2) == 0, Size: 1 + w.IntN(4), Offset: w.IntN(2)}
		all = append(all, step{fmt.Sprintf("projects %+v %+v", f, page), func(ctx context.Context, p bootstrap.Ports) string {
			l, err := p.ProjectViews.List(ctx, f, page, at)
			return outcome(jsonText(l), err)
		}})
	}
	project, user := source.ProjectID(21+w.IntN(4)), identity.UserID(w.IntN(4))
	return append(all, step{fmt.Sprintf("groups of %d for %d", project, user), func(ctx context.Context, p bootstrap.Ports) string {
		groups, err := p.ProjectViews.Groups(ctx, project, user, at)
		return outcome(jsonText(groups), err)
	}})
}

// checkManagementRole returns what the management API knows of a project, or a
// contradiction if the role is not that of the standing.
func checkManagementRole(ctx context.Context, p bootstrap.Ports, standing source.Standing, at time.Time) string {
	got, err := p.Standings.Standing(ctx, standing.Actor.User.ID, rights.Ref{Kind: rights.Project, ID: int64(standing.Project.ID)}, at)
	if err == nil && got.Role != standing.Role {
		return fmt.Sprintf("%s%s, and the standing has the role %s", contradiction, jsonText(got), standing.Role)
	}
	return outcome(jsonText(got), err)
}
