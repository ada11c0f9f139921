package gitaccess

import (
	"errors"
	"strings"

	"gatehouse/domain"
	"gatehouse/domain/source"
)

// The names of what refuses besides the rules in package source.
const (
	// StorageRule refuses a project whose storage is not configured.
	StorageRule = "storage"
	// CreateProjectRule refuses a push to create whose project could not be created.
	CreateProjectRule = "create_project"
	// UnavailableRule refuses because something that the decision needs did not answer.
	UnavailableRule = "unavailable"
	// DeadlineRule refuses because the decision took too long.
	DeadlineRule = "deadline"
)

// RuleNames returns the names of all that may refuse a command: the rules in package
// source, and what refuses besides.
func RuleNames() []string {
	return append(source.RuleNames(), StorageRule, CreateProjectRule, UnavailableRule, DeadlineRule)
}

// Denial is a refusal with what it is about, for the log: it tells more than the user
// may know. It unwraps to the *domain.Refusal.
type Denial struct {
	// Rule is the name of the rule that refuses, and Ref the full name of the ref that
	// it refuses; empty if it refuses the command as a whole.
	Rule, Ref string
	// Actor is the key or user that asked, or the one that the caller named if it is
	// not known. Username is empty for a deploy key.
	Actor, Username string
	// Project is the path of the project, or the text by which the caller named it if
	// it is not known. Repository is its gl_repository, empty for an unknown path.
	Project, Repository string
	// Address is the client's; empty if the caller sent none.
	Address string
	// Loaded says that the directory was asked, so that ActorKnown and ProjectKnown say
	// whether they exist. Without it they are false.
	Loaded, ActorKnown, ProjectKnown bool

	ref source.Ref
	err error
}

// Error returns the message of the refusal, and its cause.
func (d *Denial) Error() string { return d.err.Error() }

// Unwrap returns the refusal.
func (d *Denial) Unwrap() error { return d.err }

// message returns what the user reads.
func (d *Denial) message() string {
	if refusal, ok := errors.AsType[*domain.Refusal](d.err); ok {
		return refusal.Message
	}
	return ""
}

// refusedBy names the rule of a refusal, unless it has one.
func refusedBy(rule string, err error) error {
	if _, ok := errors.AsType[*Denial](err); ok {
		return err
	}
	return &Denial{Rule: rule, err: err}
}

// deny returns err with a Denial in its chain that says what it is about.
func deny(req Request, c *source.Case, err error) (*Denial, error) {
	err = refusedBy(UnavailableRule, err)
	d, _ := errors.AsType[*Denial](err)
	if d.ref != (source.Ref{}) {
		d.Ref = d.ref.String()
	}
	d.ActorKnown, d.ProjectKnown = !c.Actor.Anonymous(), c.Project.ID != 0
	failed := d.Rule == UnavailableRule || d.Rule == DeadlineRule
	d.Loaded = !c.Throttled && (!failed || d.ActorKnown || d.ProjectKnown)
	d.Actor, d.Username = actorName(c), c.Actor.Person().Username
	d.Project, d.Repository = projectName(req, c), repositoryName(c)
	d.Address = address(c)
	return d, err
}

func actorName(c *source.Case) string {
	if c.Actor.Anonymous() {
		return c.Claim.String()
	}
	return c.Actor.String()
}

// projectName returns the path of the project, or the text by which the caller named
// it, as far as that is a path: users type it.
func projectName(req Request, c *source.Case) string {
	switch {
	case c.Project.Known():
		return c.Project.Path
	case c.Target.Repository.Known():
		return ""
	case c.Target.Path != "":
		return string(c.Target.Path)
	default:
		return source.PathText(strings.Trim(req.Project, "\x00"))
	}
}

// repositoryName returns the gl_repository; empty for a path at which none is.
func repositoryName(c *source.Case) string {
	switch {
	case c.Repository.Known():
		return c.Repository.String()
	case c.Target.Repository.Known():
		return c.Target.Repository.String()
	default:
		return ""
	}
}

func address(c *source.Case) string {
	switch {
	case !c.AddressGiven:
		return ""
	case !c.Address.IsValid():
		return "unreadable"
	default:
		return c.Address.String()
	}
}
