package githttp

// What tests of the parts look at.
var (
	Split         = split
	CheckPackets  = checkPackets
	ReadsSideBand = readsSideBand
	NewTransfers  = newTransfers
	Begin         = (*transfers).begin
	Drain         = (*transfers).drain
)

// Spool and SpoolMemory are what keeps a part of a transfer, and how much of it in memory.
type Spool = spool

const SpoolMemory = spoolMemory

// The methods of a Spool.
var (
	ReadSpool  = (*spool).reader
	CloseSpool = (*spool).close
)
