package gitalytest

import (
	"cmp"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"gatehouse/adapters/gitaly/gitalypb"
)

// Repository is a repository in memory. A test fills it before the first call. Calls that
// change a repository put a changed copy in its place, which Put returns from then on.
type Repository struct {
	// Format is the object format that it was created with; OBJECT_FORMAT_UNSPECIFIED if
	// the caller gave none.
	Format gitalypb.ObjectFormat
	// Head is the full name of what HEAD points to.
	Head string
	// Refs are commits, or tag objects, by full name.
	Refs map[string]string
	// Tags are the tag objects by ID.
	Tags map[string]Tag
	// Commits are the commits by ID. Quarantined are those of each quarantine
	// directory.
	Commits     map[string]Commit
	Quarantined map[string]map[string]Commit
}

// Commit is one commit, with the paths that it changes.
type Commit struct {
	Parents                  []string
	Message                  string
	At                       time.Time
	Zone                     string
	Author, Email            string
	Added, Modified, Removed []string
	// Committer and CommitterEmail are those of the author if they are empty.
	Committer, CommitterEmail string
	// Files are all files of the commit, by their paths.
	Files map[string]File
}

// Tag is a tag object. What Target names is a commit, another tag object, or else a
// tree or a blob.
type Tag struct{ Target, Message string }

func newRepository() *Repository {
	return &Repository{
		Head: "refs/heads/main", Refs: map[string]string{}, Tags: map[string]Tag{}, Commits: map[string]Commit{}, Quarantined: map[string]map[string]Commit{},
	}
}

// Put returns the repository at the relative path, a new empty one if it is
// missing.
func (s *Server) Put(relativePath string) *Repository {
	if path := s.path(relativePath); path != "" {
		return s.putOnDisk(relativePath, path)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.repositories[relativePath] == nil {
		s.repositories[relativePath] = newRepository()
	}
	return s.repositories[relativePath]
}

// replace puts a changed copy in the place of a repository, if that exists.
func (s *Server) replace(relativePath string, change func(*Repository)) {
	if path := s.path(relativePath); path != "" {
		changeOnDisk(path, change)
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	old := s.repositories[relativePath]
	if old == nil {
		return
	}
	r := &Repository{
		Format: old.Format, Head: old.Head, Refs: maps.Clone(old.Refs), Tags: old.Tags,
		Commits: maps.Clone(old.Commits), Quarantined: maps.Clone(old.Quarantined),
	}
	change(r)
	s.repositories[relativePath] = r
}

// Forget removes the repository at the relative path.
func (s *Server) Forget(relativePath string) {
	if path := s.path(relativePath); path != "" {
		_ = os.RemoveAll(path)
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.repositories, relativePath)
}

// Has returns whether the relative path has a repository.
func (s *Server) Has(relativePath string) bool {
	if path := s.path(relativePath); path != "" {
		return exists(path)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.repositories[relativePath] != nil
}

// find returns the repository that a call names.
func (s *Server) find(m *gitalypb.Repository) (*Repository, error) {
	if m.GetStorageName() != s.Storage {
		return nil, status.Errorf(codes.InvalidArgument, "storage %q not found", m.GetStorageName())
	}
	if s.path(m.GetRelativePath()) != "" {
		return s.load(m)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	found := s.repositories[m.GetRelativePath()]
	if found == nil {
		return nil, status.Error(codes.NotFound, "repository not found")
	}
	return found, nil
}

// commit returns a commit if the call may see it.
func (r *Repository) commit(m *gitalypb.Repository, revision string) (id string, c Commit, ok bool) {
	if id, ok = r.Refs[revision]; !ok {
		id = revision
	}
	id = r.peel(id)
	if c, ok = r.Commits[id]; ok {
		return id, c, true
	}
	c, ok = r.Quarantined[m.GetGitObjectDirectory()][id]
	return id, c, ok
}

// peel returns what an object leads to through tag objects.
func (r *Repository) peel(id string) string {
	for {
		tag, ok := r.Tags[id]
		if !ok {
			return id
		}
		id = tag.Target
	}
}

// reach returns commits and their ancestors, newest first.
func (r *Repository) reach(m *gitalypb.Repository, revisions ...string) (ids []string) {
	waiting, seen := slices.Clone(revisions), map[string]bool{}
	for len(waiting) > 0 {
		id, c, ok := r.commit(m, waiting[0])
		waiting = waiting[1:]
		if ok && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
			waiting = append(waiting, c.Parents...)
		}
	}
	return ids
}

// list returns the commits of revisions, newest first, without those of revisions
// that begin with "^".
func (r *Repository) list(m *gitalypb.Repository, revisions ...string) (ids []string, err error) {
	var heads, excluded []string
	for _, revision := range revisions {
		name, not := strings.CutPrefix(revision, "^")
		if _, _, ok := r.commit(m, name); !ok {
			return nil, status.Errorf(codes.Internal, "bad revision %q", name)
		}
		if not {
			excluded = append(excluded, name)
		} else {
			heads = append(heads, name)
		}
	}
	hidden := map[string]bool{}
	for _, id := range r.reach(m, excluded...) {
		hidden[id] = true
	}
	for _, id := range r.reach(m, heads...) {
		if !hidden[id] {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func (r *Repository) branches() bool {
	for name := range r.Refs {
		if strings.HasPrefix(name, "refs/heads/") {
			return true
		}
	}
	return false
}

func message(id string, c Commit) *gitalypb.GitCommit {
	subject, _, _ := strings.Cut(c.Message, "\n")
	person := func(name, email string) *gitalypb.CommitAuthor {
		return &gitalypb.CommitAuthor{Name: []byte(name), Email: []byte(email), Date: timestamppb.New(c.At), Timezone: []byte(c.Zone)}
	}
	return &gitalypb.GitCommit{
		Id: id, Subject: []byte(subject), Body: []byte(c.Message), Author: person(c.Author, c.Email), ParentIds: c.Parents,
		Committer: person(cmp.Or(c.Committer, c.Author), cmp.Or(c.CommitterEmail, c.Email)),
	}
}
