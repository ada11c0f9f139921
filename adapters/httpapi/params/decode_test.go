package params_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/domain"
)

type keyID int64

func TestValues_Decode_scalars(t *testing.T) {
	t.Parallel()
	type wanted struct {
		Text    string  `param:"text"`
		ID      keyID   `param:"id"`
		Small   int8    `param:"small"`
		Flag    bool    `param:"flag"`
		TextPtr *string `param:"text_ptr"`
		IDPtr   *int64  `param:"id_ptr"`
		FlagPtr *bool   `param:"flag_ptr"`
	}
	tests := map[string]wanted{
		`{"text":"x"}`:                        {Text: "x"},
		`{"text":9007199254740993}`:           {Text: "9007199254740993"},
		`{"text":1.50}`:                       {Text: "1.50"},
		`{"text":true}`:                       {Text: "true"},
		`{"text":null,"id":null,"flag":null}`: {},
		`{"text":"","id":"","flag":""}`:       {},
		`{"text":" x "}`:                      {Text: " x "},
		`{"id":9223372036854775807}`:          {ID: 9223372036854775807},
		`{"id":"9223372036854775807"}`:        {ID: 9223372036854775807},
		`{"id":-9223372036854775808}`:         {ID: -9223372036854775808},
		`{"id":" 10 "}`:                       {ID: 10},
		`{"id":"010"}`:                        {ID: 10},
		`{"id":10.9}`:                         {ID: 10},
		`{"id":1e3}`:                          {ID: 1000},
		`{"small":-128}`:                      {Small: -128},
		`{"flag":true}`:                       {Flag: true},
		`{"flag":"Yes"}`:                      {Flag: true},
		`{"flag":"on"}`:                       {Flag: true},
		`{"flag":1}`:                          {Flag: true},
		`{"flag":"1"}`:                        {Flag: true},
		`{"flag":0}`:                          {},
		`{"flag":"off"}`:                      {},
		`{"text_ptr":"","id_ptr":0,"flag_ptr":"false"}`:   {TextPtr: new(""), IDPtr: new(int64(0)), FlagPtr: new(false)},
		`{"text_ptr":7,"id_ptr":"7","flag_ptr":1}`:        {TextPtr: new("7"), IDPtr: new(int64(7)), FlagPtr: new(true)},
		`{"text_ptr":null,"id_ptr":null,"flag_ptr":null}`: {},
		`{"id_ptr":"","flag_ptr":" "}`:                    {},
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			var got wanted
			if err := parse(t, text).Decode(&got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestValues_Decode_arrays(t *testing.T) {
	t.Parallel()
	type wanted struct {
		Options []string `param:"options"`
		IDs     []int64  `param:"ids"`
	}
	tests := map[string]wanted{
		`{"options":["a",1,true]}`:        {Options: []string{"a", "1", "true"}},
		`{"options":"a"}`:                 {Options: []string{"a"}},
		`{"options":1}`:                   {Options: []string{"1"}},
		`{"options":[]}`:                  {Options: []string{}},
		`{"options":{}}`:                  {Options: []string{}},
		`{"options":null}`:                {},
		`{"options":""}`:                  {},
		`{"ids":[1,"2",null]}`:            {IDs: []int64{1, 2, 0}},
		`{"ids":"3"}`:                     {IDs: []int64{3}},
		`{"options":[""],"ids":[],"x":1}`: {Options: []string{""}, IDs: []int64{}},
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			var got wanted
			if err := parse(t, text).Decode(&got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// actor is embedded in requests, as in package shell.
type actor struct {
	KeyID string `param:"key_id"`
}

type pack struct {
	Minutes int    `param:"minutes"`
	Expires string `param:"expires"`
}

type nested struct {
	actor

	Packs  []pack           `param:"packs"`
	Stats  *pack            `param:"stats"`
	Counts map[string]int64 `param:"counts"`
	Any    any              `param:"any"`
	Number int64            `param:"number"`
	Secret string
}

func TestValues_Decode_nested(t *testing.T) {
	t.Parallel()
	var got nested
	err := parse(t, `{"key_id":7,"Secret":"no","actor":{"key_id":8},"packs":[{"minutes":"5"},{"expires":"now"}],
		"stats":{"minutes":1},"counts":{"a":1,"b":"2"},"any":{"n":12345678901234567890,"l":[null]}}`).Decode(&got)
	if err != nil {
		t.Fatal(err)
	}
	want := nested{
		actor: actor{KeyID: "7"}, Packs: []pack{{Minutes: 5}, {Expires: "now"}}, Stats: &pack{Minutes: 1},
		Counts: map[string]int64{"a": 1, "b": 2},
		Any:    map[string]any{"n": json.Number("12345678901234567890"), "l": []any{nil}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(nested{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestValues_Decode_refuses(t *testing.T) {
	t.Parallel()
	type wanted struct {
		Text   string   `param:"text"`
		ID     int64    `param:"id"`
		Small  int32    `param:"small"`
		Flag   bool     `param:"flag"`
		Ptr    *int64   `param:"ptr"`
		List   []string `param:"list"`
		Nested nested   `param:"nested"`
		Packs  []pack   `param:"packs"`
	}
	tests := map[string]string{
		`{"text":{}}`:                     "text is invalid",
		`{"text":["a"]}`:                  "text is invalid",
		`{"text":"a\u0000"}`:              "text is invalid",
		`{"id":"abc"}`:                    "id is invalid",
		`{"id":"10.5"}`:                   "id is invalid",
		`{"id":"1e3"}`:                    "id is invalid",
		`{"id":"0x10"}`:                   "id is invalid",
		`{"id":"7abc"}`:                   "id is invalid",
		`{"id":true}`:                     "id is invalid",
		`{"id":[1]}`:                      "id is invalid",
		`{"id":9223372036854775808}`:      "id is invalid",
		`{"id":"9223372036854775808"}`:    "id is invalid",
		`{"id":1e30}`:                     "id is invalid",
		`{"id":1e999}`:                    "id is invalid",
		`{"small":2147483648}`:            "small is invalid",
		`{"flag":"maybe"}`:                "flag is invalid",
		`{"flag":2}`:                      "flag is invalid",
		`{"flag":{}}`:                     "flag is invalid",
		`{"ptr":"x"}`:                     "ptr is invalid",
		`{"ptr":{}}`:                      "ptr is invalid",
		`{"list":{"a":"b"}}`:              "list is invalid",
		`{"list":["a",{}]}`:               "list[1] is invalid",
		`{"packs":{"minutes":1}}`:         "packs is invalid",
		`{"packs":{}}`:                    "packs is invalid",
		`{"packs":"x"}`:                   "packs is invalid",
		`{"packs":[{"minutes":"x"},3]}`:   "packs[0][minutes] is invalid, packs[1] is invalid",
		`{"nested":1}`:                    "nested is invalid",
		`{"nested":{"counts":{"a":"x"}}}`: "nested[counts][a] is invalid",
		`{"nested":{"counts":[1]}}`:       "nested[counts] is invalid",
		`{"nested":{"packs":[{"minutes":[]}],"number":"x"}}`: "nested[packs][0][minutes] is invalid, nested[number] is invalid",
		`{"list":{"a":1},"id":"x","text":[]}`:                "text is invalid, id is invalid, list is invalid",
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			var got wanted
			wantRefusal(t, parse(t, text).Decode(&got), domain.Invalid, want)
		})
	}
}

func TestValues_Decode_manyCulprits(t *testing.T) {
	t.Parallel()
	var got struct {
		List []string `param:"list"`
	}
	err := parse(t, `{"list":[{}`+strings.Repeat(",{}", 99)+`]}`).Decode(&got)
	if err == nil || strings.Count(err.Error(), "is invalid") != 50 {
		t.Errorf("got %v, want fifty names", err)
	}
}

// FuzzDecode looks for a body that panics, or is neither read nor refused.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"key_id":7,"packs":[{"minutes":"5"},null],"stats":{},"counts":{"a":null},"any":[{}],"number":1e5}`,
		`{"key_id":{},"packs":{},"stats":[],"counts":"","any":"","number":-1.5}`,
		`{"packs":[[]],"stats":"x","counts":[{}],"number":1e999}`, `[]`, `null`, `{"a":`, "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var got nested
		err := params.Decode(contextOf(request("POST", "/", asJSON, body)), &got)
		if _, ok := errors.AsType[*domain.Refusal](err); err != nil && !ok {
			t.Errorf("got %v, want a refusal", err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	body := `{"action":"git-upload-pack","project":"acme/tools/cli.git","changes":"_any","protocol":"ssh",` +
		`"key_id":"77","check_ip":"192.0.2.7","env":"{}","gl_repository":"project-42","push_options":["ci.skip"]}`
	large := fmt.Sprintf(`{"action":"git-receive-pack","changes":%q}`,
		strings.Repeat(strings.Repeat("0", 40)+" "+strings.Repeat("1", 40)+" refs/heads/feature-branch-name\n", 100_000))
	for name, body := range map[string]string{"allowed": body, "12MB": large} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				decodeAllowed(b, body)
			}
		})
	}
}

func decodeAllowed(b *testing.B, body string) {
	b.Helper()
	var got struct {
		actor

		Action       string   `param:"action"`
		Project      string   `param:"project"`
		GLRepository string   `param:"gl_repository"`
		Protocol     string   `param:"protocol"`
		Changes      string   `param:"changes"`
		CheckIP      string   `param:"check_ip"`
		Env          string   `param:"env"`
		UserID       string   `param:"user_id"`
		Identifier   string   `param:"identifier"`
		Username     string   `param:"username"`
		RelativePath string   `param:"relative_path"`
		PushOptions  []string `param:"push_options"`
	}
	if err := parse(b, body).Decode(&got); err != nil || got.Changes == "" {
		b.Fatal(err)
	}
}
