package flatjson_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/httpapi/flatjson"
)

func TestRead(t *testing.T) {
	t.Parallel()
	const most = 4
	text := func(name, value string) flatjson.Member {
		return flatjson.Member{Name: name, Kind: flatjson.Text, Value: value}
	}
	tests := map[string]struct {
		text string
		want []flatjson.Member
		ok   bool
	}{
		"nothing":        {"{}", nil, true},
		"blanks":         {" \t{\r\n\"a\" : \"b\" , \"c\" :null }\n", []flatjson.Member{text("a", "b"), {Name: "c"}}, true},
		"every kind":     {`{"a":"","b":120,"c":true,"d":false}`, []flatjson.Member{text("a", ""), {"b", flatjson.Number, "120"}, {"c", flatjson.Bool, "true"}, {"d", flatjson.Bool, "false"}}, true},
		"a name twice":   {`{"a":"1","a":0}`, []flatjson.Member{text("a", "1"), {"a", flatjson.Number, "0"}}, true},
		"escapes":        {`{"a":"\u00e9\n\"\\"}`, []flatjson.Member{text("a", "é\n\"\\")}, true},
		"half a pair":    {`{"a":"\ud83d"}`, []flatjson.Member{text("a", "\uFFFD")}, true},
		"not ASCII":      {`{"é":"ü"}`, []flatjson.Member{text("é", "ü")}, true},
		"as many":        {`{"a":1,"b":1,"c":1,"d":1}`, []flatjson.Member{{"a", flatjson.Number, "1"}, {"b", flatjson.Number, "1"}, {"c", flatjson.Number, "1"}, {"d", flatjson.Number, "1"}}, true},
		"one more":       {text: `{"a":1,"b":1,"c":1,"d":1,"e":1}`},
		"escaped name":   {text: `{"\u0061":1}`},
		"unknown escape": {text: `{"a":"\x"}`},
		"not UTF-8":      {text: "{\"a\":\"\xff\"}"},
		"line break":     {text: "{\"a\":\"\n\"}"},
		"open string":    {text: `{"a":"\"}`},
		"open object":    {text: `{"a":1`},
		"open name":      {text: `{"a`},
		"comma":          {text: `{"a":1,}`},
		"no comma":       {text: `{"a":1 "b":2}`},
		"no colon":       {text: `{"a" 1}`},
		"no value":       {text: `{"a":}`},
		"no name":        {text: `{1:1}`},
		"array":          {text: `{"a":[]}`},
		"hash":           {text: `{"a":{}}`},
		"fraction":       {text: `{"a":1.5}`},
		"exponent":       {text: `{"a":1e5}`},
		"negative":       {text: `{"a":-1}`},
		"leading zero":   {text: `{"a":01}`},
		"long number":    {text: `{"a":1000000000000000}`},
		"other word":     {text: `{"a":nullx}`},
		"two objects":    {text: `{}{}`},
		"object reopens": {text: `{}"a":1}`},
		"no object":      {text: `"a"`},
		"empty":          {text: ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := flatjson.Read(tt.text, make([]flatjson.Member, 0, most))
			if diff := cmp.Diff(tt.want, append([]flatjson.Member(nil), got...)); diff != "" || ok != tt.ok {
				t.Errorf("got %t, want %t (-want +got):\n%s", ok, tt.ok, diff)
			}
		})
	}
}

// FuzzRead looks for a text that is read otherwise than by encoding/json.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"a":"b","c":1,"d":true,"e":null,"a":"x"}`, ` { "a" : "\u00e9\ud83d\n" } `, `{"a":[{}],"b":{"c":1}}`, `{"a":01}`, `{"a":-0.1e5}`,
		"{\"a\":\"\xff\"}", "{\"a\xff\":1}", `{"\u0061":1}`, `{"a":1,}`, `{}{}`, `{`, "", "null",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		members, ok := flatjson.Read(text, make([]flatjson.Member, 0, 8))
		if !ok {
			return
		}
		var want map[string]any
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&want); err != nil || len(bytes.Trim([]byte(text[decoder.InputOffset():]), " \t\r\n")) > 0 {
			t.Fatalf("%q: read, but malformed: %v", text, err)
		}
		got := map[string]any{}
		for _, m := range members {
			got[m.Name] = valueOf(flatjson.Last(members, m.Name))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	})
}

func valueOf(m *flatjson.Member) any {
	switch m.Kind {
	case flatjson.Text:
		return m.Value
	case flatjson.Number:
		return json.Number(m.Value)
	case flatjson.Bool:
		return m.Value == "true"
	default:
		return nil
	}
}
