package cli

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"gatehouse/application/accounts"
	"gatehouse/bootstrap"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
)

func admin(streams Streams) *cobra.Command {
	c := &cobra.Command{Use: "admin", Short: "Make the first administrator", Example: "  gatehouse admin create --username root"}
	c.AddCommand(adminCreate(streams))
	return c
}

func adminCreate(streams Streams) *cobra.Command {
	var flags configFlags
	var account identity.Account
	var expiresAt string
	var asJSON bool
	c := &cobra.Command{
		Use:   "create --username NAME",
		Short: "Make the first administrator and print an access token, once",
		Long: `Make an administrator on an instance that has none, with an access token of the
scopes api and sudo, and print the token. Only its digest is stored, so it cannot be
printed again. With it GitLab's clients make everything else through the management
API: other users, groups, keys and tokens.

A database that does not exist is created, unless database.migrate is off. The server
may run meanwhile. Of further administrators the management API or a world file takes
care; ` + "`gatehouse token create --scope api,sudo`" + ` makes another token of one who has lost
theirs.`,
		Example: "  gatehouse admin create --username root\n" +
			"  gatehouse admin create --username root --name Administrator --email root@example.com --json",
		Args: cobra.NoArgs,
		RunE: action(func(ctx context.Context, _ []string) error {
			asked := accounts.NewToken{Name: "first administrator", Scopes: []identity.Scope{identity.ScopeAPI, identity.ScopeSudo}}
			if expiresAt != "" {
				var err error
				if asked.ExpiresAt, err = time.Parse(time.DateOnly, expiresAt); err != nil {
					return usageErrorf("--expires-at takes a day such as 2027-01-31")
				}
			}
			config, err := flags.load()
			if err != nil {
				return err
			}
			account.Name = cmp.Or(account.Name, account.Username)
			account.Email = cmp.Or(account.Email, account.Username+"@"+config.Host())
			account.CanCreateGroup, account.ProjectsLimit = true, identity.DefaultProjectsLimit
			// What is refused anyway must not leave a new database behind.
			if err := bootstrap.Accounts(config, nil, nil, nil, nil, bootstrap.Clock()).CheckFirst(account, asked); err != nil {
				return err
			}
			return flags.openStore(ctx, streams, mayMigrate, func(s store) error {
				service := bootstrap.Accounts(s.config, s.AccountUnitOfWork, s.AccountRecords, s.Credentials, nil, bootstrap.Clock())
				made, token, err := service.CreateFirst(ctx, audit.Cause{Actor: operator()}, account, asked)
				switch {
				case err != nil:
					return err
				case asJSON:
					return writeJSON(streams.Out, newAdminJSON(made, token))
				}
				progress(streams.Err, "user %d %q is an administrator; the token is not printed again", made.ID, made.Username)
				_, err = fmt.Fprintln(streams.Out, token.Text)
				return err
			})
		}),
	}
	flags.add(c)
	c.Flags().StringVar(&account.Username, "username", "", "`NAME` of the administrator, which is the path of the personal namespace")
	c.Flags().StringVar(&account.Name, "name", "", "`NAME` that people read (default the username)")
	c.Flags().StringVar(&account.Email, "email", "", "`ADDRESS` of the administrator (default the username at the host of external_url)")
	c.Flags().StringVar(&expiresAt, "expires-at", "", "`DAY` on which the token expires, as in 2027-01-31")
	_ = c.MarkFlagRequired("username") // fails only for a flag that does not exist
	jsonFlag(c, &asJSON)
	return c
}

// adminJSON is a new administrator as --json prints it.
type adminJSON struct {
	ID        int64   `json:"id"`
	Username  string  `json:"username"`
	Email     string  `json:"email"`
	TokenID   int64   `json:"token_id"`
	ExpiresAt *string `json:"expires_at"`
	Token     string  `json:"token"`
}

func newAdminJSON(u identity.User, t accounts.CreatedToken) adminJSON {
	out := adminJSON{ID: int64(u.ID), Username: u.Username, Email: u.Email, TokenID: t.ID, Token: t.Text}
	if !t.ExpiresAt.IsZero() {
		day := t.ExpiresAt.Format(time.DateOnly)
		out.ExpiresAt = &day
	}
	return out
}
