package rights

import (
	"fmt"

	"gatehouse/domain"
	"gatehouse/domain/source"
)

var (
	signedIn            = rule{"signed_in", checkSignedIn}
	administrator       = rule{"administrator", checkAdministrator}
	selfOrAdministrator = rule{"self_or_administrator", checkSelf}
	mayCreateGroup      = rule{"can_create_group", checkCreateGroup}
	visible             = rule{"visible", checkVisible}
	subgroupCreation    = rule{"subgroup_creation_level", checkSubgroupCreation}
	projectCreation     = rule{"project_creation_level", checkProjectCreation}
)

// The refusals carry no words but the kinds': a caller learns as much from GitLab.
var (
	errSignIn    = &domain.Refusal{Kind: domain.Unauthenticated}
	errForbidden = &domain.Refusal{Kind: domain.Forbidden}
)

// hidden are the refusals for what does not exist or may not be seen, by kind.
var hidden = map[Kind]*domain.Refusal{
	User:    domain.Refuse(domain.NotFound, "User Not Found"),
	Group:   domain.Refuse(domain.NotFound, "Group Not Found"),
	Project: domain.Refuse(domain.NotFound, "Project Not Found"),
}

// Hidden returns the refusal for a subject of that kind which does not exist.
func Hidden(kind Kind) *domain.Refusal { return hidden[kind] }

func checkSignedIn(c Case) *domain.Refusal {
	if !c.Actor.Known() {
		return errSignIn
	}
	return nil
}

func checkAdministrator(c Case) *domain.Refusal {
	if !c.Actor.Admin {
		return errForbidden
	}
	return nil
}

func checkSelf(c Case) *domain.Refusal {
	if !c.Actor.Admin && c.Actor.ID != c.Subject.User {
		return errForbidden
	}
	return nil
}

func checkCreateGroup(c Case) *domain.Refusal {
	if !c.Actor.MayCreateGroup() {
		return errForbidden
	}
	return nil
}

// checkVisible refuses what the actor may not know of, as Git access does.
func checkVisible(c Case) *domain.Refusal {
	if !c.Subject.Known || !Sees(c) {
		return hidden[c.Subject.Kind]
	}
	return nil
}

// Sees says whether the actor may know of a group or project that exists.
func Sees(c Case) bool {
	switch {
	case c.Actor.Admin, c.Role >= source.Guest, c.Subject.Visibility == source.Public:
		return true
	default:
		return c.Subject.Visibility == source.Internal && c.Actor.Known() && !c.Actor.External
	}
}

func checkSubgroupCreation(c Case) *domain.Refusal {
	return checkRole(c, c.Subject.SubgroupCreation.Least())
}

func checkProjectCreation(c Case) *domain.Refusal {
	if !c.Subject.ProjectCreation.Allows(c.Role, c.Actor.Admin) {
		return errForbidden
	}
	return nil
}

// atLeast asks for a role.
func atLeast(least source.Role) rule {
	return rule{"role_" + least.String(), func(c Case) *domain.Refusal { return checkRole(c, least) }}
}

func checkRole(c Case, least source.Role) *domain.Refusal {
	if !c.Actor.Admin && c.Role < least {
		return errForbidden
	}
	return nil
}

// explained says in words for an operator why a rule refuses.
func explained(refusal *domain.Refusal, c Case) string {
	switch {
	case refusal == errSignIn:
		return "the request is anonymous"
	case refusal.Kind == domain.NotFound && !c.Subject.Known:
		return fmt.Sprintf("there is no such %s", c.Subject.Kind)
	case refusal.Kind == domain.NotFound:
		return fmt.Sprintf("the %s is %s, and the role in it is %s", c.Subject.Kind, c.Subject.Visibility, c.Role)
	case c.Subject.Kind == Group || c.Subject.Kind == Project:
		return fmt.Sprintf("the role in the %s is %s", c.Subject.Kind, c.Role)
	default:
		return "the user is no administrator"
	}
}
