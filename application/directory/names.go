package directory

import (
	"regexp"
	"strings"

	"gatehouse/domain/source"
)

const (
	// nameRule says in words what validName asks for.
	nameRule = `is made of letters, digits, "_", "-" and "."; it begins with a letter, a digit or "_" and does not end in ".", ".git" or ".atom"`
	// deepest is how many groups may stand within each other.
	deepest = 20
)

var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$`)

// validName holds usernames and each part of a path to GitLab's rule: a ".git"
// or ".atom" would be read as the form in which something is asked for.
func validName(name string) bool {
	fold := strings.ToLower(name)
	return plainName.MatchString(name) &&
		!strings.HasSuffix(fold, ".") && !strings.HasSuffix(fold, ".git") && !strings.HasSuffix(fold, ".atom")
}

// WrongUsername returns what is wrong with the name of a user, or nothing.
func WrongUsername(name string) string {
	if !validName(name) {
		return "a username " + nameRule
	}
	return ""
}

// WrongGroupPath returns what is wrong with the path of a group, or nothing.
func WrongGroupPath(path string) string { return wrongPath(path, 1, deepest) }

// WrongProjectPath returns what is wrong with the path of a project, or
// nothing.
func WrongProjectPath(path string) string { return wrongPath(path, 2, deepest+1) }

func wrongPath(path string, least, most int) string {
	parts := strings.Split(path, "/")
	for _, part := range parts {
		if !validName(part) {
			return "each part of a path " + nameRule
		}
	}
	switch {
	case len(parts) < least:
		return "the path must begin with a group or a user"
	case len(parts) > most:
		return "groups can be nested 20 deep at most"
	}
	return ""
}

// WrongPastPath returns why a project cannot have moved from a path, or
// nothing. Rules were different in the past: any path will do.
func WrongPastPath(past source.Path) string {
	if !plainPath(string(past)) {
		return `it cannot have moved from "` + string(past) + `"`
	}
	return ""
}

// WrongLegacyPath returns what is wrong with a project's legacy path, or
// nothing. It may be empty.
func WrongLegacyPath(path string) string {
	if path != "" && !plainPath(path) {
		return "its legacy path is no path"
	}
	return ""
}

// plainPath says whether text is a path as it stands.
func plainPath(text string) bool {
	path, ok := source.ParsePath(text)
	return ok && string(path) == text
}

// WrongDefaultBranch returns what is wrong with the name of a project's default
// branch, or nothing.
func WrongDefaultBranch(name string) string {
	if wrong := wrongShort(source.Branch, name); wrong != "" {
		return "its default branch: " + wrong
	}
	if !(source.Ref{Kind: source.Branch, Name: name}).ValidName() {
		return "its default branch cannot be the name of a branch"
	}
	return ""
}

// WrongPattern returns what is wrong with what a protection covers, or nothing.
func WrongPattern(kind source.RefKind, pattern source.Pattern) string {
	wrong := wrongShort(kind, string(pattern))
	switch {
	case wrong == "":
		return ""
	case kind == source.Tag:
		return "its protected tag: " + wrong
	default:
		return "its protected branch: " + wrong
	}
}

// wrongShort refuses full names of refs, which are never compared with: they
// would be taken, and protect nothing.
func wrongShort(kind source.RefKind, name string) string {
	ref := source.ParseRef(name)
	switch {
	case ref.Kind == kind && ref.Name != "":
		return "write " + ref.Name + ", not " + name
	case strings.HasPrefix(name, "refs/"):
		return "names are short ones, such as main or v1.0, and do not begin with refs/"
	}
	return ""
}
