package hooks

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"gatehouse/domain"
	"gatehouse/domain/source"
)

// Change is what a request says of a hook. What is nil is not mentioned.
type Change struct {
	// URL that DisplayURL returns of the hook, with secrets hidden, is not mentioned either.
	URL, Token         *string
	Headers, Variables *[]KeyValue
	// Rest changes members that are none of the above.
	Rest func(*Hook)
}

// With returns the hook after a change. As in GitLab, secrets do not follow to another
// receiver: a change of the Target drops a token and headers that it does not mention, and a
// change of the URL the variables in the old one.
func (h Hook) With(c Change) Hook {
	old := h
	h.Headers, h.Variables = slices.Clone(h.Headers), slices.Clone(h.Variables)
	if c.URL != nil && *c.URL != h.DisplayURL() {
		h.URL = *c.URL
	}
	if h.URL != old.URL {
		h.Variables = slices.DeleteFunc(h.Variables, func(v KeyValue) bool { return strings.Contains(old.URL, "{"+v.Key+"}") })
	}
	if c.Variables != nil {
		h.Variables = *c.Variables
	}
	if h.Target() != old.Target() {
		h.Token, h.Headers = "", nil
	}
	if c.Token != nil {
		h.Token = *c.Token
	}
	if c.Headers != nil {
		h.Headers = *c.Headers
	}
	if c.Rest != nil {
		c.Rest(&h)
	}
	if h.Strategy == AllBranches {
		h.Branches = ""
	}
	return h
}

// SetValue returns the values with one set; fold says that letter case does not count in keys.
func SetValue(values []KeyValue, set KeyValue, fold bool) []KeyValue {
	values = RemoveValue(values, set.Key, fold)
	return append(values, set)
}

// RemoveValue returns the values without that of a key; fold says that letter case does not
// count in keys.
func RemoveValue(values []KeyValue, key string, fold bool) []KeyValue {
	return slices.DeleteFunc(slices.Clone(values), func(v KeyValue) bool {
		return v.Key == key || fold && strings.EqualFold(v.Key, key)
	})
}

// The refusals of a hook that GitLab words alike, whatever is wrong. Callers compare them by
// identity.
var (
	ErrURL      = domain.Refuse(domain.Unprocessable, "Invalid url given")
	ErrBranches = domain.Refuse(domain.Unprocessable, "Invalid branch filter given")
)

// ErrUnreadable refuses to change a hook whose secrets were sealed with a key that is lost,
// or are damaged.
var ErrUnreadable = domain.Refuse(domain.Unprocessable, "The secrets of the hook cannot be read: remove it, and add it again")

// The longest texts of a hook, in characters; those of the URL and the token in bytes. They
// are GitLab's, but that of the token.
const (
	maxName        = 255
	maxDescription = 2048
	maxTemplate    = 4096
	maxURL         = 2048
	maxToken       = 2048
	maxFilter      = 4000
)

// Check returns why the hook cannot take the place of the old one, or nil: ErrURL,
// ErrBranches or FieldErrors. What stays as it was is not judged.
func (h Hook) Check(old Hook) error {
	if (h.Target() != old.Target() || h.URL == "") && !h.isURLValid() {
		return ErrURL
	}
	if (h.Branches != old.Branches || h.Strategy != old.Strategy) && !h.isFilterValid() {
		return ErrBranches
	}
	var wrong domain.FieldErrors
	for _, text := range []struct {
		field, was, is string
		most           int
	}{
		{"name", old.Name, h.Name, maxName}, {"description", old.Description, h.Description, maxDescription},
		{"custom_webhook_template", old.Template, h.Template, maxTemplate}, {"token", old.Token, h.Token, maxToken},
	} {
		if text.is != text.was && utf8.RuneCountInString(text.is) > text.most {
			wrong = append(wrong, domain.FieldError{Field: text.field, Message: fmt.Sprintf("is too long (maximum is %d characters)", text.most)})
		}
	}
	if h.Token != old.Token && CheckToken(h.Token) != nil {
		wrong = append(wrong, domain.FieldError{Field: "token", Message: "must not have line breaks or other control characters"})
	}
	for _, values := range []struct {
		field   string
		refusal *domain.Refusal
	}{{"custom_headers", CheckHeaders(h.Headers)}, {"url_variables", CheckVariables(h.Variables)}} {
		if values.refusal != nil {
			wrong = append(wrong, domain.FieldError{Field: values.field, Message: "are not valid: " + values.refusal.Message})
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	return nil
}

// isURLValid says whether the URL names a receiver, with a variable for each name in it and
// nothing hidden.
func (h Hook) isURLValid() bool {
	for _, reference := range variable.FindAllStringSubmatch(h.URL, -1) {
		if index(h.Variables, reference[1]) < 0 {
			return false
		}
	}
	target := h.Target()
	return CheckURL(target) == nil && max(len(h.URL), len(target)) <= maxURL && utf8.ValidString(target) && !IsRedacted(target)
}

// isFilterValid says whether branches can have the names that the filter covers.
func (h Hook) isFilterValid() bool {
	switch {
	case h.Branches == "":
		return true
	case len(h.Branches) > maxFilter, !utf8.ValidString(string(h.Branches)), CheckBranches(h.Strategy, h.Branches) != nil:
		return false
	case h.Strategy == RegexBranches:
		return !strings.ContainsRune(string(h.Branches), 0)
	}
	sample := strings.ReplaceAll(string(h.Branches), "*", "x")
	return source.Ref{Kind: source.Branch, Name: sample}.ValidName()
}
