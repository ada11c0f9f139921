package worldimport

import (
	"context"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/source"
)

func (i *importer) group(ctx context.Context, g Group) {
	path := g.Namespace.Path
	if i.invalid(g.Line, "group", path, source.CheckGroupPath(path)) {
		return
	}
	parent := source.Path(path).Parent()
	if i.failed["group "+parent.Fold()] {
		i.failed["group "+source.Path(path).Fold()] = true
		return
	}
	id, err := i.tx.Namespaces.PutGroup(ctx, g)
	if i.checkPut(err, g.Line, "group", path) && g.Namespace.ID == 0 && i.numbers[id] {
		i.fail(g.Line, "group", path, "it has the number that another group asks for; give it one of its own")
	}
}

func (i *importer) project(ctx context.Context, p Project) {
	path := source.Path(p.Project.Path)
	if i.invalid(p.Line, "project", p.Project.Path, projectRefusals(p)...) {
		return
	}
	parent := path.Parent()
	if i.failed["group "+parent.Fold()] || i.failed["user "+parent.Fold()] {
		i.failed["project "+path.Fold()] = true
		return
	}
	p.NewIsEmpty = i.repositoryJob != ""
	id, fresh, err := i.tx.Projects.PutProject(ctx, p)
	if !i.checkPut(err, p.Line, "project", p.Project.Path) {
		return
	}
	i.imported = append(i.imported, importedProject{p, id, fresh})
	if fresh && i.repositoryJob != "" {
		i.failure = i.tx.Jobs.Enqueue(ctx, application.Job{Kind: i.repositoryJob, Subject: int64(id)})
	}
}

// projectRefusals returns all that is wrong with a project in itself.
func projectRefusals(p Project) []*domain.Refusal {
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

func (i *importer) member(ctx context.Context, m Member) {
	user, ok := i.userID(ctx, m.Line, m.User)
	in, sourceOK := i.memberSource(ctx, m.Line, m.Group, m.Project)
	if ok && sourceOK {
		err := i.tx.Namespaces.PutMember(ctx, user, in, m)
		i.checkPut(err, m.Line, "member", m.User)
	}
}

func (i *importer) share(ctx context.Context, s Share) {
	with, ok := i.groupID(ctx, s.Line, s.With)
	in, sourceOK := i.memberSource(ctx, s.Line, s.Group, s.Project)
	if ok && sourceOK {
		err := i.tx.Namespaces.PutShare(ctx, in, with, s)
		i.checkPut(err, s.Line, "share with", s.With)
	}
}

func (i *importer) broadcast(ctx context.Context, b Broadcast) {
	err := i.tx.Namespaces.PutBroadcast(ctx, b)
	i.checkPut(err, b.Line, "broadcast message", b.Message)
}
