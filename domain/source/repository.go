package source

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"gatehouse/domain/identity"
)

// RepositoryKind is which of a container's repositories is meant.
type RepositoryKind uint8

// The kinds of repository.
const (
	Code RepositoryKind = iota
	Wiki
	Design
	Snippet
	GroupWiki
)

// RepositoryID names a repository by the number of its container: the
// project's for code, wiki and designs. The zero RepositoryID names none.
type RepositoryID struct {
	Kind RepositoryKind
	ID   int64
}

// ParseRepositoryID reads a gl_repository: project-7, wiki-7, project-7-wiki,
// group-7-wiki, snippet-7 or design-7.
func ParseRepositoryID(text string) (RepositoryID, bool) {
	prefix, rest, _ := strings.Cut(text, "-")
	digits, wiki := strings.CutSuffix(rest, "-wiki")
	id, ok := identity.ParseID(digits)
	if !ok {
		return RepositoryID{}, false
	}
	switch {
	case prefix == "project" && !wiki:
		return RepositoryID{Code, id}, true
	case prefix == "project", prefix == "wiki" && !wiki:
		return RepositoryID{Wiki, id}, true
	case prefix == "group" && wiki:
		return RepositoryID{GroupWiki, id}, true
	case prefix == "snippet" && !wiki:
		return RepositoryID{Snippet, id}, true
	case prefix == "design" && !wiki:
		return RepositoryID{Design, id}, true
	}
	return RepositoryID{}, false
}

// String returns the canonical gl_repository.
func (r RepositoryID) String() string {
	id := strconv.FormatInt(r.ID, 10)
	switch r.Kind {
	case Wiki:
		return "wiki-" + id
	case Design:
		return "design-" + id
	case Snippet:
		return "snippet-" + id
	case GroupWiki:
		return "group-" + id + "-wiki"
	default:
		return "project-" + id
	}
}

// Known says whether r names a repository.
func (r RepositoryID) Known() bool { return r.ID != 0 }

// OfProject says whether the repository belongs to a project, so that ID is a
// project's number.
func (r RepositoryID) OfProject() bool { return r.Kind <= Design }

// suffixes stand behind a project's path to name its other repositories.
var suffixes = map[RepositoryKind]string{Code: "", Wiki: ".wiki", Design: ".design"}

// Suffix is what stands behind the project's path to name a repository of
// this kind.
func (k RepositoryKind) Suffix() string { return suffixes[k] }

// FullPath is the path by which people name the repository: the project's,
// with ".wiki" or ".design" behind it.
func (p Project) FullPath(kind RepositoryKind) string { return p.Path + kind.Suffix() }

// RelativePath is where the repository lies inside its storage. It depends on
// the project's number alone, so that moves and forks do not change it.
func (p Project) RelativePath(kind RepositoryKind) string {
	if p.LegacyPath != "" {
		return p.LegacyPath + kind.Suffix() + ".git"
	}
	sum := sha256.Sum256(strconv.AppendInt(make([]byte, 0, 20), int64(p.ID), 10))
	h := hex.AppendEncode(make([]byte, 0, 2*len(sum)), sum[:])
	return "@hashed/" + string(h[:2]) + "/" + string(h[2:4]) + "/" + string(h) + kind.Suffix() + ".git"
}

// Path is the full path of a group or project, as in a request: segments of
// letters, digits, "_", "-", "." and "+", in any letter case.
type Path string

// ParsePath reads an SSH argument or a full path: one leading "/", all trailing
// ones and then one trailing ".git" are cut off. ok is false for a text that cannot
// be a path. GitLab knows no project by a path that ends in a slash.
func ParsePath(text string) (Path, bool) {
	text = strings.TrimSuffix(strings.TrimRight(strings.TrimPrefix(text, "/"), "/"), ".git")
	for segment := range strings.SplitSeq(text, "/") {
		if !validSegment(segment) {
			return "", false
		}
	}
	return Path(text), true
}

// IsPath says whether text is a full path as it stands: ParsePath would cut
// nothing off.
func IsPath(text string) bool {
	path, ok := ParsePath(text)
	return ok && string(path) == text
}

// PathText returns a text that should be a path up to the first character that no path
// has, to be shown: the rest may be a query or a password, with a secret in it.
func PathText(text string) string {
	if end := strings.IndexFunc(text, func(c rune) bool { return c != '/' && foreignInSegment(c) }); end >= 0 {
		return text[:end]
	}
	return text
}

func validSegment(segment string) bool {
	return segment != "" && segment != "." && segment != ".." && !strings.ContainsFunc(segment, foreignInSegment)
}

func foreignInSegment(c rune) bool {
	return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("_-.+", c))
}

// Fold is the form in which paths are compared: that of identity.Fold.
func (p Path) Fold() string { return identity.Fold(string(p)) }

// Suffixed says whether p ends as the paths of wikis and designs do.
func (p Path) Suffixed() bool {
	return strings.HasSuffix(p.Fold(), Wiki.Suffix()) || strings.HasSuffix(p.Fold(), Design.Suffix())
}

// container splits a path into that of the project and the kind of its repository that
// the whole path names if the project exists.
func (p Path) container() (Path, RepositoryKind) {
	for _, kind := range []RepositoryKind{Wiki, Design} {
		if n := len(p) - len(kind.Suffix()); n > 0 && p[n:].Fold() == kind.Suffix() {
			return p[:n], kind
		}
	}
	return p, Code
}

// Root is the first segment.
func (p Path) Root() string {
	root, _, _ := strings.Cut(string(p), "/")
	return root
}

// Last returns the last part of the path.
func (p Path) Last() string { return string(p[strings.LastIndexByte(string(p), '/')+1:]) }

// Parent is all but the last segment; empty for a single segment.
func (p Path) Parent() Path {
	i := strings.LastIndexByte(string(p), '/')
	return p[:max(i, 0)]
}

// Paths are those of groups and projects.
type Paths []Path

// Cover says whether a project is one of them or below one; letter case does
// not count.
func (ps Paths) Cover(project string) bool {
	for path := Path(project); path != ""; path = path.Parent() {
		for _, p := range ps {
			if p.Fold() == path.Fold() {
				return true
			}
		}
	}
	return false
}

// Target is the repository a caller names, by number or by path. If both are
// given, the number wins, since Gitaly sends a path on its disk.
type Target struct {
	Repository RepositoryID
	Path       Path
}

// String names the target for logs and messages.
func (t Target) String() string {
	if t.Repository.Known() {
		return t.Repository.String()
	}
	return string(t.Path)
}
