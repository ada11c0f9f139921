package cli

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/spf13/cobra"

	"gatehouse/application/clusters"
	"gatehouse/domain/agents"
)

func agent(streams Streams) *cobra.Command {
	tokens := &cobra.Command{Use: "token", Short: "Make and revoke tokens of agents"}
	tokens.AddCommand(agentTokenCreate(streams), agentTokenRevoke(streams))
	c := &cobra.Command{Use: "agent", Short: "Look after Kubernetes agents"}
	c.AddCommand(tokens)
	return c
}

// whose are the flags that name a token of an agent.
type whose struct {
	configFlags
	agent int64
	name  string
}

func (w *whose) add(c *cobra.Command) {
	w.configFlags.add(c)
	c.Flags().Int64Var(&w.agent, "agent", 0, "the `NUMBER` of the agent, as show agents has it")
	c.Flags().StringVar(&w.name, "name", "command line", "what the token is called")
	_ = c.MarkFlagRequired("agent") // the flag is there
}

// withMint opens the store for do.
func (w *whose) withMint(ctx context.Context, do func(*clusters.TokenService) error) error {
	return w.withStore(ctx, unwilling, func(o office) error { return do(clusters.NewTokenService(o.AgentTokens, rand.Reader)) })
}

func agentTokenCreate(streams Streams) *cobra.Command {
	var flags whose
	var asJSON bool
	c := &cobra.Command{
		Use:   "create --agent NUMBER",
		Short: "Make a token of an agent and print it, once",
		Long: `Make a token of an agent and print it. This is the only time: what is kept is its
digest.`,
		Example: "  gatehouse agent token create --agent 5\n" +
			"  gatehouse agent token create --agent 5 --name second --json",
		Args: cobra.NoArgs,
		RunE: does(func(ctx context.Context, _ []string) error {
			return flags.withMint(ctx, func(m *clusters.TokenService) error {
				text, err := m.Create(ctx, agents.AgentID(flags.agent), flags.name)
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(streams.Out, agentTokenShown{flags.agent, flags.name, text})
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

// agentTokenShown is a new token for programs.
type agentTokenShown struct {
	AgentID int64  `json:"agent_id"`
	Name    string `json:"name"`
	Token   string `json:"token"`
}

func agentTokenRevoke(streams Streams) *cobra.Command {
	var flags whose
	c := &cobra.Command{
		Use:   "revoke --agent NUMBER --name NAME",
		Short: "Revoke the tokens of an agent that have a name",
		Long: `Revoke the tokens of an agent that have a name. The agent server may go on with
what it was told of them for five minutes.`,
		Example: "  gatehouse agent token revoke --agent 5 --name default",
		Args:    cobra.NoArgs,
		RunE: does(func(ctx context.Context, _ []string) error {
			return flags.withMint(ctx, func(m *clusters.TokenService) error {
				if err := m.Revoke(ctx, agents.AgentID(flags.agent), flags.name); err != nil {
					return err
				}
				_, err := fmt.Fprintf(streams.Out, "revoked the token %q of agent %d\n", flags.name, flags.agent)
				return err
			})
		}),
	}
	flags.add(c)
	_ = c.MarkFlagRequired("name") // the flag is there
	return c
}
