// Package gitaly asks Gitaly about repositories, and has it make them.
package gitaly

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"gatehouse/adapters/gitaly/gitalypb"
	"gatehouse/application"
	"gatehouse/application/gitaccess"
	"gatehouse/domain"
	"gatehouse/domain/source"
)

// Client speaks with the Gitaly of each storage, over one connection each, so
// that a storage that hangs holds up no other. It is safe for concurrent use.
type Client struct {
	conns map[string]*grpc.ClientConn
	// there and filled are the repositories that are known to exist, and to
	// have a branch.
	there, filled *memory
}

// New makes a Client of the storages. Nothing is connected yet, so that it
// fails only for an address that could never be one.
func New(storages []gitaccess.Storage, now application.Clock) (*Client, error) {
	c := &Client{make(map[string]*grpc.ClientConn, len(storages)), newMemory(now), newMemory(now)}
	for _, s := range storages {
		conn, err := dial(s, now)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		c.conns[s.Name] = conn
	}
	return c, nil
}

// Close lets go of all connections.
func (c *Client) Close() error {
	var all error
	for _, conn := range c.conns {
		all = errors.Join(all, conn.Close())
	}
	return all
}

// patience is how long a call may take whose caller set no limit of its own.
const patience = 50 * time.Second

// repository is a repository as a call names it.
type repository struct {
	conn    *grpc.ClientConn
	message *gitalypb.Repository
	// name is for errors, key for what is kept about it.
	name, key string
}

// at finds a place. A storage that nobody configured is domain.NotFound.
func (c *Client) at(where gitaccess.Location) (repository, error) {
	name := where.Repository.String()
	conn, ok := c.conns[where.Storage.Name]
	if !ok {
		return repository{}, fmt.Errorf("%s: storage %q: %w", name, where.Storage.Name, domain.NotFound)
	}
	return repository{conn, &gitalypb.Repository{
		StorageName: where.Storage.Name, RelativePath: where.RelativePath, GlRepository: name,
		GitObjectDirectory:            where.Quarantine.ObjectDirectory,
		GitAlternateObjectDirectories: where.Quarantine.AlternateObjectDirectories,
	}, name, where.Storage.Name + "\x00" + where.RelativePath}, nil
}

// code finds the code repository of a project, of which its ID, Path, Storage
// and LegacyPath count.
func (c *Client) code(p source.Project) (repository, error) { return c.of(p, source.Code) }

func (c *Client) of(p source.Project, kind source.RepositoryKind) (repository, error) {
	r, err := c.at(gitaccess.Location{
		Storage: gitaccess.Storage{Name: p.Storage}, RelativePath: p.RelativePath(kind),
		Repository: source.RepositoryID{Kind: kind, ID: int64(p.ID)},
	})
	if err == nil {
		r.message.GlProjectPath = p.Path
	}
	return r, err
}

// calling is the context of a call. With Praefect, the primary has what the
// replicas may not have yet; snapshot is the path that Gitaly gave a
// transaction, if it did.
func calling(ctx context.Context, snapshot string) (context.Context, context.CancelFunc) {
	ctx = metadata.AppendToOutgoingContext(ctx, "gitaly-route-repository-accessor-policy", "primary-only")
	if snapshot != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "relative-path-bin", snapshot)
	}
	return context.WithTimeout(ctx, patience)
}

// fault says what went wrong in the domain's words.
func (r repository) fault(err error, what string) error {
	switch status.Code(err) {
	case codes.OK:
		return nil
	case codes.NotFound:
		return fmt.Errorf("%s of %s: %w: %w", what, r.name, domain.NotFound, err)
	case codes.AlreadyExists:
		return fmt.Errorf("%s of %s: %w: %w", what, r.name, domain.Conflict, err)
	default:
		return fmt.Errorf("%s of %s: %w: %w", what, r.name, domain.Unavailable, err)
	}
}
