package gitaly

import (
	"context"
	"errors"
	"io"
	"sync"

	"gatehouse/adapters/gitaly/gitalypb"
	"gatehouse/adapters/gitaly/sidechannel"
	"gatehouse/application/gitaccess"
	"gatehouse/domain/audit"
	"gatehouse/domain/source"
)

var _ gitaccess.SmartHTTP = (*Client)(nil)

// InfoRefs implements gitaccess.SmartHTTP. It ignores the options, because Gitaly caches only
// what it answers without any.
func (c *Client) InfoRefs(ctx context.Context, t gitaccess.Transfer, w io.Writer) error {
	r, conn, err := c.transfer(t)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(transferring(ctx, t))
	defer cancel(nil)
	service := gitalypb.NewSmartHTTPServiceClient(conn)
	call := service.InfoRefsUploadPack
	if t.Command == source.ReceivePack {
		call = service.InfoRefsReceivePack
	}
	stream, err := call(ctx, &gitalypb.InfoRefsRequest{Repository: r.message, GitProtocol: t.Version})
	if err == nil {
		err = writeData(clientWriter{w, cancel}, stream.Recv)
	}
	return r.ending(ctx, err, "refs")
}

// writeData writes the data of messages up to their end.
func writeData[M interface{ GetData() []byte }](w io.Writer, receive func() (M, error)) error {
	for {
		message, err := receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(message.GetData()) == 0 {
			continue // nothing is to begin the answer yet
		}
		if _, err := w.Write(message.GetData()); err != nil {
			return err
		}
	}
}

// errNoStream says that Gitaly answered a call and sent no pack.
var errNoStream = errors.New("gitaly opened no stream")

// UploadPack implements gitaccess.SmartHTTP. A call of r's Read that blocks outlives an end
// that comes before that of r; no other follows it.
func (c *Client) UploadPack(ctx context.Context, t gitaccess.Transfer, r io.Reader, w io.Writer) (audit.Stats, error) {
	repo, conn, err := c.transfer(t)
	if err != nil {
		return audit.Stats{}, err
	}
	ctx, cancel := context.WithCancelCause(transferring(ctx, t))
	defer cancel(nil)
	call := conn.acceptor.Expect()
	defer call.Drop()
	var out *gitalypb.PostUploadPackWithSidechannelResponse
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		out, err = gitalypb.NewSmartHTTPServiceClient(conn).PostUploadPackWithSidechannel(call.Outgoing(ctx), &gitalypb.PostUploadPackWithSidechannelRequest{
			Repository: repo.message, GitConfigOptions: t.Options, GitProtocol: t.Version,
		})
	}()
	streamErr := errNoStream
	select {
	case stream := <-call.Arrived():
		streamErr = exchange(ctx, cancel, stream, r, w)
	case <-ended:
	}
	<-ended
	// What Gitaly says to have sent was received before it said so.
	if err == nil && !errors.Is(streamErr, sidechannel.ErrLost) {
		err = streamErr
	}
	if err = repo.ending(ctx, err, "fetch"); err != nil {
		return audit.Stats{}, err
	}
	stats := out.GetPackfileNegotiationStatistics()
	return audit.Stats{Wants: stats.GetWants(), Haves: stats.GetHaves(), PayloadSize: stats.GetPayloadSize()}, nil
}

// exchange sends r on the stream, and meanwhile writes to w what comes back. It does not
// wait for r once all has come.
func exchange(ctx context.Context, cancel context.CancelCauseFunc, stream *sidechannel.Stream, r io.Reader, w io.Writer) error {
	sending, stop := context.WithCancel(ctx)
	defer func() {
		stop()
		_ = stream.Close()
	}()
	go func() {
		// Without the rest of the request git would wait for it.
		if err := stream.Send(sending, clientReader{r, cancel}); err != nil && sending.Err() == nil {
			cancel(err)
		}
	}()
	return stream.Receive(ctx, clientWriter{w, cancel})
}

// ReceivePack implements gitaccess.SmartHTTP. A call of r's Read that blocks outlives an end
// that comes before that of r; no other follows it.
func (c *Client) ReceivePack(ctx context.Context, t gitaccess.Transfer, r io.Reader, w io.Writer) error {
	repo, conn, err := c.transfer(t)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(transferring(ctx, t))
	defer cancel(nil)
	stream, err := gitalypb.NewSmartHTTPServiceClient(conn).PostReceivePack(ctx)
	if err == nil {
		first := &gitalypb.PostReceivePackRequest{
			Repository: repo.message, GlId: t.Actor.GLID(), GlRepository: repo.message.GetGlRepository(),
			GlUsername: t.Actor.User.Username, GitProtocol: t.Version, GitConfigOptions: t.Options,
		}
		go func() {
			// After an end of the call, of which receiving knows the reason, it is io.EOF.
			if err := push(stream, first, clientReader{r, cancel}); err != nil && !errors.Is(err, io.EOF) {
				cancel(err)
			}
		}()
		err = writeData(clientWriter{w, cancel}, stream.Recv)
	}
	return repo.ending(ctx, err, "push")
}

// pieces hold the data of one message of a push.
var pieces = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// push sends the first message and all of r.
func push(stream gitalypb.SmartHTTPService_PostReceivePackClient, first *gitalypb.PostReceivePackRequest, r io.Reader) error {
	if err := stream.Send(first); err != nil {
		return err
	}
	piece := pieces.Get().(*[64 << 10]byte)
	defer pieces.Put(piece)
	for message := new(gitalypb.PostReceivePackRequest); ; {
		n, err := r.Read(piece[:])
		if n > 0 {
			message.Data = piece[:n] // Send encodes it before it returns
			if err := stream.Send(message); err != nil {
				return err
			}
		}
		if err == io.EOF { // an error that wraps it is no end
			return stream.CloseSend()
		}
		if err != nil {
			return err
		}
	}
}
