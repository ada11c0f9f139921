package gitaly

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"gatehouse/adapters/gitaly/gitalypb"
	"gatehouse/domain"
	"gatehouse/domain/source"
)

// DefaultBranch returns the short name of the default branch of a project's
// code, empty without branches. Of the project, here and below, ID, Path, Storage and
// LegacyPath count. It fails with domain.NotFound if the repository does not exist, and
// with domain.Unavailable if Gitaly is unreachable or late.
func (c *Client) DefaultBranch(ctx context.Context, p source.Project) (string, error) {
	r, err := c.code(p)
	if err != nil {
		return "", err
	}
	ctx, cancel := calling(ctx, "")
	defer cancel()
	return r.defaultBranch(ctx)
}

// HasBranches says whether a project's code has any branch.
func (c *Client) HasBranches(ctx context.Context, p source.Project) (bool, error) {
	r, err := c.code(p)
	if err != nil {
		return false, err
	}
	ctx, cancel := calling(ctx, "")
	defer cancel()
	return r.hasBranches(ctx)
}

// RefExists says whether a project's code has the ref of that full name.
func (c *Client) RefExists(ctx context.Context, p source.Project, ref source.Ref) (bool, error) {
	r, err := c.code(p)
	if err != nil {
		return false, err
	}
	ctx, cancel := calling(ctx, "")
	defer cancel()
	return r.refExists(ctx, ref.String())
}

// LastCommit returns the short name of the default branch of a project's code, and the
// last commit there. It fails with domain.NotFound if there is none.
func (c *Client) LastCommit(ctx context.Context, p source.Project) (branch string, last source.Commit, err error) {
	r, err := c.code(p)
	if err != nil {
		return "", source.Commit{}, err
	}
	ctx, cancel := calling(ctx, "")
	defer cancel()
	if branch, err = r.defaultBranch(ctx); err != nil {
		return "", source.Commit{}, err
	}
	if branch == "" {
		return "", source.Commit{}, fmt.Errorf("default branch of %s: %w", r.name, domain.NotFound)
	}
	commits, err := r.commits(ctx, source.Span{To: source.Ref{Kind: source.Branch, Name: branch}.String()}, 1)
	if err != nil {
		return "", source.Commit{}, err
	}
	if len(commits) == 0 {
		return "", source.Commit{}, fmt.Errorf("commits of %s: %w", r.name, domain.NotFound)
	}
	return branch, commits[0], nil
}

// Tag returns a tag by its short name. Of a message longer than maxTagMessage it returns
// the beginning. It fails with domain.NotFound if there is no such tag.
func (c *Client) Tag(ctx context.Context, p source.Project, name string) (source.PeeledTag, error) {
	r, err := c.code(p)
	if err != nil {
		return source.PeeledTag{}, err
	}
	ctx, cancel := calling(ctx, "")
	defer cancel()
	out, err := gitalypb.NewRefServiceClient(r.conn).FindTag(ctx, &gitalypb.FindTagRequest{Repository: r.message, TagName: []byte(name)})
	if err != nil {
		return source.PeeledTag{}, r.fault(err, fmt.Sprintf("tag %q", name))
	}
	tag := out.GetTag()
	return source.PeeledTag{
		Object: source.ObjectID(tag.GetId()), Commit: source.ObjectID(tag.GetTargetCommit().GetId()), Message: tagMessage(tag),
	}, nil
}

// maxTagMessage is in bytes. It is Gitaly's limit, too.
const maxTagMessage = 10 << 10

func tagMessage(m *gitalypb.Tag) string {
	raw := m.GetMessage()
	if len(raw) == 0 || len(raw) <= maxTagMessage && int64(len(raw)) >= m.GetMessageSize() {
		return text(raw)
	}
	raw = raw[:min(len(raw), maxTagMessage)]
	for n := 1; n < utf8.UTFMax && n <= len(raw); n++ {
		if last := raw[len(raw)-n:]; utf8.RuneStart(last[0]) && !utf8.FullRune(last) {
			raw = raw[:len(raw)-n] // the cut went through a letter
			break
		}
	}
	return text(raw) + "…"
}

// maxCount is the number at which counting commits stops.
const maxCount = 1_000_000

// History returns the newest commits of the span, at most limit, the oldest of
// them first, and the number of all its commits. It fails if an end of the span does
// not exist.
func (c *Client) History(ctx context.Context, p source.Project, span source.Span, limit int) (commits []source.Commit, total int, err error) {
	r, err := c.code(p)
	if err != nil {
		return nil, 0, err
	}
	ctx, cancel := calling(ctx, "")
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		total, err = r.count(ctx, span)
		return err
	})
	group.Go(func() (err error) {
		commits, err = r.commits(ctx, span, limit)
		return err
	})
	return commits, total, group.Wait()
}

func (r repository) count(ctx context.Context, span source.Span) (int, error) {
	revision := span.To
	if span.From != "" {
		revision = span.From + ".." + span.To
	}
	out, err := gitalypb.NewCommitServiceClient(r.conn).CountCommits(ctx, &gitalypb.CountCommitsRequest{
		Repository: r.message, Revision: []byte(revision), MaxCount: maxCount,
	})
	return int(out.GetCount()), r.fault(err, "number of commits")
}

// commits are the newest ones of the span with their paths, the oldest first.
func (r repository) commits(ctx context.Context, span source.Span, limit int) ([]source.Commit, error) {
	revisions := []string{span.To}
	if span.From != "" {
		revisions = append(revisions, "^"+span.From)
	}
	stream, err := gitalypb.NewCommitServiceClient(r.conn).ListCommits(ctx, &gitalypb.ListCommitsRequest{
		Repository: r.message, Revisions: revisions, PaginationParams: &gitalypb.PaginationParameter{Limit: int32(limit)},
	})
	if err != nil {
		return nil, r.fault(err, "commits")
	}
	found, err := collect(stream, (*gitalypb.ListCommitsResponse).GetCommits)
	if err != nil {
		return nil, r.fault(err, "commits")
	}
	slices.Reverse(found)
	commits := make([]source.Commit, len(found))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, m := range found {
		commits[i] = commit(m)
		group.Go(func() error { return r.addPaths(ctx, &commits[i]) })
	}
	return commits, group.Wait()
}

// collect reads a stream to its end.
func collect[M, T any](stream grpc.ServerStreamingClient[M], items func(*M) []T) (all []T, err error) {
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, items(message)...)
	}
}

func commit(m *gitalypb.GitCommit) source.Commit {
	title, message := messageOf(m)
	var parent source.ObjectID
	if parents := m.GetParentIds(); len(parents) > 0 {
		parent = source.ObjectID(parents[0])
	}
	return source.Commit{
		ID: source.ObjectID(m.GetId()), Parent: parent, Title: title, Message: message,
		At:         momentOf(m.GetCommitter()),
		AuthorName: text(m.GetAuthor().GetName()), AuthorEmail: text(m.GetAuthor().GetEmail()),
	}
}

func messageOf(m *gitalypb.GitCommit) (title, message string) {
	message = text(m.GetBody())
	if message == "" {
		message = text(m.GetSubject()) // a body that is too long is left out
	}
	title, _, _ = strings.Cut(message, "\n")
	return title, message
}

func momentOf(m *gitalypb.CommitAuthor) time.Time {
	return m.GetDate().AsTime().In(zone(string(m.GetTimezone())))
}

func text(raw []byte) string { return strings.ToValidUTF8(string(raw), "\uFFFD") }

// zone reads Git's "+0130".
func zone(offset string) *time.Location {
	n, err := strconv.Atoi(offset)
	if err != nil {
		return time.UTC
	}
	return time.FixedZone("", (n/100*60+n%100)*60)
}

// The ids of the tree without entries, in both object formats of Git.
const (
	emptyTree    = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
	emptyTree256 = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
)

// addPaths adds the changed paths of one commit. An answer about several commits would
// not say to which commit a path belongs.
func (r repository) addPaths(ctx context.Context, c *source.Commit) error {
	before := emptyTree
	switch {
	case c.Parent != "":
		before = string(c.Parent)
	case len(c.ID) == len(emptyTree256):
		before = emptyTree256
	}
	stream, err := gitalypb.NewDiffServiceClient(r.conn).FindChangedPaths(ctx, &gitalypb.FindChangedPathsRequest{
		Repository: r.message,
		Requests: []*gitalypb.FindChangedPathsRequest_Request{{Type: &gitalypb.FindChangedPathsRequest_Request_TreeRequest_{
			TreeRequest: &gitalypb.FindChangedPathsRequest_Request_TreeRequest{LeftTreeRevision: before, RightTreeRevision: string(c.ID)},
		}}},
	})
	what := fmt.Sprintf("paths of %s", c.ID)
	if err != nil {
		return r.fault(err, what)
	}
	paths, err := collect(stream, (*gitalypb.FindChangedPathsResponse).GetPaths)
	if err != nil {
		return r.fault(err, what)
	}
	for _, path := range paths {
		list := &c.Modified
		switch path.GetStatus() {
		case gitalypb.ChangedPaths_ADDED, gitalypb.ChangedPaths_COPIED:
			list = &c.Added
		case gitalypb.ChangedPaths_DELETED:
			list = &c.Removed
		}
		*list = append(*list, text(path.GetPath()))
	}
	return nil
}
