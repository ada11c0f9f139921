package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"gatehouse/application/inventory"
	"gatehouse/bootstrap/doctor"
)

func check(streams Streams) *cobra.Command {
	var flags configFlags
	var fix, asJSON bool
	c := &cobra.Command{
		Use:   "check",
		Short: "Check configuration, database, secrets and storages",
		Long: `Check configuration, database, secrets, sockets and storages, and change none of them.
Run it as the user that the server runs as. Each storage of Gitaly is called, except
for those at dns:… addresses. Without gitaly.storages a default storage is assumed,
and may be down.
A warning is for what works and should be better, such as a secret file that every
user of this machine can read; with secrets.strict it is wrong. The instance key is
compared with the database. The exit code is 1 if anything is wrong.

With --fix it first makes the folders that are missing, takes the access of other users
away from secret files, the SQLite file and the spool, and prints each such change as the
command that does the same. It gives access to no file that exists, changes no content
and nothing of another user's, and follows no link; what else is wrong it leaves, and
says what to do.`,
		Example: "  gatehouse check\n  gatehouse check --config /etc/gatehouse.yaml --json\n  gatehouse check --fix",
		Args:    cobra.NoArgs,
		RunE: action(func(ctx context.Context, _ []string) error {
			config, err := flags.load()
			if _, usage := errors.AsType[*usageError](err); usage {
				return err
			}
			checkups := []doctor.Checkup{{Name: "configuration", Problem: err, Detail: "set by " + config.SetBy()}}
			var changes []doctor.Change
			if unreadable := doctor.CheckConfigFile(config.File); config.File != "" && unreadable != nil {
				checkups = append(checkups, doctor.Checkup{Name: "configuration file", Problem: unreadable})
			}
			if err == nil {
				if fix {
					changes = doctor.Fix(config)
				}
				checkups = append(checkups, doctor.Check(ctx, config)...)
			}
			return report(streams, asJSON, changes, checkups)
		}),
	}
	flags.add(c)
	c.Flags().BoolVar(&fix, "fix", false, "make missing folders and close files that are too open")
	jsonFlag(c, &asJSON)
	return c
}

// whoMay says what to do about a change for which permission was denied.
func whoMay(err error) string {
	if errors.Is(err, fs.ErrPermission) {
		return "; type this as a user who may"
	}
	return ""
}

// report prints a line for each change, one for each checkup without a problem and one
// for each line of a problem or a warning. It fails if there is a problem or a change
// failed. A checkup that was skipped is neither right nor wrong: in JSON, ok is null.
func report(streams Streams, asJSON bool, changes []doctor.Change, checkups []doctor.Checkup) error {
	var records []inventory.Record
	var results []string
	var failed error
	add := func(name, result string, ok any, detail string) {
		results = append(results, result)
		records = append(records, inventory.Record{
			{Name: "check", Value: name}, {Name: "ok", Value: ok}, {Name: "warning", Value: result == "warning"},
			{Name: "fixed", Value: result == "fixed"}, {Name: "detail", Value: detail},
		})
	}
	for _, c := range changes {
		if c.Problem != nil {
			failed = errAlreadyReported
			add(c.Name, "WRONG", false, fmt.Sprintf("%s: %v%s", c.Command, c.Problem, whoMay(c.Problem)))
		} else {
			add(c.Name, "fixed", true, c.Command)
		}
	}
	for _, c := range checkups {
		switch {
		case c.Problem != nil:
			failed = errAlreadyReported
			for _, line := range lines(c.Problem) {
				add(c.Name, "WRONG", false, line)
			}
		case c.Warning != nil:
			for _, line := range lines(c.Warning) {
				add(c.Name, "warning", true, line)
			}
		case c.Skipped:
			add(c.Name, "not looked at", nil, c.Detail)
		default:
			add(c.Name, "ok", true, c.Detail)
		}
	}
	if asJSON {
		return errors.Join(writeRecords(streams.Out, true, nil, records), failed)
	}
	rows := make([][]string, len(records))
	for i, r := range records {
		rows[i] = []string{cell(r[0].Value), results[i], cell(r[4].Value)}
	}
	return errors.Join(writeTable(streams.Out, []string{"check", "result", "detail"}, rows), failed)
}
