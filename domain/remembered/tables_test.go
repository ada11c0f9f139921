package remembered_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/domain/remembered"
)

func TestGroupChanges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ given, want remembered.Values }{
		"neither":    {remembered.Values{"mentions_disabled": true}, remembered.Values{"mentions_disabled": true}},
		"disabled":   {remembered.Values{"emails_disabled": true}, remembered.Values{"emails_disabled": true, "emails_enabled": false}},
		"not so":     {remembered.Values{"emails_disabled": false}, remembered.Values{"emails_disabled": false, "emails_enabled": true}},
		"null":       {remembered.Values{"emails_disabled": nil}, remembered.Values{"emails_disabled": nil, "emails_enabled": true}},
		"enabled":    {remembered.Values{"emails_enabled": true}, remembered.Values{"emails_disabled": false, "emails_enabled": true}},
		"no longer":  {remembered.Values{"emails_enabled": false}, remembered.Values{"emails_disabled": true, "emails_enabled": false}},
		"both alike": {remembered.Values{"emails_disabled": true, "emails_enabled": true}, remembered.Values{"emails_disabled": true, "emails_enabled": true}},
	} {
		if diff := cmp.Diff(c.want, remembered.GroupChanges(c.given)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
