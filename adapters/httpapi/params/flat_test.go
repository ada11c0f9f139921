package params_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/httpapi/params"
)

type word string

// command has fields that take a single value of any kind.
type command struct {
	subject
	Action word   `param:"action"`
	Name   string `param:"name"`
	Env    any    `param:"env"`
	Other  string
}

type subject struct {
	KeyID string `param:"key_id"`
}

// flatBodies are bodies, and whether they are read without a tree.
var flatBodies = map[string]struct {
	media, body string
	flat        bool
}{
	"texts":                  {asJSON, `{"action":"a","name":"n","key_id":"7","env":"{}"}`, true},
	"other types":            {asJSON, `{"action":true,"name":5,"key_id":7,"env":120}`, true},
	"booleans and nulls":     {asJSON, `{"action":"a","env":false,"name":null,"key_id":null}`, true},
	"escapes":                {asJSON, `{"action":"\u0061\n\ud83d","env":"{\"a\":[]}"}`, true},
	"unknown parameters":     {asJSON, `{"action":"a","Name":"n","Other":"o","":1,"subject":2}`, true},
	"the last one counts":    {asJSON, `{"action":"a","name":"1","name":"2"}`, true},
	"null after text":        {asJSON, `{"action":"a","name":"1","name":null}`, true},
	"blank text":             {asJSON, ` {"action":" ","name":""} `, true},
	"zero is not empty":      {asJSON, `{"action":0}`, true},
	"form":                   {asForm, "action=a&name=n%20m+o&key_id=7&env=1", true},
	"form without type":      {"", "action=a&&name&=x&env=", true},
	"form twice":             {asForm, "action=a&name=1&name=2", true},
	"form, not UTF-8":        {asForm, "action=a&name=%ff\xfe", true},
	"large body":             {asJSON, `{"action":"a","name":"` + strings.Repeat("n", 5000) + `"}`, false},
	"many members":           {asJSON, `{"action":"a"` + strings.Repeat(`,"x":1`, 32) + `}`, false},
	"many pairs":             {asForm, "action=a" + strings.Repeat("&x=1", 32), false},
	"hash":                   {asJSON, `{"action":"a","env":{"a":["b"]}}`, false},
	"array":                  {asJSON, `{"action":"a","name":["b"]}`, false},
	"unknown array":          {asJSON, `{"action":"a","x":[{}]}`, false},
	"fraction":               {asJSON, `{"action":"a","key_id":1.5,"env":1e9}`, false},
	"large number":           {asJSON, `{"action":"a","key_id":99999999999999999999}`, false},
	"NUL":                    {asJSON, `{"action":"a","name":"\u0000"}`, false},
	"NUL in a hash":          {asJSON, `{"action":"a","env":"\u0000"}`, false},
	"not UTF-8":              {asJSON, "{\"action\":\"a\",\"name\":\"\xff\"}", false},
	"nothing required":       {asJSON, `{"name":"n"}`, false},
	"required empty":         {asJSON, `{"action":"","name":"n"}`, false},
	"required null":          {asJSON, `{"action":null,"name":"n"}`, false},
	"required null at last":  {asJSON, `{"action":"a","action":null,"name":"n"}`, false},
	"malformed":              {asJSON, `{"action":"a","name":"n"`, false},
	"malformed at the end":   {asJSON, `{"action":"a","name":"n"}x`, false},
	"not an object":          {asJSON, `"action"`, false},
	"null":                   {asJSON, `null`, false},
	"blank":                  {asJSON, " ", false},
	"empty":                  {asJSON, "", false},
	"form of an array":       {asForm, "action=a&name[]=1", false},
	"form, escaped brackets": {asForm, "action=a&name%5Bb%5D=1", false},
	"form, text and hash":    {asForm, "action=a&name=1&name[a]=2", false},
	"form, open bracket":     {asForm, "action=a&[name=1", false},
	"form, malformed name":   {asForm, "action=a&%zz=1", false},
	"form, malformed value":  {asForm, "action=a&name=%zz", false},
	"form, NUL":              {asForm, "action=a&name=%00", false},
	"form, action missing":   {asForm, "name=n", false},
	"other type":             {"text/plain", "action=a", false},
	"JSON with charset":      {asJSON + "; charset=utf-8", `{"action":"a"}`, true},
	"form with bad options":  {asForm + "; charset", "action=a", true},
	"parts without boundary": {asMultipart, "action=a", false},
}

func TestDecode_flat(t *testing.T) {
	t.Parallel()
	for name, tt := range flatBodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			post := func(address string) *http.Request { return request("POST", address, tt.media, tt.body) }
			compareDecode(t, func() *http.Request { return post("/") })
			before := command{Name: "before", Other: "o"}
			got := before
			if flat := params.DecodeFlat(contextOf(post("/")), &got, "action"); flat != tt.flat {
				t.Errorf("without a tree: got %t, want %t", flat, tt.flat)
			} else if diff := cmp.Diff(before, got, cmp.AllowUnexported(command{})); !flat && diff != "" {
				t.Errorf("left behind (-want +got):\n%s", diff)
			}
			if params.DecodeFlat(contextOf(post("/?name=n")), &got, "action") {
				t.Error("without a tree although there is a query")
			}
		})
	}
}

// Other fields need a tree.
func TestDecode_flat_types(t *testing.T) {
	t.Parallel()
	for _, dst := range []any{
		new(struct {
			A []string `param:"a"`
		}), new(struct {
			A *string `param:"a"`
		}), new(struct {
			A int `param:"a"`
		}), new(struct {
			A string `param:"a,filled"`
		}), new(struct {
			A grade `param:"a"`
		}), new(struct {
			A fmt.Stringer `param:"a"`
		}),
	} {
		if params.DecodeFlat(contextOf(request("POST", "/", asJSON, `{"a":"1"}`)), dst) {
			t.Errorf("%T was filled without a tree", dst)
		}
	}
}

// Whoever asks later gets the parameters, too.
func TestOf_afterDecode(t *testing.T) {
	t.Parallel()
	c := contextOf(request("POST", "/", asJSON, `{"action":"a"}`))
	for range 2 {
		var got command
		if err := params.Decode(c, &got, "action"); err != nil || got.Action != "a" {
			t.Errorf("got %v, %v", got, err)
		}
		if values, err := params.Of(c); err != nil || values.String("action") != "a" {
			t.Errorf("got %v, %v", values, err)
		}
	}
}

// compareDecode looks for a difference between Decode and its longer way.
func compareDecode(t *testing.T, request func() *http.Request) {
	t.Helper()
	want := command{Name: "before", Other: "o"}
	got := want
	wantErr := params.DecodeValues(contextOf(request()), &want, "action")
	gotErr := params.Decode(contextOf(request()), &got, "action")
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(command{})); diff != "" || fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
		t.Errorf("got %v, want %v (-want +got):\n%s", gotErr, wantErr, diff)
	}
}

// FuzzDecode_flat looks for a body of which Decode and its longer way make different
// things.
func FuzzDecode_flat(f *testing.F) {
	for _, tt := range flatBodies {
		f.Add(tt.media, tt.body)
	}
	f.Fuzz(func(t *testing.T, media, body string) {
		for _, media := range []string{media, asJSON, asForm} {
			compareDecode(t, func() *http.Request { return request("POST", "/", media, body) })
		}
	})
}

func BenchmarkDecode_flat(b *testing.B) {
	const body = `{"action":"git-upload-pack","project":"/acme/tools/cli.git","changes":"_any","protocol":"ssh","key_id":"77","check_ip":"192.0.2.7"}`
	for name, decode := range map[string]func(*command, *http.Request) error{
		"flat": func(dst *command, r *http.Request) error { return params.Decode(contextOf(r), dst, "action") },
		"tree": func(dst *command, r *http.Request) error { return params.DecodeValues(contextOf(r), dst, "action") },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var got command
				if err := decode(&got, request("POST", "/", asJSON, body)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
