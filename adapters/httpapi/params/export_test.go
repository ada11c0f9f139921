package params

import "github.com/gin-gonic/gin"

// DecodeValues is Decode without its short way, and DecodeFlat is that alone.
var DecodeValues = decodeValues

func DecodeFlat(c *gin.Context, dst any, required ...string) bool {
	return bodyOf(c).decodeFlat(c.Request, dst, required)
}

// The turns of bodies, for tests that take them all.
var (
	Searching = searching
	Parsing   = parsing
)

const (
	SearchesAtOnce = searchesAtOnce
	ParsingBytes   = parsingBytes
)
