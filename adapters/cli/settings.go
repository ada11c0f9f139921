package cli

import (
	"context"

	"gatehouse/application/inventory"

	"github.com/spf13/cobra"
)

func settings(streams Streams) *cobra.Command {
	var flags configFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "config",
		Short: "Print every setting, its value and where it was set",
		Long: `Print every setting, its value and where it was set: in a file, in an environment
variable or by a flag. Secrets are hidden.`,
		Example: "  gatehouse config\n  GATEHOUSE_GIT_RATE_LIMIT=0 gatehouse config --json",
		Args:    cobra.NoArgs,
		RunE: action(func(context.Context, []string) error {
			config, err := flags.load()
			if err != nil {
				return err
			}
			var records []inventory.Record
			for _, s := range config.Settings() {
				records = append(records, inventory.Record{
					{Name: "key", Value: s.Key}, {Name: "origin", Value: s.Origin}, {Name: "value", Value: s.Value}, // last, as it may be long
				})
			}
			return writeRecords(streams.Out, asJSON, []string{"key", "origin", "value"}, records)
		}),
	}
	flags.add(c)
	jsonFlag(c, &asJSON)
	return c
}
