package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"gatehouse/bootstrap"
)

func refreshSeats(streams Streams) *cobra.Command {
	var flags configFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "refresh-seats",
		Short: "Count the seats of all paid subscriptions now",
		Long: `Count the seats of all paid subscriptions now, as serve does every
seats.refresh_interval. It sets the seats in use, raises the maximum of seats used
if there are more, and sets the seats owed: that maximum less the seats that were
bought. Servers may run at the same time.`,
		Example: "  gatehouse refresh-seats\n  gatehouse refresh-seats --json",
		Args:    cobra.NoArgs,
		RunE: action(func(ctx context.Context, _ []string) error {
			return flags.openStore(ctx, streams, noMigrate, func(s store) error {
				done, err := bootstrap.Provisioning(s.config, s.Billing, s.BillingUnitOfWork, bootstrap.Clock()).RefreshSeats(ctx)
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(streams.Out, map[string]int{"counted": done.Counted, "changed": done.Changed})
				}
				_, err = fmt.Fprintf(streams.Out, "counted the seats of %s, %d of which changed\n", count(done.Counted, "paid subscription"), done.Changed)
				return err
			})
		}),
	}
	flags.add(c)
	jsonFlag(c, &asJSON)
	return c
}

// count writes a number with its noun, as in "2 users".
func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
