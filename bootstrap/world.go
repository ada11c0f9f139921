package bootstrap

import (
	"context"
	"fmt"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"gatehouse/adapters/instancekey"
	"gatehouse/application"
	"gatehouse/application/projects"
	"gatehouse/application/worldimport"
	"gatehouse/bootstrap/config"
)

// World is applied before the server listens; the zero World is none.
type World struct {
	// Name is told in the log, and in front of mistakes.
	Name string
	worldimport.World
}

// WithWorld makes the server apply a world before it listens.
func WithWorld(world World) Option { return fx.Replace(world) }

// WithImporter lets the caller of Run apply more while the server runs: into
// is set before it listens.
func WithImporter(into **worldimport.Importer) Option { return fx.Populate(into) }

// imports applies worlds.
var imports = fx.Module("imports", fx.Provide(
	func(config config.Config, unitOfWork worldimport.UnitOfWork, key *instancekey.Key, now application.Clock) *worldimport.Importer {
		return Importer(config, unitOfWork, key.Seal, now)
	},
))

// Importer makes the one that configuration and store ask for.
// seal is for the secrets in worlds, and may be nil where there are none.
func Importer(config config.Config, unitOfWork worldimport.UnitOfWork, seal func(string) string, now application.Clock) *worldimport.Importer {
	importer := worldimport.New(unitOfWork, config.Git.DefaultBranchProtection, seal, now)
	if config.Gitaly.Connected() {
		importer.CreateRepositories(projects.CreateRepository)
	}
	return importer
}

// apply applies the world, if there is one.
func (w World) apply(ctx context.Context, importer *worldimport.Importer, log *zap.Logger) error {
	if w.Name == "" {
		return nil
	}
	summary, err := importer.Import(ctx, w.World)
	if err != nil {
		return fmt.Errorf("world %s: %w", w.Name, err)
	}
	log.Info("world applied", zap.String("world", w.Name), zap.Stringer("entries", summary))
	return nil
}
