package gitalytest

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gatehouse/adapters/gitaly/gitalypb"
)

// File is a file of a commit.
type File struct {
	Content    []byte
	Executable bool
}

// ID returns the number of the blob, as Git counts it.
func (f File) ID() string {
	sum := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(f.Content)), f.Content...))
	return hex.EncodeToString(sum[:])
}

func (f File) mode() int32 {
	if f.Executable {
		return 0o100755
	}
	return 0o100644
}

func sorted[T any](all map[string]T) []string { return slices.Sorted(maps.Keys(all)) }

// resolve returns a commit by what users name it: HEAD, a branch, a tag, a ref or an
// object.
func (r *Repository) resolve(m *gitalypb.Repository, revision string) (id string, c Commit, ok bool) {
	if revision == "HEAD" {
		revision = r.Head
	}
	for _, prefix := range []string{"", "refs/tags/", "refs/heads/"} {
		if id, c, ok = r.commit(m, prefix+revision); ok {
			return id, c, true
		}
	}
	return "", Commit{}, false
}

// FindCommit returns a commit, or none.
func (v commits) FindCommit(_ context.Context, in *gitalypb.FindCommitRequest) (*gitalypb.FindCommitResponse, error) {
	r, err := v.s.find(in.GetRepository())
	if err != nil {
		return nil, err
	}
	if revision := string(in.GetRevision()); revision == "" || revision[0] == '-' || strings.ContainsAny(revision, " \x00:") {
		return nil, status.Error(codes.InvalidArgument, "revision can't start with '-', be empty or contain whitespace, NUL or ':'")
	}
	id, c, ok := r.resolve(in.GetRepository(), string(in.GetRevision()))
	if !ok {
		return &gitalypb.FindCommitResponse{}, nil
	}
	return &gitalypb.FindCommitResponse{Commit: message(id, c)}, nil
}

// LastCommitForPath walks along the first parents.
func (v commits) LastCommitForPath(_ context.Context, in *gitalypb.LastCommitForPathRequest) (*gitalypb.LastCommitForPathResponse, error) {
	r, err := v.s.find(in.GetRepository())
	if err != nil {
		return nil, err
	}
	path := string(in.GetPath())
	id, c, ok := r.resolve(in.GetRepository(), string(in.GetRevision()))
	for ok {
		if slices.Contains(slices.Concat(c.Added, c.Modified, c.Removed), path) {
			return &gitalypb.LastCommitForPathResponse{Commit: message(id, c)}, nil
		}
		if len(c.Parents) == 0 {
			break
		}
		id, c, ok = r.commit(in.GetRepository(), c.Parents[0])
	}
	return &gitalypb.LastCommitForPathResponse{}, nil
}

// chunk is how many bytes of a file one message holds: few, so that tests get several.
const chunk = 1000

// TreeEntry returns a file in chunks. It fails for an unknown path.
func (v commits) TreeEntry(in *gitalypb.TreeEntryRequest, out grpc.ServerStreamingServer[gitalypb.TreeEntryResponse]) error {
	r, err := v.s.find(in.GetRepository())
	if err != nil {
		return err
	}
	_, c, ok := r.resolve(in.GetRepository(), string(in.GetRevision()))
	path := strings.TrimSuffix(string(in.GetPath()), "/")
	file, exists := c.Files[path]
	if !ok || !exists {
		if ok && len(c.below(path, false)) > 0 {
			return out.Send(&gitalypb.TreeEntryResponse{Type: gitalypb.TreeEntryResponse_TREE, Oid: treeID(path), Mode: 0o040000})
		}
		return status.Error(codes.NotFound, "tree entry not found")
	}
	first := &gitalypb.TreeEntryResponse{
		Type: gitalypb.TreeEntryResponse_BLOB, Oid: file.ID(), Size: int64(len(file.Content)), Mode: file.mode(),
	}
	rest := file.Content
	first.Data, rest = rest[:min(len(rest), chunk)], rest[min(len(rest), chunk):]
	if err := out.Send(first); err != nil {
		return err
	}
	for part := range slices.Chunk(rest, chunk) {
		if err := out.Send(&gitalypb.TreeEntryResponse{Data: part}); err != nil {
			return err
		}
	}
	return nil
}

// GetTreeEntries lists a folder, folders first.
func (v commits) GetTreeEntries(in *gitalypb.GetTreeEntriesRequest, out grpc.ServerStreamingServer[gitalypb.GetTreeEntriesResponse]) error {
	r, err := v.s.find(in.GetRepository())
	if err != nil {
		return err
	}
	folder := string(in.GetPath())
	if folder == "" || folder == ".." || strings.HasPrefix(folder, "../") || strings.HasPrefix(folder, "/") {
		return status.Error(codes.InvalidArgument, "empty path, or one outside of the repository")
	}
	_, c, ok := r.resolve(in.GetRepository(), string(in.GetRevision()))
	if folder == "." {
		folder = ""
	}
	entries := c.below(folder, in.GetRecursive())
	if !ok || folder != "" && len(entries) == 0 {
		return status.Error(codes.NotFound, "revision or path not found")
	}
	for part := range slices.Chunk(entries, 2) {
		if err := out.Send(&gitalypb.GetTreeEntriesResponse{Entries: part}); err != nil {
			return err
		}
	}
	return nil
}

// below returns the entries of a folder, folders first.
func (c Commit) below(folder string, recursive bool) (entries []*gitalypb.TreeEntry) {
	prefix := ""
	if folder != "" {
		prefix = folder + "/"
	}
	folders, files := map[string]bool{}, []*gitalypb.TreeEntry{}
	for _, path := range sorted(c.Files) {
		rest, within := strings.CutPrefix(path, prefix)
		if !within {
			continue
		}
		parts := strings.Split(rest, "/")
		for n := 1; n < len(parts) && (n == 1 || recursive); n++ {
			folders[prefix+strings.Join(parts[:n], "/")] = true
		}
		if len(parts) == 1 || recursive {
			files = append(files, &gitalypb.TreeEntry{Oid: c.Files[path].ID(), Path: []byte(path), Mode: c.Files[path].mode()})
		}
	}
	for _, path := range sorted(folders) {
		entries = append(entries, &gitalypb.TreeEntry{Oid: treeID(path), Path: []byte(path), Type: gitalypb.TreeEntry_TREE, Mode: 0o040000})
	}
	return append(entries, files...)
}

// treeID returns some number of an object.
func treeID(path string) string {
	sum := sha1.Sum([]byte("tree " + path))
	return hex.EncodeToString(sum[:])
}

// FindBranch returns a branch, or none.
func (v refs) FindBranch(_ context.Context, in *gitalypb.FindBranchRequest) (*gitalypb.FindBranchResponse, error) {
	r, err := v.s.find(in.GetRepository())
	if err != nil {
		return nil, err
	}
	if len(in.GetName()) == 0 {
		return nil, status.Error(codes.InvalidArgument, "Branch name cannot be empty")
	}
	if _, ok := r.Refs["refs/heads/"+string(in.GetName())]; !ok {
		return &gitalypb.FindBranchResponse{}, nil
	}
	return &gitalypb.FindBranchResponse{Branch: r.branch(in.GetRepository(), string(in.GetName()))}, nil
}

// FindLocalBranches lists the branches.
func (v refs) FindLocalBranches(in *gitalypb.FindLocalBranchesRequest, out grpc.ServerStreamingServer[gitalypb.FindLocalBranchesResponse]) error {
	r, err := v.s.find(in.GetRepository())
	if err != nil {
		return err
	}
	var all []*gitalypb.Branch
	for _, ref := range sorted(r.Refs) {
		if name, ok := strings.CutPrefix(ref, "refs/heads/"); ok {
			all = append(all, r.branch(in.GetRepository(), name))
		}
	}
	if order := in.GetSortBy(); order != gitalypb.FindLocalBranchesRequest_NAME {
		slices.SortStableFunc(all, func(a, b *gitalypb.Branch) int {
			if order == gitalypb.FindLocalBranchesRequest_UPDATED_DESC {
				a, b = b, a
			}
			return a.GetTargetCommit().GetCommitter().GetDate().AsTime().Compare(b.GetTargetCommit().GetCommitter().GetDate().AsTime())
		})
	}
	for part := range slices.Chunk(all, 2) {
		if err := out.Send(&gitalypb.FindLocalBranchesResponse{LocalBranches: part}); err != nil {
			return err
		}
	}
	return nil
}

func (r *Repository) branch(m *gitalypb.Repository, name string) *gitalypb.Branch {
	id, c, _ := r.commit(m, "refs/heads/"+name)
	return &gitalypb.Branch{Name: []byte(name), TargetCommit: message(id, c)}
}

// WriteRef writes HEAD.
func (v repositories) WriteRef(_ context.Context, in *gitalypb.WriteRefRequest) (*gitalypb.WriteRefResponse, error) {
	if _, err := v.s.find(in.GetRepository()); err != nil {
		return nil, err
	}
	if string(in.GetRef()) != "HEAD" || !strings.HasPrefix(string(in.GetRevision()), "refs/heads/") {
		return nil, status.Error(codes.InvalidArgument, "only HEAD is written here")
	}
	v.s.replace(in.GetRepository().GetRelativePath(), func(r *Repository) { r.Head = string(in.GetRevision()) })
	return &gitalypb.WriteRefResponse{}, nil
}
