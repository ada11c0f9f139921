package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"gatehouse/application/webhooks"
	"gatehouse/bootstrap"
	"gatehouse/domain/audit"
)

func hooks(streams Streams) *cobra.Command {
	c := &cobra.Command{Use: "hooks", Short: "Test webhooks", Example: "  gatehouse hooks test 3"}
	c.AddCommand(testHook(streams))
	return c
}

func testHook(streams Streams) *cobra.Command {
	var flags configFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "test ID",
		Short: "Send a test event, and print the status of the answer",
		Long: `Send an event to a hook, whatever its branch filter, and print the status of the
answer. With a Gitaly it is the push of the last commit of the default branch. Without
one, for an empty repository, and for a hook that hears of tags only, it is about
gatehouse-hook-test, a branch or tag that does not exist, so that receivers do nothing.
A success enables a hook that was disabled after failures. The exit code is 1 if the
receiver did not answer with success. ` + "`gatehouse show hooks`" + ` lists hooks.`,
		Example: "  gatehouse hooks test 3\n  gatehouse hooks test 3 --json",
		Args:    oneArgument("ID"),
		RunE: action(func(ctx context.Context, args []string) error {
			id, err := number(args[0], "a hook")
			if err != nil {
				return err
			}
			return flags.openStore(ctx, streams, noMigrate, func(s store) error {
				result, err := s.testHook(ctx, id)
				if result.Event.Change.Ref.Name == "" {
					return err // nothing was sent
				}
				return errors.Join(printHookTest(streams, asJSON, id, result, err), err)
			})
		}),
	}
	flags.add(c)
	jsonFlag(c, &asJSON)
	return c
}

// testHook sends an event to a hook.
func (s store) testHook(ctx context.Context, id int64) (webhooks.TestResult, error) {
	if err := s.Unlock(ctx); err != nil {
		return webhooks.TestResult{}, err
	}
	return bootstrap.TestHook(ctx, s.config, s.Ports, audit.Cause{Actor: operator()}, id)
}

// hookTestJSON is the result of a test as --json prints it.
type hookTestJSON struct {
	Hook int64 `json:"hook_id"`
	// Ref and Commit are those of the event.
	Ref    string `json:"ref"`
	Commit string `json:"commit"`
	// Placeholder is why the event is about no real commit, or null.
	Placeholder *string `json:"placeholder"`
	// Status is null if there was no answer.
	Status *int    `json:"status"`
	Error  *string `json:"error"`
}

func printHookTest(streams Streams, asJSON bool, id int64, result webhooks.TestResult, failure error) error {
	change := result.Event.Change
	if asJSON {
		t := hookTestJSON{Hook: id, Ref: change.Ref.String(), Commit: string(change.New)}
		if result.Placeholder != "" {
			t.Placeholder = &result.Placeholder
		}
		if result.Status != 0 {
			t.Status = &result.Status
		}
		if failure != nil {
			text := failure.Error()
			t.Error = &text
		}
		return writeJSON(streams.Out, t)
	}
	sent := "the last commit of the default branch"
	if result.Placeholder != "" {
		sent = "a placeholder (" + result.Placeholder + ")"
	}
	_, err := fmt.Fprintf(streams.Out, "hook %d: sent %s: %s of %s\n", id, sent, change.New, change.Ref)
	if err == nil && failure == nil { // Run prints a failure
		_, err = fmt.Fprintf(streams.Out, "hook %d: the receiver answered with status %d\n", id, result.Status)
	}
	return err
}
