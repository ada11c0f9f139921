package bootstrap

import (
	"context"
	"crypto/rand"

	"github.com/google/uuid"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"gatehouse/adapters/instancekey"
	"gatehouse/adapters/lfstoken"
	"gatehouse/adapters/totp"
	"gatehouse/application"
	"gatehouse/application/audit"
	"gatehouse/application/credentials"
	"gatehouse/application/gitaccess"
	"gatehouse/application/lfsaccess"
	"gatehouse/application/whois"
	"gatehouse/bootstrap/config"
	"gatehouse/domain/identity"
)

// people is what makes and checks credentials.
var people = fx.Module("people", fx.Provide(InstanceKey, Credentials, LFSAccess, Audit))

// InstanceKey makes the instance key. It is of no use before Unlock.
func InstanceKey(config config.Config, now application.Clock, log *zap.Logger) *instancekey.Key {
	return instancekey.New(config.Instance.KeyFile, config.Instance.PreviousKeyFile, now, log)
}

// UnlockInstanceKey opens the instance key of a database, or makes it, without a
// server.
func UnlockInstanceKey(ctx context.Context, config config.Config, database instancekey.Notes, log *zap.Logger) (*instancekey.Key, error) {
	key := InstanceKey(config, Clock(), log)
	return key, key.Unlock(ctx, database)
}

// Credentials makes the service of access tokens, recovery codes and one-time
// passwords.
func Credentials(config config.Config, accounts credentials.Accounts, codes credentials.RecoveryCodes, tokens credentials.Tokens, key *instancekey.Key, now application.Clock) *credentials.Service {
	rules := credentials.Rules{
		Users: config.Git.KeyPolicy(), TokenPrefix: config.Tokens.Prefix, Scopes: identity.Scopes,
		Lifetime: identity.Lifetime{
			MaxDays: config.Tokens.MaxLifetimeDays, Required: config.Tokens.RequireExpiry, AllowPast: config.Tokens.AllowPastExpiry,
		},
		OTP: config.OTP.Enabled, OTPSession: config.OTP.Session,
	}
	return credentials.New(accounts, codes, tokens, totp.New(key), rules, rand.Reader, now)
}

// LFSAccess makes the service of credentials for Git LFS.
func LFSAccess(config config.Config, directory gitaccess.Directory, stamps gitaccess.KeyUses, rules gitaccess.Rules, key *instancekey.Key, now application.Clock) *lfsaccess.Service {
	return lfsaccess.New(directory, stamps, lfstoken.Format{}, lfsaccess.Rules{
		Settings: rules.Settings, Keys: rules.Keys, Lifetime: config.LFS.TokenTTL,
		InstanceKey: key.Current, NewID: uuid.NewString,
	}, now)
}

// Audit makes the use case that records Git access.
func Audit(config config.Config, log audit.Log, actors whois.Actors, now application.Clock) *audit.Service {
	return audit.New(log, actors, config.Audit.Enabled, now)
}
