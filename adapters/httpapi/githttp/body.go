package githttp

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"gatehouse/domain"
	"gatehouse/domain/source"
)

const (
	// maxRequest is the size of the largest request of a fetch, in bytes and decompressed.
	// It names each commit that the client has or wants.
	maxRequest = 64 << 20
	// maxStrangerRequest is that of a client without credentials.
	maxStrangerRequest = 8 << 20
	// strangerBodyTimeout is how long the request of such a client may take to arrive.
	strangerBodyTimeout = time.Minute
)

var errMedia = &statusError{http.StatusUnsupportedMediaType, domain.Refuse(domain.Invalid, "The Content-Type or Content-Encoding is none that Git sends here.")}

// checkMedia refuses a body of another type or encoding than the command's clients send,
// before it is read.
func checkMedia(c *gin.Context, command source.Command) error {
	media, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || media != "application/x-"+string(command)+"-request" {
		return errMedia
	}
	switch c.GetHeader("Content-Encoding") {
	case "", "identity", "gzip", "x-gzip":
		return nil
	default:
		return errMedia
	}
}

// decoded returns a body without its encoding, which checkMedia has seen.
func decoded(c *gin.Context, body io.Reader) (io.Reader, error) {
	switch c.GetHeader("Content-Encoding") {
	case "gzip", "x-gzip":
		r, err := gzip.NewReader(body)
		if _, refused := errors.AsType[*domain.Refusal](err); err != nil && !refused {
			err = errGzip.Because(err)
		}
		return gzipReader{r}, err
	default:
		return body, nil
	}
}

var errGzip = domain.Refuse(domain.Invalid, "The body is not compressed as its Content-Encoding says.")

// gzipReader refuses a body that is not gzip.
type gzipReader struct{ *gzip.Reader }

// Read implements io.Reader.
func (r gzipReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if _, refused := errors.AsType[*domain.Refusal](err); err != nil && err != io.EOF && !refused {
		err = errGzip.Because(err)
	}
	return n, err
}

// readRequest reads the whole request of a fetch into a spool, as it was sent, since Git reads
// no answer before it has sent all.
func (s *stream) readRequest(into *spool) error {
	limit := s.requestLimit()
	if s.operation.stranger() {
		s.endReads(time.Now().Add(strangerBodyTimeout))
	}
	n, err := io.Copy(into, io.LimitReader(s.body(), limit+1))
	switch {
	case err != nil:
		return fmt.Errorf("read the request: %w", err)
	case n > limit:
		return tooLarge(limit)
	}
	packets, err := s.request(into)
	if err != nil {
		return err
	}
	return checkPackets(packets)
}

// request returns a reader of a request in a spool, without its encoding.
func (s *stream) request(from *spool) (io.Reader, error) {
	sent, err := from.reader()
	if err != nil {
		return nil, err
	}
	content, err := decoded(s.c, sent)
	return &limited{content, s.requestLimit()}, err
}

// requestLimit is that of the request, in bytes: as it is sent, and decompressed.
func (s *stream) requestLimit() int64 {
	if s.operation.stranger() {
		return maxStrangerRequest
	}
	return maxRequest
}

func tooLarge(limit int64) error {
	return domain.Refuse(domain.TooLarge, "The request is larger than %d MiB.", limit>>20)
}

// limited refuses a request of which more than left bytes come.
type limited struct {
	io.Reader
	left int64
}

// Read implements io.Reader.
func (l *limited) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errTooLong
	}
	return n, err
}

var errTooLong = domain.Refuse(domain.TooLarge, "The request is too large once it is decompressed.")
