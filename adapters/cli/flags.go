package cli

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gatehouse/bootstrap"
)

// configFlags are the flags of a command that needs the configuration.
type configFlags struct {
	file string
	set  []string
	keys *pflag.FlagSet
}

// flagKeys are the flags that stand for a key.
var flagKeys = map[string]string{
	"database": "database.url", "address": "http.address", "socket": "http.socket", "external-url": "external_url", "log-level": "log.level",
}

// add adds the flags to c, among them shorthands for some keys.
func (f *configFlags) add(c *cobra.Command, shorthands ...string) {
	f.addValues(c, append(shorthands, "database")...)
	f.keys.StringVarP(&f.file, "config", "c", "", "configuration `FILE` (default "+bootstrap.DefaultFile+" if it exists)")
}

// addValues adds the flags that set keys.
func (f *configFlags) addValues(c *cobra.Command, shorthands ...string) {
	f.keys = c.Flags()
	f.keys.StringArrayVar(&f.set, "set", nil, "set `KEY=VALUE`, as in --set git.rate_limit=0; repeatable")
	for _, name := range shorthands {
		f.keys.String(name, "", "set "+flagKeys[name])
	}
}

// load reads the configuration: file, environment, flags.
func (f *configFlags) load() (bootstrap.Config, error) {
	values, err := f.values()
	if err != nil {
		return bootstrap.Config{}, err
	}
	return bootstrap.Load(bootstrap.Sources{File: cmp.Or(f.file, bootstrap.FindFile()), Environ: os.Environ(), Flags: values})
}

// values are those of the flags, by key.
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

// progress tells on a line what takes a while.
func progress(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, format+"\n", args...)
}
