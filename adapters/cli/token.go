package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"gatehouse/application/credentials"
	"gatehouse/bootstrap"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
)

func token(streams Streams) *cobra.Command {
	c := &cobra.Command{Use: "token", Short: "Make access tokens", Example: "  gatehouse token create --user root --scope api"}
	c.AddCommand(tokenCreate(streams))
	return c
}

func tokenCreate(streams Streams) *cobra.Command {
	var flags configFlags
	var user string
	var request credentials.TokenRequest
	var asJSON bool
	c := &cobra.Command{
		Use:   "create --user NAME --scope SCOPE",
		Short: "Make an access token and print it, once",
		Long: `Make an access token of a user and print it. Only its digest is stored, so it
cannot be printed again. Its name and its day obey the rules for tokens that users make
over SSH, and it has scopes that an administrator may give by the management API:
` + wrapped(identity.GrantedScopes) + `.`,
		Example: "  gatehouse token create --user root --scope api,sudo\n" +
			"  gatehouse token create --user root --scope read_api --name reports --expires-at 2027-01-31 --json",
		Args: cobra.NoArgs,
		RunE: action(func(ctx context.Context, _ []string) error {
			return flags.openStore(ctx, streams, noMigrate, func(s store) error {
				service := bootstrap.OperatorCredentials(s.config, s.Accounts, s.RecoveryCodes, s.AccessTokens, bootstrap.Clock())
				caller := credentials.Caller{Claim: identity.ClaimName(user), ByUser: true}
				token, err := service.PersonalAccessToken(ctx, audit.Cause{Actor: operator()}, caller, request)
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(streams.Out, newTokenJSON(token))
				}
				_, err = fmt.Fprintln(streams.Out, token.Text)
				return err
			})
		}),
	}
	flags.add(c)
	c.Flags().StringVar(&user, "user", "", "`NAME` of the user who owns the token")
	c.Flags().StringSliceVar(&request.Scopes, "scope", nil, "a `SCOPE` of the token, such as api or read_api; repeatable")
	c.Flags().StringVar(&request.Name, "name", "command line", "name of the token")
	c.Flags().StringVar(&request.ExpiresAt, "expires-at", "", "`DAY` on which the token expires, as in 2027-01-31")
	_ = c.MarkFlagRequired("user")  // fails only for a flag that does not exist
	_ = c.MarkFlagRequired("scope") // as above
	jsonFlag(c, &asJSON)
	return c
}

// tokenJSON is a new token as --json prints it.
type tokenJSON struct {
	ID        int64            `json:"id"`
	Name      string           `json:"name"`
	Scopes    []identity.Scope `json:"scopes"`
	ExpiresAt *string          `json:"expires_at"`
	Token     string           `json:"token"`
}

func newTokenJSON(m credentials.NewToken) tokenJSON {
	out := tokenJSON{ID: m.Token.ID, Name: m.Token.Name, Scopes: m.Token.Scopes, Token: m.Text}
	if !m.Token.ExpiresAt.IsZero() {
		day := m.Token.ExpiresAt.Format(time.DateOnly)
		out.ExpiresAt = &day
	}
	return out
}
