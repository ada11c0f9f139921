package gormstore_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/gormstore"
	"gatehouse/domain/security"
)

// keptIdentifiers are those in testdata.
var keptIdentifiers = []security.Identifier{
	{Type: "cve", Name: "CVE-2020-27350 <&> é", Value: "CVE-2020-27350", URL: "https://example.com/?a=1&b=2"},
	{Type: "cwe", Name: "CWE\x00"},
}

func TestIdentifiers_bothForms(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"identifiers.unversioned.json", "identifiers.v1.json"} {
		got, err := gormstore.ReadIdentifiers(string(stored(t, file)))
		if diff := cmp.Diff(keptIdentifiers, got); err != nil || diff != "" {
			t.Errorf("%s: got %v\n%s", file, err, diff)
		}
	}
	for _, none := range []string{"null", "[]"} {
		if got, err := gormstore.ReadIdentifiers(none); err != nil || len(got) != 0 {
			t.Errorf("%s: got %v, %v", none, got, err)
		}
	}
}

func TestIdentifiers_written(t *testing.T) {
	t.Parallel()
	got, err := gormstore.WriteIdentifiers(keptIdentifiers)
	if diff := cmp.Diff(string(stored(t, "identifiers.v1.json")), got); err != nil || diff != "" {
		t.Errorf("got %v\n%s", err, diff)
	}
	if got, err := gormstore.WriteIdentifiers(nil); err != nil || got != "[]" {
		t.Errorf("none: got %s, %v", got, err)
	}
}

func TestIdentifiers_unreadable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`[{"v":1},{"v":2}]`: "version 2",
		`{"v":1}`:           "cannot unmarshal",
		``:                  "unexpected end",
	} {
		if got, err := gormstore.ReadIdentifiers(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %+v, %v, want an error with %q", text, got, err, want)
		}
	}
}
