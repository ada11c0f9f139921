package logger_test

import (
	"bytes"
	"regexp"
	"testing"

	"go.uber.org/zap"

	"gatehouse/adapters/logger"
)

func TestNew(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ level, format, want string }{
		"JSON, if no terminal asks otherwise": {"info", "", `^{"level":"info","time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","msg":"hello","key":"http.socket"}\n$`},
		"JSON":                                {"debug", "json", `^{"level":"debug",.*"msg":"quiet".*}\n{"level":"info",.*"msg":"hello".*}\n$`},
		"lines for people":                    {"info", "console", `^\d\d:\d\d:\d\d  INFO  hello  {"key": "http.socket"}\n$`},
		"a level above the message":           {"warn", "json", `^$`},
		"an unknown level":                    {"", "json", `^{"level":"info",.*"msg":"hello".*}\n$`},
	} {
		var out bytes.Buffer
		log := logger.New(logger.Level(c.level), c.format, &out)
		log.Debug("quiet")
		log.Info("hello", zap.String("key", "http.socket"))
		if !regexp.MustCompile(c.want).MatchString(out.String()) {
			t.Errorf("%s: got %s, want %s", name, out.String(), c.want)
		}
	}
}
