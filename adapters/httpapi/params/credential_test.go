package params_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/domain"
)

func TestCredential(t *testing.T) {
	t.Parallel()
	padding := strings.Repeat("x", 16<<10)
	tests := map[string]struct {
		request    *http.Request
		want       string
		unsearched bool
	}{
		"query":                 {request("POST", "/?b=1", asForm, "a=2"), "1", false},
		"query, first name":     {request("POST", "/?b=1&a=2", asForm, ""), "2", false},
		"query, large body":     {request("POST", "/?a=1", asForm, padding+padding), "1", false},
		"form":                  {request("POST", "/?c=1", asForm, "b=2&a=&c=3"), "2", false},
		"form, malformed later": {request("POST", "/", asForm, "a=1&c=%&a=2"), "1", false},
		"form without type":     {request("POST", "/", "", "a=1"), "1", false},
		"JSON":                  {request("POST", "/", asJSON, `{"b":"1","a":"2"}`), "2", false},
		"JSON number":           {request("POST", "/", asJSON, `{"a":12345678901234567890}`), "12345678901234567890", false},
		"JSON boolean":          {request("POST", "/", asJSON, `{"a":true}`), "true", false},
		"JSON null":             {request("POST", "/", asJSON, `{"a":null}`), "", false},
		"JSON list":             {request("POST", "/", asJSON, `["a"]`), "", false},
		"JSON hash":             {request("POST", "/", asJSON, `{"a":{"a":"1"}}`), "", false},
		"JSON, malformed later": {request("POST", "/", asJSON, `{"a":"1"`), "", false},
		"GET":                   {request("GET", "/", asForm, "a=1"), "1", false},
		"nothing":               {request("GET", "/", "", ""), "", false},
		"other type":            {request("POST", "/", "text/plain", "a=1"), "", false},
		"16 KiB":                {request("POST", "/", asForm, "a=1&"+padding[4:]), "1", false},
		"more than 16 KiB":      {request("POST", "/", asForm, "a=1&"+padding[3:]), "", true},
	}
	for name, tt := range tests {
		for _, chunked := range []bool{false, true} {
			if chunked {
				name, tt.request = name+", chunked", tt.request.Clone(t.Context())
			}
			body, err := io.ReadAll(tt.request.Body)
			if err != nil {
				t.Fatal(err)
			}
			tt.request.Body = io.NopCloser(strings.NewReader(string(body)))
			if chunked {
				tt.request.ContentLength = -1
			}
			got, err := params.Credential(contextOf(tt.request), "a", "b")
			if got != tt.want || errors.Is(err, params.ErrNotSearched) != tt.unsearched || err != nil != tt.unsearched {
				t.Errorf("%s: got %q, %v, want %q", name, got, err, tt.want)
			}
			left, err := io.ReadAll(tt.request.Body)
			if err != nil || string(left) != string(body) {
				t.Errorf("%s: %d bytes of %d are left, %v", name, len(left), len(body), err)
			}
			tt.request.Body = io.NopCloser(strings.NewReader(string(body)))
		}
	}
}

// The search reads no body that it does not search.
func TestCredential_untouchedBody(t *testing.T) {
	t.Parallel()
	for target, length := range map[string]int64{"/?a=1": 10, "/": 16<<10 + 1} {
		r := request("POST", target, asForm, "")
		r.Body, r.ContentLength = io.NopCloser(failingReader{t}), length
		_, _ = params.Credential(contextOf(r), "a")
	}
}

type failingReader struct{ t *testing.T }

func (r failingReader) Read([]byte) (int, error) {
	r.t.Error("the body was read")
	return 0, io.EOF
}

func TestCredential_endedRequest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := params.Credential(contextOf(request("POST", "/", asForm, "a=1").WithContext(ctx)), "a")
	if !errors.Is(err, domain.Unavailable) {
		t.Errorf("got %v, want unavailable", err)
	}
}
