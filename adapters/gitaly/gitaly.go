// Package gitaly is a client of Gitaly: it asks about repositories and creates
// them.
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

// Client speaks with the Gitaly of each storage, over connections of its own, so
// that an unresponsive storage does not delay the others. It is safe for
// concurrent use.
type Client struct {
	conns map[string]*grpc.ClientConn
	// transfers are the connections of Git over HTTP.
	transfers map[string]*transferConns
	// existing and filled remember the repositories that exist, and those that
	// have a branch.
	existing, filled *memory
}

// New makes a Client of the storages. It connects to none of them, and fails
// only for a malformed address.
func New(storages []gitaccess.Storage, now application.Clock) (*Client, error) {
	c := &Client{map[string]*grpc.ClientConn{}, map[string]*transferConns{}, newMemory(now), newMemory(now)}
	for _, s := range storages {
		conn, err := dial(s, now, nil)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		c.conns[s.Name] = conn
		if c.transfers[s.Name], err = dialTransfers(s, now); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

// Close closes all connections.
func (c *Client) Close() error {
	var all error
	for _, conn := range c.conns {
		all = errors.Join(all, conn.Close())
	}
	for _, conns := range c.transfers {
		all = errors.Join(all, conns.close())
	}
	return all
}

// callTimeout limits a call whose context has no earlier deadline.
const callTimeout = 50 * time.Second

// repository is a repository as a call names it.
type repository struct {
	conn    *grpc.ClientConn
	message *gitalypb.Repository
	// name is the repository in errors, key that in a memory.
	name, key string
}

// location returns the repository of a place. It fails with domain.NotFound for
// a storage that is not configured.
func (c *Client) location(where gitaccess.Location) (repository, error) {
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

// code returns the code repository of a project.
func (c *Client) code(p source.Project) (repository, error) { return c.of(p, source.Code) }

func (c *Client) of(p source.Project, kind source.RepositoryKind) (repository, error) {
	r, err := c.location(gitaccess.Location{
		Storage: gitaccess.Storage{Name: p.Storage}, RelativePath: p.RelativePath(kind),
		Repository: source.RepositoryID{Kind: kind, ID: int64(p.ID)},
	})
	if err == nil {
		r.message.GlProjectPath = p.Path
	}
	return r, err
}

// primary routes a call to the primary, because replicas behind Praefect may be older.
func primary(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "gitaly-route-repository-accessor-policy", "primary-only")
}

// calling returns the context of a call to the primary; snapshot is the path that Gitaly
// gave to a transaction, or empty.
func calling(ctx context.Context, snapshot string) (context.Context, context.CancelFunc) {
	ctx = primary(ctx)
	if snapshot != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "relative-path-bin", snapshot)
	}
	return context.WithTimeout(ctx, callTimeout)
}

// fault wraps an error of Gitaly with its domain.Kind: Unavailable if it passes by
// itself, Unprocessable if it does not. It adds no kind to an error of which the
// code does not tell: Gitaly says Internal for a missing commit and for a lock.
func (r repository) fault(err error, what string) error {
	code := status.Code(err)
	kind, known := kinds[code]
	switch {
	case code == codes.OK:
		return nil
	case known:
		return fmt.Errorf("%s of %s: %w: %w", what, r.name, kind, err)
	default:
		return fmt.Errorf("%s of %s: %w", what, r.name, err)
	}
}

// kinds leave out Internal and Unknown, and a refused token: Gitaly may get a new
// one before the client does.
var kinds = map[codes.Code]domain.Kind{
	codes.NotFound: domain.NotFound, codes.AlreadyExists: domain.Conflict,

	codes.Unavailable: domain.Unavailable, codes.DeadlineExceeded: domain.Unavailable, codes.Canceled: domain.Unavailable,
	codes.ResourceExhausted: domain.Unavailable, codes.Aborted: domain.Unavailable,

	codes.Unimplemented: domain.Unprocessable, codes.InvalidArgument: domain.Unprocessable, codes.FailedPrecondition: domain.Unprocessable,
	codes.OutOfRange: domain.Unprocessable, codes.DataLoss: domain.Unprocessable,
}
