package githttp

import (
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"gatehouse/domain/source"
)

// serviceParam names the command that a client begins.
const serviceParam = "service"

// isService says whether a service is one of the two.
func isService(name string) bool {
	return name == string(source.UploadPack) || name == string(source.ReceivePack)
}

// infoRefs answers GET info/refs, with which every fetch and push begins. A push creates the
// project here, if it does: there are no refs to tell before.
func (a *API) infoRefs(c *gin.Context) {
	command := source.Command(c.Query(serviceParam))
	if !isService(string(command)) {
		a.dumb(c)
		return
	}
	if a.preauthorize(c, command) {
		return
	}
	if c.Request.Body != nil && c.Request.Body != http.NoBody {
		refuse(c, errBody) // net/http would wait for it before the answer
		return
	}
	o, err := a.admit(c, command)
	if err != nil {
		refuse(c, err)
		return
	}
	s, err := a.open(c, o, true)
	if err != nil {
		refuse(c, err)
		return
	}
	defer s.close()
	s.answer.media = "application/x-" + string(command) + "-advertisement"
	w := advertisement{answer: &s.answer, gzip: acceptsGzip(c)}
	err = a.useCases.SmartHTTP.InfoRefs(s.ctx, o.transfer(c), &w)
	if err == nil {
		err = w.end()
	}
	w.free()
	s.finish(err, false)
}

func acceptsGzip(c *gin.Context) bool {
	for part := range strings.SplitSeq(c.GetHeader("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.ReplaceAll(part, " ", ""), ";")
		if name == "gzip" {
			return strings.Trim(weight, "q=.0") != "" || weight == ""
		}
	}
	return false
}

// minGzip is the size from which on an advertisement is compressed. A smaller one goes out
// as one piece.
const minGzip = 2 << 10

var gzipWriters = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // fails for another level only
	return w
}}

// advertisement is the answer to info/refs.
type advertisement struct {
	answer *answer
	gzip   bool
	// head are the first bytes until more than minGzip of them are there.
	head []byte
	zip  *gzip.Writer
}

// Write implements io.Writer.
func (w *advertisement) Write(p []byte) (int, error) {
	if !w.answer.begun {
		w.head = append(w.head, p...)
		if len(w.head) <= minGzip {
			return len(p), nil
		}
		return len(p), w.begin()
	}
	if w.zip != nil {
		return w.zip.Write(p)
	}
	return w.answer.Write(p)
}

// begin sends the head.
func (w *advertisement) begin() error {
	noCache(w.answer.c)
	if !w.gzip {
		_, err := w.answer.Write(w.head)
		return err
	}
	w.answer.c.Header("Content-Encoding", "gzip")
	w.answer.begin()
	w.zip = gzipWriters.Get().(*gzip.Writer)
	w.zip.Reset(w.answer)
	_, err := w.zip.Write(w.head)
	return err
}

// end sends what is left.
func (w *advertisement) end() error {
	switch {
	case w.zip != nil:
		return w.zip.Close()
	case w.answer.begun:
		return nil
	}
	noCache(w.answer.c)
	w.answer.c.Header("Content-Length", strconv.Itoa(len(w.head)))
	_, err := w.answer.Write(w.head)
	return err
}

// free gives the compressor back.
func (w *advertisement) free() {
	if w.zip != nil {
		gzipWriters.Put(w.zip)
		w.zip = nil
	}
}

// noCache keeps an advertisement out of every cache. HTTP/1.0 knows Pragma and Expires only.
func noCache(c *gin.Context) {
	c.Header("Cache-Control", "no-cache, max-age=0, must-revalidate")
	c.Header("Vary", "Accept-Encoding, Git-Protocol")
	c.Header("Expires", "Fri, 01 Jan 1980 00:00:00 GMT")
	c.Header("Pragma", "no-cache")
}
