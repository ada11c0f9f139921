package gitaly

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gatehouse/adapters/gitaly/ancestry"
	"gatehouse/adapters/gitaly/gitalypb"
	"gatehouse/domain/source"
)

// IsAncestor implements ancestry.History.
func (r repository) IsAncestor(ctx context.Context, q source.Question) (bool, error) {
	out, err := gitalypb.NewCommitServiceClient(r.conn).CommitIsAncestor(ctx, &gitalypb.CommitIsAncestorRequest{
		Repository: r.message, AncestorId: string(q.Old), ChildId: string(q.New),
	})
	return out.GetValue(), r.fault(err, "ancestry")
}

// List implements ancestry.History.
func (r repository) List(ctx context.Context, heads, excluded []source.ObjectID, limit int) (commits []ancestry.Commit, err error) {
	revisions := make([]string, 0, len(heads)+len(excluded))
	for _, id := range heads {
		revisions = append(revisions, string(id))
	}
	for _, id := range excluded {
		revisions = append(revisions, "^"+string(id))
	}
	stream, err := gitalypb.NewCommitServiceClient(r.conn).ListCommits(ctx, &gitalypb.ListCommitsRequest{
		Repository: r.message, Revisions: revisions, PaginationParams: &gitalypb.PaginationParameter{Limit: int32(limit)},
	})
	if err != nil {
		return nil, r.unlistable(err)
	}
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return commits, nil
		}
		if err != nil {
			return nil, r.unlistable(err)
		}
		for _, m := range message.GetCommits() {
			commits = append(commits, ancestry.Commit{ID: source.ObjectID(m.GetId()), Parents: objectIDs(m.GetParentIds())})
		}
	}
}

// unlistable tells the error of a listing that other commits may not have. Gitaly's
// code for a missing commit is Internal, or InvalidArgument or NotFound in other versions.
func (r repository) unlistable(err error) error {
	switch fault := r.fault(err, "commits"); status.Code(err) {
	case codes.Internal, codes.Unknown, codes.InvalidArgument, codes.NotFound, codes.FailedPrecondition:
		return fmt.Errorf("%w: %w", ancestry.ErrUnlistable, fault)
	default:
		return fault
	}
}

func objectIDs(texts []string) []source.ObjectID {
	ids := make([]source.ObjectID, len(texts))
	for i, text := range texts {
		ids[i] = source.ObjectID(text)
	}
	return ids
}
