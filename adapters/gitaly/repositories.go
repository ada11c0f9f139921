package gitaly

import (
	"context"
	"errors"
	"fmt"

	"gatehouse/adapters/gitaly/gitalypb"
	"gatehouse/domain"
	"gatehouse/domain/source"
)

// Create makes the repository of a project's code, with the project's default
// branch if that is known. One that is there already is left as it is, and no
// error.
func (c *Client) Create(ctx context.Context, p source.Project) error {
	r, err := c.code(p)
	if err != nil {
		return err
	}
	ctx, cancel := calling(ctx, "")
	defer cancel()
	_, err = gitalypb.NewRepositoryServiceClient(r.conn).CreateRepository(ctx, &gitalypb.CreateRepositoryRequest{
		Repository: r.message, DefaultBranch: []byte(p.DefaultBranch),
	})
	if err = r.fault(err, "creation"); err != nil && !errors.Is(err, domain.Conflict) {
		return err
	}
	c.there.keep(r.key)
	return nil
}

// Remove deletes the repository of a project's code. One that is not there is
// no error.
func (c *Client) Remove(ctx context.Context, p source.Project) error {
	r, err := c.code(p)
	if err != nil {
		return err
	}
	c.there.forget(r.key)
	c.filled.forget(r.key)
	ctx, cancel := calling(ctx, "")
	defer cancel()
	_, err = gitalypb.NewRepositoryServiceClient(r.conn).RemoveRepository(ctx, &gitalypb.RemoveRepositoryRequest{Repository: r.message})
	if err = r.fault(err, "removal"); errors.Is(err, domain.NotFound) {
		return nil
	}
	return err
}

// Health is what a Gitaly says of itself.
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
		return Health{}, fmt.Errorf("server info: %w: %w", domain.Unavailable, err)
	}
	health := Health{out.GetServerVersion(), out.GetGitVersion()}
	for _, s := range out.GetStorageStatuses() {
		switch {
		case s.GetStorageName() != storage:
		case !s.GetReadable():
			return health, fmt.Errorf("Gitaly cannot read the storage %q", storage)
		case !s.GetWriteable():
			return health, fmt.Errorf("Gitaly cannot write to the storage %q", storage)
		default:
			return health, nil
		}
	}
	return health, fmt.Errorf("Gitaly has no storage %q", storage)
}
