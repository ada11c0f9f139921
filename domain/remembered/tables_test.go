package remembered_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain/remembered"
)

func TestGroupValue(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kept              remembered.Values
		disabled, enabled any
	}{
		"neither":          {nil, nil, true},
		"disabled":         {remembered.Values{"emails_disabled": true}, true, false},
		"not disabled":     {remembered.Values{"emails_disabled": false}, false, true},
		"enabled":          {remembered.Values{"emails_enabled": true}, false, true},
		"not enabled":      {remembered.Values{"emails_enabled": false}, true, false},
		"both true":        {remembered.Values{"emails_disabled": true, "emails_enabled": true}, false, true},
		"both false":       {remembered.Values{"emails_disabled": false, "emails_enabled": false}, true, false},
		"null and enabled": {remembered.Values{"emails_disabled": nil, "emails_enabled": true}, nil, true},
		"null":             {remembered.Values{"emails_disabled": nil}, nil, true},
	} {
		got := []any{remembered.GroupValue(c.kept, "emails_disabled"), remembered.GroupValue(c.kept, "emails_enabled")}
		if diff := cmp.Diff([]any{c.disabled, c.enabled}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := remembered.GroupValue(remembered.Values{"wiki_access_level": "private"}, "wiki_access_level"); got != "private" {
		t.Errorf("another parameter: got %v", got)
	}
}

func TestGroupChanges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ given, want remembered.Values }{
		"neither":    {remembered.Values{"mentions_disabled": true}, remembered.Values{"mentions_disabled": true}},
		"disabled":   {remembered.Values{"emails_disabled": true}, remembered.Values{"emails_disabled": true, "emails_enabled": false}},
		"not so":     {remembered.Values{"emails_disabled": false}, remembered.Values{"emails_disabled": false, "emails_enabled": true}},
		"null":       {remembered.Values{"emails_disabled": nil}, remembered.Values{"emails_disabled": nil, "emails_enabled": true}},
		"enabled":    {remembered.Values{"emails_enabled": true}, remembered.Values{"emails_disabled": false, "emails_enabled": true}},
		"no longer":  {remembered.Values{"emails_enabled": false}, remembered.Values{"emails_disabled": true, "emails_enabled": false}},
		"both alike": {remembered.Values{"emails_disabled": true, "emails_enabled": true}, remembered.Values{"emails_disabled": false, "emails_enabled": true}},
		"both off":   {remembered.Values{"emails_disabled": false, "emails_enabled": false}, remembered.Values{"emails_disabled": true, "emails_enabled": false}},
	} {
		if diff := cmp.Diff(c.want, remembered.GroupChanges(c.given)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
