package httpapi

import (
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"gatehouse/domain"
)

const (
	// bodyBase and bodyRate say how fast a caller sends a body: the time for any body,
	// and the bytes in each further second.
	bodyBase = 10 * time.Second
	bodyRate = 64 << 10
	// bodyTimeout is the longest time for a body. It equals the timeout of GitLab Shell
	// and Gitaly for a whole request.
	bodyTimeout = 5 * time.Minute
	// drainTimeout is how long the rest of a caller's body is read after a refusal.
	drainTimeout = 5 * time.Second
	// strangerDrain and strangerDrainTimeout are how much of a body is read after the
	// answer to a request that was not admitted, and for how long.
	strangerDrain        = 64 << 10
	strangerDrainTimeout = time.Second
)

// body is the body of a request, and what became of it: it has ended at its end or
// with an error.
type body struct {
	io.ReadCloser
	// size is that of Content-Length, or -1; limit is that of the route, or 0.
	size, limit  int64
	begun, ended bool
	admitted     bool
	streamed     bool
}

// bodyOf returns the body of a request, or nil if it has none.
func bodyOf(c *gin.Context) *body { return requestOf(c.Request.Context()).body }

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	b.begun = true
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || err != nil
	return n, err
}

// closing is the value of the header Connection that ends a connection.
var closing = []string{"close"}

// receive is middleware that reads what the handlers leave of a body, because a
// client that is cut off while it sends never sees the answer. Of a request that is
// not admitted it reads only little. Only admitted requests keep the connection: a
// stranger's would take a file descriptor until it is idle for too long. A request
// with more than maxFields header fields is refused at once, since each takes several
// times the memory of its bytes.
func receive(c *gin.Context) {
	c.Writer.Header()["Connection"] = closing
	if headerFields(c.Request.Header) > maxFields {
		c.AbortWithStatusJSON(http.StatusRequestHeaderFieldsTooLarge, tooManyFields)
		return
	}
	if c.Request.Body == nil || c.Request.Body == http.NoBody {
		c.Next()
		return
	}
	b := &body{ReadCloser: c.Request.Body, size: c.Request.ContentLength}
	c.Request.Body = b
	requestOf(c.Request.Context()).body = b
	c.Next()
	if !b.ended {
		b.drain(c)
	}
}

// maxFields is more header fields than any client sends through any proxies.
const maxFields = 100

func headerFields(header http.Header) (number int) {
	for _, values := range header {
		number += len(values)
	}
	return number
}

// drain reads the rest of the body: all of it that comes in time after a refusal, and
// through the limit of the route otherwise. The rest of a streamed body gets as long as
// after a refusal, since no limit of the server ends the wait for it.
func (b *body) drain(c *gin.Context) {
	switch {
	case !b.begun && expectsContinue(c.Request):
		setReadDeadline(c, 0) // the client sends no body after an answer
		return
	case !b.admitted:
		setReadDeadline(c, strangerDrainTimeout)
		_, _ = io.Copy(io.Discard, http.MaxBytesReader(native(c.Writer), c.Request.Body, strangerDrain))
		return
	case c.IsAborted(), b.streamed:
		setReadDeadline(c, drainTimeout)
		_, _ = io.Copy(io.Discard, b)
		return
	}
	_, _ = io.Copy(io.Discard, c.Request.Body)
}

// native returns net/http's own writer. http.MaxBytesReader tells it that a body was
// too large; it then waits half a second before it closes the connection, also for a
// client that asked to close it, so that the client sees the answer.
func native(w http.ResponseWriter) http.ResponseWriter {
	for inner := range unwrapped(w) {
		w = inner
	}
	return w
}

// Controller returns the controller of net/http's own writer: on the way to it gin and the
// server's writers would lose what Flush fails with.
func Controller(c *gin.Context) *http.ResponseController {
	return http.NewResponseController(native(c.Writer))
}

// unwrapped yields w, the writer that it wraps, and so on.
func unwrapped(w http.ResponseWriter) iter.Seq[http.ResponseWriter] {
	return func(yield func(http.ResponseWriter) bool) {
		for yield(w) {
			outer, ok := w.(interface{ Unwrap() http.ResponseWriter })
			if !ok {
				return
			}
			w = outer.Unwrap()
		}
	}
}

func expectsContinue(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Expect"), "100-continue")
}

// setReadDeadline must not be called after the end of the body: from then on a read
// waits for the end of the connection, and its deadline would cancel the request.
func setReadDeadline(c *gin.Context, timeout time.Duration) {
	_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Now().Add(timeout)) // httptest's recorder supports none
}

// Admit says that the caller of a request is authenticated. The body gets as long to
// arrive as its size needs, the connection stays open after the answer, and a server
// that stops waits for the answer. A handler that does not call Admit has a few
// seconds to read a body.
func Admit(c *gin.Context) {
	admit(c.Writer)
	c.Writer.Header().Del("Connection")
	b := bodyOf(c)
	if b == nil {
		return
	}
	b.admitted = true
	if !b.ended {
		setReadDeadline(c, b.time())
	}
}

// admit calls the method Admit of w, or of the writer that w unwraps to.
func admit(w http.ResponseWriter) {
	for inner := range unwrapped(w) {
		if server, ok := inner.(interface{ Admit() }); ok {
			server.Admit()
			return
		}
	}
}

// BeginStream gives a request as long as its bytes take: the answer goes on while the
// client takes at least one byte in each idle, which is more than 0, and the body has no
// deadline. A handler that reads the body has to set a read deadline before each read,
// but none after the end of the body. BeginStream does not say that the caller is
// authenticated: only Admit does, and comes first.
func BeginStream(c *gin.Context, idle time.Duration) {
	if b := bodyOf(c); b != nil {
		b.streamed = true
	}
	for inner := range unwrapped(c.Writer) {
		if server, ok := inner.(interface{ Stream(idle time.Duration) }); ok {
			server.Stream(idle)
			return
		}
	}
}

// time returns how long the body may take to arrive. A body without Content-Length
// may be as large as the route allows.
func (b *body) time() time.Duration {
	size := b.size
	if size < 0 {
		size = b.limit
	}
	return min(bodyTimeout, bodyBase+time.Duration(size/bodyRate)*time.Second)
}

// Limit limits the body of a request to bytes. Dialect.Reply refuses a larger one, if
// Content-Length says so, before its handler runs; otherwise the handler cannot read
// too far. It is not refused before its caller is authenticated: a stranger learns
// nothing of the route, and a caller gets the time to send it and see the answer. Of
// two limits on one route the smaller one counts.
func Limit(bytes int64) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Request.Body = http.MaxBytesReader(native(c.Writer), c.Request.Body, bytes)
		if b := bodyOf(c); b != nil && (b.limit == 0 || bytes < b.limit) {
			b.limit = bytes
		}
	}
}

// tooLarge returns a refusal if the body is announced as larger than the limit of the
// route, and nil otherwise.
func (b *body) tooLarge() error {
	if b == nil || b.limit == 0 || b.size <= b.limit {
		return nil
	}
	return domain.Refuse(domain.TooLarge, "the request body is larger than %d bytes", b.limit)
}
