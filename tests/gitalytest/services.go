package gitalytest

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gatehouse/adapters/gitaly/gitalypb"
)

type repositories struct {
	gitalypb.UnimplementedRepositoryServiceServer
	s *Server
}

// RepositoryExists returns whether the repository exists.
func (v repositories) RepositoryExists(_ context.Context, in *gitalypb.RepositoryExistsRequest) (*gitalypb.RepositoryExistsResponse, error) {
	_, err := v.s.find(in.GetRepository())
	if err != nil && status.Code(err) != codes.NotFound {
		return nil, err
	}
	return &gitalypb.RepositoryExistsResponse{Exists: err == nil}, nil
}

// CreateRepository creates a repository, or fails if it exists.
func (v repositories) CreateRepository(_ context.Context, in *gitalypb.CreateRepositoryRequest) (*gitalypb.CreateRepositoryResponse, error) {
	_, err := v.s.find(in.GetRepository())
	if v.s.takeLock() {
		return nil, status.Error(codes.Internal, "creating repository: locking repository: file already locked")
	}
	switch status.Code(err) {
	case codes.OK:
		return nil, status.Error(codes.AlreadyExists, "creating repository: repository exists already")
	case codes.NotFound:
	default:
		return nil, err
	}
	if path := v.s.path(in.GetRepository().GetRelativePath()); path != "" {
		if err := initialize(path, cmp.Or(string(in.GetDefaultBranch()), "main"), in.GetObjectFormat()); err != nil {
			return nil, status.Error(codes.Internal, err.Error())
		}
		return &gitalypb.CreateRepositoryResponse{}, nil
	}
	r := v.s.Put(in.GetRepository().GetRelativePath())
	r.Format = in.GetObjectFormat()
	if branch := string(in.GetDefaultBranch()); branch != "" {
		r.Head = "refs/heads/" + branch
	}
	return &gitalypb.CreateRepositoryResponse{}, nil
}

// RemoveRepository removes a repository.
func (v repositories) RemoveRepository(_ context.Context, in *gitalypb.RemoveRepositoryRequest) (*gitalypb.RemoveRepositoryResponse, error) {
	if _, err := v.s.find(in.GetRepository()); err != nil {
		return nil, err
	}
	v.s.Forget(in.GetRepository().GetRelativePath())
	return &gitalypb.RemoveRepositoryResponse{}, nil
}

// HasLocalBranches returns whether the repository has a branch.
func (v repositories) HasLocalBranches(_ context.Context, in *gitalypb.HasLocalBranchesRequest) (*gitalypb.HasLocalBranchesResponse, error) {
	r, err := v.s.find(in.GetRepository())
	if err != nil {
		return nil, err
	}
	return &gitalypb.HasLocalBranchesResponse{Value: r.branches()}, nil
}

type refs struct {
	gitalypb.UnimplementedRefServiceServer
	s *Server
}

// FindDefaultBranchName returns HEAD's branch, or none in a repository without
// branches.
func (v refs) FindDefaultBranchName(_ context.Context, in *gitalypb.FindDefaultBranchNameRequest) (*gitalypb.FindDefaultBranchNameResponse, error) {
	r, err := v.s.find(in.GetRepository())
	if err != nil {
		return nil, err
	}
	if !r.branches() {
		return &gitalypb.FindDefaultBranchNameResponse{}, nil
	}
	return &gitalypb.FindDefaultBranchNameResponse{Name: []byte(r.Head)}, nil
}

// RefExists returns whether the repository has the ref.
func (v refs) RefExists(_ context.Context, in *gitalypb.RefExistsRequest) (*gitalypb.RefExistsResponse, error) {
	r, err := v.s.find(in.GetRepository())
	if err != nil {
		return nil, err
	}
	_, ok := r.Refs[string(in.GetRef())]
	return &gitalypb.RefExistsResponse{Value: ok}, nil
}

// maxTagMessage is what FindTag returns of a message at most, in bytes.
const maxTagMessage = 10 << 10

// FindTag returns a tag with the commit that it leads to, if it leads to one.
func (v refs) FindTag(_ context.Context, in *gitalypb.FindTagRequest) (*gitalypb.FindTagResponse, error) {
	r, err := v.s.find(in.GetRepository())
	if err != nil {
		return nil, err
	}
	id, ok := r.Refs["refs/tags/"+string(in.GetTagName())]
	if !ok {
		return nil, status.Error(codes.NotFound, "finding tag: tag does not exist")
	}
	text := strings.TrimRight(r.Tags[id].Message, "\n")
	tag := &gitalypb.Tag{Name: in.GetTagName(), Id: id, Message: []byte(text[:min(len(text), maxTagMessage)]), MessageSize: int64(len(text))}
	if commit, c, ok := r.commit(in.GetRepository(), id); ok {
		tag.TargetCommit = message(commit, c)
	}
	return &gitalypb.FindTagResponse{Tag: tag}, nil
}

type commits struct {
	gitalypb.UnimplementedCommitServiceServer
	s *Server
}

// CommitIsAncestor returns false also for an unknown commit.
func (v commits) CommitIsAncestor(_ context.Context, in *gitalypb.CommitIsAncestorRequest) (*gitalypb.CommitIsAncestorResponse, error) {
	r, err := v.s.find(in.GetRepository())
	if err != nil {
		return nil, err
	}
	is := slices.Contains(r.reach(in.GetRepository(), in.GetChildId()), in.GetAncestorId())
	return &gitalypb.CommitIsAncestorResponse{Value: is}, nil
}

// ListCommits lists the commits of revisions, newest first.
func (v commits) ListCommits(in *gitalypb.ListCommitsRequest, out grpc.ServerStreamingServer[gitalypb.ListCommitsResponse]) error {
	r, err := v.s.find(in.GetRepository())
	if err != nil {
		return err
	}
	ids, err := r.list(in.GetRepository(), in.GetRevisions()...)
	if err != nil {
		return err
	}
	for _, id := range ids[:min(len(ids), int(in.GetPaginationParams().GetLimit()))] {
		_, c, _ := r.commit(in.GetRepository(), id)
		if err := out.Send(&gitalypb.ListCommitsResponse{Commits: []*gitalypb.GitCommit{message(id, c)}}); err != nil {
			return err
		}
	}
	return nil
}

// CountCommits counts the commits of a range.
func (v commits) CountCommits(_ context.Context, in *gitalypb.CountCommitsRequest) (*gitalypb.CountCommitsResponse, error) {
	r, err := v.s.find(in.GetRepository())
	if err != nil {
		return nil, err
	}
	revisions := []string{string(in.GetRevision())}
	if from, to, two := strings.Cut(revisions[0], ".."); two {
		revisions = []string{to, "^" + from}
	}
	ids, err := r.list(in.GetRepository(), revisions...)
	return &gitalypb.CountCommitsResponse{Count: int32(min(len(ids), int(in.GetMaxCount())))}, err
}

type diffs struct {
	gitalypb.UnimplementedDiffServiceServer
	s *Server
}

// FindChangedPaths returns the paths that a commit changed. It fails if the left
// tree is not that of the first parent.
func (v diffs) FindChangedPaths(in *gitalypb.FindChangedPathsRequest, out grpc.ServerStreamingServer[gitalypb.FindChangedPathsResponse]) error {
	r, err := v.s.find(in.GetRepository())
	if err != nil {
		return err
	}
	for _, request := range in.GetRequests() {
		tree := request.GetTreeRequest()
		_, c, ok := r.commit(in.GetRepository(), tree.GetRightTreeRevision())
		if !ok || len(c.Parents) > 0 && c.Parents[0] != tree.GetLeftTreeRevision() {
			return status.Error(codes.Internal, "resolving tree")
		}
		for how, paths := range map[gitalypb.ChangedPaths_Status][]string{
			gitalypb.ChangedPaths_ADDED: c.Added, gitalypb.ChangedPaths_MODIFIED: c.Modified, gitalypb.ChangedPaths_DELETED: c.Removed,
		} {
			for _, path := range paths {
				if err := out.Send(&gitalypb.FindChangedPathsResponse{Paths: []*gitalypb.ChangedPaths{{Path: []byte(path), Status: how}}}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

type info struct {
	gitalypb.UnimplementedServerServiceServer
	s *Server
}

// ServerInfo returns the status of the storage.
func (v info) ServerInfo(context.Context, *gitalypb.ServerInfoRequest) (*gitalypb.ServerInfoResponse, error) {
	return &gitalypb.ServerInfoResponse{
		ServerVersion: "16.8.0", GitVersion: "2.43.0",
		StorageStatuses: []*gitalypb.ServerInfoResponse_StorageStatus{{StorageName: v.s.Storage, Readable: true, Writeable: true}},
	}, nil
}
