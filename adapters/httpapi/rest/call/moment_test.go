package call_test

import (
	"encoding/json"
	"testing"
	"time"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/adapters/httpapi/rest/call"
)

func TestMoment_ReadParam(t *testing.T) {
	t.Parallel()
	for value, want := range map[any]string{
		"2026-11-28T17:20:29.5Z":        "2026-11-28T17:20:29.5Z",
		"2026-11-28T17:20:29+02:00":     "2026-11-28T15:20:29Z",
		"2026-11-28T17:20:29-0230":      "2026-11-28T19:50:29Z",
		"2026-11-28T17:20":              "2026-11-28T17:20:00Z",
		" 2026-11-28 17:20:29 UTC\n":    "2026-11-28T17:20:29Z",
		"2026-11-28 17:20:29 +0100":     "2026-11-28T16:20:29Z",
		"2026-11-28":                    "2026-11-28T00:00:00Z",
		"2026/11/28":                    "2026-11-28T00:00:00Z",
		"20261128":                      "2026-11-28T00:00:00Z",
		"2026-11-28 17:20:29 EST":       params.IsInvalid,
		"":                              "",
		" ":                             "",
		"soon":                          params.IsInvalid,
		"2026-02-30":                    params.IsInvalid,
		"2026-02-30T00:00:00Z":          params.IsInvalid,
		"0999-12-31T00:00:00Z":          params.IsInvalid,
		"9999-12-31T23:59:59-01:00":     params.IsInvalid,
		"10000-01-01T00:00:00Z":         params.IsInvalid,
		json.Number("20261128"):         params.IsInvalid,
		true:                            params.IsInvalid,
		"2026-11-28T17:20:29Z and more": params.IsInvalid,
	} {
		at, got := readMoment(value)
		if got == "" && !at.IsZero() {
			got = at.Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", value, got, want)
		}
		if at.Location() != time.UTC {
			t.Errorf("%q: got a time of %s", value, at.Location())
		}
	}
}

// FuzzMoment: what is read is a moment that every store keeps.
func FuzzMoment(f *testing.F) {
	for _, seed := range []string{"2026-11-28T17:20:29.5Z", "2026-11-28", "28 Nov 2026", "9999-12-31T23:59:59-14:00", "1000-01-01T00:00:00+14:00", "\xff", "2026-W48-6"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, problem := readMoment(text)
		if problem != "" && !at.IsZero() {
			t.Errorf("%q: got %v and %q", text, at, problem)
		}
		if !at.IsZero() && (at.Year() < 1000 || at.Year() > 9999) {
			t.Errorf("%q: got %v", text, at)
		}
	})
}

// readMoment reads a parameter that is a moment.
func readMoment(value any) (at time.Time, problem string) {
	var m call.Moment
	problem = m.ReadParam(value)
	return m.Time, problem
}
