package hooks

import (
	"regexp"
	"slices"
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
// filter names, or nil.
func CheckBranches(strategy BranchStrategy, filter source.Pattern) *domain.Refusal {
	if strategy == RegexBranches {
		if _, err := regexp.Compile(string(filter)); err != nil {
			return domain.Refuse(domain.Invalid, "its branch filter is no regular expression of RE2")
		}
		return nil
	}
	if strings.HasPrefix(string(filter), "refs/") {
		return domain.Refuse(domain.Invalid, "its branch filter is for short names, such as main or release/*, which do not begin with refs/")
	}
	return nil
}

// maxHeaders is GitLab's too.
const maxHeaders = 20

// CheckHeaders returns why a hook cannot send those headers, or nil. The refusal does not
// repeat a value.
func CheckHeaders(headers []KeyValue) *domain.Refusal {
	if len(headers) > maxHeaders {
		return domain.Refuse(domain.Invalid, "it cannot have more than %d custom headers", maxHeaders)
	}
	for at, h := range headers {
		if slices.ContainsFunc(headers[:at], func(o KeyValue) bool { return strings.EqualFold(o.Key, h.Key) }) {
			return domain.Refuse(domain.Invalid, "its custom header %s is there twice", h.Key)
		}
		if slices.Contains(connectionHeaders, strings.ToLower(h.Key)) {
			return domain.Refuse(domain.Invalid, "its custom header %s is for the connection, and not for hooks to set", h.Key)
		}
	}
	return checkKeyValues("custom header", headers)
}

// connectionHeaders are about the connection, which a hook has no say in.
var connectionHeaders = []string{
	"connection", "content-length", "host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
}

// CheckVariables returns why a hook cannot have those variables in its URL, or nil. The
// refusal does not repeat a value.
func CheckVariables(variables []KeyValue) *domain.Refusal {
	for at, v := range variables {
		if index(variables[:at], v.Key) >= 0 {
			return domain.Refuse(domain.Invalid, "its url variable %s is there twice", v.Key)
		}
	}
	return checkKeyValues("url variable", variables)
}

const (
	maxKey   = 255
	maxValue = 2048
)

// key is what GitLab takes as the name of a header or a variable.
var key = regexp.MustCompile(`^[A-Za-z]+[0-9]*(?:[._-][A-Za-z0-9]+)*$`)

func checkKeyValues(kind string, values []KeyValue) *domain.Refusal {
	for _, v := range values {
		switch {
		case len(v.Key) > maxKey || !key.MatchString(v.Key):
			return domain.Refuse(domain.Invalid, "a %s must have a key such as X-Custom or token_1", kind)
		case v.Value == "" || len(v.Value) > maxValue:
			return domain.Refuse(domain.Invalid, "its %s %s must have a value of 1 to %d bytes", kind, v.Key, maxValue)
		case strings.ContainsFunc(v.Value, unicode.IsControl):
			return domain.Refuse(domain.Invalid, "its %s %s must not have line breaks or other control characters", kind, v.Key)
		}
	}
	return nil
}
