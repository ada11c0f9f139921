package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gatehouse/adapters/httpapi/flatjson"
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

// TokenChecker checks the tokens of one issuer as the parser of NewTokenParser does. It is
// safe for concurrent use.
type TokenChecker struct {
	issuer     string
	leeway     time.Duration
	requireExp bool
	clock      application.Clock
	parser     *jwt.Parser
}

// NewTokenChecker makes a TokenChecker, with what NewTokenParser takes.
func NewTokenChecker(issuer string, leeway time.Duration, requireExp bool, clock application.Clock) *TokenChecker {
	return &TokenChecker{issuer, leeway, requireExp, clock, NewTokenParser(issuer, leeway, requireExp, clock)}
}

// Check returns why a token does not count, or nil. It must be signed with one of the keys.
func (t *TokenChecker) Check(token string, keys [][]byte) error {
	if err := CheckToken(token); err != nil {
		return err
	}
	if t.plain(token, keys) {
		return nil
	}
	_, err := t.parser.Parse(token, func(*jwt.Token) (any, error) {
		var set jwt.VerificationKeySet
		for _, key := range keys {
			set.Keys = append(set.Keys, key)
		}
		return set, nil
	})
	return err
}

// plainHeader is {"alg":"HS256","typ":"JWT"} with the dot behind it, as GitLab Shell and Gitaly write it.
const plainHeader = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."

// plain says whether a token is good and written as GitLab Shell and Gitaly do. Of any
// other one the parser says whether it is good, and why not; it takes four times the memory.
func (t *TokenChecker) plain(token string, keys [][]byte) bool {
	end := max(strings.LastIndexByte(token, '.'), 0)
	encoded, ok := strings.CutPrefix(token[:end], plainHeader)
	if !ok {
		return false
	}
	signature, err := base64.RawURLEncoding.AppendDecode(make([]byte, 0, sha256.Size), []byte(token[end+1:]))
	if err != nil || !signedWithOne(keys, token[:end], signature) {
		return false
	}
	text, err := base64.RawURLEncoding.AppendDecode(make([]byte, 0, 256), []byte(encoded))
	if err != nil {
		return false
	}
	var room [16]flatjson.Member
	claims, ok := flatjson.Read(string(text), room[:0])
	return ok && t.counts(claims)
}

func signedWithOne(keys [][]byte, text string, signature []byte) bool {
	for _, key := range keys {
		if jwt.SigningMethodHS256.Verify(text, signature, key) == nil {
			return true
		}
	}
	return false
}

// counts says whether claims are those of the issuer, and of now.
func (t *TokenChecker) counts(claims []flatjson.Member) bool {
	now := t.clock()
	if exp := flatjson.Last(claims, "exp"); exp != nil {
		if ends, ok := seconds(exp); !ok || !now.Before(ends.Add(t.leeway)) {
			return false
		}
	} else if t.requireExp {
		return false
	}
	if nbf := flatjson.Last(claims, "nbf"); nbf != nil {
		if begins, ok := seconds(nbf); !ok || now.Before(begins.Add(-t.leeway)) {
			return false
		}
	}
	iss := flatjson.Last(claims, "iss")
	return iss != nil && iss.Kind == flatjson.Text && iss.Value == t.issuer
}

// seconds reads a time of a token.
func seconds(claim *flatjson.Member) (time.Time, bool) {
	n, err := strconv.ParseInt(claim.Value, 10, 64)
	return time.Unix(n, 0), err == nil && claim.Kind == flatjson.Number
}
