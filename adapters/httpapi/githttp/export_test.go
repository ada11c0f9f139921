package githttp

import "sync/atomic"

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
