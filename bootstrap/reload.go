package bootstrap

import (
	"os"

	"go.uber.org/fx"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"gatehouse/adapters/instancekey"
	"gatehouse/adapters/secretfile"
	"gatehouse/bootstrap/config"
)

// Reload says when a running server reads its secret files and its log level again.
type Reload struct {
	// Requests has a value for each time.
	Requests <-chan os.Signal
	// Load loads the settings from where those of the server came from.
	Load func() (config.Config, error)
}

// WithReload makes the server read its secret files and its log level again at each
// request, from the beginning of the start to the end of the drain.
func WithReload(reload Reload) Option { return fx.Replace(reload) }

// reloader does what a Reload asks for.
type reloader struct {
	fx.In

	Reload Reload
	Config config.Config
	Log    *zap.Logger
	Level  zap.AtomicLevel

	ShellSecrets *secretfile.Set
	KasSecret    *secretfile.Key
	Workhorse    WorkhorseKey
	Key          *instancekey.Key
}

// follow answers the requests until done is closed.
func (r reloader) follow(done <-chan struct{}) {
	for {
		select {
		case <-r.Reload.Requests:
			r.reload()
		case <-done:
			return
		}
	}
}

func (r reloader) reload() {
	r.ShellSecrets.Reload()
	r.Key.Reload()
	for _, key := range []*secretfile.Key{r.KasSecret, r.Workhorse.Key} {
		if key != nil {
			key.Reload()
		}
	}
	what := "secret files and log level were read again"
	level, err := r.level()
	if err != nil {
		what = "secret files were read again"
		r.Log.Error("the settings cannot be loaded again, so they stay as they are", zap.Error(err))
		level = r.Level.Level()
	}
	r.Level.SetLevel(min(level, r.Level.Level())) // the line is for both levels
	r.Log.Info(what, append(r.Config.SecretFiles(), zap.Stringer("log_level", level))...)
	r.Level.SetLevel(level)
}

// level loads the settings again and returns their log level. It logs which other
// settings differ from the server's.
func (r reloader) level() (zapcore.Level, error) {
	loaded, err := r.Reload.Load()
	if err != nil {
		return 0, err
	}
	level := loaded.Log.Level
	loaded.Log.Level = r.Config.Log.Level // the one that needs no restart
	if keys := r.Config.Differences(&loaded); len(keys) > 0 {
		r.Log.Warn("changed settings need a restart", zap.Strings("keys", keys))
	}
	return zapcore.ParseLevel(level)
}
