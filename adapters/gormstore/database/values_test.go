package database_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/gormstore/database"
)

// A number keeps all its digits, also one for which a float has too few.
func TestObject_Scan(t *testing.T) {
	t.Parallel()
	const large = 1<<53 + 1
	whole := database.Object{
		"max": int64(math.MaxInt64), "min": int64(math.MinInt64), "large": int64(large), "flag": true, "none": nil, "text": "9007199254740993",
		"list": []any{int64(large), map[string]any{"in": int64(-large)}},
	}
	kept, err := whole.Value()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		stored any
		want   database.Object
	}{
		"as it is kept":   {kept, whole},
		"bytes":           {[]byte(`{"a": 9007199254740993}`), database.Object{"a": int64(large)}},
		"no whole number": {`{"a": 1.5, "b": 2e3}`, database.Object{"a": int64(1), "b": int64(2000)}},
		"empty":           {"{}", nil},
		"NULL":            {nil, nil},
	} {
		got := database.Object{"before": true}
		if err := got.Scan(c.stored); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for _, wrong := range []any{"[1]", "{", 7} {
		if err := new(database.Object).Scan(wrong); err == nil {
			t.Errorf("%v: got no error", wrong)
		}
	}
}
