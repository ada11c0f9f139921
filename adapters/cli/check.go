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
A warning is for what works and should be better, such as a secret file that every
user of this machine can read; with secrets.strict it is wrong. The instance key is
compared with the database. The exit code is 1 if anything is wrong.`,
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
// of a problem or a warning, and fails if there is a problem. A checkup that was
// skipped is neither right nor wrong: in JSON, ok is null.
func report(streams Streams, asJSON bool, checkups []doctor.Checkup) error {
	var records []inventory.Record
	var results []string
	var failed error
	add := func(c doctor.Checkup, result string, ok any, detail string) {
		results = append(results, result)
		records = append(records, inventory.Record{
			{Name: "check", Value: c.Name}, {Name: "ok", Value: ok}, {Name: "warning", Value: result == "warning"}, {Name: "detail", Value: detail},
		})
	}
	for _, c := range checkups {
		switch {
		case c.Problem != nil:
			failed = errAlreadyReported
			for _, line := range lines(c.Problem) {
				add(c, "WRONG", false, line)
			}
		case c.Warning != nil:
			for _, line := range lines(c.Warning) {
				add(c, "warning", true, line)
			}
		case c.Skipped:
			add(c, "not looked at", nil, c.Detail)
		default:
			add(c, "ok", true, c.Detail)
		}
	}
	if asJSON {
		return errors.Join(writeRecords(streams.Out, true, nil, records), failed)
	}
	rows := make([][]string, len(records))
	for i, r := range records {
		rows[i] = []string{cell(r[0].Value), results[i], cell(r[3].Value)}
	}
	return errors.Join(writeTable(streams.Out, []string{"check", "result", "detail"}, rows), failed)
}
