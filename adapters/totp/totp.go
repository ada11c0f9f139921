// Package totp checks the one-time passwords of authenticator apps: RFC 6238, six
// digits, a new one every 30 seconds.
package totp

import (
	"errors"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// Authenticator checks one-time passwords. It is safe for concurrent use.
type Authenticator struct{}

// errSecret holds nothing of the secret.
var errSecret = errors.New("the secret of one-time passwords is not base32")

// period is the lifetime of a code in seconds.
const period = 30

// Step returns the time step that has the code: the step of now, or the one before or
// after it, because clocks differ. It always compares all three. ok is false if none
// has the code.
func (Authenticator) Step(secret, code string, now time.Time) (step int64, ok bool, err error) {
	current := now.Unix() / period
	for _, candidate := range []int64{current - 1, current, current + 1} {
		match, err := hotp.ValidateCustom(code, uint64(candidate), secret, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		switch {
		case errors.Is(err, otp.ErrValidateInputInvalidLength): // not six digits: no match
		case err != nil:
			return 0, false, errSecret
		case match:
			step, ok = candidate, true
		}
	}
	return step, ok, nil
}
