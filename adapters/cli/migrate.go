package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
)

func migrate(streams Streams) *cobra.Command {
	var flags configFlags
	var check, asJSON bool
	c := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database schema up to date",
		Long: `Bring the database schema up to date, even if database.migrate is false. A schema
that is up to date is left alone, and so is a newer one on which this program may run.
Any other newer schema is refused.

Rows may be in the way: those that break a rule of a later schema, such as two users
with one e-mail. Then nothing changes, and each of them is named with a remedy for the
release that still runs. With --check nothing changes in any case: the command prints
the schemas and what is in the way, and the exit code is 1 if anything is.`,
		Example: "  gatehouse migrate --database postgres://gatehouse@db/gatehouse\n  gatehouse migrate --check\n  gatehouse migrate --check --json",
		Args:    cobra.NoArgs,
		RunE: action(func(ctx context.Context, _ []string) error {
			if asJSON && !check {
				return usageErrorf("--json is for --check only")
			}
			config, err := flags.load()
			if err != nil {
				return err
			}
			if config.Database.InMemory() {
				return errNeedsDatabase
			}
			if check {
				found, err := bootstrap.CheckMigration(ctx, config)
				if err != nil {
					return err
				}
				if asJSON {
					err = writeMigrationJSON(streams.Out, found)
				} else {
					err = writeMigrationCheck(streams.Out, config.Database, found)
				}
				if len(found.Broken) > 0 {
					err = errors.Join(err, errAlreadyReported)
				}
				return err
			}
			progress(streams.Err, "migrating %s …", config.Database.URL)
			before, target, err := bootstrap.Migrate(ctx, config)
			if err != nil {
				return err
			}
			switch {
			case before > target:
				_, err = fmt.Fprintf(streams.Out, "nothing to do: schema version %d is newer than this program's %d, which may run on it\n", before, target)
			case before == target:
				_, err = fmt.Fprintf(streams.Out, "schema version %d is up to date\n", target)
			default:
				_, err = fmt.Fprintf(streams.Out, "migrated from schema version %d to %d\n", before, target)
			}
			return err
		}),
	}
	flags.add(c)
	c.Flags().BoolVar(&check, "check", false, "print what is in the way, and change nothing")
	jsonFlag(c, &asJSON)
	return c
}

// writeMigrationCheck writes a line for the schemas, and one for each conflict or one that
// says that there is none.
func writeMigrationCheck(w io.Writer, at config.Database, found bootstrap.MigrationCheck) error {
	switch {
	case found.Missing:
		_, err := fmt.Fprintf(w, "%s is not there yet; migrate will make it with schema version %d\n", at.Place(), found.Target)
		return err
	case found.Version > found.Target:
		_, err := fmt.Fprintf(w, "nothing to do: schema version %d is newer than this program's %d, which may run on it\n", found.Version, found.Target)
		return err
	case found.Version == found.Target:
		_, err := fmt.Fprintf(w, "schema version %d is up to date\n", found.Target)
		return err
	}
	text := fmt.Sprintf("schema version %d, this program's is %d\n", found.Version, found.Target)
	switch n := found.Broken.Count(); n {
	case 0:
		text += fmt.Sprintf("nothing is in the way of schema version %d\n", found.Target)
	case 1:
		text += fmt.Sprintf("1 conflict is in the way of schema version %d:\n%v\n", found.Target, found.Broken)
	default:
		text += fmt.Sprintf("%d conflicts are in the way of schema version %d:\n%v\n", n, found.Target, found.Broken)
	}
	_, err := io.WriteString(w, text)
	return err
}

// shownMigration is a migration check as JSON shows it.
type shownMigration struct {
	Schema    int64           `json:"schema"`
	Target    int64           `json:"target"`
	Missing   bool            `json:"missing"`
	OK        bool            `json:"ok"`
	Conflicts []shownConflict `json:"conflicts"`
	// Unlisted is how many conflicts are not listed, by rule.
	Unlisted map[string]int `json:"unlisted"`
}

type shownConflict struct {
	Rule    string   `json:"rule"`
	Rows    []string `json:"rows"`
	Problem string   `json:"problem"`
	Remedy  string   `json:"remedy"`
}

func writeMigrationJSON(w io.Writer, found bootstrap.MigrationCheck) error {
	shown := shownMigration{found.Version, found.Target, found.Missing, len(found.Broken) == 0, []shownConflict{}, map[string]int{}}
	for _, rule := range found.Broken {
		for _, c := range rule.Conflicts {
			shown.Conflicts = append(shown.Conflicts, shownConflict{rule.Name, c.Rows, c.Problem, c.Remedy})
		}
		if rule.Unlisted > 0 {
			shown.Unlisted[rule.Name] = rule.Unlisted
		}
	}
	return writeJSON(w, shown)
}
