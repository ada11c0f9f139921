package worldtx

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

type projectRow struct {
	ID            int64
	NamespaceID   int64
	Path          string
	Visibility    string
	Archived      bool
	ReadOnly      bool
	Repository    string
	Wiki          string
	LFS           bool
	DefaultBranch string
	Empty         bool
	Storage       string
	LegacyPath    string
	PendingDelete bool
	Name          string
	Description   string
	CreatorID     database.Ref
	CreatedAt     database.Instant `gorm:"autoCreateTime:false"`
	UpdatedAt     database.Instant `gorm:"autoUpdateTime:false"`
	Settings      database.Object
	Topics        database.Texts
	ObjectFormat  string
}

// TableName is gorm's name for the table.
func (projectRow) TableName() string { return projectTable }

func newProjectRow(p worldimport.Project) projectRow {
	profile := p.Profile.Complete(p.Project.Path)
	return projectRow{
		ID: int64(p.Project.ID), Path: p.Project.Path, Visibility: string(p.Project.Visibility),
		Archived: p.Project.Archived, ReadOnly: p.Project.ReadOnly,
		Repository: string(p.Project.Repository), Wiki: string(p.Project.Wiki), LFS: p.Project.LFS,
		DefaultBranch: p.Project.DefaultBranch, Empty: p.Project.Empty,
		Storage: p.Project.Storage, LegacyPath: p.Project.LegacyPath, PendingDelete: p.PendingDelete,
		Name: profile.Name, Description: profile.Description, CreatorID: database.Ref(profile.Creator),
		CreatedAt: database.ToInstant(profile.CreatedAt), UpdatedAt: database.ToInstant(profile.UpdatedAt),
		Settings: database.Object(profile.Settings), Topics: profile.Topics, ObjectFormat: profile.ObjectFormat,
	}
}

// redirectRow is a path of the past, in lower case.
type redirectRow struct {
	Path      string `gorm:"primaryKey"`
	ProjectID int64
}

// TableName is gorm's name for the table.
func (redirectRow) TableName() string { return "redirects" }

// projectAt returns the project of that path, or nil.
func (w *writer) projectAt(ctx context.Context, path string) (*projectRow, error) {
	return database.Find[projectRow](ctx, w.tx, "id = (SELECT project_id FROM routes WHERE path = ?)", identity.Fold(path))
}

// ID implements worldimport.Projects.
func (w projectsTx) ID(ctx context.Context, path string) (source.ProjectID, error) {
	p, err := w.projectAt(ctx, path)
	switch {
	case err != nil:
		return 0, database.Fault(err, "project %q", path)
	case p == nil:
		return 0, database.NotFound("project %q", path)
	}
	return source.ProjectID(p.ID), nil
}

// Put implements worldimport.Projects.
func (w projectsTx) Put(ctx context.Context, p worldimport.Project) (source.ProjectID, bool, error) {
	id, fresh, err := w.putProject(ctx, p)
	return source.ProjectID(id), fresh && err == nil, database.Fault(err, "project %q", p.Project.Path)
}

func (w *writer) putProject(ctx context.Context, p worldimport.Project) (id int64, fresh bool, err error) {
	above := string(source.Path(p.Project.Path).Parent())
	parent, err := w.namespaceAt(ctx, above)
	switch {
	case err != nil:
		return 0, false, err
	case parent == nil:
		return 0, false, database.NotFound("its namespace %q", above)
	}
	p.Project.Path = parent.Path + p.Project.Path[len(above):]
	old, err := w.projectToUpdate(ctx, p.Project)
	if err != nil {
		return 0, false, err
	}
	kept := newProjectRow(p)
	if old != nil {
		kept.ID = old.ID
	}
	kept.NamespaceID = parent.ID
	if err := w.checkFree(ctx, kept.Path, routeRow{ProjectID: database.Ref(kept.ID)}); err != nil {
		return 0, false, err
	}
	if err := w.number(ctx, projectTable, &kept.ID); err != nil {
		return 0, false, err
	}
	if err := put(ctx, w, &kept); err != nil {
		return 0, false, err
	}
	past := p.MovedFrom
	if old == nil || identity.Fold(old.Path) != identity.Fold(kept.Path) {
		if err := w.putProjectRoute(ctx, kept); err != nil {
			return 0, false, err
		}
		if old != nil {
			past = append(slices.Clone(past), source.Path(old.Path))
		}
	}
	return kept.ID, old == nil, w.redirect(ctx, kept, past)
}

// projectToUpdate returns the project that is to be changed, by number or path,
// or nil for a new one. Until the transaction ends no push changes it: what a push has
// written meanwhile would be lost.
func (w *writer) projectToUpdate(ctx context.Context, p source.Project) (*projectRow, error) {
	condition, value := "id = ?", any(int64(p.ID))
	if p.ID == 0 {
		condition, value = "id = (SELECT project_id FROM routes WHERE path = ?)", identity.Fold(p.Path)
	}
	if !w.locks || !database.Storable(p.Path) {
		return database.Find[projectRow](ctx, w.tx, condition, value)
	}
	var locked []projectRow
	err := w.tx.WithContext(ctx).Raw("SELECT * FROM projects WHERE "+condition+" FOR NO KEY UPDATE", value).Scan(&locked).Error
	if err != nil || len(locked) == 0 {
		return nil, err
	}
	return &locked[0], nil
}

// redirect lets paths of the past lead to the project. None that is a
// project's own does.
func (w *writer) redirect(ctx context.Context, p projectRow, past []source.Path) error {
	if err := w.exec(ctx, "DELETE FROM redirects WHERE path = ?", identity.Fold(p.Path)); err != nil {
		return err
	}
	for _, path := range past {
		owner, err := w.projectAt(ctx, string(path))
		if err != nil {
			return err
		}
		if owner != nil {
			continue
		}
		row := redirectRow{path.Fold(), p.ID}
		if err := put(ctx, w, &row); err != nil {
			return err
		}
	}
	return nil
}

// Current implements worldimport.Projects.
func (w projectsTx) Current(ctx context.Context, p worldimport.Project) (worldimport.Project, error) {
	kept, err := w.keptProject(ctx, p.Project)
	return kept, database.Fault(err, "project %q", p.Project.Path)
}

// profile returns the profile of a project.
func (row projectRow) profile() source.ProjectProfile {
	return source.ProjectProfile{
		Name: row.Name, Description: row.Description, Creator: identity.UserID(row.CreatorID), Topics: row.Topics,
		Settings: remembered.Values(row.Settings), ObjectFormat: row.ObjectFormat, CreatedAt: row.CreatedAt.Time, UpdatedAt: row.UpdatedAt.Time,
	}.Complete(row.Path)
}

func (w *writer) keptProject(ctx context.Context, p source.Project) (worldimport.Project, error) {
	row, err := found(w.projectToUpdate(ctx, p))
	if err != nil {
		return worldimport.Project{}, err
	}
	kept := row.project()
	redirects, err := gorm.G[redirectRow](w.tx).Where("project_id = ?", row.ID).Order("path").Find(ctx)
	if err != nil {
		return worldimport.Project{}, err
	}
	for _, r := range redirects {
		kept.MovedFrom = append(kept.MovedFrom, source.Path(r.Path))
	}
	kept.Project.Protections, err = w.keptProtections(ctx, row.ID)
	for i, p := range kept.Project.Protections {
		kept.Project.Protections[i] = p.Numbered(source.Protection{})
	}
	return kept, err
}

// project returns the description of the project of the row, without paths of the past and
// protections.
func (row projectRow) project() worldimport.Project {
	return worldimport.Project{
		Project: source.Project{
			ID: source.ProjectID(row.ID), Path: row.Path, Visibility: source.Visibility(row.Visibility),
			Archived: row.Archived, ReadOnly: row.ReadOnly, Repository: source.Feature(row.Repository), Wiki: source.Feature(row.Wiki),
			LFS: row.LFS, DefaultBranch: row.DefaultBranch, Empty: row.Empty, Storage: row.Storage, LegacyPath: row.LegacyPath,
		},
		PendingDelete: row.PendingDelete, Profile: row.profile(),
	}
}

// Redirect implements worldimport.Projects.
func (w projectsTx) Redirect(ctx context.Context, path source.Path) (source.ProjectID, error) {
	row, err := found(database.Find[redirectRow](ctx, w.tx, "path = ?", path.Fold()))
	if err != nil {
		return 0, database.Fault(err, "path of the past %q", path)
	}
	return source.ProjectID(row.ProjectID), nil
}
