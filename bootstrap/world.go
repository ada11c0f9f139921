package bootstrap

import (
	"context"
	"fmt"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"gatehouse/application"
	"gatehouse/application/projects"
	"gatehouse/application/worldimport"
	"gatehouse/bootstrap/config"
)

// World is applied before the server listens; the zero World is none.
type World struct {
	// Name is the name of the world in the log and in errors.
	Name string
	worldimport.World
}

// WithWorld makes the server apply a world before it listens.
func WithWorld(world World) Option { return fx.Replace(world) }

// WithImporter sets into before the server listens, so that the caller of Run can
// import more while the server runs.
func WithImporter(into **worldimport.Importer) Option { return fx.Populate(into) }

// imports applies worlds.
var imports = fx.Module("imports", fx.Provide(Importer))

// Importer makes the importer of worlds, which imports in batches.
func Importer(config config.Config, unitOfWork worldimport.UnitOfWork, scratch worldimport.Scratch, now application.Clock) *worldimport.Importer {
	importer := worldimport.New(unitOfWork, config.Git.DefaultBranchProtection, now)
	importer.InBatches(scratch, worldimport.BatchSize)
	if config.Gitaly.Connected() {
		importer.CreateRepositories(projects.CreateRepository)
	}
	return importer
}

// apply applies the world, if there is one.
func (w World) apply(ctx context.Context, config config.Config, importer *worldimport.Importer, jobs Jobs, log *zap.Logger) error {
	if w.Name == "" {
		return nil
	}
	summary, err := importer.Import(ctx, w.World)
	if err != nil {
		return fmt.Errorf("world %s: %w", w.Name, err)
	}
	for _, warning := range summary.Warnings {
		log.Warn("world has what may not be meant", zap.String("world", w.Name), zap.Stringer("warning", warning))
	}
	log.Info("world applied", zap.String("world", w.Name), zap.Stringer("entries", summary))
	return RetryRepositories(ctx, config, jobs)
}
