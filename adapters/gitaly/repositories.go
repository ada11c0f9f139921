package gitaly

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gatehouse/adapters/gitaly/gitalypb"
	"gatehouse/domain"
	"gatehouse/domain/source"
)

// Create creates a repository of a project; one for code gets the project's default
// branch, if that is known, and its object format. An existing repository stays as it is,
// without an error.
func (c *Client) Create(ctx context.Context, p source.Project, kind source.RepositoryKind) error {
	r, err := c.of(p, kind)
	if err != nil || c.existing.has(r.key) {
		return err
	}
	if kind != source.Code {
		p.DefaultBranch, p.Format = "", ""
	}
	ctx, cancel := calling(ctx, "")
	defer cancel()
	for attempt := 1; ; attempt++ {
		_, err = gitalypb.NewRepositoryServiceClient(r.conn).CreateRepository(ctx, &gitalypb.CreateRepositoryRequest{
			Repository: r.message, DefaultBranch: []byte(p.DefaultBranch), ObjectFormat: objectFormats[p.Format],
		})
		// While another call creates the repository it is locked, for which Gitaly
		// has no code of its own.
		if status.Code(err) != codes.Internal || attempt == attempts || !pause(ctx, time.Duration(attempt)*lockTime) {
			break
		}
	}
	if err = r.fault(err, "creation"); err != nil && !errors.Is(err, domain.Conflict) {
		return err
	}
	c.existing.keep(r.key)
	return nil
}

// objectFormats are Gitaly's numbers of them, which are zero for an unknown one.
var objectFormats = map[string]gitalypb.ObjectFormat{
	"sha1": gitalypb.ObjectFormat_OBJECT_FORMAT_SHA1, "sha256": gitalypb.ObjectFormat_OBJECT_FORMAT_SHA256,
}

const (
	// attempts is the number of tries to create a repository.
	attempts = 4
	// lockTime is about the time in which Gitaly creates one.
	lockTime = 200 * time.Millisecond
)

// pause waits for d. It returns false if ctx ends earlier.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// SetDefaultBranch lets HEAD of a project's code point to a branch, by its short name,
// whether the branch exists or not. It fails with domain.NotFound if the repository does
// not exist. No hooks run.
func (c *Client) SetDefaultBranch(ctx context.Context, p source.Project, branch string) error {
	r, err := c.code(p)
	if err != nil {
		return err
	}
	ctx, cancel := calling(ctx, "")
	defer cancel()
	_, err = gitalypb.NewRepositoryServiceClient(r.conn).WriteRef(ctx, &gitalypb.WriteRefRequest{
		Repository: r.message, Ref: []byte("HEAD"), Revision: []byte(source.Ref{Kind: source.Branch, Name: branch}.String()),
	})
	return r.fault(err, "default branch")
}

// Remove removes a repository of a project, without an error if it does not exist.
func (c *Client) Remove(ctx context.Context, p source.Project, kind source.RepositoryKind) error {
	r, err := c.of(p, kind)
	if err != nil {
		return err
	}
	c.existing.forget(r.key)
	c.filled.forget(r.key)
	ctx, cancel := calling(ctx, "")
	defer cancel()
	_, err = gitalypb.NewRepositoryServiceClient(r.conn).RemoveRepository(ctx, &gitalypb.RemoveRepositoryRequest{Repository: r.message})
	if err = r.fault(err, "removal"); errors.Is(err, domain.NotFound) {
		return nil
	}
	return err
}

// Health has the versions that a Gitaly reports.
type Health struct{ Version, GitVersion string }

// Check asks the Gitaly of a storage whether it serves that storage, and may
// write there.
func (c *Client) Check(ctx context.Context, storage string) (Health, error) {
	conn, ok := c.conns[storage]
	if !ok {
		return Health{}, fmt.Errorf("storage %q: %w", storage, domain.NotFound)
	}
	ctx, cancel := calling(ctx, "")
	defer cancel()
	out, err := gitalypb.NewServerServiceClient(conn).ServerInfo(ctx, &gitalypb.ServerInfoRequest{})
	if err != nil {
		return Health{}, trouble(err)
	}
	health := Health{out.GetServerVersion(), out.GetGitVersion()}
	for _, s := range out.GetStorageStatuses() {
		switch {
		case s.GetStorageName() != storage:
		case !s.GetReadable():
			return health, fmt.Errorf("the storage %q cannot be read there", storage)
		case !s.GetWriteable():
			return health, fmt.Errorf("the storage %q cannot be written there", storage)
		default:
			return health, nil
		}
	}
	return health, fmt.Errorf("there is no storage %q there", storage)
}

// trouble describes why a Gitaly does not answer.
func trouble(err error) error {
	told := status.Convert(err)
	words := map[codes.Code]string{
		codes.Unavailable: "nobody answers", codes.DeadlineExceeded: "no answer in time",
		codes.PermissionDenied: "Gitaly refuses the token", codes.Unauthenticated: "Gitaly wants a token",
		codes.Unimplemented: "somebody answers, but it is no Gitaly",
	}[told.Code()]
	if words == "" {
		words = "Gitaly fails"
	}
	return fmt.Errorf("%s: %s (%w)", words, strings.ReplaceAll(told.Message(), "\n", " "), domain.Unavailable)
}
