package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"gatehouse/application/inventory"
	"gatehouse/bootstrap/doctor"
)

func check(streams Streams) *cobra.Command {
	var flags configFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "check",
		Short: "Check configuration, database, secrets and storages",
		Long: `Check configuration, database, secrets and storages, and change none of them. Each
storage of Gitaly is called, except for those at dns:… addresses. Without
gitaly.storages a default storage is assumed, and may be down.
The exit code is 1 if anything is wrong.`,
		Example: "  gatehouse check\n  gatehouse check --config /etc/gatehouse.yaml --json",
		Args:    cobra.NoArgs,
		RunE: action(func(ctx context.Context, _ []string) error {
			config, err := flags.load()
			if _, usage := errors.AsType[*usageError](err); usage {
				return err
			}
			checkups := []doctor.Checkup{{Name: "configuration", Problem: err, Detail: "set by " + config.SetBy()}}
			if err == nil {
				checkups = append(checkups, doctor.Check(ctx, config)...)
			}
			return report(streams, asJSON, checkups)
		}),
	}
	flags.add(c)
	jsonFlag(c, &asJSON)
	return c
}

// report prints a line for each checkup without a problem and one for each line
// of a problem, and fails if there is a problem. A checkup that was skipped is
// neither right nor wrong: in JSON, ok is null.
func report(streams Streams, asJSON bool, checkups []doctor.Checkup) error {
	var records []inventory.Record
	var result error
	add := func(name string, ok any, detail string) {
		records = append(records, inventory.Record{{Name: "check", Value: name}, {Name: "ok", Value: ok}, {Name: "detail", Value: detail}})
	}
	for _, c := range checkups {
		switch {
		case c.Problem != nil:
		case c.Skipped:
			add(c.Name, nil, c.Detail)
			continue
		default:
			add(c.Name, true, c.Detail)
			continue
		}
		result = errAlreadyReported
		for _, line := range lines(c.Problem) {
			add(c.Name, false, line)
		}
	}
	if asJSON {
		return errors.Join(writeRecords(streams.Out, true, nil, records), result)
	}
	rows := make([][]string, len(records))
	for i, r := range records {
		rows[i] = []string{cell(r[0].Value), map[any]string{true: "ok", false: "WRONG", nil: "not looked at"}[r[1].Value], cell(r[2].Value)}
	}
	return errors.Join(writeTable(streams.Out, []string{"check", "result", "detail"}, rows), result)
}
