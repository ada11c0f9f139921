package hooks

import (
	"strings"

	"gatehouse/domain"
	"gatehouse/domain/source"
)

// CheckURL returns why a hook cannot have that URL, or nil.
func CheckURL(text string) *domain.Refusal {
	scheme, rest, _ := strings.Cut(text, "://")
	host, _, _ := strings.Cut(rest, "/")
	switch {
	case scheme != "http" && scheme != "https", host == "", strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == 0x7f }):
		return domain.Refuse(domain.Invalid, "its url must be like https://ci.example.com/hook")
	case strings.Contains(text, "#"):
		return domain.Refuse(domain.Invalid, "its url must not have a fragment")
	}
	return nil
}

// CheckBranches returns why a hook cannot be limited to the branches that a
// pattern covers, or nil.
func CheckBranches(filter source.Pattern) *domain.Refusal {
	if strings.HasPrefix(string(filter), "refs/") {
		return domain.Refuse(domain.Invalid, "its branch filter is for short names, such as main or release/*, which do not begin with refs/")
	}
	return nil
}
