package gitaly

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gatehouse/adapters/gitaly/gitalypb"
	"gatehouse/application/code"
	"gatehouse/domain/source"
)

func invalidArgument(err error) bool { return status.Code(err) == codes.InvalidArgument }

// Commit implements code.Contents.
func (c *Client) Commit(ctx context.Context, p source.Project, revision string) (code.Commit, error) {
	r, err := c.code(p)
	if err != nil {
		return code.Commit{}, err
	}
	ctx, cancel := calling(ctx, "")
	defer cancel()
	what := fmt.Sprintf("commit %q", revision)
	out, err := gitalypb.NewCommitServiceClient(r.conn).FindCommit(ctx, &gitalypb.FindCommitRequest{Repository: r.message, Revision: []byte(revision)})
	return r.oneCommit(out.GetCommit(), err, what)
}

// LastCommitOf implements code.Contents.
func (c *Client) LastCommitOf(ctx context.Context, p source.Project, commit source.ObjectID, path string) (code.Commit, error) {
	r, err := c.code(p)
	if err != nil {
		return code.Commit{}, err
	}
	ctx, cancel := calling(ctx, "")
	defer cancel()
	what := fmt.Sprintf("last commit of %q", path)
	out, err := gitalypb.NewCommitServiceClient(r.conn).LastCommitForPath(ctx, &gitalypb.LastCommitForPathRequest{
		Repository: r.message, Revision: []byte(commit), Path: []byte(path), LiteralPathspec: true,
	})
	return r.oneCommit(out.GetCommit(), err, what)
}

func (r repository) oneCommit(m *gitalypb.GitCommit, err error, what string) (code.Commit, error) {
	switch {
	case err != nil:
		return code.Commit{}, r.readFault(err, what)
	case m == nil:
		return code.Commit{}, r.absent(what)
	}
	return fullCommit(m), nil
}

// Blob implements code.Contents. Each message of the content may take Gitaly as
// long as a call.
func (c *Client) Blob(ctx context.Context, p source.Project, commit source.ObjectID, path string) (code.Blob, error) {
	r, err := c.code(p)
	if err != nil {
		return code.Blob{}, err
	}
	ctx, cancel := context.WithCancel(primary(ctx))
	b := &blob{repository: r, cancel: cancel, what: fmt.Sprintf("file %q", path), timer: time.AfterFunc(callTimeout, cancel)}
	first, err := b.open(ctx, &gitalypb.TreeEntryRequest{Repository: r.message, Revision: []byte(commit), Path: []byte(path)})
	if err == nil && (first.GetType() != gitalypb.TreeEntryResponse_BLOB || first.GetOid() == "") {
		err = r.absent(b.what)
	}
	if err != nil {
		return code.Blob{}, errors.Join(err, b.Close())
	}
	return code.Blob{
		ID: source.ObjectID(first.GetOid()), Size: first.GetSize(), Executable: first.GetMode()&0o111 != 0, ReadCloser: b,
	}, nil
}

// blob reads the content of a file from a stream.
type blob struct {
	repository
	cancel context.CancelFunc
	timer  *time.Timer // ends the call
	stream grpc.ServerStreamingClient[gitalypb.TreeEntryResponse]
	rest   []byte
	what   string
}

func (b *blob) open(ctx context.Context, q *gitalypb.TreeEntryRequest) (first *gitalypb.TreeEntryResponse, err error) {
	b.stream, err = gitalypb.NewCommitServiceClient(b.conn).TreeEntry(ctx, q)
	if err == nil {
		first, err = b.receive()
	}
	if errors.Is(err, io.EOF) {
		return nil, b.absent(b.what)
	}
	return first, b.readFault(err, b.what)
}

// receive returns the next message, whose data are to be read.
func (b *blob) receive() (*gitalypb.TreeEntryResponse, error) {
	b.timer.Reset(callTimeout)
	message, err := b.stream.Recv()
	b.timer.Stop()
	b.rest = message.GetData()
	return message, err
}

// Read implements io.Reader.
func (b *blob) Read(to []byte) (int, error) {
	for len(b.rest) == 0 && len(to) > 0 {
		if _, err := b.receive(); errors.Is(err, io.EOF) {
			return 0, io.EOF
		} else if err != nil {
			return 0, b.readFault(err, b.what)
		}
	}
	n := copy(to, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// Close implements io.Closer.
func (b *blob) Close() error {
	b.timer.Stop()
	b.cancel()
	return nil
}

// Tree implements code.Contents. It keeps the window in memory, however many
// entries there are.
func (c *Client) Tree(ctx context.Context, p source.Project, q code.TreeQuery) ([]code.Entry, int, error) {
	r, err := c.code(p)
	if err != nil {
		return nil, 0, err
	}
	ctx, cancel := calling(ctx, "")
	defer cancel()
	what, folder := fmt.Sprintf("folder %q at %q", q.Path, q.Revision), path.Clean("./"+q.Path)
	stream, err := gitalypb.NewCommitServiceClient(r.conn).GetTreeEntries(ctx, &gitalypb.GetTreeEntriesRequest{
		Repository: r.message, Revision: []byte(q.Revision), Path: []byte(folder), Recursive: q.Recursive,
		Sort: gitalypb.GetTreeEntriesRequest_TREES_FIRST, SkipFlatPaths: true,
	})
	if err != nil {
		return nil, 0, r.readFault(err, what)
	}
	found := window[code.Entry]{Window: q.Window}
	err = each(stream, (*gitalypb.GetTreeEntriesResponse).GetEntries, func(m *gitalypb.TreeEntry) bool {
		return found.add(func() code.Entry { return entry(m) })
	})
	if err == nil && found.total == 0 && folder != "." { // older releases do not fail for an unknown folder
		return nil, 0, r.absent(what)
	}
	return found.items, found.total, r.readFault(err, what)
}

func entry(m *gitalypb.TreeEntry) code.Entry {
	kind := code.BlobEntry
	switch m.GetType() {
	case gitalypb.TreeEntry_TREE:
		kind = code.TreeEntry
	case gitalypb.TreeEntry_COMMIT:
		kind = code.CommitEntry
	}
	return code.Entry{ID: source.ObjectID(m.GetOid()), Type: kind, Path: string(m.GetPath()), Mode: m.GetMode()}
}
