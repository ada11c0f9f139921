package memory

import (
	"context"

	"gatehouse/application/instance"
	"gatehouse/domain/source"
)

// changeSettings runs a transaction with the ports of instance. It is an instance.UnitOfWork.
func (s *state) changeSettings(ctx context.Context, do func(instance.Tx) error) error {
	return s.update(ctx, func(tx *transaction) error {
		return do(instance.Tx{Settings: settingsTx{tx}, Audit: auditTx{tx}})
	})
}

// settingsTx implements instance.Store.
type settingsTx struct{ *transaction }

// Settings implements instance.Reader.
func (tx settingsTx) Settings(ctx context.Context) (instance.Settings, error) {
	return tx.settings, ctx.Err()
}

// DefaultBranchProtection implements worldimport.Settings.
func (tx settingsTx) DefaultBranchProtection(ctx context.Context) (*source.BranchProtection, error) {
	return tx.settings.DefaultBranchProtection, ctx.Err()
}

// PutSettings implements instance.Store.
func (tx settingsTx) PutSettings(ctx context.Context, s instance.Settings) error {
	tx.settings = s
	return ctx.Err()
}

// Settings implements instance.Reader.
type Settings struct{ *state }

// Settings implements instance.Reader.
func (s Settings) Settings(ctx context.Context) (instance.Settings, error) {
	return s.world.Load().settings, ctx.Err()
}
