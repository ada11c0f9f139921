package docspage

import (
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
	"github.com/swaggest/swgui/v5/static"

	"gatehouse/adapters/httpapi"
	"gatehouse/domain"
)

// file is a file of the page. It stays in the program's image: it has no copy in memory.
type file struct {
	from embed.FS
	// name is that of the embedded file; one that ends with compressed is compressed.
	name  string
	media string
	// tag returns the header ETag.
	tag func() (string, error)
}

// compressed is the end of the name of an embedded file that gzip has compressed.
const compressed = ".gz"

// files are those of the page by their names. They are taken from swgui one by one, as its
// handler reads all of them when a program starts.
var files = map[string]file{
	"page.js":        newFile(assets, "assets/page.js"),
	"page.css":       newFile(assets, "assets/page.css"),
	"icon.svg":       newFile(assets, "assets/icon.svg"),
	"swagger-ui.js":  newFile(static.FS, "swagger-ui-bundle.js.gz"),
	"swagger-ui.css": newFile(static.FS, "swagger-ui.css.gz"),
}

// medias are the media types of files by the ends of their names. They do not depend on
// the machine, unlike those of package mime.
var medias = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
}

func newFile(from embed.FS, name string) file {
	return file{from, name, medias[path.Ext(strings.TrimSuffix(name, compressed))], sync.OnceValues(func() (string, error) {
		content, err := from.ReadFile(name)
		sum := sha256.Sum256(content)
		// Weak, because it is the same for the compressed file and for what is in it.
		return `W/"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`, err
	})}
}

var (
	dialect  = httpapi.Dialect{}
	refusals = httpapi.Refusals{Name: "documentation", Answers: dialect.Refusals(domain.NotFound)}
)

// serveFile answers GET /-/docs/:file.
func serveFile(c *gin.Context) {
	f, known := files[c.Param("file")]
	if !known {
		dialect.Refuse(c, domain.Refuse(domain.NotFound, "404 Not Found"))
		return
	}
	if err := f.serve(c); err != nil {
		dialect.Refuse(c, err)
	}
}

func (f file) serve(c *gin.Context) error {
	tag, err := f.tag()
	if err != nil {
		return err
	}
	c.Header("Content-Type", f.media)
	c.Header("ETag", tag)
	if strings.HasSuffix(f.name, compressed) {
		c.Header("Vary", "Accept-Encoding")
		if !strings.Contains(c.GetHeader("Accept-Encoding"), "gzip") {
			return f.expand(c)
		}
		c.Header("Content-Encoding", "gzip")
	}
	http.ServeFileFS(c.Writer, c.Request, f.from, f.name)
	return nil
}

// expand writes what is in a compressed file, for the few clients that cannot expand it
// themselves.
func (f file) expand(c *gin.Context) error {
	if c.Request.Method == http.MethodHead {
		c.Status(http.StatusOK)
		return nil
	}
	content, err := f.from.Open(f.name)
	if err != nil {
		return err
	}
	text, err := gzip.NewReader(content)
	if err != nil {
		return err
	}
	_, _ = io.Copy(c.Writer, text) // a client may go away
	return nil
}
