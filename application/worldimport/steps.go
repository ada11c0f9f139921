package worldimport

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// step puts one entry of a world, or one part of an entry that is kept apart from
// the rest.
type step struct {
	// line, kind and name are those of the entry; in is the group, project, user or
	// namespace that it belongs to, if any.
	line           int
	kind, name, in string
	put            func(context.Context, *importer)

	// sequence gives rows of the kind their number; number is 0 for the next free one.
	sequence string
	number   int64
	// personal is the number of a user's namespace, of the sequence of groups.
	personal int64
	// defines are the names under which other entries refer to this one, needs those
	// to which this one refers.
	defines, needs []string
	// project is the path of the project that the entry is a part of, in lower case.
	project string

	// malformed entries are not put.
	malformed bool

	// warning is what may not be meant, if the check has found something.
	warning string
	// comparison is the result of the check, and once the step is written, that of the
	// write.
	comparison
}

// The sequences of numbers.
const (
	userNumbers      = "user"
	namespaceNumbers = "namespace"
	projectNumbers   = "project"
	keyNumbers       = "key"
	otherNumbers     = "other"
)

// steps returns a step for each entry, in an order in which what others refer to
// comes before those others, and numbered entries before those that take the next
// free number.
func (w World) steps() []*step {
	var all []*step
	first, later := groupsInOrder(w.Groups)
	all = appendSteps(all, first, groupStep)
	all = appendSteps(all, numberedFirst(w.Users), userStep)
	all = appendSteps(all, later, groupStep)
	all = appendSteps(all, withCreator(w.Users), userCreatorStep)
	all = appendSteps(all, numberedFirst(w.Projects), projectStep)
	// Both kinds of key share one sequence.
	keys, keysLater := splitNumbered(w.Keys)
	deployKeys, deployKeysLater := splitNumbered(w.DeployKeys)
	all = appendSteps(all, keys, keyStep)
	all = appendSteps(all, deployKeys, deployKeyStep)
	all = appendSteps(all, keysLater, keyStep)
	all = appendSteps(all, deployKeysLater, deployKeyStep)
	all = appendSteps(all, w.DeployKeys, enableStep)
	all = appendSteps(all, numberedFirst(w.Projects), protectStep)
	all = appendSteps(all, w.Members, memberStep)
	all = appendSteps(all, w.Shares, shareStep)
	all = appendSteps(all, w.AccessTokens, accessTokenStep)
	all = appendSteps(all, numberedFirst(w.Agents), agentStep)
	all = appendSteps(all, w.Broadcasts, broadcastStep)
	all = appendSteps(all, numberedFirst(w.Hooks), hookStep)
	all = appendSteps(all, w.Subscriptions, subscriptionStep)
	all = appendSteps(all, w.Packs, packStep)
	return appendSteps(all, w.Reconciliations, reconciliationStep)
}

func appendSteps[T interface{ malformed() bool }](all []*step, entries []T, toStep func(T) step) []*step {
	for _, e := range entries {
		s := toStep(e)
		s.malformed = e.malformed()
		all = append(all, &s)
	}
	return all
}

// The names by which entries refer to each other.
func userRef(name string) string    { return "user " + identity.Fold(name) }
func groupRef(path string) string   { return "group " + identity.Fold(path) }
func projectRef(path string) string { return "project " + identity.Fold(path) }
func keyRef(k identity.Key) string  { return "key " + string(k.Fingerprint) }

// sourceRefs refer to a group or project.
func sourceRefs(group, project string) []string {
	if group != "" {
		return []string{groupRef(group)}
	}
	return []string{projectRef(project)}
}

// parentRefs refer to whatever may have the path above.
func parentRefs(path string) []string {
	parent := string(source.Path(path).Parent())
	if parent == "" {
		return nil
	}
	return []string{groupRef(parent), userRef(parent)}
}

// optionalUserRefs refer to no user if the name is empty.
func optionalUserRefs(name string) []string {
	if name == "" {
		return nil
	}
	return []string{userRef(name)}
}

func userStep(u User) step {
	return step{
		line: u.Line, kind: "user", name: u.User.Username, sequence: userNumbers, number: int64(u.User.ID), personal: int64(u.NamespaceID),
		defines: []string{userRef(u.User.Username)},
		put:     func(ctx context.Context, i *importer) { i.user(ctx, u) },
	}
}

// withCreator returns the users that say who has created them. That may be a user who
// comes later.
func withCreator(users []User) (some []User) {
	for _, u := range users {
		if u.CreatedBy != "" || u.Given != nil && u.Gives("created_by") {
			some = append(some, u)
		}
	}
	return some
}

func userCreatorStep(u User) step {
	return step{
		line: u.Line, kind: "creator of user", name: u.User.Username, needs: append(optionalUserRefs(u.CreatedBy), userRef(u.User.Username)),
		put: func(ctx context.Context, i *importer) { i.userCreator(ctx, u) },
	}
}

func groupStep(g Group) step {
	return step{
		line: g.Line, kind: "group", name: g.Namespace.Path, sequence: namespaceNumbers, number: g.number(),
		defines: []string{groupRef(g.Namespace.Path)}, needs: parentRefs(g.Namespace.Path),
		put: func(ctx context.Context, i *importer) { i.group(ctx, g) },
	}
}

func projectStep(p Project) step {
	needs := append(parentRefs(p.Project.Path), optionalUserRefs(p.Creator)...)
	for _, past := range p.MovedFrom { // leads nowhere if it is a project's own
		needs = append(needs, projectRef(string(past)))
	}
	return step{
		line: p.Line, kind: "project", name: p.Project.Path, sequence: projectNumbers, number: p.number(),
		defines: []string{projectRef(p.Project.Path)}, needs: needs, project: identity.Fold(p.Project.Path),
		put: func(ctx context.Context, i *importer) { i.project(ctx, p) },
	}
}

func protectStep(p Project) step {
	needs := []string{projectRef(p.Project.Path)}
	for _, protection := range p.Protections {
		for _, accesses := range [][]Access{protection.Push, protection.Merge, protection.Unprotect, protection.Create} {
			for _, a := range accesses {
				switch {
				case a.User != "":
					needs = append(needs, userRef(a.User))
				case a.Group != "":
					needs = append(needs, groupRef(a.Group))
				case a.DeployKey != 0:
					needs = append(needs, deployKeyName(a.DeployKey))
				}
			}
		}
	}
	return step{
		line: p.Line, kind: "protections", name: p.Project.Path, needs: needs, project: identity.Fold(p.Project.Path),
		put: func(ctx context.Context, i *importer) { i.protect(ctx, p) },
	}
}

func keyStep(k Key) step {
	return step{
		line: k.Line, kind: "key", name: keyName(k.Key), in: k.User, sequence: keyNumbers, number: k.number(),
		defines: []string{keyRef(k.Key)}, needs: []string{userRef(k.User)},
		put: func(ctx context.Context, i *importer) { i.key(ctx, k) },
	}
}

func deployKeyStep(k DeployKey) step {
	needs := []string{userRef(k.Creator)}
	if k.Creator == "" { // what is called ghost comes before the ghost user
		needs = []string{userRef("ghost"), groupRef("ghost")}
	}
	s := step{
		line: k.Line, kind: "deploy key", name: keyName(k.Key), sequence: keyNumbers, number: k.number(),
		defines: []string{keyRef(k.Key)}, needs: needs,
		put: func(ctx context.Context, i *importer) { i.deployKey(ctx, k) },
	}
	if k.Key.ID != 0 || k.Malformed {
		s.defines = append(s.defines, deployKeyName(k.Key.ID))
	}
	return s
}

func enableStep(k DeployKey) step {
	needs := []string{keyRef(k.Key)}
	for _, p := range k.Projects {
		needs = append(needs, projectRef(p.Path))
	}
	return step{
		line: k.Line, kind: "projects of deploy key", name: keyName(k.Key), needs: needs,
		put: func(ctx context.Context, i *importer) { i.enable(ctx, k) },
	}
}

func memberStep(m Member) step {
	return step{
		line: m.Line, kind: "member", name: m.User, in: cmp.Or(m.Group, m.Project), project: identity.Fold(m.Project),
		needs: slices.Concat(sourceRefs(m.Group, m.Project), []string{userRef(m.User)}, optionalUserRefs(m.CreatedBy)),
		put:   func(ctx context.Context, i *importer) { i.member(ctx, m) },
	}
}

func shareStep(s Share) step {
	return step{
		line: s.Line, kind: "share with", name: s.With, in: cmp.Or(s.Group, s.Project), project: identity.Fold(s.Project),
		needs: slices.Concat(sourceRefs(s.Group, s.Project), []string{groupRef(s.With)}, optionalUserRefs(s.CreatedBy)),
		put:   func(ctx context.Context, i *importer) { i.share(ctx, s) },
	}
}

func accessTokenStep(t AccessToken) step {
	return step{
		line: t.Line, kind: "access token", name: t.Name, in: t.User, needs: []string{userRef(t.User)},
		put: func(ctx context.Context, i *importer) { i.accessToken(ctx, t) },
	}
}

func agentStep(a Agent) step {
	needs := append(optionalUserRefs(a.CreatedBy), projectRef(a.Project))
	for _, t := range a.Tokens {
		needs = append(needs, optionalUserRefs(t.CreatedBy)...)
	}
	return step{
		line: a.Line, kind: "agent", name: a.Name, in: a.Project, sequence: otherNumbers, number: a.ID, needs: needs,
		put: func(ctx context.Context, i *importer) { i.agent(ctx, a) },
	}
}

func broadcastStep(b Broadcast) step {
	return step{
		line: b.Line, kind: "broadcast message", name: b.Message,
		put: func(ctx context.Context, i *importer) { i.broadcast(ctx, b) },
	}
}

func hookStep(h Hook) step {
	return step{
		line: h.Line, kind: "hook", name: h.Hook.DisplayURL(), in: cmp.Or(h.Group, h.Project), sequence: otherNumbers, number: h.number(),
		needs: sourceRefs(h.Group, h.Project),
		put:   func(ctx context.Context, i *importer) { i.hook(ctx, h) },
	}
}

func subscriptionStep(s Subscription) step {
	return step{
		line: s.Line, kind: "subscription", name: s.Namespace, needs: []string{groupRef(s.Namespace), userRef(s.Namespace)},
		put: func(ctx context.Context, i *importer) { i.subscription(ctx, s) },
	}
}

func packStep(p MinutesPack) step {
	return step{
		line: p.Line, kind: "pack", name: strconv.Itoa(int(p.NumberOfMinutes)) + " minutes", in: p.Namespace,
		needs: []string{groupRef(p.Namespace), userRef(p.Namespace)},
		put:   func(ctx context.Context, i *importer) { i.pack(ctx, p) },
	}
}

func reconciliationStep(r Reconciliation) step {
	return step{
		line: r.Line, kind: "reconciliation", name: r.Namespace, needs: []string{groupRef(r.Namespace), userRef(r.Namespace)},
		put: func(ctx context.Context, i *importer) { i.reconciliation(ctx, r) },
	}
}
