package config

import (
	"net/url"
	"strings"
)

// masked is printed instead of every secret.
const masked = "***"

// Secret is a text that prints as ***. Convert it to a string to use it.
type Secret string

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return masked
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// URL is a URL, or the path of a file, whose password prints as ***. Convert it
// to a string to use it.
type URL string

// String hides the passwords in the user part and in the query. A URL that
// cannot be parsed is hidden as a whole.
func (u URL) String() string {
	if !strings.Contains(string(u), "://") {
		return string(u)
	}
	parsed, err := url.Parse(string(u))
	if err != nil {
		return masked
	}
	query := parsed.Query()
	for _, name := range []string{"password", "sslpassword"} {
		if query.Has(name) {
			query.Set(name, masked)
		}
	}
	if parsed.RawQuery != "" {
		parsed.RawQuery = query.Encode()
	}
	if _, ok := parsed.User.Password(); ok {
		parsed.User = url.UserPassword(parsed.User.Username(), masked)
	}
	return strings.ReplaceAll(parsed.String(), url.QueryEscape(masked), masked)
}

// GoString hides the password from %#v.
func (u URL) GoString() string { return u.String() }

// MarshalText hides the password from encoders.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }
