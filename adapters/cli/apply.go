package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"gatehouse/bootstrap"
)

func apply(streams Streams) *cobra.Command {
	var flags configFlags
	c := &cobra.Command{
		Use:   "apply FILE",
		Short: "Create and update the people, groups and projects of a world file",
		Long: `Create and update the people, groups and projects that a world file describes:
all of it or, if anything is wrong, nothing. Each mistake is reported with its line.
A server that runs on the same database sees the change at once.`,
		Example: "  gatehouse apply world.yaml\n  generate-world | gatehouse apply -",
		Args:    cobra.ExactArgs(1),
	}
	c.RunE = action(func(ctx context.Context, args []string) error {
		return flags.openStore(ctx, streams, mayMigrate, func(s store) error {
			world, err := readWorld(streams.In, args[0])
			if err != nil {
				return err
			}
			if err := s.unlockFor(ctx, world.World); err != nil {
				return err
			}
			progress(streams.Err, "applying %s …", world.Name)
			summary, err := bootstrap.Importer(s.config, s.WorldImport, s.WorldScratch, bootstrap.Clock()).Import(ctx, world.World)
			if err != nil {
				return fmt.Errorf("%s:\n%w", world.Name, err)
			}
			if _, err := fmt.Fprintf(streams.Out, "applied %s\n", summary); err != nil {
				return err
			}
			return bootstrap.RetryRepositories(ctx, s.config, s.Jobs)
		})
	})
	flags.add(c)
	return c
}
