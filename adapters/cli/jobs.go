package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"gatehouse/bootstrap"
	"gatehouse/domain"
	"gatehouse/domain/audit"
)

func jobs(streams Streams) *cobra.Command {
	c := &cobra.Command{Use: "jobs", Short: "Retry or discard a background job", Example: "  gatehouse jobs retry 42"}
	c.AddCommand(
		changeJob(streams, "retry", "Make a job due now, whatever its state", "is due now", store.retryJob),
		changeJob(streams, "discard", "Discard a job; one that is running goes on, but is not retried", "is given up", store.discardJob),
	)
	return c
}

func (s store) retryJob(ctx context.Context, id int64) error {
	return bootstrap.RetryJob(ctx, s.Ports, audit.Cause{Actor: operator()}, id)
}

func (s store) discardJob(ctx context.Context, id int64) error {
	return bootstrap.DiscardJob(ctx, s.config, s.Ports, audit.Cause{Actor: operator()}, id)
}

func changeJob(streams Streams, name, short, done string, change func(store, context.Context, int64) error) *cobra.Command {
	var flags configFlags
	c := &cobra.Command{
		Use: name + " ID", Short: short,
		Long:    short + ".\n`gatehouse show jobs` lists jobs with their numbers.",
		Example: "  gatehouse jobs " + name + " 42",
		Args:    oneArgument("ID"),
		RunE: action(func(ctx context.Context, args []string) error {
			id, err := number(args[0], "a job")
			if err != nil {
				return err
			}
			return flags.openStore(ctx, streams, noMigrate, func(s store) error {
				switch err := change(s, ctx, id); {
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

// number parses the number of what, as in "a job".
func number(text, what string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, usageErrorf("%q is not the number of %s", text, what)
	}
	return id, nil
}
