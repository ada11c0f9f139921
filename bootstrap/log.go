package bootstrap

import (
	"io"
	"os"
	"time"

	"gatehouse/bootstrap/config"

	"github.com/mattn/go-isatty"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// NewLogger makes a logger that writes to w: lines for people where w is a
// terminal or the format says so, JSON otherwise.
func NewLogger(config config.Log, w io.Writer) *zap.Logger {
	level, err := zapcore.ParseLevel(config.Level)
	if err != nil {
		level = zapcore.InfoLevel
	}
	return zap.New(zapcore.NewCore(encoder(config.Format, w), zapcore.Lock(zapcore.AddSync(w)), level))
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
	config.EncodeTime = func(t time.Time, out zapcore.PrimitiveArrayEncoder) {
		out.AppendString(t.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	return zapcore.NewJSONEncoder(config)
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}
