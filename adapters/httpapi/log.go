package httpapi

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"
)

// maxCaller is how much of a User-Agent is logged.
const maxCaller = 100

// Caller returns what the client calls itself, in a length that suits a log.
func Caller(c *gin.Context) string {
	agent := c.Request.UserAgent()
	return agent[:min(len(agent), maxCaller)]
}

// requestLog writes one line per request. Queries, headers and bodies hold
// secrets: only the User-Agent gets into it.
func requestLog(log *zap.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		start := time.Now()
		c.Next()
		level := zap.InfoLevel
		if c.Writer.Status() >= http.StatusInternalServerError {
			level = zap.ErrorLevel
		}
		if entry := log.Check(level, "request"); entry != nil {
			entry.Write(fields(c, time.Since(start))...)
		}
	}
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
	if c.FullPath() == "" { // as sent: it may miss the relative root
		path, _, _ := strings.Cut(c.Request.RequestURI, "?")
		fields = append(fields, zap.String("path", path))
	}
	if last := c.Errors.Last(); last != nil {
		fields = append(fields, zap.Error(last.Err))
	}
	return fields
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
				panic(cause) // net/http's own way to hang up
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
