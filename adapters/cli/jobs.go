package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"gatehouse/bootstrap"
	"gatehouse/domain"
)

func jobs(streams Streams) *cobra.Command {
	c := &cobra.Command{Use: "jobs", Short: "Do a job of the background again, or give it up"}
	c.AddCommand(
		changeJob(streams, "retry", "Make a job due now, whatever became of it", "is due now", bootstrap.Jobs.Retry),
		changeJob(streams, "discard", "Give a job up; one that is being done is not done again", "is given up", bootstrap.Jobs.Discard),
	)
	return c
}

func changeJob(streams Streams, name, short, done string, change func(bootstrap.Jobs, context.Context, int64) error) *cobra.Command {
	var flags configFlags
	c := &cobra.Command{
		Use: name + " ID", Short: short,
		Long:    short + ".\n`gatehouse show jobs` lists them with their numbers.",
		Example: "  gatehouse jobs " + name + " 42",
		Args:    cobra.ExactArgs(1),
		RunE: action(func(ctx context.Context, args []string) error {
			id, err := number(args[0], "a job")
			if err != nil {
				return err
			}
			return flags.openStore(ctx, noMigrate, func(s store) error {
				switch err := change(s.Jobs, ctx, id); {
				case errors.Is(err, domain.NotFound):
					return fmt.Errorf("there is no job %d", id)
				case err != nil:
					return err
				}
				_, err := fmt.Fprintf(streams.Out, "job %d %s\n", id, done)
				return err
			})
		}),
	}
	flags.add(c)
	return c
}

// number reads the number of something.
func number(text, what string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, usageErrorf("%q is not the number of %s", text, what)
	}
	return id, nil
}
