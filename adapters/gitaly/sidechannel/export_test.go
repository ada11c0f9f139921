package sidechannel

// MaxFrame is the length of the longest frame. MaxHellos is how many streams at once may not
// have said which call they are for.
const (
	MaxFrame  = maxFrame
	MaxHellos = maxHellos
)

// ReadHello and WriteFrames are what streams are read and written with.
var (
	ReadHello   = readHello
	WriteFrames = writeFrames
)
