package code

import (
	"context"
	"errors"
	"path"

	"gatehouse/application"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// File is a file at a commit.
type File struct {
	Blob
	// Path is from the root of the repository, in its shortest form.
	Path string
	// Commit is the one at which it is read, LastCommit the last one up to there that
	// changed the file.
	Commit, LastCommit source.ObjectID
}

// File opens the file at a path, at the commit that the revision leads to; an empty one is
// HEAD. The caller closes it.
func (s *Service) File(ctx context.Context, by rights.Caller, on rights.Ref, path, revision string) (File, error) {
	at, commit, err := s.commit(ctx, by, on, revision)
	if err != nil {
		return File{}, err
	}
	if path = cleanPath(path); path == "." || !readable(path) {
		return File{}, errNoFile
	}
	f := File{Path: path, Commit: commit.ID}
	if f.Blob, err = s.contents.Blob(ctx, at.Project, commit.ID, path); err != nil {
		return File{}, absentAs(errNoFile, err)
	}
	last, err := s.contents.LastCommitOf(ctx, at.Project, commit.ID, path)
	if err != nil {
		return File{}, errors.Join(absentAs(errNoFile, err), f.Close())
	}
	f.LastCommit = last.ID
	return f, nil
}

// commit returns the commit that a revision leads to, and the standing of a caller who may
// read it.
func (s *Service) commit(ctx context.Context, by rights.Caller, on rights.Ref, revision string) (source.Standing, Commit, error) {
	at, err := s.standing(ctx, by, rights.ReadCode, on, false)
	if err != nil {
		return source.Standing{}, Commit{}, err
	}
	if revision == "" {
		revision = "HEAD"
	}
	if !readable(revision) {
		return source.Standing{}, Commit{}, errNoCommit
	}
	commit, err := s.contents.Commit(ctx, at.Project, revision)
	return at, commit, absentAs(errNoCommit, err)
}

// Tree returns the entries of a folder that the query picks; an empty Revision is HEAD.
func (s *Service) Tree(ctx context.Context, by rights.Caller, on rights.Ref, q TreeQuery) (application.Listed[Entry], error) {
	at, err := s.standing(ctx, by, rights.ReadCode, on, false)
	if err != nil {
		return application.Listed[Entry]{}, err
	}
	if q.Revision == "" {
		q.Revision = "HEAD"
	}
	if !readable(q.Revision) || !readable(q.Path) {
		return application.Listed[Entry]{}, errNoTree
	}
	found, total, err := s.contents.Tree(ctx, at.Project, q)
	if err != nil {
		return application.Listed[Entry]{}, absentAs(errNoTree, err)
	}
	return application.Listed[Entry]{Items: found, Total: int64(total), More: q.Offset+len(found) < total}, nil
}

// cleanPath returns the shortest form of a path, without "/" in front.
func cleanPath(text string) string { return path.Clean("./" + text) }
