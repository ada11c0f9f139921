package auditlog_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/gormstore/auditlog"
	"gatehouse/domain/audit"
	"gatehouse/domain/source"
)

// written are events and their details in the newest form. The texts lie in databases.
var written = map[string]struct {
	event audit.Event
	text  string
}{
	"a Git command": {audit.Event{Git: &audit.GitCommand{}}, ""},
	"a write":       {audit.Event{}, `{"v":1}`},
	"values": {
		audit.Event{
			Before: audit.Values{"a": "x<>&\x00", "b": "\xff", "c": int64(-1 << 63), "d": true, "e": []string{"u", "\xfe"}, "f": []string{}, "g": nil},
			After:  audit.Values{},
		},
		`{"v":1,"before":{"a":"x\u003c\u003e\u0026\u0000","b":{"bytes":"/w=="},"c":-9223372036854775808,"d":true,"e":["u",{"bytes":"/g=="}],"f":[],"g":null},"after":{}}`,
	},
	"a decision": {
		audit.Event{
			Action: "\xff", Git: &audit.GitCommand{},
			Decision: &audit.Decision{
				Message: "m", Refs: []string{"0 1 refs/heads/\xff"}, MoreRefs: 2, Facts: audit.Values{"role": "guest"}, Unrecorded: 3,
				Findings: []source.Finding{{Rule: "r", Outcome: source.Passed}, {Rule: "s", Ref: "refs/heads/a", Outcome: source.Refused, Message: "m"}},
			},
		},
		`{"v":1,"action":{"bytes":"/w=="},"git":true,"decision":{"message":"m","refs":[{"bytes":"MCAxIHJlZnMvaGVhZHMv/w=="}],"moreRefs":2,` +
			`"findings":[{"rule":"r","outcome":"passed"},{"rule":"s","ref":"refs/heads/a","outcome":"refused","message":"m"}],` +
			`"facts":{"role":"guest"},"unrecorded":3}}`,
	},
	"a decision without more": {audit.Event{Git: &audit.GitCommand{}, Decision: &audit.Decision{}}, `{"v":1,"git":true,"decision":{}}`},
}

func TestDetails(t *testing.T) {
	t.Parallel()
	for name, c := range written {
		got, err := auditlog.WriteDetails(c.event)
		if err != nil || got != c.text {
			t.Errorf("%s: got %s, %v, want %s", name, got, err, c.text)
		}
		c.event.Outcome = audit.Done
		read, err := auditlog.ReadDetails(c.text)
		if diff := cmp.Diff(c.event, read); diff != "" || err != nil {
			t.Errorf("%s: %v, read (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestDetails_malformed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"v":2}`:                    "a newer one wrote it",
		`{"v":1,"before":{"a":1.5}}`: "a: ",
		`[]`:                         "details",
	} {
		if _, err := auditlog.ReadDetails(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	if _, err := auditlog.WriteDetails(audit.Event{After: audit.Values{"size": 1.5}}); err == nil || !strings.Contains(err.Error(), "size is a float64") {
		t.Errorf("a float: got %v", err)
	}
}
