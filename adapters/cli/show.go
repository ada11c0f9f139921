package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gatehouse/application/inventory"
	"gatehouse/bootstrap"
)

func show(streams Streams) *cobra.Command {
	var flags configFlags
	var events auditFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "show THING",
		Short: "Print stored records: users, keys, counters, pushes …",
		Long: `Print stored records, as a table or as a JSON array of objects, without secrets.
Of audit events the table has what people look at, and --json all that is kept. THING
is one of:

  ` + strings.Join(inventory.Names(), "\n  "),
		Example: "  gatehouse show users\n  gatehouse show counters --json\n" +
			"  gatehouse show audit --since 1h --user dev --refused",
		ValidArgs: inventory.Names(),
		Args:      oneArgument("THING"),
	}
	c.RunE = action(func(ctx context.Context, args []string) error {
		thing := args[0]
		if !slices.Contains(inventory.Names(), thing) {
			return usageErrorf("there is no thing %q; there are %s", thing, strings.Join(inventory.Names(), ", "))
		}
		now := bootstrap.Clock()()
		if err := events.check(c, thing, now); err != nil {
			return err
		}
		return flags.openStore(ctx, streams, noMigrate, func(s store) error {
			if thing == inventory.Audit {
				return events.show(ctx, streams, s, asJSON)
			}
			records, err := s.Inventory.List(ctx, thing, now)
			if err != nil {
				return err
			}
			return writeRecords(streams.Out, asJSON, inventory.Lists[thing], records)
		})
	})
	flags.add(c)
	events.add(c)
	jsonFlag(c, &asJSON)
	return c
}
