package call

import (
	"strconv"
	"strings"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

// Names is a parameter of several texts: an array, or one text with commas. Numbers are
// texts too.
type Names []string

// ReadParam implements params.Reader.
func (n *Names) ReadParam(value any) (problem string) {
	list, isList := value.([]any)
	if !isList {
		text, problem := params.Text(value)
		if problem != "" {
			return problem
		}
		for part := range strings.SplitSeq(text, ",") {
			list = append(list, part)
		}
	}
	*n = Names{}
	for _, element := range list {
		text, problem := params.Text(element)
		if problem != "" {
			return problem
		}
		if text = strings.TrimSpace(text); text != "" {
			*n = append(*n, text)
		}
	}
	return ""
}

// IDs is a parameter of several numbers of rows, as Names has several texts.
type IDs []int64

// ReadParam implements params.Reader.
func (n *IDs) ReadParam(value any) (problem string) {
	var texts Names
	if problem := texts.ReadParam(value); problem != "" {
		return problem
	}
	*n = IDs{}
	for _, text := range texts {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return params.IsInvalid
		}
		*n = append(*n, id)
	}
	return ""
}

// Users returns the numbers as those of users; nil if they were not given.
func (n IDs) Users() (users []identity.UserID) {
	if n != nil {
		users = []identity.UserID{}
	}
	for _, id := range n {
		users = append(users, identity.UserID(id))
	}
	return users
}

// VisibilityWord is one of private, internal and public; empty if it is absent.
type VisibilityWord source.Visibility

// Words are the words that it takes.
func (VisibilityWord) Words() []string { return Texts(source.Visibilities) }

// ReadParam implements params.Reader.
func (w *VisibilityWord) ReadParam(value any) (problem string) {
	word, problem := params.Word(value, w.Words())
	*w = VisibilityWord(word)
	return problem
}

// Texts returns words as texts.
func Texts[T ~string](words []T) []string {
	out := make([]string, len(words))
	for i, word := range words {
		out[i] = string(word)
	}
	return out
}

// Set replaces a value by the one that is given, if one is.
func Set[T any](value, given *T) {
	if given != nil {
		*value = *given
	}
}

// Remembered reads the parameters of a table that are given.
func (c *Call) Remembered(table remembered.Table) (remembered.Values, error) {
	given := remembered.Values{}
	for _, p := range table {
		if !c.values.Given(p.Name) {
			continue
		}
		value, problem := c.values.Scalar(p.Name, string(p.Kind))
		if problem == "" && !p.IsValid(value) {
			problem = params.NoValidValue
		}
		if problem != "" {
			return nil, domain.Refuse(domain.Invalid, "%s %s", p.Name, problem)
		}
		given[p.Name] = value
	}
	return given, nil
}
