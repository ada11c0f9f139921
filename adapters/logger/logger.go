// Package logger makes the program's logger.
package logger

import (
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Level returns the level of that name, or the info level if there is none. It can
// be changed while loggers use it.
func Level(name string) zap.AtomicLevel {
	level, err := zap.ParseAtomicLevel(name)
	if err != nil {
		return zap.NewAtomicLevel()
	}
	return level
}

// New makes a logger that writes to w what is of that level or above. The format
// is "json", or "console" for people; if it is empty, a terminal gets "console"
// and everything else "json".
func New(level zap.AtomicLevel, format string, w io.Writer) *zap.Logger {
	return zap.New(zapcore.NewCore(encoder(format, w), zapcore.Lock(zapcore.AddSync(w)), level))
}

func encoder(format string, w io.Writer) zapcore.Encoder {
	if format == "console" || format == "" && isTerminal(w) {
		config := zap.NewDevelopmentEncoderConfig()
		config.EncodeTime = zapcore.TimeEncoderOfLayout(time.TimeOnly)
		config.ConsoleSeparator = "  "
		return zapcore.NewConsoleEncoder(config)
	}
	config := zap.NewProductionEncoderConfig()
	config.TimeKey = "time"
	encode := zapcore.TimeEncoderOfLayout("2006-01-02T15:04:05.000Z")
	config.EncodeTime = func(t time.Time, out zapcore.PrimitiveArrayEncoder) { encode(t.UTC(), out) }
	return zapcore.NewJSONEncoder(config)
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}
