package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Answer is a response as a file holds it: what a caller depends on, and no
// secret.
type Answer struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// keptHeaders are the headers that callers read.
var keptHeaders = []string{
	"Content-Type", "Allow", "Location", "Retry-After", "WWW-Authenticate",
	"Link", "X-Page", "X-Per-Page", "X-Next-Page", "X-Prev-Page", "X-Total", "X-Total-Pages", "Content-Disposition",
	"X-Gitlab-Blob-Id", "X-Gitlab-Commit-Id", "X-Gitlab-Content-Sha256", "X-Gitlab-Encoding", "X-Gitlab-Execute-Filemode",
	"X-Gitlab-File-Name", "X-Gitlab-File-Path", "X-Gitlab-Last-Commit-Id", "X-Gitlab-Ref", "X-Gitlab-Size",
}

// masks are the words that an answer's file has instead of secrets, by the form
// of the secret in a body. A secret of any other form is not masked, so that it
// shows as a difference.
var masks = map[string]*regexp.Regexp{
	`"lfs_token":"<token>"`: regexp.MustCompile(`"lfs_token":"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9\.[\w-]+\.[\w-]{43}"`),
	`"token":"<token>"`:     regexp.MustCompile(`"token":"gl(?:pat-[\w-]{20}|agent-[\w-]{50})"`),
	`"<code>"`:              regexp.MustCompile(`"[0-9a-f]{16}"`),
}

// NewAnswer makes an answer of a response: it leaves out the headers that no
// caller reads and masks the secrets in the body.
func NewAnswer(status int, header http.Header, body []byte) Answer {
	headers := map[string]string{}
	for _, name := range keptHeaders {
		if value := header.Get(name); value != "" {
			headers[name] = value
		}
	}
	for mask, form := range masks {
		body = form.ReplaceAll(body, []byte(mask))
	}
	if len(body) == 0 {
		body = nil // so that the file has no member for it
	}
	return Answer{status, headers, body}
}

// only returns the answer with those members of its body alone that the body of other has,
// and how many it left out. A body that is no object stays as it is.
func (a Answer) only(other Answer) (part Answer, left int) {
	var all, wanted map[string]json.RawMessage
	if json.Unmarshal(a.Body, &all) != nil || json.Unmarshal(other.Body, &wanted) != nil {
		return a, 0
	}
	kept := map[string]json.RawMessage{}
	for name := range wanted {
		if value, given := all[name]; given {
			kept[name] = value
		}
	}
	a.Body, _ = json.Marshal(kept) // of what was JSON
	return a, len(all) - len(kept)
}

// differences lists what differs in got, a line each; nothing if both are equal.
func (a Answer) differences(got Answer) []string {
	var out []string
	if got.Status != a.Status {
		out = append(out, fmt.Sprintf("status: want %d, got %d", a.Status, got.Status))
	}
	for _, name := range keptHeaders {
		if a.Headers[name] != got.Headers[name] {
			out = append(out, fmt.Sprintf("header %s: want %q, got %q", name, a.Headers[name], got.Headers[name]))
		}
	}
	return append(out, bodyDifferences(a.Body, got.Body)...)
}

func bodyDifferences(want, got json.RawMessage) []string {
	switch {
	case want == nil && got == nil:
		return nil
	case want == nil:
		return []string{"the answer has a body: " + string(got)}
	}
	var wanted, gotten any
	if err := json.Unmarshal(want, &wanted); err != nil {
		return []string{"the documented answer is not JSON: " + err.Error()}
	}
	if err := json.Unmarshal(got, &gotten); err != nil {
		return []string{"the answer is not JSON: " + err.Error()}
	}
	return valueDifferences("", wanted, gotten)
}

// valueDifferences compares the JSON values at a path in both answers.
func valueDifferences(at string, want, got any) []string {
	switch want := want.(type) {
	case map[string]any:
		if got, ok := got.(map[string]any); ok {
			return memberDifferences(at, want, got)
		}
	case []any:
		if got, ok := got.([]any); ok && len(got) == len(want) {
			var out []string
			for i := range want {
				out = append(out, valueDifferences(fmt.Sprintf("%s[%d]", at, i), want[i], got[i])...)
			}
			return out
		}
	default:
		if want == got {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s: want %s, got %s", at, inline(want), inline(got))}
}

func memberDifferences(at string, want, got map[string]any) []string {
	names := maps.Clone(want)
	maps.Copy(names, got)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		member := strings.TrimPrefix(at+"."+name, ".")
		wanted, isWanted := want[name]
		gotten, isGotten := got[name]
		switch {
		case !isGotten:
			out = append(out, member+" is missing")
		case !isWanted:
			out = append(out, fmt.Sprintf("%s: want no such member, got %s", member, inline(gotten)))
		default:
			out = append(out, valueDifferences(member, wanted, gotten)...)
		}
	}
	return out
}

// inline writes a JSON value on one line.
func inline(value any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprint(value)
	}
	return strings.TrimSpace(out.String())
}
