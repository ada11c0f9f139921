package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"gatehouse/domain"
	"gatehouse/domain/source"
)

// maxCaller is the length of the longest User-Agent that is logged.
const maxCaller = 100

// Caller returns the User-Agent of the client, cut to maxCaller bytes.
func Caller(c *gin.Context) string {
	agent := c.Request.UserAgent()
	return agent[:min(len(agent), maxCaller)]
}

// maxField is the length of the longest text that a request's line has, in bytes.
const maxField = 300

// AddLogFields adds fields to the line of a request: pairs of a name and a text, which
// is cut. Empty texts are left out. Of an answer without an error they are not logged.
func AddLogFields(c *gin.Context, pairs ...string) {
	r := requestOf(c.Request.Context())
	r.added = append(r.added, pairs...)
}

// AddAnswerFields adds fields to the line of a request, whatever its answer.
func AddAnswerFields(c *gin.Context, fields ...zap.Field) {
	r := requestOf(c.Request.Context())
	r.always = append(r.always, fields...)
}

// appendAdded appends what AddLogFields has added. The last text of a name counts.
func appendAdded(fields []zap.Field, c *gin.Context) []zap.Field {
	pairs := requestOf(c.Request.Context()).added
	before := len(fields)
	for i := 0; i+1 < len(pairs); i += 2 {
		again := slices.IndexFunc(fields[before:], func(f zap.Field) bool { return f.Key == pairs[i] })
		if again >= 0 {
			fields = slices.Delete(fields, before+again, before+again+1)
		}
		if text := pairs[i+1]; text != "" {
			fields = append(fields, zap.String(pairs[i], cut(text, maxField)))
		}
	}
	return fields
}

// cut returns the beginning of a text, and whole characters of it.
func cut(text string, size int) string {
	if len(text) <= size {
		return text
	}
	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}
	return text[:size] + "…"
}

// maxError is the length of the longest error that is logged, in bytes: a refusal may
// repeat what the client sent.
const maxError = 1000

// requestLog writes one line per request. It leaves out the query, the body and all
// headers but the User-Agent, because they hold secrets. A handler that ends the connection
// by http.ErrAbortHandler has its line, too.
func requestLog(log *zap.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		start := time.Now()
		defer func() { logRequest(log, c, time.Since(start)) }()
		c.Next()
	}
}

func logRequest(log *zap.Logger, c *gin.Context, took time.Duration) {
	level := zap.InfoLevel
	switch {
	case c.Writer.Status() >= http.StatusInternalServerError:
		level = zap.ErrorLevel
	case slices.ContainsFunc(c.Errors, isFault):
		level = zap.WarnLevel
	}
	if entry := log.Check(level, "request"); entry != nil {
		entry.Write(fields(c, took)...)
	}
}

// isFault says whether an error is a fault of this server or of its stores, and not
// a refusal of the request. The answer does not mention such a fault.
func isFault(e *gin.Error) bool {
	refusal, refused := errors.AsType[*domain.Refusal](e.Err)
	return !refused || refusal.Kind == domain.Unavailable
}

func fields(c *gin.Context, took time.Duration) []zap.Field {
	fields := []zap.Field{
		zap.String("method", c.Request.Method),
		zap.String("route", c.FullPath()),
		zap.Int("status", c.Writer.Status()),
		zap.Float64("duration_ms", float64(took.Microseconds())/1000),
		zap.String("caller", Caller(c)),
		zap.String("correlation_id", RequestID(c.Request.Context())),
		zap.String("remote_ip", ClientIP(c)),
	}
	if c.FullPath() == "" {
		fields = append(fields, zap.String("path", sentPath(c.Request)))
	}
	fields = append(fields, requestOf(c.Request.Context()).always...)
	if last := c.Errors.Last(); last != nil {
		fields = append(slices.Grow(fields, 12), zap.String("error", cut(last.Err.Error(), maxError)))
		fields = appendAdded(fields, c)
	}
	return fields
}

// maxPath is the length of the longest path that is logged if no route has it.
const maxPath = 200

// sentPath returns the path that the client sent, before Handler took the relative
// root away, as source.PathText does.
func sentPath(r *http.Request) string {
	sent, err := url.ParseRequestURI(r.RequestURI)
	if err != nil {
		return ""
	}
	path := source.PathText(sent.EscapedPath())
	return path[:min(len(path), maxPath)]
}

// recovery turns a panic into an answer and a log line with the stack.
func recovery(log *zap.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler {
				panic(cause) // net/http closes the connection
			}
			err := fmt.Errorf("panic: %v", cause)
			_ = c.Error(err)
			log.Error("panic", zap.String("route", c.FullPath()), zap.Error(err),
				zap.String("correlation_id", RequestID(c.Request.Context())), zap.ByteString("stack", debug.Stack()))
			if c.Writer.Written() {
				c.Abort()
				return
			}
			c.AbortWithStatusJSON(http.StatusInternalServerError, internalError)
		}()
		c.Next()
	}
}
