package worldimport

import (
	"context"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/source"
)

func (f *filing) group(ctx context.Context, g Group) {
	path := g.Namespace.Path
	if f.wrong(g.Line, "group", path, source.CheckGroupPath(path)) {
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
	if f.wrong(p.Line, "project", p.Project.Path, wrongProject(p)...) {
		return
	}
	above := path.Parent()
	if f.spoiled["group "+above.Fold()] || f.spoiled["user "+above.Fold()] {
		f.spoiled["project "+path.Fold()] = true
		return
	}
	p.NewIsEmpty = f.repositories
	id, fresh, err := f.to.Projects.PutProject(ctx, p)
	if !f.kept(err, p.Line, "project", p.Project.Path) {
		return
	}
	f.filed = append(f.filed, filed{p, id, fresh})
	if fresh && f.repositories {
		f.failure = f.to.Work.Leave(ctx, application.Job{Kind: CreateRepository, Subject: int64(id)})
	}
}

// wrongProject returns all that is wrong with a project in itself.
func wrongProject(p Project) []*domain.Refusal {
	found := []*domain.Refusal{source.CheckProjectPath(p.Project.Path), source.CheckLegacyPath(p.Project.LegacyPath)}
	for _, past := range p.MovedFrom {
		found = append(found, source.CheckPastPath(past))
	}
	if p.DefaultBranch != nil {
		found = append(found, source.CheckDefaultBranch(*p.DefaultBranch))
	}
	for _, protection := range p.Protections {
		found = append(found, source.CheckPattern(protection.Kind, protection.Pattern))
	}
	return found
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
