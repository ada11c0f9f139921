package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"gatehouse/application/worldimport"
	"gatehouse/bootstrap"
	"gatehouse/domain/audit"
)

func apply(streams Streams) *cobra.Command {
	var flags configFlags
	var dryRun, asJSON bool
	c := &cobra.Command{
		Use:   "apply FILE",
		Short: "Create and update the people, groups and projects of a world file",
		Long: `Create and update the people, groups and projects that a world file describes. What
an entry leaves out of a row that exists stays as it is, and gets its default in a new
one; null is none, or the default.

The file is checked as a whole first: if anything is wrong, each mistake is reported with
its line, be it one of form or a name or number that does not fit what is there, and
nothing changes. Then what it changes is written in small batches, so that pushes need
not wait: first what takes rights away, then what gives them. A server that runs on the
same database sees each batch at once. A command that was interrupted is completed by
another one.

A default branch that changes to one that is not protected is a warning, on the
standard error: the file is applied.

With --dry-run the changes are printed and none is made: "+" is a new row, "~" one that
changes. With --json beside it they are an array of flat objects.`,
		Example: "  gatehouse apply world.yaml\n  gatehouse apply --dry-run world.yaml\n  generate-world | gatehouse apply -",
		Args:    oneArgument("FILE"),
	}
	c.RunE = action(func(ctx context.Context, args []string) error {
		if asJSON && !dryRun {
			return usageErrorf("--json is for --dry-run only")
		}
		return flags.openStore(ctx, streams, !dryRun, func(s store) error {
			world, err := readWorld(streams.In, args[0])
			mistaken := len(world.Mistakes) > 0
			if err != nil && !mistaken {
				return err
			}
			unlock := s.Unlock
			if dryRun || mistaken {
				unlock = s.UnlockToTry
			}
			if err := unlockFor(ctx, world.World, unlock); err != nil {
				return err
			}
			importer := bootstrap.Importer(s.config, s.WorldImport, s.WorldScratch, bootstrap.Clock())
			moving := newProgressLine(streams.Err, bootstrap.Clock())
			importer.By(audit.Cause{Actor: operator(), CorrelationID: uuid.NewString()})
			importer.Report(func(p worldimport.Progress) { moving.show(progressText(p)) })
			if dryRun {
				progress(streams.Err, "checking %s …", world.Name)
				check, err := importer.Check(ctx, world.World)
				if moving.end(); err != nil {
					return fmt.Errorf("%s:\n%w", world.Name, err)
				}
				warn(streams.Err, check.Warnings)
				return writeChanges(streams.Out, asJSON, check)
			}
			progress(streams.Err, "applying %s …", world.Name)
			summary, err := importer.Import(ctx, world.World)
			if moving.end(); err != nil {
				return fmt.Errorf("%s:\n%w", world.Name, err)
			}
			warn(streams.Err, summary.Warnings)
			if _, err := fmt.Fprintf(streams.Out, "applied %s: %s, %d unchanged\n", summary, count(summary.Changes, "change"), summary.Unchanged); err != nil {
				return err
			}
			return bootstrap.RetryRepositories(ctx, s.config, s.Jobs)
		})
	})
	flags.add(c)
	c.Flags().BoolVar(&dryRun, "dry-run", false, "check the file and print what it changes, and change nothing")
	jsonFlag(c, &asJSON)
	return c
}

// warn writes a line for each warning, which is of what was or would be applied.
func warn(w io.Writer, warnings worldimport.Mistakes) {
	for _, warning := range warnings {
		progress(w, "gatehouse: warning: %s", printable(warning.String()))
	}
}

func progressText(p worldimport.Progress) string {
	verb := "checked"
	what := "entries"
	if p.Writing {
		verb, what = "written", "changes"
	}
	return fmt.Sprintf("%d of %d %s %s", p.Done, p.All, what, verb)
}

// shownChange is a change as JSON shows it.
type shownChange struct {
	Change  string  `json:"change"`
	Kind    string  `json:"kind"`
	Name    string  `json:"name"`
	In      *string `json:"in"`
	Details *string `json:"details"`
	Warning *string `json:"warning"`
	Line    int     `json:"line"`
}

// writeChanges writes the changes of a check as JSON, or a line for each and one that
// counts them.
func writeChanges(w io.Writer, asJSON bool, check worldimport.Check) error {
	if asJSON {
		shown := make([]shownChange, len(check.Changes))
		for i, c := range check.Changes {
			shown[i] = shownChange{"update", c.Kind, c.Name, textOrNil(c.In), textOrNil(details(c)), textOrNil(c.Warning), c.Line}
			if c.New {
				shown[i].Change = "create"
			}
		}
		return writeJSON(w, shown)
	}
	var out strings.Builder
	for _, c := range check.Changes {
		line := "~ "
		if c.New {
			line = "+ "
		}
		line += c.Kind + " " + c.Name
		if c.In != "" {
			line += " of " + c.In
		}
		if text := details(c); text != "" {
			line += ": " + text
		}
		out.WriteString(printable(line) + "\n")
	}
	_, err := fmt.Fprintf(w, "%s%d to change, %d unchanged; nothing was written\n", out.String(), len(check.Changes), check.Unchanged)
	return err
}

func textOrNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// details says how the fields of a row change.
func details(c worldimport.Change) string {
	var parts []string
	for _, f := range c.Fields {
		if c.New {
			parts = append(parts, f.New)
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %s -> %s", f.Name, orNone(f.Old), orNone(f.New)))
	}
	return strings.Join(parts, ", ")
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}
