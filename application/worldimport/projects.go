package worldimport

import (
	"context"
	"errors"
	"slices"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/source"
)

func (i *importer) project(ctx context.Context, d Project) {
	path := source.Path(d.Project.Path)
	if i.invalid(d.Line, "project", d.Project.Path, projectRefusals(d)...) {
		return
	}
	creator, creatorOK := i.optionalUserID(ctx, d.lineOf("creator"), d.Creator)
	if i.step.malformed {
		i.checkParent(ctx, d.Line, "project", d.Project.Path)
		return
	}
	kept, exists, ok := load(i, func() (Project, error) { return i.tx.Projects.Current(ctx, d) })
	if !ok {
		return
	}
	if !creatorOK {
		i.skip("project", d.Project.Path)
		return
	}
	d.Profile.Creator = creator
	p := i.mergedProject(kept, exists, d)
	c := compareProjects(kept, p)
	if exists {
		i.failure = i.comparePast(ctx, &c, kept, p)
	}
	if i.failure != nil {
		return
	}
	if !i.changes(exists, c) {
		i.imported[path.Fold()] = importedProject{id: kept.Project.ID, protections: kept.Project.Protections, branch: kept.Project.DefaultBranch}
		return
	}
	if i.mode == checking && !exists {
		i.failure = i.compareNew(ctx, &i.step.comparison, p)
	}
	if i.failure != nil {
		return
	}
	if i.step.effect != 0 && !d.Gives("updated_at") {
		p.Profile.UpdatedAt = i.now
	}
	i.putProject(ctx, kept, p)
}

// mergedProject returns the project as it is to be put. A new one is empty if a job makes
// its repository.
func (i *importer) mergedProject(kept Project, exists bool, d Project) Project {
	if !exists {
		kept = d
		kept.Project.Empty, kept.Profile.CreatedAt = i.repositoryJob != "", i.now
	}
	return mergeProjects(kept, d)
}

func (i *importer) putProject(ctx context.Context, kept, p Project) {
	id, isNew, err := i.tx.Projects.Put(ctx, p)
	if !i.checkPut(i.explainProject(ctx, err, p), p.Line, "project", p.Project.Path) {
		return
	}
	i.touch("project", int64(id))
	i.record(sourceObject(source.MemberSource{Project: id}, p.Project.Path), int64(id))
	imported := importedProject{id: id, fresh: isNew, protections: kept.Project.Protections, branch: p.Project.DefaultBranch}
	if i.mode == checking && !isNew {
		imported.head, imported.step = kept.Project.HeadBranch(), i.step
	}
	i.imported[source.Path(p.Project.Path).Fold()] = imported
	if isNew && i.repositoryJob != "" && i.mode != checking {
		i.failure = i.tx.Jobs.Enqueue(ctx, application.Job{Kind: i.repositoryJob, Subject: int64(id), Background: true})
	}
}

// compareNew looks whether a path of a new project, or of its wiki, has led elsewhere.
func (i *importer) compareNew(ctx context.Context, c *comparison, p Project) error {
	path := source.Path(p.Project.Path)
	for _, kind := range []source.RepositoryKind{source.Code, source.Wiki, source.Design} {
		if err := i.compareRedirect(ctx, c, path+source.Path(kind.Suffix())); err != nil {
			return err
		}
	}
	return i.comparePast(ctx, c, Project{}, p)
}

// comparePast compares the paths of the past. One that is a project's own leads
// nowhere else: whether it is depends on the order in which projects move.
func (i *importer) comparePast(ctx context.Context, c *comparison, old, described Project) error {
	owned := false
	for _, past := range described.MovedFrom {
		if slices.Contains(old.MovedFrom, source.Path(past.Fold())) {
			continue
		}
		switch _, err := i.tx.Projects.ID(ctx, string(past)); {
		case err == nil:
			owned = true
			continue
		case !errors.Is(err, domain.NotFound):
			return err
		}
		if old.Project.Known() {
			c.set("moved_from", "", string(past), gives)
		}
		if past.Suffixed() {
			c.effect |= moves
		}
		if err := i.compareRedirect(ctx, c, past); err != nil {
			return err
		}
	}
	if owned && c.effect != 0 {
		c.effect |= moves
	}
	return nil
}

// compareRedirect makes a change one that moves if it takes a path of the past away
// from a project.
func (i *importer) compareRedirect(ctx context.Context, c *comparison, path source.Path) error {
	_, err := i.tx.Projects.Redirect(ctx, path)
	if errors.Is(err, domain.NotFound) {
		return nil
	}
	c.effect |= moves
	return err
}

// projectRefusals returns all that is wrong with a project in itself.
func projectRefusals(p Project) []*domain.Refusal {
	found := []*domain.Refusal{source.CheckProjectPath(p.Project.Path), source.CheckLegacyPath(p.Project.LegacyPath)}
	for _, past := range p.MovedFrom {
		found = append(found, source.CheckPastPath(past))
	}
	if branch := p.Project.DefaultBranch; branch != "" {
		found = append(found, source.CheckDefaultBranch(branch))
	}
	for _, protection := range p.Protections {
		found = append(found, source.CheckPattern(protection.Kind, protection.Pattern))
	}
	return found
}
