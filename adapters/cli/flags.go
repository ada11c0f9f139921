package cli

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gatehouse/bootstrap/config"
)

// configFlags are the flags of a command that loads the configuration.
type configFlags struct {
	file string
	set  []string
	keys *pflag.FlagSet
}

// flagKeys has the setting that a flag sets, by flag.
var flagKeys = map[string]string{
	"database": "database.url", "address": "http.address", "socket": "http.socket", "external-url": "external_url", "log-level": "log.level",
}

// add adds the flags to c. shorthands are names in flagKeys.
func (f *configFlags) add(c *cobra.Command, shorthands ...string) {
	f.addValues(c, append(shorthands, "database")...)
	f.keys.StringVarP(&f.file, "config", "c", "", "configuration `FILE` (default "+config.DefaultFile+" if it exists)")
}

// addValues adds the flags that set settings, but not --config.
func (f *configFlags) addValues(c *cobra.Command, shorthands ...string) {
	f.keys = c.Flags()
	f.keys.StringArrayVar(&f.set, "set", nil, "set `KEY=VALUE`, as in --set git.rate_limit=0; repeatable")
	for _, name := range shorthands {
		f.keys.String(name, "", "set "+flagKeys[name])
	}
}

// load reads the configuration from file, environment and flags.
func (f *configFlags) load() (config.Config, error) {
	sources, err := f.sources()
	if err != nil {
		return config.Config{}, err
	}
	return config.Load(sources)
}

// sources returns where load reads.
func (f *configFlags) sources() (config.Sources, error) {
	values, err := f.values()
	return config.Sources{File: cmp.Or(f.file, config.FindFile()), Environ: os.Environ(), Flags: values}, err
}

// values returns the settings that the flags set, by key.
func (f *configFlags) values() (map[string]string, error) {
	values := map[string]string{}
	for name, key := range flagKeys {
		if flag := f.keys.Lookup(name); flag != nil && flag.Changed {
			values[key] = flag.Value.String()
		}
	}
	for _, text := range f.set {
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, usageErrorf("--set %s: want KEY=VALUE", key)
		}
		if _, twice := values[key]; twice {
			return nil, usageErrorf("--set %s: %s is set twice", key, key)
		}
		values[key] = value
	}
	return values, nil
}

// progress writes a line that says what the command is busy with.
func progress(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, format+"\n", args...)
}
