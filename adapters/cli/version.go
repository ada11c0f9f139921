package cli

import (
	"context"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"gatehouse/application/inventory"
	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
)

func version(streams Streams) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "version",
		Short:   "Print what this program was built from",
		Example: "  gatehouse version --json",
		Args:    cobra.NoArgs,
		RunE: action(func(context.Context, []string) error {
			record := inventory.Record{
				{Name: "version", Value: config.Default().Version},
				{Name: "revision", Value: bootstrap.Revision()},
				{Name: "go", Value: runtime.Version()},
			}
			if asJSON {
				return writeJSON(streams.Out, record)
			}
			_, err := fmt.Fprintf(streams.Out, "gatehouse %s (revision %s, %s)\n", cell(record[0].Value), cell(record[1].Value), cell(record[2].Value))
			return err
		}),
	}
	jsonFlag(c, &asJSON)
	return c
}

// jsonFlag adds the flag --json.
func jsonFlag(c *cobra.Command, asJSON *bool) {
	c.Flags().BoolVar(asJSON, "json", false, "print JSON")
}
