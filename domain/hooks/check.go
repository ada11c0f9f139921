package hooks

import (
	"strings"
	"unicode"

	"gatehouse/domain"
	"gatehouse/domain/source"
)

// CheckURL returns why a hook cannot have that URL, or nil.
func CheckURL(text string) *domain.Refusal {
	scheme, rest, _ := strings.Cut(text, "://")
	host, _, _ := strings.Cut(rest, "/")
	switch {
	case scheme != "http" && scheme != "https", host == "", strings.Contains(text, " "), strings.ContainsFunc(text, unicode.IsControl):
		return domain.Refuse(domain.Invalid, "its url must be like https://ci.example.com/hook")
	case strings.Contains(text, "#"):
		return domain.Refuse(domain.Invalid, "its url must not have a fragment")
	}
	return nil
}

// CheckToken returns why a hook cannot have that token, or nil. Its text is the value
// of a header. The refusal does not repeat it.
func CheckToken(text string) *domain.Refusal {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return domain.Refuse(domain.Invalid, "its token must not have line breaks or other control characters")
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
