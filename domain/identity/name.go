package identity

import (
	"regexp"
	"strings"

	"gatehouse/domain"
)

var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$`)

// CheckUsername returns why no user can have that name, or nil.
func CheckUsername(name string) *domain.Refusal { return CheckName("a username", name) }

// CheckName returns why name breaks GitLab's rule for usernames and for each
// part of a path, or nil. What says in the refusal which of the two is meant.
// A name that ends in ".git" or ".atom" would be read as a format.
func CheckName(what, name string) *domain.Refusal {
	fold := strings.ToLower(name)
	if plainName.MatchString(name) &&
		!strings.HasSuffix(fold, ".") && !strings.HasSuffix(fold, ".git") && !strings.HasSuffix(fold, ".atom") {
		return nil
	}
	return domain.Refuse(domain.Invalid,
		`%s is made of letters, digits, "_", "-" and "."; it begins with a letter, a digit or "_" and does not end in ".", ".git" or ".atom"`, what)
}
