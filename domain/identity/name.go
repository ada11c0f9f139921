package identity

import (
	"regexp"
	"strings"

	"gatehouse/domain"
)

var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$`)

// Fold returns the form in which usernames and paths are compared: with the letters
// A to Z in lower case. Other letters have no case here, because no name has them:
// by Unicode's rules U+212A, the sign for kelvin, would be an upper-case "k".
func Fold(name string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}, name)
}

// CheckUsername returns why no user can have that name, or nil.
func CheckUsername(name string) *domain.Refusal { return CheckName("a username", name) }

// CheckName returns why name breaks GitLab's rule for usernames and for each
// part of a path, or nil. What says in the refusal which of the two is meant.
// A name that ends in ".git" or ".atom" would be read as a format.
func CheckName(what, name string) *domain.Refusal {
	fold := Fold(name)
	if plainName.MatchString(name) &&
		!strings.HasSuffix(fold, ".") && !strings.HasSuffix(fold, ".git") && !strings.HasSuffix(fold, ".atom") {
		return nil
	}
	return domain.Refuse(domain.Invalid,
		`%s is made of letters, digits, "_", "-" and "."; it begins with a letter, a digit or "_" and does not end in ".", ".git" or ".atom"`, what)
}
