package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"gatehouse/bootstrap"
)

func migrate(streams Streams) *cobra.Command {
	var flags configFlags
	c := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database schema up to date",
		Long: `Bring the database schema up to date, even if database.migrate is false. A schema
that is up to date is left alone, and so is a newer one on which this program may run.
Any other newer schema is refused.`,
		Example: "  gatehouse migrate --database postgres://gatehouse@db/gatehouse",
		Args:    cobra.NoArgs,
		RunE: action(func(ctx context.Context, _ []string) error {
			config, err := flags.load()
			if err != nil {
				return err
			}
			if config.Database.InMemory() {
				return errNeedsDatabase
			}
			progress(streams.Err, "migrating %s …", config.Database.URL)
			before, target, err := bootstrap.Migrate(ctx, config)
			if err != nil {
				return err
			}
			switch {
			case before > target:
				_, err = fmt.Fprintf(streams.Out, "nothing to do: schema version %d is newer than this program's %d, which may run on it\n", before, target)
			case before == target:
				_, err = fmt.Fprintf(streams.Out, "schema version %d is up to date\n", target)
			default:
				_, err = fmt.Fprintf(streams.Out, "migrated from schema version %d to %d\n", before, target)
			}
			return err
		}),
	}
	flags.add(c)
	return c
}
