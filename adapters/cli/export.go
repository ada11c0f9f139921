package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"gatehouse/adapters/worldfile"
	"gatehouse/application/worldimport"
	"gatehouse/bootstrap"
)

func export(streams Streams) *cobra.Command {
	var flags configFlags
	var file string
	var secrets bool
	c := &cobra.Command{
		Use:   "export",
		Short: "Write all people, groups and projects as a world file",
		Long: `Write all people, groups and projects, and what belongs to them, as a world file, on
the standard output or into a file that only its owner can read. It is the state of one
moment, also while servers run on the database. To apply the file to the same database
changes nothing; to apply it to an empty one makes the same rows with the same numbers.

Of access tokens and agent tokens the file has the digests, which are all that is kept:
a client that has a token can use it where the file is applied, and a digest alone is of
no use to a thief. Left out are the secrets of one-time passwords, the tokens of hooks,
and hooks whose URL has a user or a query; in a database that has them they stay. With
--secrets they are written, opened with the instance key: keep that file as safe as the
database. Comments in the file say what it leaves out.`,
		Example: "  gatehouse export > world.yaml\n  gatehouse export --secrets --output world.yaml\n" +
			"  gatehouse export | gatehouse apply --database other.db -",
		Args: cobra.NoArgs,
	}
	c.RunE = action(func(ctx context.Context, _ []string) error {
		return flags.openStore(ctx, streams, noMigrate, func(s store) error {
			if secrets {
				if err := s.UnlockToTry(ctx); err != nil {
					return err
				}
			}
			moving := newProgressLine(streams.Err, bootstrap.Clock())
			write := func(out io.Writer) error {
				return s.WorldSnapshot(ctx, secrets, func(c worldimport.Contents) error {
					return worldfile.Write(ctx, out, c, secrets, func(rows int) { moving.show(fmt.Sprintf("%d rows written", rows)) })
				})
			}
			var err error
			if file == "" {
				err = write(streams.Out)
			} else {
				err = writeFile(file, write)
			}
			moving.end()
			return err
		})
	})
	flags.add(c)
	c.Flags().StringVarP(&file, "output", "o", "", "write into `FILE`, for its owner alone, in place of the standard output")
	c.Flags().BoolVar(&secrets, "secrets", false, "write secrets too: of one-time passwords and of hooks")
	return c
}

// writeFile makes or replaces a file with what write writes, for its owner alone. If that
// fails, what was there stays. What is no file, such as a pipe, is written to as it is.
func writeFile(name string, write func(io.Writer) error) error {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		out, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(out), out.Close())
	}
	out, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*") // for its owner alone
	if err != nil {
		return err
	}
	err = errors.Join(write(out), out.Close())
	if err == nil {
		err = os.Rename(out.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(out.Name()))
	}
	return nil
}
