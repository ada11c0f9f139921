package source_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain/source"
)

func TestParsePushOptions(t *testing.T) {
	t.Parallel()
	got := source.ParsePushOptions([]string{
		"ci.skip", "mr.create", "merge_request.target=main", "mr.target=stable", "mr.label=a", "mr.label=b=c",
		"ci.variable=K=V", "ci.variable=L=W", "", "nonsense", "ci.", ".skip", "ci.unknown", "mr.title=", "MR.create",
	})
	want := []source.PushOption{
		{Namespace: "ci", Key: "skip"},
		{Namespace: "merge_request", Key: "create"},
		{Namespace: "merge_request", Key: "target", Values: []string{"stable"}},
		{Namespace: "merge_request", Key: "label", Values: []string{"a", "b=c"}},
		{Namespace: "ci", Key: "variable", Values: []string{"K=V", "L=W"}},
		{Namespace: "merge_request", Key: "title", Values: []string{""}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPickBanner(t *testing.T) {
	t.Parallel()
	late, early := source.Banner{Message: "late"}, source.Banner{Message: "early"}
	acme, all := source.Banner{Message: "acme", TargetPath: "acme/*"}, source.Banner{Message: "wild", TargetPath: "*"}
	for name, c := range map[string]struct {
		banners []source.Banner
		want    string
	}{
		"none":                      {nil, ""},
		"the latest":                {[]source.Banner{late, early}, "late"},
		"the one for this project":  {[]source.Banner{late, acme}, "acme"},
		"not for this project":      {[]source.Banner{{Message: "x", TargetPath: "other/*"}, early}, "early"},
		"the latest of the matches": {[]source.Banner{all, acme}, "wild"},
	} {
		if got, ok := source.PickBanner(c.banners, "acme/tools/cli"); got != c.want || ok != (c.want != "") {
			t.Errorf("%s: got %q, %v, want %q", name, got, ok, c.want)
		}
	}
}
