package source_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain"
	"gatehouse/domain/source"
)

const (
	zero   = "0000000000000000000000000000000000000000"
	one    = "1111111111111111111111111111111111111111"
	two    = "2222222222222222222222222222222222222222"
	sha256 = "fd9e76b9136bdd9fe217061b497745792fe5a5ee1136bdd9fe217061b4977457"
)

func TestParseChanges(t *testing.T) {
	t.Parallel()
	create := source.Change{Old: zero, New: one, Ref: source.Ref{Kind: source.Branch, Name: "main"}}
	tag := source.Change{Old: one, New: zero, Ref: source.Ref{Kind: source.Tag, Name: "v1"}}
	for name, c := range map[string]struct {
		text string
		want []source.Change
	}{
		"none known":              {"_any", nil},
		"empty":                   {"", []source.Change{}},
		"blank lines":             {"\n \r\n", []source.Change{}},
		"one":                     {zero + " " + one + " refs/heads/main\n", []source.Change{create}},
		"without a last newline":  {zero + " " + one + " refs/heads/main", []source.Change{create}},
		"CR LF, blank lines, two": {zero + " " + one + " refs/heads/main\r\n\r\n" + one + " " + zero + " refs/tags/v1\r\n", []source.Change{create, tag}},
		"more white space":        {"  " + zero + "\t" + one + "   refs/heads/main  ", []source.Change{create}},
		"the documentation's own": {zero + " " + one + ` gh-pages\n`, []source.Change{{Old: zero, New: one, Ref: source.Ref{Name: "gh-pages"}}}},
		"the same ref twice":      {zero + " " + one + " refs/heads/main\n" + zero + " " + one + " refs/heads/main\n", []source.Change{create, create}},
		"SHA-256":                 {sha256 + " " + sha256 + " refs/x", []source.Change{{Old: sha256, New: sha256, Ref: source.Ref{Name: "refs/x"}}}},
		"a no-break space":        {zero + " " + one + " refs/heads/a\u00a0b", []source.Change{{Old: zero, New: one, Ref: source.Ref{Kind: source.Branch, Name: "a\u00a0b"}}}},
	} {
		got, err := source.ParseChanges(c.text)
		if err != nil || !cmp.Equal(got, c.want) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, c.want)
		}
	}
}

func TestParseChanges_invalid(t *testing.T) {
	t.Parallel()
	good := zero + " " + one + " refs/heads/main\n"
	for name, c := range map[string]struct{ text, want string }{
		"two fields":      {good + one + " refs/heads/x\n", "line 2"},
		"four fields":     {good + "\n" + zero + " " + one + " refs/heads/x y\n", "line 3"},
		"short id":        {"1234 " + one + " refs/heads/x", "line 1"},
		"upper case":      {strings.ToUpper(sha256) + " " + one + " refs/heads/x", "line 1"},
		"no hexadecimals": {strings.Repeat("g", 40) + " " + one + " refs/heads/x", "line 1"},
		"a word":          {"anything", "line 1"},
	} {
		_, err := source.ParseChanges(c.text)
		if !errors.Is(err, domain.Invalid) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "changes ") {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestLandedChanges_leavesOutWhatIsNone(t *testing.T) {
	t.Parallel()
	got := source.ParseReceivedChanges("nonsense\n" + zero + " " + one + " refs/heads/main\n" + one + "\n")
	want := []source.Change{{Old: zero, New: one, Ref: source.Ref{Kind: source.Branch, Name: "main"}}}
	if !cmp.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLandedChanges_base64(t *testing.T) {
	t.Parallel()
	line := zero + " " + one + " refs/heads/main\n"
	got := source.ParseReceivedChanges(base64.StdEncoding.EncodeToString([]byte(line)))
	if want := source.ParseReceivedChanges(line); len(want) != 1 || !cmp.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestRef_ValidName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"main", "a/b", "fix-" + one, "größe", "a@b", "@/x", "a.b", "x-", "HEADS", "refs/heads/x", "a\u00a0b", "@@"} {
		if !(source.Ref{Kind: source.Branch, Name: name}).ValidName() {
			t.Errorf("branch %q: got invalid", name)
		}
	}
	for _, name := range []string{
		"", "@", "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a.lock/b", "a..b", "a@{b", "a b", "a~", "a^", "a:b", "a?",
		"a*", "a[b", `a\b`, "a\tb", "a\x7f", "a.", "-a", "HEAD", "a\uFFFDb", "a\xffb",
	} {
		if (source.Ref{Kind: source.Branch, Name: name}).ValidName() {
			t.Errorf("branch %q: got valid", name)
		}
	}
	for _, name := range []string{"-v1", "HEAD"} { // Git's rules for branches only
		if !(source.Ref{Kind: source.Tag, Name: name}).ValidName() {
			t.Errorf("tag %q: got invalid", name)
		}
	}
}

func TestRef_LooksLikeSHA(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		one: true, sha256: true, one + "-fix": true, sha256 + "-": true, strings.ToUpper(sha256): true,
		one + "1": false, one[1:]: false, "fix-" + one: false, one + "_": false, one + "/x": false, "": false,
		one[:39] + "g": false, sha256 + "0": false,
	} {
		if got := (source.Ref{Kind: source.Branch, Name: name}).LooksLikeSHA(); got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
}

func TestPattern_Covers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern source.Pattern
		name    string
		want    bool
	}{
		{"main", "main", true},
		{"main", "Main", false},
		{"main", "main2", false},
		{"main", "xmain", false},
		{"*", "", true},
		{"*", "a/b", true},
		{"**", "a", true},
		{"release/*", "release/", true},
		{"release/*", "release/1/x", true},
		{"release/*", "release", false},
		{"*-stable", "1-stable", true},
		{"*-stable", "1-stable2", false},
		{"*-stable", "-stable", true},
		{"a*b*c", "abc", true},
		{"a*b*c", "a/x/b/y/c", true},
		{"a*b*c", "acb", false},
		{"a*b", "ab-b", true},
		{"ab*ba", "aba", false},
		{"v?.[0-9]", "v1.2", false},
		{"v?.[0-9]", "v?.[0-9]", true},
		{"v1.0", "v1x0", false},
		{"", "", true},
		{"", "x", false},
	} {
		if got := c.pattern.Covers(c.name); got != c.want {
			t.Errorf("%q covers %q: got %v, want %v", c.pattern, c.name, got, c.want)
		}
	}
}

func FuzzParseChanges(f *testing.F) {
	for _, seed := range []string{"_any", "", zero + " " + one + " refs/heads/main\n", zero + " " + one + ` gh-pages\n`, one + " " + two, "\r\n", sha256 + " " + sha256 + " refs/tags/ü"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		changes, err := source.ParseChanges(text)
		if err != nil {
			if !errors.Is(err, domain.Invalid) {
				t.Fatalf("got %v", err)
			}
			return
		}
		lines := make([]string, len(changes))
		for i, c := range changes {
			lines[i] = c.String()
		}
		again, err := source.ParseChanges(strings.Join(lines, "\n"))
		if err != nil || len(again) != len(changes) {
			t.Fatalf("printed %q: got %v, %v", lines, again, err)
		}
		if received := source.ParseReceivedChanges(text); len(received) != len(changes) {
			t.Errorf("received: got %d, want %d", len(received), len(changes))
		}
	})
}

func FuzzRef(f *testing.F) {
	for _, seed := range []string{"refs/heads/main", "refs/tags/v1", "refs/keep-around/x", "main", "refs/heads/", "refs/heads/.a", "refs/heads/a\uFFFD"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ref := source.ParseRef(text)
		if ref.String() != text {
			t.Errorf("%q prints as %q", text, ref)
		}
		if ref.ValidName() && strings.ContainsAny(ref.Name, " ~^:?*[\\\x00\n\x7f") {
			t.Errorf("%q is called valid", ref.Name)
		}
		if ref.LooksLikeSHA() && len(ref.Name) < 40 {
			t.Errorf("%q is called like a commit", ref.Name)
		}
		if ref.Hidden() && ref.Kind != source.Other {
			t.Errorf("%q is called hidden", text)
		}
	})
}

func FuzzPattern(f *testing.F) {
	f.Add("release/*", "release/1")
	f.Add("*a*b*", "xaxbx")
	f.Add("**", "")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if len(pattern) > 30 || len(name) > 60 {
			return // the reference below is slow
		}
		if got, want := source.Pattern(pattern).Covers(name), slowCovers(pattern, name); got != want {
			t.Errorf("%q covers %q: got %v, want %v", pattern, name, got, want)
		}
	})
}

// slowCovers matches by the definition: one character of either at a time.
func slowCovers(pattern, name string) bool {
	reach := map[int]bool{0: true} // lengths of name that the pattern so far can have taken
	for i := range len(pattern) {
		next := map[int]bool{}
		for at := range reach {
			switch {
			case pattern[i] == '*':
				for end := at; end <= len(name); end++ {
					next[end] = true
				}
			case at < len(name) && name[at] == pattern[i]:
				next[at+1] = true
			}
		}
		reach = next
	}
	return reach[len(name)]
}
