package worldfile_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gatehouse/adapters/worldfile"
	"gatehouse/application/worldimport"
	"gatehouse/domain/hooks"
	"gatehouse/domain/remembered"
)

func TestParse_hooks(t *testing.T) {
	t.Parallel()
	got, err := worldfile.Parse([]byte(`hooks:
  - {project: acme/cli, url: "https://ci.example.com/hook?x=1"}
  - {id: 7, group: acme, url: "http://{host}", token: sesame, push_events: false, tag_push_events: true,
     branch_filter: "^release/", branch_filter_strategy: regex, enable_ssl_verification: false, custom_headers: [{key: X-Key, value: sesame}],
     url_variables: [{key: host, value: ci.example.com}], custom_webhook_template: "{}", settings: {issues_events: true}, created_at: 2026-12-01}
`))
	want := []worldimport.Hook{
		{FileLine: line(2), Project: "acme/cli", Hook: hooks.Hook{URL: "https://ci.example.com/hook?x=1", Push: true, Strategy: hooks.WildcardBranches}},
		{FileLine: line(3), Group: "acme", Hook: hooks.Hook{
			ID: 7, URL: "http://{host}", Token: "sesame", TagPush: true, Branches: "^release/", Strategy: hooks.RegexBranches, SkipVerification: true,
			Headers:   []hooks.KeyValue{{Key: "X-Key", Value: "sesame"}},
			Variables: []hooks.KeyValue{{Key: "host", Value: "ci.example.com"}}, Template: "{}",
			Settings: remembered.Values{"issues_events": true}, CreatedAt: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
		}},
	}
	if diff := cmp.Diff(want, got.Hooks, cmpopts.IgnoreFields(worldimport.FileLine{}, "Given")); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestParse_hookMistakes(t *testing.T) {
	t.Parallel()
	_, err := worldfile.Parse([]byte(`hooks:
  - {url: "https://ci.example.com"}
  - {project: a/b, group: a, url: "https://ci.example.com"}
  - {project: a/b}
  - {project: a/b, url: "ftp://sesame"}
  - {project: a/b, url: "https:///sesame"}
  - {project: a/b, url: "https://ci.example.com/a b"}
  - {project: a/b, url: "https://ci.example.com/#sesame"}
  - {project: a/b, url: "https://[sesame"}
  - {project: a/b, url: "https://c", branch_filter: refs/heads/main}
  - {project: a/b, url: "https://d", push_events: yes please, enable_ssl_verification: 1, token: 7}
  - {project: a/b, url: "https://e/?sesame"}
  - {project: A/B, url: "https://e/?sesame"}
  - {id: 3, group: a, url: "https://f"}
  - {id: 3, group: a, url: "https://g", secret: x}
  - {group: a, url: "https://h/\r\nX-Sesame: 1"}
  - {group: a, url: "https://i", token: "a\r\nX-Sesame: 1"}
`))
	mistakes, _ := errors.AsType[worldimport.Mistakes](err)
	var got []string
	for _, m := range mistakes {
		got = append(got, m.String())
	}
	const wrong = "its url must be like https://ci.example.com/hook"
	want := []string{
		"line 2: an entry of hooks needs either group or project",
		"line 3: an entry of hooks needs either group or project",
		"line 4: an entry of hooks needs url",
		"line 5: an entry of hooks: " + wrong,
		"line 6: an entry of hooks: " + wrong,
		"line 7: an entry of hooks: " + wrong,
		"line 8: an entry of hooks: its url must not have a fragment",
		"line 9: an entry of hooks: its url cannot be read",
		"line 10: an entry of hooks: its branch filter is for short names, such as main or release/*, which do not begin with refs/",
		"line 11: token must be text; put quotes around it",
		"line 11: push_events must be true or false",
		"line 11: enable_ssl_verification must be true or false",
		"line 13: this hook of project a/b is already on line 12",
		"line 15: hook number 3 is already that of another hook on line 14",
		"line 15: an entry of hooks has no secret; there are id, url, name, description, token, push_events, tag_push_events, branch_filter, branch_filter_strategy, enable_ssl_verification, custom_headers, url_variables, custom_webhook_template, settings, created_at, group, project",
		"line 16: an entry of hooks: " + wrong,
		"line 17: an entry of hooks: its token must not have line breaks or other control characters",
	}
	if diff := cmp.Diff(want, got); diff != "" || strings.Contains(err.Error(), "sesame") {
		t.Errorf("-want +got:\n%s", diff)
	}
}
