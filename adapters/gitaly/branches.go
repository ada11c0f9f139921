package gitaly

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"

	"gatehouse/adapters/gitaly/gitalypb"
	"gatehouse/application/code"
	"gatehouse/domain"
	"gatehouse/domain/source"
)

// Branch implements code.Repositories.
func (c *Client) Branch(ctx context.Context, p source.Project, name string) (code.Branch, error) {
	r, err := c.code(p)
	if err != nil {
		return code.Branch{}, err
	}
	ctx, cancel := calling(ctx, "")
	defer cancel()
	what := fmt.Sprintf("branch %q", name)
	out, err := gitalypb.NewRefServiceClient(r.conn).FindBranch(ctx, &gitalypb.FindBranchRequest{Repository: r.message, Name: []byte(name)})
	if err != nil {
		return code.Branch{}, r.readFault(err, what)
	}
	if out.GetBranch() == nil {
		return code.Branch{}, r.absent(what)
	}
	return branch(out.GetBranch()), nil
}

// Branches implements code.Repositories. It keeps the window in memory, however
// many branches there are.
func (c *Client) Branches(ctx context.Context, p source.Project, q code.BranchQuery) ([]code.Branch, int, error) {
	r, err := c.code(p)
	if err != nil {
		return nil, 0, err
	}
	ctx, cancel := calling(ctx, "")
	defer cancel()
	stream, err := gitalypb.NewRefServiceClient(r.conn).FindLocalBranches(ctx, &gitalypb.FindLocalBranchesRequest{
		Repository: r.message, SortBy: gitalypb.FindLocalBranchesRequest_SortBy(q.Order),
	})
	if err != nil {
		return nil, 0, r.readFault(err, "branches")
	}
	found := window[code.Branch]{Window: q.Window}
	err = each(stream, (*gitalypb.FindLocalBranchesResponse).GetLocalBranches, func(m *gitalypb.Branch) bool {
		return q.Match != nil && !q.Match(string(m.GetName())) || found.add(func() code.Branch { return branch(m) })
	})
	return found.items, found.total, r.readFault(err, "branches")
}

// window is what is kept of a stream.
type window[T any] struct {
	code.Window
	items []T
	total int
}

// add counts an item, and keeps it if it is in the window. It returns false if no more
// are counted.
func (w *window[T]) add(item func() T) bool {
	if w.total >= w.Offset && len(w.items) < w.Size {
		w.items = append(w.items, item())
	}
	w.total++
	return w.total < code.MostListed
}

// each calls do for the items of a stream until it returns false.
func each[M, T any](stream grpc.ServerStreamingClient[M], items func(*M) []T, do func(T) bool) error {
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, item := range items(message) {
			if !do(item) {
				return nil
			}
		}
	}
}

// readFault is fault for a call that reads what a user names: Gitaly says InvalidArgument
// for some names of what does not exist.
func (r repository) readFault(err error, what string) error {
	fault := r.fault(err, what)
	if errors.Is(fault, domain.Unprocessable) && invalidArgument(err) {
		return fmt.Errorf("%s of %s: %w (%w)", what, r.name, domain.NotFound, err)
	}
	return fault
}

func (r repository) absent(what string) error {
	return fmt.Errorf("%s of %s: %w", what, r.name, domain.NotFound)
}

func branch(m *gitalypb.Branch) code.Branch {
	return code.Branch{Name: string(m.GetName()), Commit: fullCommit(m.GetTargetCommit())}
}

func fullCommit(m *gitalypb.GitCommit) code.Commit {
	title, message := messageOf(m)
	return code.Commit{
		ID: source.ObjectID(m.GetId()), Parents: objectIDs(m.GetParentIds()), Title: title, Message: message,
		Author: signature(m.GetAuthor()), Committer: signature(m.GetCommitter()),
	}
}

func signature(m *gitalypb.CommitAuthor) code.Signature {
	return code.Signature{Name: text(m.GetName()), Email: text(m.GetEmail()), At: momentOf(m)}
}
