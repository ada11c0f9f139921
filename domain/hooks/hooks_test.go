package hooks_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func pushed(refs ...string) (changes []source.Change) {
	for _, ref := range refs {
		changes = append(changes, source.Change{Old: "0", New: "1", Ref: source.ParseRef(ref)})
	}
	return changes
}

func TestHook_Wants(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hook hooks.Hook
		ref  string
		want bool
	}{
		"a branch":                    {hooks.Hook{Push: true}, "refs/heads/main", true},
		"a branch, only tags wanted":  {hooks.Hook{TagPush: true}, "refs/heads/main", false},
		"a tag":                       {hooks.Hook{TagPush: true}, "refs/tags/v1", true},
		"a tag, only branches wanted": {hooks.Hook{Push: true}, "refs/tags/v1", false},
		"another ref":                 {hooks.Hook{Push: true, TagPush: true}, "refs/notes/commits", false},
		"covered":                     {hooks.Hook{Push: true, Branches: "release/*"}, "refs/heads/release/1", true},
		"not covered":                 {hooks.Hook{Push: true, Branches: "release/*"}, "refs/heads/main", false},
		"a tag minds no filter":       {hooks.Hook{TagPush: true, Branches: "main"}, "refs/tags/v1", true},
	} {
		if got := c.hook.Wants(pushed(c.ref)[0]); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestSendable(t *testing.T) {
	t.Parallel()
	three := pushed("refs/heads/a", "refs/heads/b", "refs/heads/c")
	four := append(pushed("refs/heads/d"), three...)
	tags := pushed("refs/tags/1", "refs/tags/2", "refs/tags/3", "refs/tags/4")
	for name, c := range map[string]struct {
		changes []source.Change
		limit   int
		want    []source.Change
	}{
		"as many as may be":           {three, 3, three},
		"too many":                    {four, 3, nil},
		"too many branches, one tag":  {append(pushed("refs/tags/v1"), four...), 3, pushed("refs/tags/v1")},
		"too many tags, few branches": {append(tags, three...), 3, three},
		"other refs do not count":     {append(pushed("refs/notes/a"), three...), 3, three},
		"none":                        {three, 0, nil},
	} {
		if diff := cmp.Diff(c.want, hooks.Sendable(c.changes, c.limit)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestHealth_After(t *testing.T) {
	t.Parallel()
	var h hooks.Health
	now := now
	for n := 1; n <= 40; n++ {
		now = now.Add(h.Pause(now))
		h = h.After(hooks.Failed, 500, now, time.Minute)
		if again := h.After(hooks.Failed, 404, now, time.Minute); n >= 4 && n < 40 && again != h {
			t.Errorf("a failure during the pause counts: got %+v", again)
		}
		want := time.Duration(0)
		if n >= 4 && n < 40 {
			want = min(24*time.Hour, time.Minute<<min(n-4, 20))
		}
		if h.Failures != n || h.Pause(now) != want || h.Disabled != (n == 40) || h.Status != 500 || h.LastAt != now {
			t.Errorf("after %d failures: got %+v, want a pause of %s", n, h, want)
		}
	}
	if h = h.After(hooks.Fast, 200, now, time.Minute); h != (hooks.Health{Status: 200, LastAt: now}) {
		t.Errorf("after a success: got %+v", h)
	}
	paused := hooks.Health{PausedUntil: now}
	if paused.Pause(now) != 0 || paused.Pause(now.Add(-time.Second)) != time.Second {
		t.Error("a pause does not end when it should")
	}
	if longest := 24 * time.Hour; paused.Pause(now.Add(-longest)) != longest || paused.Pause(now.Add(-longest-1)) != 0 {
		t.Error("a pause that is longer than any counts")
	}
}

func TestUnsent(t *testing.T) {
	t.Parallel()
	var changes []source.Change
	for _, ref := range []string{"refs/heads/a", "refs/heads/b", "refs/tags/v1", "refs/tags/v2", "refs/tags/v3", "refs/notes/x", "refs/notes/y", "refs/notes/z"} {
		changes = append(changes, source.Change{Ref: source.ParseRef(ref)})
	}
	branches, tags, onlyB := hooks.Hook{Push: true}, hooks.Hook{TagPush: true}, hooks.Hook{Push: true, Branches: "b"}
	for _, c := range []struct {
		limit          int
		hooks          []hooks.Hook
		branches, tags int
	}{
		{0, nil, 0, 0}, {0, []hooks.Hook{branches, tags}, 2, 3}, {1, []hooks.Hook{branches}, 2, 0}, {1, []hooks.Hook{onlyB}, 2, 0},
		{1, []hooks.Hook{{Push: true, Branches: "c"}, tags}, 0, 3}, {2, []hooks.Hook{branches, tags}, 0, 3}, {3, []hooks.Hook{branches, tags}, 0, 0},
		{1, []hooks.Hook{{Branches: "b"}}, 0, 0},
	} {
		if branches, tags := hooks.Unsent(changes, c.limit, c.hooks); branches != c.branches || tags != c.tags {
			t.Errorf("%d, %+v: got %d, %d, want %d, %d", c.limit, c.hooks, branches, tags, c.branches, c.tags)
		}
	}
}

func TestNewTestEvent(t *testing.T) {
	t.Parallel()
	project := source.Project{ID: 42, Protections: []source.Protection{{Kind: source.Branch, Pattern: "main"}, {Kind: source.Tag, Pattern: "*"}}}
	for _, digits := range []int{40, 64} { // SHA-1 and SHA-256
		id := source.ObjectID(strings.Repeat("1", digits))
		e := hooks.NewTestEvent(project, "main", source.Commit{ID: id})
		if want := strings.Repeat("0", digits) + " " + string(id) + " refs/heads/main"; e.Change.String() != want || !e.Change.Creates() || !e.Protected || e.Checkout != id {
			t.Errorf("got %+v, want %s", e, want)
		}
	}
	if e := hooks.NewTestEvent(project, "x", source.Commit{ID: "b", Parent: "a"}); e.Change.String() != "a b refs/heads/x" || e.Protected {
		t.Errorf("got %+v", e)
	}
}

func TestHealth_After_slow(t *testing.T) {
	t.Parallel()
	var h hooks.Health
	now := now
	for n := 1; n <= 100; n++ {
		now = now.Add(h.Pause(now))
		h = h.After(hooks.Slow, 200, now, time.Minute)
		if again := h.After(hooks.Slow, 201, now, time.Minute); n >= 4 && again != h {
			t.Errorf("a slow answer during the pause counts: got %+v", again)
		}
		want := time.Duration(0)
		if n >= 4 {
			want = time.Minute
		}
		if h.Failures != min(n, 4) || h.Pause(now) != want || h.Disabled || h.Status != 200 || h.LastAt != now || !h.Slow() {
			t.Errorf("after %d slow answers: got %+v, want a pause of %s", n, h, want)
		}
	}
	now = now.Add(time.Minute)
	if failed := h.After(hooks.Failed, 500, now, time.Minute); failed.Failures != 5 || failed.Pause(now) != 2*time.Minute || failed.Slow() {
		t.Errorf("a failure after slow answers: got %+v", failed)
	}
	if h = h.After(hooks.Fast, 200, now, time.Minute); h != (hooks.Health{Status: 200, LastAt: now}) || h.Slow() {
		t.Errorf("after a fast answer: got %+v", h)
	}
	failing := hooks.Health{Failures: 30}
	if failing = failing.After(hooks.Slow, 200, now, time.Minute); failing.Failures != 4 || failing.Pause(now) != time.Minute {
		t.Errorf("a slow answer after failures: got %+v", failing)
	}
	disabled := hooks.Health{Failures: 40, Disabled: true}
	if disabled = disabled.After(hooks.Slow, 200, now, time.Minute); disabled.Disabled || disabled.Failures != 4 {
		t.Errorf("a slow answer of a disabled hook: got %+v", disabled)
	}
}

func TestHook_Host(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://CI.example.com/X":            "ci.example.com:443",
		"http://ci.example.com?a=b@c":         "ci.example.com:80",
		"https://u:p@ci.example.com:8443/x@y": "ci.example.com:8443",
		"http://[::1]/x":                      "[::1]:80",
		"http://u@[::1]:99":                   "[::1]:99",
		"":                                    ":443",
	} {
		if got := (hooks.Hook{URL: url}).Host(); got != want {
			t.Errorf("%s: got %s, want %s", url, got, want)
		}
	}
}
