package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"gatehouse/adapters/worldfile"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
)

func serve(streams Streams, changes []bootstrap.Option) *cobra.Command {
	var flags configFlags
	var world string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve until SIGTERM or SIGINT, and then until every request is answered",
		Long: `Serve until SIGTERM or SIGINT, and then until every request is answered, which for
fetches and pushes over HTTP may take git.http_drain; a second signal ends the program
at once. A signal during the start, even in a long
migration, ends the start, and the command fails. SIGHUP ends nothing: the server
reads its secret files and log.level again, and logs which other settings have
changed and need a restart. By default the data is in
./gatehouse.db, the secret of GitLab Shell in ./.gitlab_shell_secret and the
instance's own key in ./.gatehouse_key. Files that do not exist are created.`,
		Example: "  gatehouse serve\n" +
			"  gatehouse serve --database postgres://gatehouse@db/gatehouse --address 0.0.0.0:3001\n" +
			"  gatehouse serve --database memory: --world world.yaml",
		Args: cobra.NoArgs,
		RunE: action(func(ctx context.Context, _ []string) error {
			sources, err := flags.sources()
			if err != nil {
				return err
			}
			load := func() (config.Config, error) { return config.Load(sources) }
			config, err := load()
			if err != nil {
				return err
			}
			options := slices.Concat(changes, []bootstrap.Option{
				bootstrap.WithLogOutput(streams.Err),
				bootstrap.WithReload(bootstrap.Reload{Requests: streams.Hangups, Load: load}),
				bootstrap.WithGRPCLog(),
			})
			if world != "" {
				described, err := readWorld(streams.In, world)
				if err != nil {
					return err
				}
				options = append(options, bootstrap.WithWorld(described))
			}
			return bootstrap.Run(ctx, config, options...)
		}),
	}
	flags.add(c, "address", "socket", "external-url", "log-level")
	c.Flags().StringVar(&world, "world", "", "apply a world `FILE` before listening; - is the standard input")
	return c
}

// readWorld reads and parses a world file, or standard input if path is "-". A world
// with mistakes is returned beside the error, and has them too.
func readWorld(in io.Reader, path string) (bootstrap.World, error) {
	data, name, err := readFile(in, path)
	if err != nil {
		return bootstrap.World{}, err
	}
	world, err := worldfile.Parse(data)
	if err != nil {
		err = fmt.Errorf("%s:\n%w", name, err)
	}
	return bootstrap.World{Name: name, World: world}, err
}

// readFile reads a file, or standard input if path is "-". name is the source
// for messages.
func readFile(in io.Reader, path string) (data []byte, name string, err error) {
	if path == "-" {
		data, err = io.ReadAll(in)
		return data, "standard input", err
	}
	data, err = os.ReadFile(path)
	return data, path, err
}
