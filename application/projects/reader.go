package projects

import (
	"context"
	"errors"
	"slices"

	"gatehouse/application"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// Reader shows projects through the management API. It is safe for concurrent use.
type Reader struct {
	standings Standings
	views     Views
	now       application.Clock
}

// NewReader makes a Reader.
func NewReader(standings Standings, views Views, now application.Clock) *Reader {
	return &Reader{standings, views, now}
}

// View returns a project, or a Refusal.
func (r *Reader) View(ctx context.Context, by rights.Caller, on rights.Ref) (View, error) {
	at, err := r.standing(ctx, by, rights.ReadProject, on)
	if err != nil {
		return View{}, err
	}
	v, err := r.view(ctx, by.ID, source.ProjectID(at.ID))
	if err != nil {
		return View{}, err
	}
	return forCaller(by, v), nil
}

// view returns a project with all that is kept of it, as it is for a user.
func (r *Reader) view(ctx context.Context, user identity.UserID, id source.ProjectID) (View, error) {
	l, err := r.views.List(ctx, Filter{User: user, All: true, ID: id}, application.Page{Order: "id", Size: 1}, r.now())
	if err == nil && len(l.Items) == 0 { // it has gone meanwhile
		err = rights.Hidden(rights.Project)
	}
	if err != nil {
		return View{}, err
	}
	return l.Items[0], nil
}

// List returns a page of the projects that the filter picks and that the caller may see.
// User, All and Open of the filter are not read.
func (r *Reader) List(ctx context.Context, by rights.Caller, f Filter, page application.Page) (application.Listed[View], error) {
	f.User, f.All, f.Open = by.ID, by.Admin, by.OpenVisibilities()
	if f.LeastRole > source.NoRole && !by.Known() {
		return application.Listed[View]{}, nil
	}
	l, err := r.views.List(ctx, f, page, r.now())
	for i, v := range l.Items {
		l.Items[i] = forCaller(by, v)
	}
	return l, err
}

// ListOfUser is List in the personal namespace of a user. It may return a Refusal.
func (r *Reader) ListOfUser(ctx context.Context, by rights.Caller, who identity.Claim, f Filter, page application.Page) (application.Listed[View], error) {
	namespace, err := r.personal(ctx, by, who)
	if err != nil {
		return application.Listed[View]{}, err
	}
	f.In = &Scope{Namespace: namespace, Own: true}
	return r.List(ctx, by, f, page)
}

// CheckUser returns a Refusal unless the caller may read what belongs to a user who exists.
func (r *Reader) CheckUser(ctx context.Context, by rights.Caller, who identity.Claim) error {
	_, err := r.personal(ctx, by, who)
	return err
}

func (r *Reader) personal(ctx context.Context, by rights.Caller, who identity.Claim) (source.NamespaceID, error) {
	if err := by.OnInstance(rights.ReadUsers).Decide(); err != nil {
		return 0, err
	}
	namespace, err := r.views.Personal(ctx, who)
	if errors.Is(err, domain.NotFound) {
		err = rights.Hidden(rights.User)
	}
	return namespace, err
}

// ListOfGroup is List in a group, as the scope says, whose Namespace is not read. It may
// return a Refusal.
func (r *Reader) ListOfGroup(ctx context.Context, by rights.Caller, group rights.Ref, in Scope, f Filter, page application.Page) (application.Listed[View], error) {
	at, err := r.standing(ctx, by, rights.ReadGroup, group)
	if err != nil {
		return application.Listed[View]{}, err
	}
	in.Namespace = source.NamespaceID(at.ID)
	f.In = &in
	return r.List(ctx, by, f, page)
}

// Check returns a Refusal unless the caller has the right on a group or project.
func (r *Reader) Check(ctx context.Context, by rights.Caller, right rights.Right, on rights.Ref) error {
	_, err := r.standing(ctx, by, right, on)
	return err
}

// Groups returns those of the groups above a project, and of those that it is shared with,
// that the caller may see, or a Refusal.
func (r *Reader) Groups(ctx context.Context, by rights.Caller, project rights.Ref) ([]Group, error) {
	at, err := r.standing(ctx, by, rights.ReadProjectMember, project)
	if err != nil {
		return nil, err
	}
	groups, err := r.views.Groups(ctx, source.ProjectID(at.ID), by.ID, r.now())
	return visibleGroups(by, groups), err
}

// MovedTo returns the number of the project to which a path of the past leads, if the
// caller may see it; 0 for none.
func (r *Reader) MovedTo(ctx context.Context, by rights.Caller, path string) (source.ProjectID, error) {
	id, err := r.views.MovedTo(ctx, source.Path(path))
	if err == nil {
		err = r.Check(ctx, by, rights.ReadProject, rights.Ref{Kind: rights.Project, ID: int64(id)})
	}
	if errors.Is(err, domain.NotFound) {
		return 0, nil
	}
	return id, err
}

// standing returns a group or project on which the caller has the right, or a Refusal.
func (r *Reader) standing(ctx context.Context, by rights.Caller, right rights.Right, on rights.Ref) (rights.Standing, error) {
	at, err := r.standings.Standing(ctx, by.ID, on, r.now())
	return by.Judge(right, on.Kind, at, err)
}

// forCaller returns a project without what the caller may not know: the default branch is
// for those who may read the code, the storage for administrators, a share for those who
// may see the other group.
func forCaller(by rights.Caller, v View) View {
	standing := source.Standing{Actor: identity.Actor{User: by.User}, Project: v.Project, Role: v.Role}
	v.DefaultBranch = v.HeadBranch()
	if !standing.MayUse(v.Repository) {
		v.DefaultBranch = ""
	}
	if !by.Admin {
		v.Storage = ""
	}
	v.Shares = visibleGroups(by, v.Shares)
	return v
}

// visibleGroups returns the groups that the caller may see.
func visibleGroups(by rights.Caller, groups []Group) []Group {
	return slices.DeleteFunc(groups, func(g Group) bool {
		at := rights.Standing{Subject: rights.Subject{Kind: rights.Group, Known: true, Visibility: g.Visibility}, Role: g.Role}
		return by.In(rights.ReadGroup, at).Decide() != nil
	})
}
