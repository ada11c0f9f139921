package source_test

import (
	"testing"

	"gatehouse/domain/source"
)

func TestParseRole(t *testing.T) {
	t.Parallel()
	for _, role := range source.Roles() {
		if got, ok := source.ParseRole(role.String()); !ok || got != role {
			t.Errorf("%s: got %d, %t", role, got, ok)
		}
	}
	for _, word := range []string{"", "Owner", "40", "admin"} {
		if got, ok := source.ParseRole(word); ok || got != source.NoRole {
			t.Errorf("%q: got %d, %t, want none", word, got, ok)
		}
	}
}
