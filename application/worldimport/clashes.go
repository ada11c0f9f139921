package worldimport

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// errFollows is the error of a Put that fails because another entry of the world has a
// mistake.
var errFollows = errors.New("it follows from another mistake")

// explain returns the error of a Put. In place of a domain.Conflict or a domain.NotFound
// it returns a Refusal that says with what the entry clashes, if why finds it.
func explain(err error, why func() (string, error)) error {
	_, explained := errors.AsType[*domain.Refusal](err)
	if explained || !errors.Is(err, domain.Conflict) && !errors.Is(err, domain.NotFound) {
		return err
	}
	text, failure := why()
	switch {
	case failure != nil:
		return failure
	case text == "":
		return err
	}
	return domain.Refuse(domain.Conflict, "%s", text)
}

// occupant is a row that has what an entry asks for.
type occupant struct {
	kind, name string
	id         int64
}

// numberRef refers to a row by its number.
func numberRef(kind string, id int64) string { return fmt.Sprint(kind, " number ", id) }

// show names a row in a message: with the line of the entry that has put it, or with its
// number.
func (i *importer) show(o occupant) string {
	sequence := o.kind
	if o.kind == "deploy key" {
		sequence = "key"
	}
	if s := i.touched[fmt.Sprint(sequence, " ", o.id)]; s != nil && s.line != 0 {
		return fmt.Sprintf("%s %q on line %d", o.kind, o.name, s.line)
	}
	if o.name == "" {
		return fmt.Sprintf("%s %d", o.kind, o.id)
	}
	return fmt.Sprintf("%s %q (id %d)", o.kind, o.name, o.id)
}

// has says in words that the row has what; it is errFollows if an entry that has a
// mistake would change the row.
func (i *importer) has(what string, o occupant) (string, error) {
	if i.failed[numberRef(o.kind, o.id)] {
		return "", errFollows
	}
	return what + " is that of " + i.show(o), nil
}

// findOccupant returns the user, group or project at a path, and the zero occupant for none.
func (i *importer) findOccupant(ctx context.Context, path string) (o occupant, err error) {
	for _, one := range []struct {
		kind string
		ask  func() (int64, error)
	}{
		{"user", func() (int64, error) { id, err := i.tx.Users.ID(ctx, path); return int64(id), err }},
		{"group", func() (int64, error) { id, err := i.tx.Namespaces.GroupID(ctx, path); return int64(id), err }},
		{"project", func() (int64, error) { id, err := i.tx.Projects.ID(ctx, path); return int64(id), err }},
	} {
		id, err := one.ask()
		if err == nil {
			return occupant{one.kind, path, id}, nil
		}
		if !errors.Is(err, domain.NotFound) {
			return occupant{}, err
		}
	}
	return occupant{}, nil
}

// userOf returns the user of that number.
func (i *importer) userOf(ctx context.Context, id identity.UserID) (occupant, error) {
	u, err := i.tx.Users.Current(ctx, User{User: identity.User{ID: id}})
	return occupant{"user", u.User.Username, int64(id)}, err
}

// pathClash says which other row than that of the kind and number has the path.
func (i *importer) pathClash(ctx context.Context, what, path, kind string, id int64) (string, error) {
	o, err := i.findOccupant(ctx, path)
	if err != nil || o.id == 0 || o.kind == kind && o.id == id {
		return "", err
	}
	return i.has(what, o)
}

// namespaceClash says whose number of a namespace it is, or returns an empty text.
func (i *importer) namespaceClash(ctx context.Context, what string, id source.NamespaceID) (string, error) {
	owner, err := i.tx.Users.NamespaceOwner(ctx, id)
	if err == nil {
		o, err := i.userOf(ctx, owner)
		return fmt.Sprintf("%s %d is the personal namespace of %s", what, id, i.show(o)), err
	}
	if !errors.Is(err, domain.NotFound) {
		return "", err
	}
	g, err := i.tx.Current.Group(ctx, Group{Namespace: source.Namespace{ID: id}})
	if err != nil {
		return "", ignoreNotFound(err)
	}
	return fmt.Sprintf("%s %d is group %q", what, id, g.Namespace.Path), nil
}

func ignoreNotFound(err error) error {
	if errors.Is(err, domain.NotFound) {
		return nil
	}
	return err
}

func (i *importer) explainUser(ctx context.Context, err error, u User) error {
	return explain(err, func() (string, error) {
		kept, err := i.tx.Users.Current(ctx, u)
		if ignoreNotFound(err) != nil {
			return "", err
		}
		if kept.User.Known() && !kept.User.Type.MayBecome(u.User.Type) {
			what := "username"
			if u.User.ID != 0 {
				what = "id"
			}
			o := occupant{"user", kept.User.Username, int64(kept.User.ID)}
			return fmt.Sprintf("the %s is that of %s of type %s, which does not become %s; choose another %s",
				what, i.show(o), kept.User.Type, u.User.Type, what), nil
		}
		if why, err := i.pathClash(ctx, "the username", u.User.Username, "user", int64(kept.User.ID)); why != "" || err != nil {
			return why, err
		}
		if why, err := i.emailClash(ctx, "its e-mail", u.User.Email, kept.User.ID); why != "" || err != nil {
			return why, err
		}
		for _, e := range u.Emails {
			if why, err := i.emailClash(ctx, fmt.Sprintf("its e-mail %q", e.Address), e.Address, kept.User.ID); why != "" || err != nil {
				return why, err
			}
		}
		if kept.User.Known() {
			return fmt.Sprintf("its personal namespace has the number %d, which does not change; leave namespace_id out", kept.NamespaceID), nil
		}
		return i.namespaceClash(ctx, "namespace_id", u.NamespaceID)
	})
}

// emailClash says which other user than that of the number has the e-mail, which what names,
// or returns an empty text.
func (i *importer) emailClash(ctx context.Context, what, email string, id identity.UserID) (string, error) {
	other, err := i.tx.Emails.UserOfEmail(ctx, email)
	if err != nil || other == id {
		return "", ignoreNotFound(err)
	}
	o, err := i.userOf(ctx, other)
	if err != nil {
		return "", err
	}
	return i.has(what, o)
}

func (i *importer) explainGroup(ctx context.Context, err error, g Group) error {
	return explain(err, func() (string, error) {
		if why, failure := i.noParent(ctx, "group", g.Namespace.Path); why != "" || failure != nil {
			return why, failure
		}
		id := g.Namespace.ID
		if id != 0 {
			if _, err := i.tx.Users.NamespaceOwner(ctx, id); err == nil {
				return i.namespaceClash(ctx, "id", id)
			} else if !errors.Is(err, domain.NotFound) {
				return "", err
			}
		}
		why, err := i.pathClash(ctx, "the path", g.Namespace.Path, "group", int64(id))
		if why == "" && err == nil {
			why = "it would be below itself"
		}
		return why, err
	})
}

func (i *importer) explainProject(ctx context.Context, err error, p Project) error {
	return explain(err, func() (string, error) {
		if why, failure := i.noParent(ctx, "project", p.Project.Path); why != "" || failure != nil {
			return why, failure
		}
		return i.pathClash(ctx, "the path", p.Project.Path, "project", int64(p.Project.ID))
	})
}

// noParent says why a group or project has no namespace to be in.
func (i *importer) noParent(ctx context.Context, kind, path string) (string, error) {
	parent, parents := string(source.Path(path).Parent()), "group"
	if kind == "project" {
		parents = "group or user"
	}
	if parent == "" {
		return "", nil
	}
	if i.follows("namespace", parent) {
		return "", errFollows
	}
	switch o, err := i.findOccupant(ctx, parent); {
	case err != nil:
		return "", err
	case o.id == 0:
		return fmt.Sprintf("there is no %s %q above it", parents, parent), nil
	case !strings.Contains(parents, o.kind):
		return fmt.Sprintf("above it is %s, not a %s", i.show(o), parents), nil
	}
	return "", nil
}

// checkParent makes a mistake of a malformed group or project that has no namespace to
// be in.
func (i *importer) checkParent(ctx context.Context, line int, kind, path string) {
	if i.failure != nil || source.CheckGroupPath(string(source.Path(path).Parent())) != nil {
		return
	}
	if why, err := i.noParent(ctx, kind, path); why != "" || err != nil {
		i.checkPut(explain(domain.NotFound, func() (string, error) { return why, err }), line, kind, path)
	}
}

// explainGhost explains that a user of type ghost has none of what.
func (i *importer) explainGhost(ctx context.Context, err error, user identity.UserID, what string) error {
	return explain(err, func() (string, error) {
		u, err := i.tx.Users.Current(ctx, User{User: identity.User{ID: user}})
		if err != nil || u.User.Type != identity.Ghost {
			return "", ignoreNotFound(err)
		}
		o := occupant{"user", u.User.Username, int64(user)}
		return fmt.Sprintf("%s is of type ghost, which stands for deleted users and has no %s", i.show(o), what), nil
	})
}

func (i *importer) explainKey(ctx context.Context, err error, k identity.Key) error {
	if k.Kind == identity.UserKey {
		err = i.explainGhost(ctx, err, k.Owner, "keys")
	}
	return explain(err, func() (string, error) {
		same, err := i.tx.Keys.Current(ctx, identity.Key{Fingerprint: k.Fingerprint})
		if err == nil && (same.ID != k.ID || same.Kind != k.Kind) {
			return i.keyClash(ctx, "the key itself", same)
		}
		if ignoreNotFound(err) != nil || k.ID == 0 {
			return "", ignoreNotFound(err)
		}
		other, err := i.tx.Keys.Current(ctx, identity.Key{ID: k.ID})
		if err != nil || other.Kind == k.Kind {
			return "", ignoreNotFound(err)
		}
		return i.keyClash(ctx, "the id", other)
	})
}

// keyClash says that the key has what.
func (i *importer) keyClash(ctx context.Context, what string, k identity.Key) (string, error) {
	if k.Kind == identity.DeployKey {
		return i.has(what, occupant{"deploy key", k.Title, int64(k.ID)})
	}
	why, err := i.has(what, occupant{"key", k.Title, int64(k.ID)})
	if err != nil {
		return "", err
	}
	owner, err := i.userOf(ctx, k.Owner)
	return why + " of " + i.show(owner), err
}

func (i *importer) explainAgent(ctx context.Context, err error, project source.ProjectID, a Agent) error {
	return explain(err, func() (string, error) {
		same, err := i.tx.Credentials.Agent(ctx, project, Agent{Name: a.Name})
		if err != nil || same.ID == a.ID {
			return "", ignoreNotFound(err)
		}
		return i.has("its name in the project", occupant{"agent", same.Name, same.ID})
	})
}

func explainProtections(err error, all []source.Protection) error {
	return explain(err, func() (string, error) {
		for at, p := range all {
			if slices.ContainsFunc(all[:at], func(o source.Protection) bool { return o.Kind == p.Kind && o.Pattern == p.Pattern }) {
				return fmt.Sprintf("two are named %q", p.Pattern), nil
			}
		}
		return "", nil
	})
}
