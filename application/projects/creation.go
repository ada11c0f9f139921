package projects

import (
	"cmp"
	"context"
	"errors"
	"maps"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// NewProject describes a project that is to be created.
type NewProject struct {
	// Namespace is the number of the group or personal namespace; 0 for the caller's own.
	Namespace source.NamespaceID
	// Owner, if not the zero Claim, is the user in whose personal namespace an administrator
	// creates the project, in place of Namespace.
	Owner identity.Claim
	// Name and Path, the last part of it, are derived from each other if one is empty.
	Name, Path string
	// Visibility is empty for source.Private.
	Visibility source.Visibility
	// WithReadme asks for a first commit with a README.md.
	WithReadme bool
	// Change sets everything else, or returns FieldErrors.
	Change func(*source.ProjectRecord) error
}

// errNamespace refuses a namespace in which the caller cannot create projects, in the same
// words whether it exists or not.
var errNamespace = domain.WrongField("namespace", "is not valid")

// Create creates a project, or returns a Refusal or FieldErrors. Its repository is made by a
// job, or if a first commit is asked for at once, as far as Gitaly is there; else the job makes
// both later.
func (s *Service) Create(ctx context.Context, by rights.Caller, n NewProject) (View, error) {
	if n.WithReadme && !s.rules.Connected {
		return View{}, domain.WrongField("initialize_with_readme", "is not supported")
	}
	home := cmp.Or(n.Namespace, by.Namespace)
	if n.Owner != (identity.Claim{}) {
		var err error
		if home, err = s.homeOf(ctx, by, n.Owner); err != nil {
			return View{}, err
		}
	}
	var id source.ProjectID
	err := s.unitOfWork(ctx, func(tx ChangeTx) error {
		p, to, err := s.plan(ctx, tx, by, home, n)
		if err != nil {
			return err
		}
		id, err = s.add(ctx, tx, by, p, to, n.WithReadme)
		return err
	})
	if err != nil {
		return View{}, err
	}
	if n.WithReadme {
		s.starter.startNow(ctx, id)
	}
	return s.show(ctx, by, id)
}

// homeOf returns the personal namespace of a user, for administrators only.
func (s *Service) homeOf(ctx context.Context, by rights.Caller, owner identity.Claim) (source.NamespaceID, error) {
	if err := by.OnInstance(rights.AdminAllResources).Decide(); err != nil {
		return 0, err
	}
	return s.reader.personal(ctx, by, owner)
}

// destination returns the namespace of that number if the caller may create projects there, or
// errNamespace.
func (s *Service) destination(ctx context.Context, tx ChangeTx, by rights.Caller, home source.NamespaceID) (source.ProjectDestination, error) {
	path, err := tx.Places.Path(ctx, home)
	if err == nil {
		var to source.ProjectDestination
		to, err = s.namespaceAt(ctx, tx, by, path)
		if err == nil && s.mayCreate(by, to) {
			return to, nil
		}
	}
	if err == nil || errors.Is(err, domain.NotFound) {
		err = errNamespace
	}
	return source.ProjectDestination{}, err
}

// namespaceAt returns the namespace of that path, or domain.NotFound.
func (s *Service) namespaceAt(ctx context.Context, tx ChangeTx, by rights.Caller, namespace source.Path) (source.ProjectDestination, error) {
	return tx.Places.Destination(ctx, by.ID, namespace+"/project", s.now())
}

// mayCreate says whether the caller may create projects in a namespace.
func (s *Service) mayCreate(by rights.Caller, to source.ProjectDestination) bool {
	if to.Personal != nil {
		return by.Admin || to.Owner == by.ID && !by.External
	}
	in := rights.Subject{Kind: rights.Group, Known: true, Visibility: to.Visibility, ProjectCreation: to.Creation}
	return rights.Case{Right: rights.CreateProjects, Actor: by.Account, Subject: in, Role: to.Role}.Decide() == nil
}

// plan returns the project that is to be created, and where, or FieldErrors.
func (s *Service) plan(ctx context.Context, tx ChangeTx, by rights.Caller, home source.NamespaceID, n NewProject) (source.ProjectRecord, source.ProjectDestination, error) {
	name, part := cmp.Or(n.Name, n.Path), n.Path
	if part == "" {
		part = source.ProjectPathOf(n.Name)
	}
	to, err := s.destination(ctx, tx, by, home)
	if err != nil {
		return source.ProjectRecord{}, to, err
	}
	if to.Personal != nil {
		if refusal := (source.Project{Path: to.Path, Personal: to.Personal}).CheckLimit(); refusal != nil {
			return source.ProjectRecord{}, to, refusal
		}
	}
	now := s.now()
	creator := by.ID
	if n.Owner != (identity.Claim{}) {
		creator = to.Owner
	}
	p := source.ProjectRecord{
		Project: source.Project{
			Visibility: cmp.Or(n.Visibility, source.Private), Repository: source.FeatureEnabled, Wiki: source.FeatureEnabled,
			LFS: to.LFS, Empty: true, Storage: s.rules.NewStorage,
		},
		ProjectProfile: source.ProjectProfile{Name: name, Creator: creator, CreatedAt: now, UpdatedAt: now},
	}.In(to.Namespace, part)
	if err := n.Change(&p); err != nil {
		return p, to, err
	}
	if !by.Admin {
		p.Storage = s.rules.NewStorage // as if it were not given
	}
	place, err := s.place(ctx, tx, to, p, source.ProjectRecord{})
	if err != nil {
		return p, to, err
	}
	wrong := p.CheckChange(source.ProjectRecord{}, place)
	if !s.isStorage(p.Storage) {
		wrong = append(wrong, domain.FieldError{Field: "repository_storage", Message: "is invalid"})
	}
	if len(wrong) > 0 {
		return p, to, wrong
	}
	return p, to, nil
}

// add keeps a new project with its job, the protection of its default branch and its audit
// event, and returns its number.
func (s *Service) add(ctx context.Context, tx ChangeTx, by rights.Caller, p source.ProjectRecord, to source.ProjectDestination, withReadme bool) (source.ProjectID, error) {
	defaults := s.rules.Protection.Defaults()
	if to.BranchDefaults != nil {
		defaults = *to.BranchDefaults
	}
	id, err := tx.Projects.Put(ctx, p)
	if err != nil {
		return 0, err
	}
	p.ID = id
	kind := CreateRepository
	if withReadme {
		kind = StartRepository
	}
	if err := tx.Jobs.Enqueue(ctx, application.Job{Kind: kind, Subject: int64(id), Background: true}); err != nil {
		return 0, err
	}
	if err := tx.Projects.PutProtections(ctx, id, defaults.Initial(p.HeadBranch())); err != nil {
		return 0, err
	}
	after := values(p)
	maps.Copy(after, defaults.Audited())
	return id, tx.Audit.Append(ctx, by.Cause.Event(p.CreatedAt, audit.Create, object(p), object(p), nil, after))
}
