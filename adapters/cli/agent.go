package cli

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/spf13/cobra"

	"gatehouse/application/clusters"
	"gatehouse/bootstrap"
	"gatehouse/domain/agents"
	"gatehouse/domain/audit"
)

func agent(streams Streams) *cobra.Command {
	tokens := &cobra.Command{Use: "token", Short: "Make and revoke tokens of agents"}
	tokens.AddCommand(agentTokenCreate(streams), agentTokenRevoke(streams))
	c := &cobra.Command{Use: "agent", Short: "Manage Kubernetes agents", Example: "  gatehouse agent token create --agent 5"}
	c.AddCommand(tokens)
	return c
}

// agentTokenFlags are the flags that name a token of an agent.
type agentTokenFlags struct {
	configFlags
	agent int64
	name  string
}

func (f *agentTokenFlags) add(c *cobra.Command) {
	f.configFlags.add(c)
	c.Flags().Int64Var(&f.agent, "agent", 0, "`NUMBER` of the agent, as in show agents")
	c.Flags().StringVar(&f.name, "name", "command line", "name of the token")
	_ = c.MarkFlagRequired("agent") // fails only for a flag that does not exist
}

// openTokens opens the store and calls do with the tokens of its agents.
func (f *agentTokenFlags) openTokens(ctx context.Context, streams Streams, do func(*clusters.TokenService) error) error {
	return f.openStore(ctx, streams, noMigrate, func(s store) error {
		return do(clusters.NewTokenService(s.AgentTokens, rand.Reader, bootstrap.Clock()))
	})
}

func agentTokenCreate(streams Streams) *cobra.Command {
	var flags agentTokenFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "create --agent NUMBER",
		Short: "Make a token of an agent and print it, once",
		Long: `Make a token of an agent and print it. Only its digest is stored, so it cannot be
printed again.`,
		Example: "  gatehouse agent token create --agent 5\n" +
			"  gatehouse agent token create --agent 5 --name second --json",
		Args: cobra.NoArgs,
		RunE: action(func(ctx context.Context, _ []string) error {
			return flags.openTokens(ctx, streams, func(m *clusters.TokenService) error {
				text, err := m.Create(ctx, audit.Cause{Actor: operator()}, agents.AgentID(flags.agent), flags.name)
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(streams.Out, agentTokenJSON{flags.agent, flags.name, text})
				}
				_, err = fmt.Fprintln(streams.Out, text)
				return err
			})
		}),
	}
	flags.add(c)
	jsonFlag(c, &asJSON)
	return c
}

// agentTokenJSON is a new token as --json prints it.
type agentTokenJSON struct {
	AgentID int64  `json:"agent_id"`
	Name    string `json:"name"`
	Token   string `json:"token"`
}

func agentTokenRevoke(streams Streams) *cobra.Command {
	var flags agentTokenFlags
	c := &cobra.Command{
		Use:   "revoke --agent NUMBER --name NAME",
		Short: "Revoke the tokens of an agent that have a name",
		Long: `Revoke the tokens of an agent that have a name. The agent server caches answers,
and may accept the tokens for another five minutes.`,
		Example: "  gatehouse agent token revoke --agent 5 --name default",
		Args:    cobra.NoArgs,
		RunE: action(func(ctx context.Context, _ []string) error {
			return flags.openTokens(ctx, streams, func(m *clusters.TokenService) error {
				if err := m.Revoke(ctx, audit.Cause{Actor: operator()}, agents.AgentID(flags.agent), flags.name); err != nil {
					return err
				}
				_, err := fmt.Fprintf(streams.Out, "revoked the token %q of agent %d\n", flags.name, flags.agent)
				return err
			})
		}),
	}
	flags.add(c)
	_ = c.MarkFlagRequired("name") // fails only for a flag that does not exist
	return c
}
