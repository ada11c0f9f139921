package hooks_test

import (
	"testing"

	"gatehouse/domain"
	"gatehouse/domain/hooks"
	"gatehouse/domain/source"
)

// wantInvalid checks that got is a refusal with that message, or nil if want is
// empty.
func wantInvalid(t *testing.T, name string, got *domain.Refusal, want string) {
	t.Helper()
	if (got == nil) != (want == "") || got != nil && (got.Kind != domain.Invalid || got.Message != want) {
		t.Errorf("%s: got %v, want %q", name, got, want)
	}
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	const like, fragment = "its url must be like https://ci.example.com/hook", "its url must not have a fragment"
	for url, want := range map[string]string{
		"https://ci.example.com": "", "http://ci.example.com:8080/hook?token=x": "", "https://user:pass@ci/": "",
		"": like, "ci.example.com/hook": like, "ftp://ci.example.com": like, "HTTPS://ci.example.com": like,
		"https://": like, "https:///hook": like, "https://ci.example.com/a b": like, "https://ci.example.com/\x7f": like, "https://ci\n": like, "https://ci/\r\nX-Evil: 1": like, "https://ci/\u0085": like, "\r\nhttps://ci/": like,
		"https://ci.example.com/#top": fragment, "https://ci.example.com#": fragment,
	} {
		wantInvalid(t, url, hooks.CheckURL(url), want)
	}
}

func TestCheckToken(t *testing.T) {
	t.Parallel()
	const control = "its token must not have line breaks or other control characters"
	for token, want := range map[string]string{
		"": "", "sesame": "", "two words": "", "é": "", "a\r\nX-Evil: 1": control, "sesame\n": control, "\rsesame": control, "a\x00": control, "a\tb": control, "a\x7f": control, "a\u0085b": control,
	} {
		wantInvalid(t, token, hooks.CheckToken(token), want)
	}
}

func TestCheckBranches(t *testing.T) {
	t.Parallel()
	const full = "its branch filter is for short names, such as main or release/*, which do not begin with refs/"
	for filter, want := range map[source.Pattern]string{
		"": "", "main": "", "release/*": "", "a/refs/b": "", "refs/heads/main": full, "refs/*": full,
	} {
		wantInvalid(t, string(filter), hooks.CheckBranches(hooks.WildcardBranches, filter), want)
	}
}
