package source

import (
	"regexp"
	"strings"

	"gatehouse/domain"
	"gatehouse/domain/identity"
)

// maxGroupDepth is how many groups may stand within each other.
const maxGroupDepth = 20

// CheckGroupPath returns why no group can be at that path, or nil.
func CheckGroupPath(path string) *domain.Refusal { return checkPath(path, 1, maxGroupDepth) }

// CheckProjectPath returns why no project can be at that path, or nil. A project at
// the path of another one's wiki would hide it.
func CheckProjectPath(path string) *domain.Refusal {
	if Path(path).Suffixed() {
		return domain.Refuse(domain.Invalid, `a project's path does not end in "%s" or "%s"`, Wiki.Suffix(), Design.Suffix())
	}
	return checkPath(path, 2, maxGroupDepth+1)
}

// reservedEnds are what Rails keeps for its own routes below a project, "-" aside, which is
// no part of a path here.
var reservedEnds = []string{
	"badges", "blame", "blob", "builds", "commits", "create", "create_dir", "edit", "environments/folders", "files", "find_file",
	"gitlab-lfs/objects", "info/lfs/objects", "new", "preview", "raw", "refs", "tree", "update", "wikis",
}

// CheckNewProjectPath is CheckProjectPath for a project that is going to be created: its
// path cannot end in a reserved name, in whatever letter case. Older projects may have one.
func CheckNewProjectPath(path string) *domain.Refusal {
	for _, end := range reservedEnds {
		if strings.HasSuffix(identity.Fold(path), "/"+end) {
			return domain.Refuse(domain.Invalid, `a new project's path does not end in the reserved name "%s"`, end)
		}
	}
	return CheckProjectPath(path)
}

func checkPath(path string, minParts, maxParts int) *domain.Refusal {
	parts := strings.Split(path, "/")
	for _, part := range parts {
		if !isPathPart(part) {
			return errPathPart
		}
	}
	switch {
	case len(parts) < minParts:
		return domain.Refuse(domain.Invalid, "the path must begin with a group or a user")
	case len(parts) > maxParts:
		return domain.Refuse(domain.Invalid, "groups can be nested 20 deep at most")
	}
	return nil
}

// pathPart is like a username, but may begin with a ".", as .github does.
var pathPart = regexp.MustCompile(`^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,254}$`)

var errPathPart = domain.Refuse(domain.Invalid,
	`each part of a path is made of letters, digits, "_", "-" and "."; it does not begin with "-" and does not end in ".", ".git" or ".atom"`)

// isPathPart says whether a path may have that part. One that ends in ".git" or ".atom"
// would be read as a format.
func isPathPart(part string) bool {
	fold := identity.Fold(part)
	return pathPart.MatchString(part) &&
		!strings.HasSuffix(fold, ".") && !strings.HasSuffix(fold, ".git") && !strings.HasSuffix(fold, ".atom")
}

// CheckPastPath returns why a project cannot have moved from a path, or nil.
// GitLab's rules were different in the past: any path will do.
func CheckPastPath(past Path) *domain.Refusal {
	if !IsPath(string(past)) {
		return domain.Refuse(domain.Invalid, `it cannot have moved from "%s"`, past)
	}
	return nil
}

// CheckLegacyPath returns why a project cannot have that path on disk, or nil.
// It may be empty.
func CheckLegacyPath(path string) *domain.Refusal {
	if path != "" && !IsPath(path) {
		return domain.Refuse(domain.Invalid, "its legacy path is no path")
	}
	return nil
}

// CheckDefaultBranch returns why a project cannot have a default branch of that
// name, or nil.
func CheckDefaultBranch(name string) *domain.Refusal {
	if refusal := checkShort("its default branch", Branch, name); refusal != nil {
		return refusal
	}
	if !(Ref{Branch, name}).ValidName() {
		return domain.Refuse(domain.Invalid, "its default branch cannot be the name of a branch")
	}
	return nil
}

// MaxPattern is how many bytes a pattern may have: a store has an index of whole ones.
const MaxPattern = 2000

// CheckPattern returns why a protection of that kind cannot cover pattern, or
// nil.
func CheckPattern(kind RefKind, pattern Pattern) *domain.Refusal {
	what := "its protected branch"
	if kind == Tag {
		what = "its protected tag"
	}
	if len(pattern) > MaxPattern {
		return domain.Refuse(domain.Invalid, "%s: the name is longer than %d bytes", what, MaxPattern)
	}
	return checkShort(what, kind, string(pattern))
}

// checkShort refuses full names of refs, which are never compared with: they
// would be taken, and protect nothing.
func checkShort(what string, kind RefKind, name string) *domain.Refusal {
	ref := ParseRef(name)
	switch {
	case ref.Kind == kind && ref.Name != "":
		return domain.Refuse(domain.Invalid, "%s: write %s, not %s", what, ref.Name, name)
	case strings.HasPrefix(name, "refs/"):
		return domain.Refuse(domain.Invalid, "%s: names are short ones, such as main or v1.0, and do not begin with refs/", what)
	}
	return nil
}
