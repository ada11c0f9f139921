package source

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"gatehouse/domain"
	"gatehouse/domain/identity"
)

// ProjectRecord is a project with all that is kept of it, but for its protections.
type ProjectRecord struct {
	// Project has neither Root nor Protections, and no BranchDefaults.
	Project
	ProjectProfile
}

// MaxTopics is how many topics a project may have.
const MaxTopics = 100

const (
	// maxProjectDescription is the most characters of the description of a project.
	maxProjectDescription = 2000

	projectName = "can begin with a letter, a digit, an emoji or '_', and go on with these, with '.', '+' and '-', and with blanks"
	projectPath = "can contain only letters, digits, '_', '-' and '.', cannot start with '-', " +
		"have two of the signs in a row, or end in '.', '.git', '.atom', '.wiki' or '.design'"
)

var (
	validProjectName = regexp.MustCompile(`^[\p{L}\p{N}\p{So}_][\p{L}\p{N}\p{So}\p{M}_\-+. ]*$`)
	twoSigns         = regexp.MustCompile(`[_.-]{2}`)
	noSlug           = regexp.MustCompile(`[^a-z0-9_]+`)
	manySigns        = regexp.MustCompile(`[_-]{2,}`)
)

// ProjectPathOf returns the last part of the path that a new project of that name gets. It is
// empty for a name of which nothing is left.
func ProjectPathOf(name string) string {
	slug := noSlug.ReplaceAllString(strings.ToLower(name), "-")
	return strings.Trim(manySigns.ReplaceAllString(slug, "-"), "-")
}

// ProjectPlace is what a change of a project is judged by, beside the project itself.
type ProjectPlace struct {
	// Namespace is the full path of the group or personal namespace.
	Namespace string
	// Visibility is that of the group that the project is in; empty in a personal namespace.
	Visibility Visibility
	// PathTaken says that another project, a group or a user has its path, and NameTaken
	// that another project of its namespace has its name.
	PathTaken, NameTaken bool
}

// CheckChange returns what is wrong with those fields of the project that differ from the old
// one, which is the zero ProjectRecord for a new project: what was there before a rule stays.
func (p ProjectRecord) CheckChange(old ProjectRecord, in ProjectPlace) (wrong domain.FieldErrors) {
	add := func(field, message string) {
		if message != "" {
			wrong = append(wrong, domain.FieldError{Field: field, Message: message})
		}
	}
	fresh := !old.Known()
	if fresh || p.Name != old.Name {
		message := p.checkName(in)
		add("name", message)
		if message == isTaken {
			add("project_namespace.name", message)
		}
	}
	if fresh || p.Path != old.Path {
		add("path", p.checkPath(in))
	}
	if p.Description != old.Description && utf8.RuneCountInString(p.Description) > maxProjectDescription {
		add("description", "is too long (maximum is 2000 characters)")
	}
	if p.DefaultBranch != old.DefaultBranch && CheckDefaultBranch(p.DefaultBranch) != nil {
		add("default_branch", "is not a name of a branch")
	}
	if (fresh || p.Visibility != old.Visibility) && in.Visibility != "" && p.Visibility.WiderThan(in.Visibility) {
		add("visibility_level", string(p.Visibility)+" is not allowed in a "+string(in.Visibility)+" group.")
	}
	if !slices.Equal(p.Topics, old.Topics) {
		add("topics", checkTopics(p.Topics))
	}
	return wrong
}

func (p ProjectRecord) checkName(in ProjectPlace) string {
	switch {
	case strings.TrimSpace(p.Name) == "":
		return isBlank
	case utf8.RuneCountInString(p.Name) > maxNameLength:
		return isTooLong
	case !validProjectName.MatchString(p.Name):
		return projectName
	case in.NameTaken:
		return isTaken
	}
	return ""
}

// checkPath returns what is wrong with the last part of the path, or with the whole.
func (p ProjectRecord) checkPath(in ProjectPlace) string {
	part := strings.TrimPrefix(p.Path, in.Namespace+"/")
	switch {
	case part == "":
		return isBlank
	case utf8.RuneCountInString(part) > maxNameLength:
		return isTooLong
	case part == "-", slices.Contains(reservedEnds, identity.Fold(part)):
		return "is a reserved name"
	case !isPathPart(part), twoSigns.MatchString(part), CheckNewProjectPath(p.Path) != nil:
		return projectPath
	case in.PathTaken:
		return isTaken
	}
	return ""
}

func checkTopics(topics []string) string {
	if len(topics) > MaxTopics {
		return "are too many (maximum is 100)"
	}
	for _, topic := range topics {
		switch {
		case strings.TrimSpace(topic) == "":
			return "cannot be blank"
		case utf8.RuneCountInString(topic) > maxNameLength:
			return isTooLong
		}
	}
	return ""
}

// In returns the project in a namespace, under a last part of the path.
func (p ProjectRecord) In(namespace Path, part string) ProjectRecord {
	p.Path = string(namespace) + "/" + part
	return p
}

// Renamed returns the project with another last part of the path.
func (p ProjectRecord) Renamed(part string) ProjectRecord { return p.In(Path(p.Path).Parent(), part) }
