// Package cli runs the command lines of an operator: it reads commands and flags,
// and answers with tables, JSON and exit codes.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gatehouse/bootstrap"
	"gatehouse/domain/audit"
)

// Streams are what a command reads from and writes to.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// Hangups gets each SIGHUP, which ends no command: those that serve read their
	// secret files again. It is nil for none.
	Hangups <-chan os.Signal
}

// The exit codes.
const (
	exitOK = iota
	exitFailed
	exitUsage
)

// Run runs one command line, without the program's name, and returns its exit
// code: 1 if the command failed, 2 if the command line is wrong. A command that
// serves returns when ctx is done. The options change the graph of serve.
func Run(ctx context.Context, streams Streams, args []string, options ...bootstrap.Option) int {
	root := newRoot(streams, options)
	root.SetArgs(args)
	called, err := root.ExecuteContextC(ctx)
	failure, failed := errors.AsType[*failure](err)
	switch {
	case err == nil:
		return exitOK
	case failed:
		if !errors.Is(err, errAlreadyReported) {
			printError(streams.Err, failure.error)
		}
		return exitFailed
	default: // what cobra itself refuses
		printError(streams.Err, err)
		_, _ = fmt.Fprintln(streams.Err, hint(called))
		return exitUsage
	}
}

// hint says where to read how a command is called, with its first example if it has one.
func hint(c *cobra.Command) string {
	example, _, _ := strings.Cut(strings.TrimSpace(c.Example), "\n")
	if example == "" {
		return "See " + c.CommandPath() + " --help."
	}
	return "For example: " + example + "\nSee " + c.CommandPath() + " --help."
}

// oneArgument wants one argument, which the usage of the command calls name.
func oneArgument(name string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageErrorf("%s takes one argument, %s, and got %d", c.CommandPath(), name, len(args))
		}
		return nil
	}
}

// printError writes an error, each of its lines with the program's name.
func printError(w io.Writer, err error) {
	for _, line := range lines(err) {
		_, _ = fmt.Fprintln(w, "gatehouse: "+line)
	}
}

// lines returns the lines of an error, without blank and repeated ones.
func lines(err error) []string {
	var all []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(all, line) {
			all = append(all, line)
		}
	}
	return all
}

// errAlreadyReported fails a command that has printed the reason.
var errAlreadyReported = errors.New("already reported")

// failure marks an error as one of what the command did, not of its usage.
type failure struct{ error }

func (f *failure) Unwrap() error { return f.error }

// usageError marks an error as one of usage, like those that cobra finds itself.
type usageError struct{ error }

// Unwrap returns the cause.
func (e *usageError) Unwrap() error { return e.error }

func usageErrorf(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// action adapts do to cobra. An error of do that is not one of usage becomes a
// failure.
func action(do func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		err := do(c.Context(), args)
		if _, usage := errors.AsType[*usageError](err); err == nil || usage {
			return err
		}
		return &failure{err}
	}
}

func newRoot(streams Streams, options []bootstrap.Option) *cobra.Command {
	root := &cobra.Command{
		Use:   "gatehouse",
		Short: "GitLab's internal API as a program of its own",
		Long: `Gatehouse answers GitLab Shell, Gitaly, the Kubernetes agent server and a
billing portal: who is this, may they do that, and what happened. GitLab's own clients
manage users and groups through it.`,
		Example:       "  gatehouse serve\n  gatehouse demo --play",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	for _, command := range []func(Streams) *cobra.Command{
		func(s Streams) *cobra.Command { return serve(s, options) },
		demo, migrate, apply, export, explain, show, refreshSeats, check, admin, token, agent, hooks, jobs, settings, version,
	} {
		root.AddCommand(command(streams))
	}
	return root
}

// operator returns who runs the command: the operating system's user, by number if that
// has no name.
func operator() audit.Actor {
	name := strconv.Itoa(os.Getuid())
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return audit.Actor{Kind: audit.Operator, Username: name}
}
