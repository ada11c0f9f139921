package hooks_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

func TestHook_Wants_strategies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		strategy hooks.BranchStrategy
		filter   source.Pattern
		branch   string
		want     bool
	}{
		"wildcard covers":            {hooks.WildcardBranches, "release/*", "release/1", true},
		"wildcard does not":          {hooks.WildcardBranches, "release/.*", "release/1", false},
		"regex matches":              {hooks.RegexBranches, "^release/[0-9]+$", "release/12", true},
		"regex matches a part":       {hooks.RegexBranches, "lease", "release/12", true},
		"regex does not":             {hooks.RegexBranches, "^release/[0-9]+$", "release/x", false},
		"regex that is none":         {hooks.RegexBranches, "(", "(", false},
		"regex of nothing":           {hooks.RegexBranches, "", "main", true},
		"all branches":               {hooks.AllBranches, "release/*", "main", true},
		"no strategy is as wildcard": {"", "m*", "main", true},
	} {
		h := hooks.Hook{Push: true, Branches: c.filter, Strategy: c.strategy}
		if got := h.Wants(source.Change{Ref: source.Ref{Kind: source.Branch, Name: c.branch}}); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestHook_Target(t *testing.T) {
	t.Parallel()
	h := hooks.Hook{
		URL:       "https://{host}/{a.b}?x={token_1}&y={unknown}&z={}",
		Variables: []hooks.KeyValue{{Key: "host", Value: "CI.example.com"}, {Key: "a.b", Value: "{token_1}"}, {Key: "token_1", Value: "s"}},
	}
	if got, want := h.Target(), "https://CI.example.com/{token_1}?x=s&y={unknown}&z={}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := h.Host(); got != "ci.example.com:443" {
		t.Errorf("got host %q", got)
	}
}

// kept is a hook with secrets.
func kept() hooks.Hook {
	return hooks.Hook{
		ID: 3, URL: "https://bot:sesame@ci.example.com/{a}?x=1", Token: "t", Branches: "main",
		Headers: []hooks.KeyValue{{Key: "X-Key", Value: "h"}}, Variables: []hooks.KeyValue{{Key: "a", Value: "v"}, {Key: "later", Value: "w"}},
	}
}

func TestHook_With(t *testing.T) {
	t.Parallel()
	to := func(text string) *string { return &text }
	values := func(all ...hooks.KeyValue) *[]hooks.KeyValue { return &all }
	for name, c := range map[string]struct {
		change hooks.Change
		adjust func(*hooks.Hook)
	}{
		"nothing":                 {hooks.Change{}, func(*hooks.Hook) {}},
		"the URL as it was shown": {hooks.Change{URL: to(kept().DisplayURL())}, func(*hooks.Hook) {}},
		"the same URL":            {hooks.Change{URL: to(kept().URL)}, func(*hooks.Hook) {}},
		"another URL": {hooks.Change{URL: to("https://evil.example.com")}, func(h *hooks.Hook) {
			h.URL, h.Token, h.Headers, h.Variables = "https://evil.example.com", "", nil, []hooks.KeyValue{{Key: "later", Value: "w"}}
		}},
		"another URL with secrets": {hooks.Change{URL: to("https://x/{b}"), Token: to("t"), Headers: values(), Variables: values(hooks.KeyValue{Key: "b", Value: "w"})}, func(h *hooks.Hook) {
			h.URL, h.Headers, h.Variables = "https://x/{b}", nil, []hooks.KeyValue{{Key: "b", Value: "w"}}
		}},
		"another URL, for which a variable was set": {hooks.Change{URL: to("https://x/{later}")}, func(h *hooks.Hook) {
			h.URL, h.Token, h.Headers, h.Variables = "https://x/{later}", "", nil, []hooks.KeyValue{{Key: "later", Value: "w"}}
		}},
		"another variable": {hooks.Change{Variables: values(hooks.KeyValue{Key: "a", Value: "w"})}, func(h *hooks.Hook) {
			h.Token, h.Headers, h.Variables = "", nil, []hooks.KeyValue{{Key: "a", Value: "w"}}
		}},
		"no token": {hooks.Change{Token: to("")}, func(h *hooks.Hook) { h.Token = "" }},
		"all branches": {hooks.Change{Rest: func(h *hooks.Hook) { h.Strategy = hooks.AllBranches }}, func(h *hooks.Hook) {
			h.Strategy, h.Branches = hooks.AllBranches, ""
		}},
	} {
		want, old := kept(), kept()
		c.adjust(&want)
		got := old.With(c.change)
		if len(got.Headers) == 0 {
			got.Headers = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(kept(), old); diff != "" {
			t.Errorf("%s has changed the old hook (-want +got):\n%s", name, diff)
		}
	}
}

func TestHook_Check(t *testing.T) {
	t.Parallel()
	headers := func(key, value string) func(*hooks.Hook) {
		return func(h *hooks.Hook) { h.Headers = []hooks.KeyValue{{Key: key, Value: value}} }
	}
	many := make([]hooks.KeyValue, 21)
	for i := range many {
		many[i] = hooks.KeyValue{Key: "X-" + strings.Repeat("a", i+1), Value: "v"}
	}
	for name, c := range map[string]struct {
		adjust func(*hooks.Hook)
		want   string
	}{
		"as it was":               {func(*hooks.Hook) {}, ""},
		"no URL":                  {func(h *hooks.Hook) { h.URL = "" }, "Invalid url given"},
		"another scheme":          {func(h *hooks.Hook) { h.URL = "ftp://x" }, "Invalid url given"},
		"hidden parts":            {func(h *hooks.Hook) { h.URL = "https://***@x" }, "Invalid url given"},
		"unknown variable":        {func(h *hooks.Hook) { h.URL = "https://x/{b}" }, "Invalid url given"},
		"long URL":                {func(h *hooks.Hook) { h.URL = "https://x/" + strings.Repeat("x", 2048) }, "Invalid url given"},
		"full name of a branch":   {func(h *hooks.Hook) { h.Branches = "refs/heads/main" }, "Invalid branch filter given"},
		"a name that none has":    {func(h *hooks.Hook) { h.Branches = "a b*" }, "Invalid branch filter given"},
		"no regular expression":   {func(h *hooks.Hook) { h.Branches, h.Strategy = "(", hooks.RegexBranches }, "Invalid branch filter given"},
		"a regular expression":    {func(h *hooks.Hook) { h.Branches, h.Strategy = "^(a|b)$", hooks.RegexBranches }, ""},
		"long name":               {func(h *hooks.Hook) { h.Name = strings.Repeat("é", 256) }, "name is too long (maximum is 255 characters)"},
		"name of 255 characters":  {func(h *hooks.Hook) { h.Name = strings.Repeat("é", 255) }, ""},
		"long description":        {func(h *hooks.Hook) { h.Description = strings.Repeat("x", 2049) }, "description is too long (maximum is 2048 characters)"},
		"long template":           {func(h *hooks.Hook) { h.Template = strings.Repeat("x", 4097) }, "custom_webhook_template is too long (maximum is 4096 characters)"},
		"token of two lines":      {func(h *hooks.Hook) { h.Token = "a\nb" }, "token must not have line breaks or other control characters"},
		"header without a value":  {headers("X-A", ""), "custom_headers are not valid: its custom header X-A must have a value of 1 to 2048 bytes"},
		"header of two lines":     {headers("X-A", "a\r\nX-B: c"), "custom_headers are not valid: its custom header X-A must not have line breaks or other control characters"},
		"header with a wrong key": {headers("X A", "a"), "custom_headers are not valid: a custom header must have a key such as X-Custom or token_1"},
		"header of a connection":  {headers("Content-Length", "1"), "custom_headers are not valid: its custom header Content-Length is for the connection, and not for hooks to set"},
		"one header twice": {func(h *hooks.Hook) { h.Headers = []hooks.KeyValue{{Key: "X-A", Value: "1"}, {Key: "x-a", Value: "2"}} },
			"custom_headers are not valid: its custom header x-a is there twice"},
		"too many headers": {func(h *hooks.Hook) { h.Headers = many }, "custom_headers are not valid: it cannot have more than 20 custom headers"},
		"one variable twice": {func(h *hooks.Hook) {
			h.Variables = append(h.Variables, hooks.KeyValue{Key: "a", Value: "2"})
		}, "url_variables are not valid: its url variable a is there twice"},
	} {
		h := kept()
		c.adjust(&h)
		err := h.Check(kept())
		if got := errorText(err); got != c.want || err != nil && !errors.Is(err, domain.Unprocessable) {
			t.Errorf("%s: got %q (%v), want %q", name, got, err, c.want)
		}
	}
	if err := (hooks.Hook{URL: "https://ci.example.com"}).Check(hooks.Hook{}); err != nil {
		t.Errorf("a new one: got %v", err)
	}
	if err := (hooks.Hook{}).Check(hooks.Hook{}); err != hooks.ErrURL {
		t.Errorf("a new one without a URL: got %v", err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestSetValue(t *testing.T) {
	t.Parallel()
	all := []hooks.KeyValue{{Key: "X-A", Value: "1"}, {Key: "X-B", Value: "2"}}
	for name, c := range map[string]struct{ got, want []hooks.KeyValue }{
		"another":            {hooks.SetValue(all, hooks.KeyValue{Key: "X-C", Value: "3"}, true), []hooks.KeyValue{{"X-A", "1"}, {"X-B", "2"}, {"X-C", "3"}}},
		"in its place":       {hooks.SetValue(all, hooks.KeyValue{Key: "x-a", Value: "3"}, true), []hooks.KeyValue{{"X-B", "2"}, {"x-a", "3"}}},
		"letter case counts": {hooks.SetValue(all, hooks.KeyValue{Key: "x-a", Value: "3"}, false), []hooks.KeyValue{{"X-A", "1"}, {"X-B", "2"}, {"x-a", "3"}}},
		"removed":            {hooks.RemoveValue(all, "x-b", true), []hooks.KeyValue{{"X-A", "1"}}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
