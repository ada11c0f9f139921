package worldimport

import (
	"context"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/source"
)

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
	id, fresh, err := i.tx.Projects.Put(ctx, p)
	if !i.checkPut(err, p.Line, "project", p.Project.Path) {
		return
	}
	i.imported = append(i.imported, importedProject{p, id, fresh})
	if fresh && i.repositoryJob != "" {
		i.failure = i.tx.Jobs.Enqueue(ctx, application.Job{Kind: i.repositoryJob, Subject: int64(id), Background: true})
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
