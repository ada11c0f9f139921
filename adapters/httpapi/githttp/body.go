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

// readRequest reads the whole request of a fetch into a spool, since Git reads no answer
// before it has sent all.
func (s *stream) readRequest(into *spool) error {
	limit := int64(maxRequest)
	if s.operation.stranger() {
		limit = maxStrangerRequest
		s.endReads(time.Now().Add(strangerBodyTimeout))
	}
	body, err := decoded(s.c, s.body())
	if err != nil {
		return err
	}
	n, err := io.Copy(into, io.LimitReader(body, limit+1))
	switch {
	case err != nil:
		return fmt.Errorf("read the request: %w", err)
	case n > limit:
		return domain.Refuse(domain.TooLarge, "The request is larger than %d MiB.", limit>>20)
	}
	packets, err := into.reader()
	if err != nil {
		return err
	}
	return checkPackets(packets)
}
