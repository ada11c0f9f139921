package httpapi

import (
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gatehouse/application"
)

// maxToken is the length of the longest token, in bytes. Those of GitLab Shell, Gitaly
// and kas have about 200.
const maxToken = 4 << 10

var errLongToken = fmt.Errorf("a token of more than %d bytes", maxToken)

// CheckToken refuses a token that is too long to be parsed: its claims are decoded
// before its signature is checked.
func CheckToken(text string) error {
	if len(text) > maxToken {
		return errLongToken
	}
	return nil
}

// NewTokenParser makes a parser of the tokens that issuer signs by HMAC-SHA256; it
// takes no other algorithm. It judges exp and nbf, if a token has them, by clock,
// which may differ from the issuer's by leeway. With requireExp it refuses a token
// without exp. It is safe for concurrent use.
func NewTokenParser(issuer string, leeway time.Duration, requireExp bool, clock application.Clock) *jwt.Parser {
	options := []jwt.ParserOption{
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithIssuer(issuer), jwt.WithLeeway(leeway), jwt.WithTimeFunc(clock),
		jwt.WithJSONNumber(), // without it an exp of 0 counts as absent
	}
	if requireExp {
		options = append(options, jwt.WithExpirationRequired())
	}
	return jwt.NewParser(options...)
}
