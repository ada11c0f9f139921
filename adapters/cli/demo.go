package cli

import (
	"context"

	"github.com/spf13/cobra"

	"gatehouse/bootstrap/demoserver"
)

func demo(streams Streams) *cobra.Command {
	var flags configFlags
	var play bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Serve a demo world, with every documented call ready to paste",
		Long: `Serve a demo world: the users, keys, projects and namespaces of GitLab's own
documentation, in a database that is deleted at the end. Every documented call is
printed as a curl command; behind them calls of the management API that make a
group, a project, a key and a member, with the decision on a push before and after.
Configuration files and environment variables are ignored.

With --play the demo makes the calls itself, compares the answers with the
documented ones and ends; the exit code is 0 if all are as they should be.`,
		Example: "  gatehouse demo\n  gatehouse demo --play",
		Args:    cobra.NoArgs,
		RunE: action(func(ctx context.Context, _ []string) error {
			values, err := flags.values()
			if err != nil {
				return err
			}
			if database, set := values["database.url"]; set && database != "memory:" {
				return usageErrorf("the demo deletes its database at the end, so it takes none of yours; see serve --world")
			}
			return demoserver.Run(ctx, demoserver.Options{Settings: values, Play: play, Out: streams.Out, Log: streams.Err, Hangups: streams.Hangups})
		}),
	}
	c.Flags().BoolVar(&play, "play", false, "make the calls, compare the answers, and end")
	flags.addValues(c, "address")
	return c
}
