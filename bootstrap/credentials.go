package bootstrap

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"gatehouse/adapters/instancekey"
	"gatehouse/adapters/lfstoken"
	"gatehouse/adapters/totp"
	"gatehouse/application"
	"gatehouse/application/credentials"
	"gatehouse/application/gitaccess"
	"gatehouse/application/gitaudit"
	"gatehouse/application/lfsaccess"
	"gatehouse/bootstrap/config"
	"gatehouse/domain/identity"
)

// people is what makes and checks credentials.
var people = fx.Module("people", fx.Provide(InstanceKey, Credentials, LFSAccess, Audit))

// InstanceKey makes the instance key. It is of no use before it is unlocked.
func InstanceKey(config config.Config, now application.Clock, log *zap.Logger) *instancekey.Key {
	return instancekey.New(config.Instance.KeyFile, config.Instance.PreviousKeyFile, config.Secrets.Strict, now, log)
}

// unlock opens the key of a store, or makes it, and seals again with it what is sealed
// in another way. After that no previous key is needed. If something is sealed with a
// key that is not here it fails before anything is written.
func unlock(ctx context.Context, key *instancekey.Key, store Store, log *zap.Logger) error {
	if err := key.Unlock(ctx, store); err != nil {
		return err
	}
	foreign, err := store.ForeignSeals(ctx)
	if err := errors.Join(err, RefuseForeignSeals(foreign)); err != nil {
		return err
	}
	// The database gets the new key first: whoever has only the old one fails from then
	// on, instead of sealing with it.
	if err := key.Adopt(ctx, store); err != nil {
		return err
	}
	renewed, damaged, err := store.RenewSeals(ctx)
	if renewed > 0 {
		log.Info("secrets were sealed again", zap.Int("rows", renewed))
	}
	if len(damaged) > 0 {
		log.Error("secrets cannot be opened, apply them again", zap.Int("rows", len(damaged)), zap.Strings("first", first(damaged)))
	}
	if err != nil || renewed == 0 {
		return err
	}
	if err := store.Rewrite(ctx); err != nil {
		log.Warn("what was sealed again may be left in unused parts of the database file, run VACUUM and PRAGMA wal_checkpoint(TRUNCATE)", zap.Error(err))
	}
	return nil
}

// RefuseForeignSeals returns an error that names places where something is sealed with a key
// that is not among the settings, or nil if there are none.
func RefuseForeignSeals(places []string) error {
	if len(places) == 0 {
		return nil
	}
	return fmt.Errorf("the database has secrets of another key (rows: %d, first: %s): name both keys, the newer one in instance.key_file and the older one in instance.previous_key_file",
		len(places), strings.Join(first(places), ", "))
}

// first returns so many places as one line may name.
func first(places []string) []string { return places[:min(10, len(places))] }

// Credentials makes the service of access tokens, recovery codes and one-time
// passwords.
func Credentials(config config.Config, accounts credentials.Accounts, codes credentials.RecoveryCodes, tokens credentials.Tokens, now application.Clock) *credentials.Service {
	return newCredentials(config, accounts, codes, tokens, identity.Scopes, now)
}

// OperatorCredentials makes the service that Credentials makes, for an operator of the
// instance: tokens have the scopes that administrators may give.
func OperatorCredentials(config config.Config, accounts credentials.Accounts, codes credentials.RecoveryCodes, tokens credentials.Tokens, now application.Clock) *credentials.Service {
	return newCredentials(config, accounts, codes, tokens, identity.GrantedScopes, now)
}

func newCredentials(config config.Config, accounts credentials.Accounts, codes credentials.RecoveryCodes, tokens credentials.Tokens, scopes []identity.Scope, now application.Clock) *credentials.Service {
	rules := credentials.Rules{
		Users: config.Git.KeyPolicy(), TokenPrefix: config.Tokens.Prefix, Scopes: scopes,
		Lifetime: lifetime(config.Tokens),
		OTP:      config.OTP.Enabled, OTPSession: config.OTP.Session,
	}
	return credentials.New(accounts, codes, tokens, totp.Authenticator{}, rules, rand.Reader, now)
}

func lifetime(tokens config.Tokens) identity.Lifetime {
	return identity.Lifetime{MaxDays: tokens.MaxLifetimeDays, Required: tokens.RequireExpiry, AllowPast: tokens.AllowPastExpiry}
}

// LFSAccess makes the service of credentials for Git LFS.
func LFSAccess(config config.Config, directory gitaccess.Directory, stamps gitaccess.KeyUses, rules gitaccess.Rules, key *instancekey.Key, now application.Clock) *lfsaccess.Service {
	return lfsaccess.New(directory, stamps, lfstoken.Format{}, lfsaccess.Rules{
		Settings: rules.Settings, Keys: rules.Keys, Lifetime: config.LFS.TokenTTL,
		InstanceKey: key.Current, NewID: uuid.NewString,
	}, now)
}

// Audit makes the use case that records Git access.
func Audit(config config.Config, log gitaudit.Log, directory gitaccess.Directory, now application.Clock) *gitaudit.Service {
	return gitaudit.New(log, directory, config.Audit.Enabled, now)
}
