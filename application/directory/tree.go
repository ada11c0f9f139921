package directory

import (
	"context"
	"regexp"
	"strings"

	"gatehouse/domain/source"
)

const (
	// nameRule says in words what validName asks for.
	nameRule = `is made of letters, digits, "_", "-" and "."; it begins with a letter, a digit or "_" and does not end in ".", ".git" or ".atom"`
	// deepest is how many groups may stand within each other.
	deepest = 20
)

var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$`)

// validName holds usernames and each part of a path to GitLab's rule: a ".git"
// or ".atom" would be read as the form in which something is asked for.
func validName(name string) bool {
	fold := strings.ToLower(name)
	return plainName.MatchString(name) &&
		!strings.HasSuffix(fold, ".") && !strings.HasSuffix(fold, ".git") && !strings.HasSuffix(fold, ".atom")
}

// checkPath returns what is wrong with the path of a group or a project, or
// nothing.
func checkPath(path string, least, most int) string {
	parts := strings.Split(path, "/")
	for _, part := range parts {
		if !validName(part) {
			return "each part of a path " + nameRule
		}
	}
	switch {
	case len(parts) < least:
		return "the path must begin with a group or a user"
	case len(parts) > most:
		return "groups can be nested 20 deep at most"
	}
	return ""
}

func (f *filing) group(ctx context.Context, g Group) {
	path := g.Namespace.Path
	if wrong := checkPath(path, 1, deepest); wrong != "" {
		f.spoil(g.Line, "group", path, wrong)
		return
	}
	above := source.Path(path).Parent()
	if f.spoiled["group "+above.Fold()] {
		f.spoiled["group "+source.Path(path).Fold()] = true
		return
	}
	id, err := f.to.Namespaces.PutGroup(ctx, g)
	if f.kept(err, g.Line, "group", path) && g.Namespace.ID == 0 && f.numbers[id] {
		f.spoil(g.Line, "group", path, "it has the number that another group asks for; give it one of its own")
	}
}

func (f *filing) project(ctx context.Context, p Project) {
	path := source.Path(p.Project.Path)
	if wrong := checkProject(p); wrong != "" {
		f.spoil(p.Line, "project", p.Project.Path, wrong)
		return
	}
	above := path.Parent()
	if f.spoiled["group "+above.Fold()] || f.spoiled["user "+above.Fold()] {
		f.spoiled["project "+path.Fold()] = true
		return
	}
	id, fresh, err := f.to.Projects.PutProject(ctx, p)
	if f.kept(err, p.Line, "project", p.Project.Path) {
		f.filed = append(f.filed, filed{p, id, fresh})
	}
}

func quoted(path source.Path) string { return `"` + string(path) + `"` }

// checkProject returns what is wrong with a project in itself, or nothing.
func checkProject(p Project) string {
	if wrong := checkPath(p.Project.Path, 2, deepest+1); wrong != "" {
		return wrong
	}
	for _, past := range p.MovedFrom {
		if !plainPath(string(past)) {
			return "it cannot have moved from " + quoted(past)
		}
	}
	if p.Project.LegacyPath != "" && !plainPath(p.Project.LegacyPath) {
		return "its legacy path is no path"
	}
	if p.DefaultBranch != nil && !(source.Ref{Kind: source.Branch, Name: *p.DefaultBranch}).ValidName() {
		return "its default branch cannot be the name of a branch"
	}
	return ""
}

// plainPath says whether text is a path as it stands.
func plainPath(text string) bool {
	path, ok := source.ParsePath(text)
	return ok && string(path) == text
}

func (f *filing) member(ctx context.Context, m Member) {
	user, ok := f.userID(ctx, m.Line, m.User)
	in, there := f.holder(ctx, m.Line, m.Group, m.Project)
	if ok && there {
		err := f.to.Namespaces.PutMember(ctx, user, in, m)
		f.kept(err, m.Line, "member", m.User)
	}
}

func (f *filing) share(ctx context.Context, s Share) {
	with, ok := f.groupID(ctx, s.Line, s.With)
	in, there := f.holder(ctx, s.Line, s.Group, s.Project)
	if ok && there {
		err := f.to.Namespaces.PutShare(ctx, in, with, s)
		f.kept(err, s.Line, "share with", s.With)
	}
}

func (f *filing) broadcast(ctx context.Context, b Broadcast) {
	err := f.to.Namespaces.PutBroadcast(ctx, b)
	f.kept(err, b.Line, "broadcast message", b.Message)
}
