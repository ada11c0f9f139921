package githttp

import (
	"io"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
)

// What tests of the parts look at.
var (
	Split         = split
	CheckPackets  = checkPackets
	ReadsSideBand = readsSideBand
	NewTransfers  = newTransfers
	Begin         = (*transfers).begin
	Drain         = (*transfers).drain
)

// SpoolMemory is how much of a spool is in memory, and MaxSpooled how much of all is on disk.
const (
	SpoolMemory = spoolMemory
	MaxSpooled  = maxSpooled
)

// NewSpool makes a spool beside others that have so many bytes on disk.
func NewSpool(others int64) (s *spool, disk *atomic.Int64) {
	disk = new(atomic.Int64)
	disk.Store(others)
	return &spool{disk: disk}, disk
}

// The methods of a spool.
var (
	ReadSpool  = (*spool).reader
	CloseSpool = (*spool).close
)

// NewAnswer returns what writes the answer of a transfer.
func NewAnswer(c *gin.Context) io.Writer {
	return &answer{c: c, controller: httpapi.Controller(c), media: "text/plain", stall: time.NewTimer(idleTimeout)}
}
