package worldfile

// Scalar and IsWritable are for tests.
var (
	Scalar     = scalar
	IsWritable = isWritable
)
