package params_test

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/domain"
)

const (
	asJSON = "application/json"
	asForm = "application/x-www-form-urlencoded"
)

type allowed struct {
	Action      string   `param:"action"`
	Project     string   `param:"project"`
	KeyID       int64    `param:"key_id"`
	PushOptions []string `param:"push_options"`
}

func TestDecode_encodings(t *testing.T) {
	t.Parallel()
	want := allowed{"git-upload-pack", "gnuwget/wget2", 11, []string{"ci.skip", "a=b"}}
	form := "key_id=11&project=gnuwget%2Fwget2&action=git-upload-pack&push_options[]=ci.skip&push_options%5B%5D=a%3Db"
	text := `{"key_id":11,"project":"gnuwget/wget2","action":"git-upload-pack","push_options":["ci.skip","a=b"]}`
	parts, multi := multipartBody(t, [][2]string{
		{"key_id", "11"}, {"project", "gnuwget/wget2"}, {"action", "git-upload-pack"},
		{"push_options[]", "ci.skip"}, {"push_options[]", "a=b"},
	})
	tests := map[string]*http.Request{
		"json":                  request("POST", "/", asJSON, text),
		"json with charset":     request("POST", "/", "Application/JSON; charset=UTF-8", text),
		"json with bad options": request("POST", "/", "application/json; charset", text),
		"json with blanks":      request("POST", "/", asJSON, " \n"+text+"\n\t"),
		"json with strings":     request("POST", "/", asJSON, strings.Replace(text, "11", `"11"`, 1)),
		"json on GET":           request("GET", "/", asJSON, text),
		"form":                  request("POST", "/", asForm, form),
		"form with charset":     request("POST", "/", asForm+"; charset=utf-8", form),
		"form without type":     request("POST", "/", "", form),
		"multipart":             request("POST", "/", multi, parts),
		"query":                 request("GET", "/?"+form, "", ""),
		"query on POST":         request("POST", "/?"+form, "", ""),
		"query on JSON GET":     request("GET", "/?"+form, asJSON, ""),
		"query on empty text":   request("POST", "/?"+form, "text/plain", ""),
		"query on blank JSON":   request("POST", "/?"+form, asJSON, " \n"),
		"query and body":        request("POST", "/?key_id=7&project=gnuwget/wget2", asJSON, strings.Replace(text, `"project":"gnuwget/wget2",`, "", 1)),
		"ignored parameters":    request("POST", "/?Key_ID=7&unknown[a]=1", asJSON, strings.Replace(text, "{", `{"KEY_ID":9,"other":{"x":[{}]},`, 1)),
	}
	for name, r := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got allowed
			if err := params.Decode(contextOf(r), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("parameters (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOf_unknownLength(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"empty": "", "text": `{"key_id":"1"}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("POST", "/?action=a", io.MultiReader(strings.NewReader(body)))
			r.Header.Set("Content-Type", asJSON)
			values, err := params.Of(contextOf(r))
			if err != nil || values.String("action") != "a" || values.Has("key_id") != (body != "") {
				t.Errorf("got %v, %v", values, err)
			}
		})
	}
}

func TestOf_refuses(t *testing.T) {
	t.Parallel()
	file, multi := multipartFile(t, "changes")
	const mismatch = "message body does not match declared format"
	tests := map[string]struct {
		request *http.Request
		want    string
	}{
		"empty json":                 {request("POST", "/", asJSON, `{"a":`), mismatch},
		"blanks before text":         {request("POST", "/", asJSON, "{}"+strings.Repeat(" ", 1<<20)+"x"), mismatch},
		"not json":                   {request("POST", "/", asJSON, "a=1"), mismatch},
		"array":                      {request("POST", "/", asJSON, `[{"a":1}]`), mismatch},
		"string":                     {request("POST", "/", asJSON, `"a"`), mismatch},
		"null":                       {request("POST", "/", asJSON, "null"), mismatch},
		"text after json":            {request("POST", "/", asJSON, "{} x"), mismatch},
		"two objects":                {request("POST", "/", asJSON, "{}{}"), mismatch},
		"deep json":                  {request("POST", "/", asJSON, `{"a":`+strings.Repeat("[", 20000)), mismatch},
		"no boundary":                {request("POST", "/", "multipart/form-data", "x"), mismatch},
		"other boundary":             {request("POST", "/", "multipart/form-data; boundary=x", "--xx broken"), mismatch},
		"broken multipart":           {request("POST", "/", "multipart/form-data; boundary=x", "--x\r\n\r\n"), mismatch},
		"file":                       {request("POST", "/", multi, file), "changes is invalid"},
		"text":                       {request("POST", "/", "text/plain", "x"), `content type "text/plain" is not supported`},
		"percent in value":           {request("POST", "/", asForm, "b=1&a=%zz"), "a is invalid"},
		"percent in name":            {request("POST", "/", asForm, "b=1&%a=1"), "%a is invalid"},
		"percent in query":           {request("GET", "/?a=%", "", ""), "a is invalid"},
		"hash after scalar":          {request("POST", "/", asForm, "a=1&a[b]=2"), "a is invalid"},
		"scalar after hash":          {request("POST", "/", asForm, "a[b]=2&a=1"), "a is invalid"},
		"array after hash":           {request("POST", "/", asForm, "a[b]=2&a[]=1"), "a is invalid"},
		"hash after array":           {request("POST", "/", asForm, "a[]=2&a[b]=1"), "a is invalid"},
		"hash after scalar in array": {request("POST", "/", asForm, "a[][b]=2&a[][b][c]=1"), "a is invalid"},
		"too deep":                   {request("POST", "/", asForm, "a"+strings.Repeat("[b]", 32)+"=1"), "a" + strings.Repeat("[b]", 32) + " is nested too deeply"},
		"long name":                  {request("POST", "/", asForm, strings.Repeat("a", 200)+"=%"), strings.Repeat("a", 100) + " is invalid"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := params.Of(contextOf(tt.request))
			wantRefusal(t, err, domain.Invalid, tt.want)
		})
	}
}

func TestOf_tooLarge(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		media, body, want string
	}{
		"json":      {asJSON, `{"a":"` + strings.Repeat("x", 2<<20) + `"}`, "the request body is larger than 1048576 bytes"},
		"form":      {asForm, "a=" + strings.Repeat("x", 2<<20), "the request body is larger than 1048576 bytes"},
		"multipart": {"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n" + strings.Repeat("x", 2<<20), "the request body is larger than 1048576 bytes"},
		"blanks":    {asJSON, "{}" + strings.Repeat(" ", 2<<20), "the request body is larger than 1048576 bytes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request("POST", "/", tt.media, tt.body)
			r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, 1<<20)
			_, err := params.Of(contextOf(r))
			wantRefusal(t, err, domain.TooLarge, tt.want)
		})
	}
}

func TestOf_readsOnce(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"good": `{"secret_token":"s","key_id":1}`, "bad": `{"secret_token":`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := contextOf(request("POST", "/?action=a", asJSON, body))
			first, firstErr := params.Of(c)
			second, secondErr := params.Of(c)
			if !errors.Is(secondErr, firstErr) || (firstErr != nil) != (name == "bad") {
				t.Errorf("got %v, then %v", firstErr, secondErr)
			}
			if first.String("action") != "a" || first.String("secret_token") != second.String("secret_token") {
				t.Errorf("got %v, then %v", first, second)
			}
		})
	}
}

func TestOf_keepsTheReadable(t *testing.T) {
	t.Parallel()
	tests := map[string]*http.Request{
		"query beside a bad body": request("POST", "/?secret_token=s", asJSON, "{"),
		"body beside a bad query": request("POST", "/?a=%", asJSON, `{"secret_token":"s"}`),
		"form, malformed later":   request("POST", "/", asForm, "secret_token=s&a=%"),
	}
	for name, r := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values, err := params.Of(contextOf(r))
			if got := values.String("secret_token"); got != "s" || err == nil {
				t.Errorf("got %q, %v, want the token and a refusal", got, err)
			}
		})
	}
}

func TestValues_presence(t *testing.T) {
	t.Parallel()
	values := parse(t, `{"text":"x","number":12345678901234567890,"yes":true,"no":false,"zero":0,
		"null":null,"empty":"","array":[],"hash":{}}`)
	tests := map[string]struct {
		text string
		has  bool
	}{
		"text": {"x", true}, "number": {"12345678901234567890", true}, "zero": {"0", true},
		"yes": {"true", true}, "no": {"false", true}, "null": {"", false}, "empty": {"", false},
		"array": {"", true}, "hash": {"", true}, "absent": {"", false}, "TEXT": {"", false},
	}
	for name, tt := range tests {
		if got := values.String(name); got != tt.text {
			t.Errorf("%s: got %q, want %q", name, got, tt.text)
		}
		if got := values.Has(name); got != tt.has {
			t.Errorf("%s: got has %t, want %t", name, got, tt.has)
		}
	}
}

func TestDecode_required(t *testing.T) {
	t.Parallel()
	c := contextOf(request("POST", "/", asJSON, `{"action":"a","project":"","key_id":null}`))
	var got allowed
	if err := params.Decode(c, &got, "action"); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, params.Decode(c, &got, "project"), domain.Invalid, "project is missing")
	wantRefusal(t, params.Decode(c, &got, "protocol", "action", "key_id"), domain.Invalid, "protocol is missing, key_id is missing")
	wantRefusal(t, params.Decode(contextOf(request("POST", "/", asJSON, "[]")), &got, "action"), domain.Invalid, "message body does not match declared format")
}

func request(method, target, media, body string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	return r
}

func contextOf(r *http.Request) *gin.Context {
	return &gin.Context{Request: r}
}

func parse(t testing.TB, text string) params.Values {
	t.Helper()
	values, err := params.Of(contextOf(request("POST", "/", asJSON, text)))
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func multipartBody(t *testing.T, pairs [][2]string) (body, media string) {
	t.Helper()
	var buffer bytes.Buffer
	writer := multipart.NewWriter(&buffer)
	for _, pair := range pairs {
		if err := writer.WriteField(pair[0], pair[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.String(), writer.FormDataContentType()
}

func multipartFile(t *testing.T, name string) (body, media string) {
	t.Helper()
	var buffer bytes.Buffer
	writer := multipart.NewWriter(&buffer)
	if _, err := writer.CreateFormFile(name, "changes.txt"); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.String(), writer.FormDataContentType()
}

func wantRefusal(t *testing.T, err error, kind domain.Kind, message string) {
	t.Helper()
	refusal, ok := errors.AsType[*domain.Refusal](err)
	if !ok || refusal.Kind != kind || refusal.Message != message {
		t.Errorf("got %#v, want %s: %s", err, kind, message)
	}
}

func TestValues_RemoveNUL(t *testing.T) {
	t.Parallel()
	values := parse(t, `{"a":"\u0000x\u0000","b":["\u0000",{"c":"y\u0000"}],"n":7,"z":null}`)
	values.RemoveNUL()
	type all struct {
		A string `param:"a,filled"`
		B any    `param:"b"`
		N int64  `param:"n"`
		Z any    `param:"z"`
	}
	var got all
	if err := values.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all{A: "x", B: []any{"", map[string]any{"c": "y"}}, N: 7}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
