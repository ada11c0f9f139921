package params

// The turns of bodies, for tests that take them all.
var (
	Searching = searching
	Parsing   = parsing
)

const (
	SearchesAtOnce = searchesAtOnce
	ParsingBytes   = parsingBytes
)
