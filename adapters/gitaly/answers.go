package gitaly

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"gatehouse/adapters/gitaly/ancestry"
	"gatehouse/adapters/gitaly/gitalypb"
	"gatehouse/application/gitaccess"
	"gatehouse/domain/source"
)

// parallel is the number of calls of one event that run at the same time. Each is a
// process of Gitaly's machine.
const parallel = 8

// Answers asks all questions, several at a time, and many about ancestors by few
// calls. It fails with the first call that fails. A client without storages returns
// source.Unknown for every question.
func (c *Client) Answers(ctx context.Context, where gitaccess.Location, questions []source.Question) (map[source.Question]source.Answer, error) {
	if len(c.conns) == 0 {
		return unknown(questions), nil
	}
	r, err := c.location(where)
	if err != nil {
		return nil, err
	}
	ctx, cancel := calling(ctx, where.SnapshotPath)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	var mutex sync.Mutex
	answers := make(map[source.Question]source.Answer, len(questions))
	ancestors, others := split(questions)
	group.Go(func() error {
		some, err := ancestry.Answers(ctx, r, ancestors)
		mutex.Lock()
		defer mutex.Unlock()
		maps.Copy(answers, some)
		return err
	})
	var head string // one call answers for all branches
	if slices.ContainsFunc(others, aboutDefault) {
		group.Go(func() (err error) {
			head, err = r.defaultBranch(ctx)
			return err
		})
	}
	for _, q := range others {
		if aboutDefault(q) {
			continue
		}
		group.Go(func() error {
			answer, err := c.answer(ctx, r, q)
			mutex.Lock()
			defer mutex.Unlock()
			answers[q] = answer
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, q := range others {
		if aboutDefault(q) {
			answers[q] = isDefault(head, q.Branch)
		}
	}
	return answers, nil
}

// split parts the questions about ancestors from the others.
func split(questions []source.Question) (ancestors, others []source.Question) {
	for _, q := range questions {
		if q.About == source.Ancestor {
			ancestors = append(ancestors, q)
		} else {
			others = append(others, q)
		}
	}
	return ancestors, others
}

func aboutDefault(q source.Question) bool { return q.About == source.Default }

// isDefault returns source.Unknown for a repository without branches.
func isDefault(head, branch string) source.Answer {
	switch head {
	case "":
		return source.Unknown
	case branch:
		return source.Yes
	default:
		return source.No
	}
}

func (c *Client) answer(ctx context.Context, r repository, q source.Question) (source.Answer, error) {
	switch q.About {
	case source.Existence:
		return remembered(c.existing, r.key, func() (bool, error) { return r.exists(ctx) })
	case source.Branches:
		return remembered(c.filled, r.key, func() (bool, error) { return r.hasBranches(ctx) })
	default:
		return source.Unknown, nil
	}
}

// remembered calls ask unless m remembers the answer yes.
func remembered(m *memory, key string, ask func() (bool, error)) (source.Answer, error) {
	if m.has(key) {
		return source.Yes, nil
	}
	is, err := ask()
	if is {
		m.keep(key)
	}
	return yes(is, err)
}

func yes(is bool, err error) (source.Answer, error) {
	switch {
	case err != nil:
		return source.Unknown, err
	case is:
		return source.Yes, nil
	default:
		return source.No, nil
	}
}

func (r repository) exists(ctx context.Context) (bool, error) {
	out, err := gitalypb.NewRepositoryServiceClient(r.conn).RepositoryExists(ctx, &gitalypb.RepositoryExistsRequest{Repository: r.message})
	return out.GetExists(), r.fault(err, "existence")
}

func (r repository) hasBranches(ctx context.Context) (bool, error) {
	out, err := gitalypb.NewRepositoryServiceClient(r.conn).HasLocalBranches(ctx, &gitalypb.HasLocalBranchesRequest{Repository: r.message})
	return out.GetValue(), r.fault(err, "branches")
}

// defaultBranch returns a short name, empty for a repository without branches.
func (r repository) defaultBranch(ctx context.Context) (string, error) {
	out, err := gitalypb.NewRefServiceClient(r.conn).FindDefaultBranchName(ctx, &gitalypb.FindDefaultBranchNameRequest{Repository: r.message})
	return strings.TrimPrefix(string(out.GetName()), "refs/heads/"), r.fault(err, "default branch")
}

func (r repository) refExists(ctx context.Context, ref string) (bool, error) {
	out, err := gitalypb.NewRefServiceClient(r.conn).RefExists(ctx, &gitalypb.RefExistsRequest{Repository: r.message, Ref: []byte(ref)})
	return out.GetValue(), r.fault(err, "ref "+ref)
}

func unknown(questions []source.Question) map[source.Question]source.Answer {
	answers := make(map[source.Question]source.Answer, len(questions))
	for _, q := range questions {
		answers[q] = source.Unknown
	}
	return answers
}
