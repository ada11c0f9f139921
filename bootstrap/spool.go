package bootstrap

import (
	"github.com/google/uuid"
	"go.uber.org/zap"

	"gatehouse/adapters/spool"
	"gatehouse/application"
	"gatehouse/application/pushes"
	"gatehouse/bootstrap/config"
)

// Spool makes the folder where pushes wait that could not be recorded.
func Spool(config config.Config, now application.Clock, log *zap.Logger) *spool.Folder {
	return spool.New(config.SpoolPath(), config.Spool.Bytes(), now, log.Named("spool"))
}

func newReplayer(folder *spool.Folder, receiver *pushes.Receiver) *spool.Replayer {
	return spool.NewReplayer(folder, receiver, spool.Interval)
}

// newEntryID returns an id that ascends with time, so that the index of the ids grows
// at its end.
func newEntryID() string { return uuid.Must(uuid.NewV7()).String() }
