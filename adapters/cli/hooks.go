package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"gatehouse/bootstrap"
	"gatehouse/domain"
)

func hooks(streams Streams) *cobra.Command {
	c := &cobra.Command{Use: "hooks", Short: "Test webhooks"}
	c.AddCommand(testHook(streams))
	return c
}

func testHook(streams Streams) *cobra.Command {
	var flags configFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "test ID",
		Short: "Send a push event without commits, and print the status of the answer",
		Long: `Send a push event without commits to a hook and print the status of the answer. A
success enables a hook that was disabled after failures. The exit code is 1 if the
receiver did not answer with success. ` + "`gatehouse show hooks`" + ` lists hooks.`,
		Example: "  gatehouse hooks test 3\n  gatehouse hooks test 3 --json",
		Args:    cobra.ExactArgs(1),
		RunE: action(func(ctx context.Context, args []string) error {
			id, err := number(args[0], "a hook")
			if err != nil {
				return err
			}
			return flags.openStore(ctx, streams, noMigrate, func(s store) error {
				status, err := s.testHook(ctx, id)
				if _, refused := errors.AsType[*domain.Refusal](err); refused {
					return err
				}
				return errors.Join(printHookTest(streams, asJSON, id, status, err), err)
			})
		}),
	}
	flags.add(c)
	jsonFlag(c, &asJSON)
	return c
}

// testHook sends an event to a hook and returns the status of the answer, or 0
// if there was no answer.
func (s store) testHook(ctx context.Context, id int64) (status int, err error) {
	if err := s.Unlock(ctx); err != nil {
		return 0, err
	}
	return bootstrap.TestHook(ctx, s.config, s.Ports, id)
}

// hookTestJSON is the result of a test as --json prints it.
type hookTestJSON struct {
	Hook int64 `json:"hook_id"`
	// Status is null if there was no answer.
	Status *int    `json:"status"`
	Error  *string `json:"error"`
}

func printHookTest(streams Streams, asJSON bool, id int64, status int, failure error) error {
	if asJSON {
		t := hookTestJSON{Hook: id}
		if status != 0 {
			t.Status = &status
		}
		if failure != nil {
			text := failure.Error()
			t.Error = &text
		}
		return writeJSON(streams.Out, t)
	}
	if failure != nil {
		return nil // Run prints it
	}
	_, err := fmt.Fprintf(streams.Out, "hook %d: the receiver answered with status %d\n", id, status)
	return err
}
