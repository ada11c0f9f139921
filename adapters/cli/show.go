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
	var asJSON bool
	c := &cobra.Command{
		Use:   "show THING",
		Short: "Print stored records: users, keys, counters, pushes …",
		Long: `Print stored records, as a table or as a JSON array of flat objects, without
secrets. THING is one of:

  ` + strings.Join(inventory.Names(), "\n  "),
		Example:   "  gatehouse show users\n  gatehouse show counters --json",
		ValidArgs: inventory.Names(),
		Args:      cobra.ExactArgs(1),
		RunE: action(func(ctx context.Context, args []string) error {
			thing := args[0]
			if !slices.Contains(inventory.Names(), thing) {
				return usageErrorf("there is no thing %q; there are %s", thing, strings.Join(inventory.Names(), ", "))
			}
			return flags.openStore(ctx, streams, noMigrate, func(s store) error {
				records, err := s.Inventory.List(ctx, thing, bootstrap.Clock()())
				if err != nil {
					return err
				}
				return writeRecords(streams.Out, asJSON, inventory.Lists[thing], records)
			})
		}),
	}
	flags.add(c)
	jsonFlag(c, &asJSON)
	return c
}
