package params

import "github.com/gin-gonic/gin"

// sudo is the header and the parameter that name the user in whose name to act.
const sudo = "sudo"

// Sudo returns the user that the header or else the parameter sudo names, of the query
// before the body, and whether one of them is there and not null, even if it is empty. A
// list or a hash is a refusal. A malformed body is not reported: Of returns that error again.
func Sudo(c *gin.Context) (who string, given bool, err error) {
	if header := c.Request.Header.Values(sudo); len(header) > 0 {
		return header[0], true, nil
	}
	if query := Query(c, sudo); query != "" {
		return query, true, nil
	}
	values, _ := Of(c)
	return values.Text(sudo)
}

// SudoBeforeBody says whether the header or the query names such a user: for that the body
// need not be read.
func SudoBeforeBody(c *gin.Context) bool {
	return len(c.Request.Header.Values(sudo)) > 0 || Query(c, sudo) != ""
}
