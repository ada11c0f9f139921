package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"gatehouse/adapters/worldfile"
	"gatehouse/application/worldimport"
)

// play makes the calls of all examples, shows them with their answers, and
// returns the titles of those that were not answered as documented.
func play(ctx context.Context, w io.Writer, base string, known map[string]string, registrar *worldimport.Importer) (wrong []string) {
	for _, e := range examples {
		e = e.fill(known)
		_, _ = fmt.Fprintf(w, "== %s\n\n", e.title)
		if e.world != "" {
			_, _ = fmt.Fprintf(w, "where this is there:\n%s\n", e.world)
		}
		_, _ = fmt.Fprintf(w, "%s\n\n", e.curl(base))
		err := e.apply(ctx, registrar)
		var status int
		var body []byte
		if err == nil {
			status, body, err = e.call(ctx, base)
		}
		if err != nil {
			_, _ = fmt.Fprintf(w, "no answer: %v\n\n", err)
			wrong = append(wrong, e.title)
			continue
		}
		_, _ = fmt.Fprintf(w, "%d %s\n%s\n\n", status, http.StatusText(status), pretty(body))
		differences := e.differences(status, body)
		if len(differences) == 0 {
			_, _ = fmt.Fprint(w, "as documented\n\n")
			continue
		}
		_, _ = fmt.Fprintf(w, "NOT as documented:\n  %s\n\n", strings.Join(differences, "\n  "))
		wrong = append(wrong, e.title)
	}
	return wrong
}

// apply describes what has to be there before the call.
func (e example) apply(ctx context.Context, registrar *worldimport.Importer) error {
	if e.world == "" {
		return nil
	}
	world, err := worldfile.Parse([]byte(e.world))
	if err == nil {
		_, err = registrar.Import(ctx, world)
	}
	return err
}

// call makes the call as curl would.
func (e example) call(ctx context.Context, base string) (status int, body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, e.method, base+e.path, strings.NewReader(strings.Join(e.data, "&")))
	if err != nil {
		return 0, nil, err
	}
	request.Close = true
	if e.data != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, header := range e.headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

func pretty(body []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, body, "", "  ") != nil {
		return string(body)
	}
	return out.String()
}

// differences says what an answer lacks of the documented one.
func (e example) differences(status int, body []byte) []string {
	out := e.lacksOf(body)
	if status != e.status {
		out = append([]string{fmt.Sprintf("status: want %d, got %d", e.status, status)}, out...)
	}
	return out
}

func (e example) lacksOf(body []byte) []string {
	if e.answer == "" {
		if len(body) > 0 {
			return []string{"the answer has a body: " + string(body)}
		}
		return nil
	}
	var want, got any
	if err := json.Unmarshal([]byte(e.answer), &want); err != nil {
		return []string{"the documented answer is not JSON: " + err.Error()}
	}
	if err := json.Unmarshal(body, &got); err != nil {
		return []string{"the answer is not JSON: " + err.Error()}
	}
	return e.lacks("", want, got)
}

// lacks compares what stands at a path in both answers.
func (e example) lacks(at string, want, got any) []string {
	switch want := want.(type) {
	case map[string]any:
		if got, ok := got.(map[string]any); ok {
			return e.lacksMembers(at, want, got)
		}
	case []any:
		if got, ok := got.([]any); ok && len(got) == len(want) {
			var out []string
			for i := range want {
				out = append(out, e.lacks(fmt.Sprintf("%s[%d]", at, i), want[i], got[i])...)
			}
			return out
		}
	case string:
		text, isText := got.(string)
		if begin, cut := strings.CutSuffix(want, "..."); isText && (text == want || cut && strings.HasPrefix(text, begin)) {
			return nil
		}
	default:
		if want == got {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s: want %s, got %s", at, inline(want), inline(got))}
}

func (e example) lacksMembers(at string, want, got map[string]any) (out []string) {
	names := make([]string, 0, len(want))
	for name := range want {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		path := strings.TrimPrefix(at+"."+name, ".")
		value, there := got[name]
		switch {
		case !there:
			out = append(out, path+" is missing")
		case !slices.Contains(e.fresh, path):
			out = append(out, e.lacks(path, want[name], value)...)
		case !alike(want[name], value):
			out = append(out, fmt.Sprintf("%s: want something like %s, got %s", path, inline(want[name]), inline(value)))
		}
	}
	return out
}

// alike says whether two values that are made anew each time are of one form:
// texts that are not empty, or lists of as many of them.
func alike(want, got any) bool {
	switch want := want.(type) {
	case []any:
		got, isList := got.([]any)
		return isList && slices.EqualFunc(want, got, alike)
	default:
		text, isText := got.(string)
		return isText && text != ""
	}
}

func inline(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
