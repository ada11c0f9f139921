package source

import (
	"slices"
	"strings"
	"unicode/utf8"

	"gatehouse/domain"
	"gatehouse/domain/identity"
)

const (
	// maxNameLength is the most characters of the name of a group, or of one part of a path.
	maxNameLength = 255
	// maxDescription is the most characters of the description of a group.
	maxDescription = 500

	isBlank   = "can't be blank"
	isTooLong = "is too long (maximum is 255 characters)"
	isTaken   = "has already been taken"
)

// Subtree is what lies below a group.
type Subtree struct {
	// Depth is how many groups stand within each other below it, at most.
	Depth int
	// Groups and Projects are the widest visibilities of what lies below; empty if nothing
	// does.
	Groups, Projects Visibility
}

// GroupPlace is what a change of a group is judged by, beside the group itself.
type GroupPlace struct {
	// Parent is the group above; the zero Group for a top-level group.
	Parent Group
	Below  Subtree
	// PathTaken says that a group, user or project other than this group has its path.
	PathTaken bool
	// NameTaken says that another group in Parent has its name.
	NameTaken bool
}

// CheckChange returns what is wrong with those fields of the group that differ from the
// old one, which is the zero Group for a new group: what was there before a rule stays. The
// path of the group begins with that of the parent.
func (g Group) CheckChange(old Group, in GroupPlace) (wrong domain.FieldErrors) {
	add := func(field, message string) {
		if message != "" {
			wrong = append(wrong, domain.FieldError{Field: field, Message: message})
		}
	}
	fresh := !old.Known()
	if fresh || g.Name != old.Name {
		add("name", g.checkName(in))
	}
	if fresh || g.Path != old.Path {
		add("path", g.checkPath(in))
	}
	if g.Description != old.Description && utf8.RuneCountInString(g.Description) > maxDescription {
		add("description", "is too long (maximum is 500 characters)")
	}
	if fresh && g.depth()+in.Below.Depth > maxGroupDepth {
		add("parent_id", "has too deep level of nesting")
	}
	if fresh || g.Visibility != old.Visibility {
		add("visibility_level", g.checkVisibility(in))
	}
	if g.Parent != 0 {
		if !slices.Equal(g.AllowedIPs, old.AllowedIPs) {
			add("ip_restrictions.base", "IP subnet restriction only allowed for top-level groups")
		}
		if g.protocolsDiffer(old) {
			add("enabled_git_access_protocol", "is only allowed for top-level groups")
		}
	}
	return wrong
}

func (g Group) checkName(in GroupPlace) string {
	switch {
	case strings.TrimSpace(g.Name) == "":
		return isBlank
	case utf8.RuneCountInString(g.Name) > maxNameLength:
		return isTooLong
	case in.NameTaken:
		return isTaken
	}
	return ""
}

// checkPath returns what is wrong with the last part of the path, or with the whole.
func (g Group) checkPath(in GroupPlace) string {
	part := g.Path
	if in.Parent.Known() {
		part = strings.TrimPrefix(part, in.Parent.Path+"/")
	}
	switch {
	case part == "":
		return isBlank
	case utf8.RuneCountInString(part) > maxNameLength:
		return isTooLong
	case part == "-", !in.Parent.Known() && identity.IsReserved(part):
		return "is a reserved name"
	case !isPathPart(part):
		return "can contain only letters, digits, '_', '-' and '.', cannot start with '-' and cannot end in '.', '.git' or '.atom'"
	case in.PathTaken:
		return isTaken
	}
	return ""
}

func (g Group) checkVisibility(in GroupPlace) string {
	switch above := in.Parent.Visibility; {
	case in.Parent.Known() && g.Visibility.WiderThan(above):
		return string(g.Visibility) + " is not allowed in a " + string(above) + " group."
	case in.Below.Projects.WiderThan(g.Visibility):
		return string(g.Visibility) + " is not allowed since this group contains projects with higher visibility."
	case in.Below.Groups.WiderThan(g.Visibility):
		return string(g.Visibility) + " is not allowed since there are sub-groups with higher visibility."
	}
	return ""
}

// depth is how many groups stand within each other from the top to this one.
func (g Group) depth() int { return strings.Count(g.Path, "/") + 1 }

// protocolsDiffer compares how Git may be used; a new group begins with all protocols.
func (g Group) protocolsDiffer(old Group) bool {
	was := old.Protocols
	if !old.Known() {
		was = AllProtocols
	}
	return g.Protocols != was || g.RequireSSHCertificates != old.RequireSSHCertificates
}

// Known says whether g is a group at all.
func (g Group) Known() bool { return g.ID != 0 }

// CheckTransfer returns why the group cannot go to in.Parent, or nil. What lies below it
// goes along. Inside says that the parent is the group itself or lies below it, subscribed
// that the group has bought something.
func (g Group) CheckTransfer(in GroupPlace, inside, subscribed bool) *domain.Refusal {
	why, moved := "", g.Under(in.Parent)
	switch {
	case inside:
		why = "A group cannot go to itself or to one of its subgroups."
	case g.Parent == in.Parent.ID && in.Parent.Known():
		why = "The group is already in that group."
	case g.Parent == in.Parent.ID:
		why = "The group is already at the top."
	case subscribed:
		why = "The group has a subscription, which counts at the top only."
	case !in.Parent.Known() && identity.IsReserved(moved.Path):
		why = "Its path is a reserved name at the top."
	case in.PathTaken:
		why = "Its path is taken there."
	case in.NameTaken:
		why = "Its name is taken there."
	case in.Parent.Known() && g.Visibility.WiderThan(in.Parent.Visibility):
		why = "It is more visible than the group that it would go to."
	case moved.depth()+in.Below.Depth > maxGroupDepth:
		why = "Groups would be nested too deeply."
	default:
		return nil
	}
	return domain.Refuse(domain.Invalid, "Failed to transfer group. %s", why)
}

// Under returns the group as it stands in another one; the zero Group is the top.
func (g Group) Under(parent Group) Group {
	g.Parent, g.Path = parent.ID, Path(g.Path).Last()
	if parent.Known() {
		g.Path = parent.Path + "/" + g.Path
	}
	return g
}

// Rename returns the group with another last part of the path, which may be any text.
func (g Group) Rename(part string) Group {
	if above := Path(g.Path).Parent(); above != "" {
		part = string(above) + "/" + part
	}
	g.Path = part
	return g
}

// WiderThan says whether more users may see what is of visibility v than of o. An empty
// one is narrower than all.
func (v Visibility) WiderThan(o Visibility) bool {
	return slices.Index(Visibilities, v) > slices.Index(Visibilities, o)
}

// Narrower returns the one of the two visibilities that fewer users see.
func (v Visibility) Narrower(o Visibility) Visibility {
	if v.WiderThan(o) {
		return o
	}
	return v
}

// CheckTransfer returns why the project of that name cannot go into a group, or nil. What is
// taken there is said of its path and of its name.
func (p Project) CheckTransfer(to Group, pathTaken, nameTaken bool) *domain.Refusal {
	in := ProjectDestination{Namespace: Path(to.Path), Visibility: to.Visibility}
	return p.CheckMove(in, to.ProjectCreation != NoProjects, pathTaken, nameTaken)
}

// CheckMove returns why the project cannot go into a namespace, or nil. mayCreate says whether
// projects may be added there, at all or by the user who asks. What is taken there is said of
// its path and of its name.
func (p Project) CheckMove(to ProjectDestination, mayCreate, pathTaken, nameTaken bool) *domain.Refusal {
	why := ""
	switch {
	case Path(p.Path).Parent().Fold() == to.Namespace.Fold():
		why = "The project is already in that namespace."
	case !mayCreate:
		why = "You may not add projects to that namespace."
	case to.Personal != nil && to.Personal.Count >= to.Personal.Limit:
		why = "Its user has as many projects as the limit allows."
	case pathTaken:
		why = "Its path is taken there."
	case nameTaken:
		why = "Its name is taken there."
	case to.Personal == nil && p.Visibility.WiderThan(to.Visibility):
		why = "It is more visible than the group that it would go to."
	default:
		return nil
	}
	return domain.Refuse(domain.Invalid, "Failed to transfer project. %s", why)
}
