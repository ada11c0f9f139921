package rights

import (
	"fmt"

	"gatehouse/domain"
	"gatehouse/domain/source"
)

var (
	signedIn            = rule{"signed_in", checkSignedIn, always("the request is anonymous")}
	administrator       = rule{"administrator", checkAdministrator, always("the user is no administrator")}
	selfOrAdministrator = rule{"self_or_administrator", checkSelf, always("the user is another one, and no administrator")}
	mayCreateGroup      = rule{"can_create_group", checkCreateGroup, whyNoGroup}
	visible             = rule{"visible", checkVisible, whyHidden}
	subgroupCreation    = rule{"subgroup_creation_level", checkSubgroupCreation, whyNoSubgroup}
	projectCreation     = rule{"project_creation_level", checkProjectCreation, whyNoProject}
	repository          = rule{"repository_access_level", checkRepository, whyNoRepository}
	agentReader         = rule{"role_developer", checkAgentReader, func(c Case) string { return whyRole(c, source.Developer) }}
)

// errNoAgents refuses to tell of agents: GitLab says that there are none.
var errNoAgents = domain.Refuse(domain.NotFound, "ClusterAgents Not Found")

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

// checkRepository refuses to show a repository, as Git access does: to whoever may not be
// told of the code of a project that they may know of.
func checkRepository(c Case) *domain.Refusal {
	switch {
	case c.Subject.Repository == source.FeatureDisabled:
		return errForbidden
	case c.Actor.Admin, c.Role >= source.Reporter:
		return nil
	case c.Subject.Repository == source.FeatureEnabled && c.Subject.Visibility != source.Private:
		return nil
	}
	return errForbidden
}

func whyNoRepository(c Case) string {
	if c.Subject.Repository == source.FeatureDisabled {
		return "repository_access_level of the project is disabled"
	}
	return whyRole(c, source.Reporter)
}

func checkAgentReader(c Case) *domain.Refusal {
	if checkRole(c, source.Developer) != nil {
		return errNoAgents
	}
	return nil
}

// atLeast asks for a role.
func atLeast(least source.Role) rule {
	return rule{
		"role_" + least.String(),
		func(c Case) *domain.Refusal { return checkRole(c, least) },
		func(c Case) string { return whyRole(c, least) },
	}
}

func checkRole(c Case, least source.Role) *domain.Refusal {
	if !c.Actor.Admin && c.Role < least {
		return errForbidden
	}
	return nil
}

func always(reason string) func(Case) string {
	return func(Case) string { return reason }
}

func whyHidden(c Case) string {
	if !c.Subject.Known {
		return fmt.Sprintf("there is no such %s", c.Subject.Kind)
	}
	return fmt.Sprintf("the %s is %s, and the role in it is %s", c.Subject.Kind, c.Subject.Visibility, c.Role)
}

func whyNoGroup(c Case) string {
	switch {
	case !c.Actor.Known():
		return "the request is anonymous"
	case c.Actor.External:
		return "the user is external"
	default:
		return "can_create_group of the user is false"
	}
}

func whyNoSubgroup(c Case) string {
	return whyRole(c, c.Subject.SubgroupCreation.Least()) + ", by its subgroup_creation_level"
}

func whyNoProject(c Case) string {
	switch least, ok := c.Subject.ProjectCreation.Least(); {
	case ok:
		return whyRole(c, least) + ", by its project_creation_level"
	case c.Subject.ProjectCreation == source.NoProjects:
		return "project_creation_level of the group is noone: nobody may"
	default:
		return "project_creation_level of the group is administrator: it takes an administrator"
	}
}

// whyRole names the role that the actor has, and the one that it takes.
func whyRole(c Case, least source.Role) string {
	takes := least.String()
	if least < source.Owner {
		takes += " or more"
	}
	return fmt.Sprintf("the role in the %s is %s, and it takes %s", c.Subject.Kind, c.Role, takes)
}
