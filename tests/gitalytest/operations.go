package gitalytest

import (
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gatehouse/adapters/gitaly/gitalypb"
)

type operations struct {
	gitalypb.UnimplementedOperationServiceServer
	s *Server
}

// UserCommitFiles creates a commit. It refuses what Gitaly refuses, in the way of its
// release 16.
func (v operations) UserCommitFiles(stream grpc.ClientStreamingServer[gitalypb.UserCommitFilesRequest, gitalypb.UserCommitFilesResponse]) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	header := first.GetHeader()
	r, err := v.s.find(header.GetRepository())
	if err != nil {
		return err
	}
	if v.s.path("") != "" {
		return status.Error(codes.Unimplemented, "the repositories are on disk")
	}
	if len(header.GetCommitMessage()) == 0 || len(header.GetBranchName()) == 0 || header.GetUser() == nil {
		return status.Error(codes.InvalidArgument, "empty CommitMessage, BranchName or User")
	}
	ref := "refs/heads/" + string(header.GetBranchName())
	old := r.Refs[ref]
	parent, err := r.parent(header, old)
	if err != nil {
		return err
	}
	files := maps.Clone(r.Commits[parent].Files)
	if files == nil {
		files = map[string]File{}
	}
	if err := change(files, stream); err != nil {
		return err
	}
	id, commit := newCommit(header, parent, r.Commits[parent].Files, files)
	push := Push{
		Repository: header.GetRepository(), User: header.GetUser(), ObjectDirectory: "objects/incoming-" + id[:8],
		Protocol: "web", Changes: []string{fmt.Sprintf("%s %s %s", cmp.Or(old, strings.Repeat("0", len(id))), id, ref)},
		AlternateObjectDirectories: []string{"objects"},
	}
	created := old == "" && !r.branches()
	if err := v.s.update(push, ref, old, id, commit); err != nil {
		return err
	}
	return stream.SendAndClose(&gitalypb.UserCommitFilesResponse{BranchUpdate: &gitalypb.OperationBranchUpdate{
		CommitId: id, BranchCreated: old == "", RepoCreated: created,
	}})
}

// parent returns the commit on which a new one is made; empty for none.
func (r *Repository) parent(header *gitalypb.UserCommitFilesRequestHeader, old string) (string, error) {
	start := string(header.GetStartBranchName())
	if start == "" || !r.branches() {
		return old, nil
	}
	id, ok := r.Refs["refs/heads/"+start]
	if !ok {
		return "", status.Errorf(codes.Internal, "resolve parent commit: resolving refish %q: reference not found", start)
	}
	return id, nil
}

// change receives the actions and applies them to files.
func change(files map[string]File, stream grpc.ClientStreamingServer[gitalypb.UserCommitFilesRequest, gitalypb.UserCommitFilesResponse]) error {
	var headers []*gitalypb.UserCommitFilesActionHeader
	var contents [][]byte
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if header := message.GetAction().GetHeader(); header != nil {
			headers, contents = append(headers, header), append(contents, nil)
			continue
		}
		last := len(contents) - 1
		contents[last] = append(contents[last], message.GetAction().GetContent()...)
	}
	for i, header := range headers {
		if err := apply(files, header, contents[i]); err != nil {
			return err
		}
	}
	return nil
}

func apply(files map[string]File, action *gitalypb.UserCommitFilesActionHeader, content []byte) error {
	path := string(action.GetFilePath())
	switch {
	case path == "":
		return indexError(codes.InvalidArgument, path, "You must provide a file path")
	case strings.HasPrefix(path, "../") || strings.Contains(path, "/../"):
		return indexError(codes.InvalidArgument, path, "Path cannot include directory traversal")
	case path == ".git" || strings.HasPrefix(path, ".git/"):
		return status.Errorf(codes.Unknown, "invalid path: '%s'", path)
	}
	from := path
	if action.GetAction() == gitalypb.UserCommitFilesActionHeader_MOVE {
		from = string(action.GetPreviousPath())
	}
	file, exists := files[from]
	if create := action.GetAction() == gitalypb.UserCommitFilesActionHeader_CREATE; create == exists {
		if create {
			return indexError(codes.AlreadyExists, path, "A file with this name already exists")
		}
		return indexError(codes.NotFound, path, "A file with this name doesn't exist")
	}
	switch action.GetAction() {
	case gitalypb.UserCommitFilesActionHeader_CREATE:
		file = File{content, action.GetExecuteFilemode()}
	case gitalypb.UserCommitFilesActionHeader_UPDATE:
		file.Content = content
	case gitalypb.UserCommitFilesActionHeader_CHMOD:
		file.Executable = action.GetExecuteFilemode()
	case gitalypb.UserCommitFilesActionHeader_MOVE:
		if _, taken := files[path]; taken {
			return indexError(codes.AlreadyExists, path, "A file with this name already exists")
		}
		if !action.GetInferContent() {
			file.Content = content
		}
	}
	delete(files, from)
	if action.GetAction() != gitalypb.UserCommitFilesActionHeader_DELETE {
		files[path] = file
	}
	return nil
}

func indexError(code codes.Code, path, message string) error {
	told, err := status.New(code, message).WithDetails(&gitalypb.UserCommitFilesError{
		Error: &gitalypb.UserCommitFilesError_IndexUpdate{IndexUpdate: &gitalypb.IndexError{Path: []byte(path)}},
	})
	if err != nil {
		return err
	}
	return told.Err()
}

func newCommit(header *gitalypb.UserCommitFilesRequestHeader, parent string, before, files map[string]File) (id string, c Commit) {
	user := header.GetUser()
	c = Commit{
		Message: string(header.GetCommitMessage()), At: header.GetTimestamp().AsTime(), Zone: "+0000", Files: files,
		Author: cmp.Or(string(header.GetCommitAuthorName()), string(user.GetName())),
		Email:  cmp.Or(string(header.GetCommitAuthorEmail()), string(user.GetEmail())),
	}
	c.Committer, c.CommitterEmail = string(user.GetName()), string(user.GetEmail())
	hash := sha1.New()
	if parent != "" {
		c.Parents = []string{parent}
	}
	for path := range before {
		if _, stays := files[path]; !stays {
			c.Removed = append(c.Removed, path)
		}
	}
	for _, path := range sorted(files) {
		was, old := before[path]
		switch {
		case !old:
			c.Added = append(c.Added, path)
		case was.ID() != files[path].ID() || was.Executable != files[path].Executable:
			c.Modified = append(c.Modified, path)
		}
		fmt.Fprintln(hash, path, files[path].ID(), files[path].Executable)
	}
	fmt.Fprintln(hash, parent, c.Message, c.At, c.Author, c.Email, c.Committer)
	return hex.EncodeToString(hash.Sum(nil)), c
}

// update moves the branch to a new commit if the hooks allow it.
func (s *Server) update(push Push, ref, old, id string, commit Commit) error {
	s.mutex.Lock()
	hooks := s.hooks
	s.mutex.Unlock()
	path := push.Repository.GetRelativePath()
	s.replace(path, func(r *Repository) { r.Quarantined[push.ObjectDirectory] = map[string]Commit{id: commit} })
	defer s.replace(path, func(r *Repository) { delete(r.Quarantined, push.ObjectDirectory) })
	if hooks.PreReceive != nil {
		if err := hooks.PreReceive(push); err != nil {
			return status.Errorf(codes.Unknown, "update reference: running pre-receive hooks: GitLab: %v", err)
		}
	}
	moved := false
	s.replace(path, func(r *Repository) {
		if moved = r.Refs[ref] == old; moved {
			r.Refs[ref], r.Commits[id] = id, commit
		}
	})
	if !moved {
		return status.Errorf(codes.FailedPrecondition, "Could not update %s. Please refresh and try again.", ref)
	}
	if hooks.PostReceive != nil {
		hooks.PostReceive(push)
	}
	return nil
}
