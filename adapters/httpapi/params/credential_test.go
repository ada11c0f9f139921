package params_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/semaphore"

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

// TestCredential_cutOff takes a body whose end never comes: net/http ends the request
// with it. It holds no credential, and it is the body that is refused, not the request
// as one that has waited for too long.
func TestCredential_cutOff(t *testing.T) {
	t.Parallel()
	for _, length := range []int64{100, -1} {
		ctx, cancel := context.WithCancel(t.Context())
		r := request("POST", "/", asForm, "").WithContext(ctx)
		r.ContentLength = length
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader("a=1"), readerFunc(func([]byte) (int, error) {
			cancel()
			return 0, io.ErrUnexpectedEOF
		})))
		c := contextOf(r)
		if got, err := params.Credential(c, "a"); got != "" || err != nil {
			t.Errorf("got %q, %v, want none", got, err)
		}
		if _, err := params.Of(c); !errors.Is(err, domain.Invalid) {
			t.Errorf("got %v, want a malformed body", err)
		}
	}
}

// readerFunc is an io.Reader.
type readerFunc func([]byte) (int, error)

// Read implements io.Reader.
func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestInTurn is not parallel: it takes all turns of the process, and no body is
// parsed or searched until it gives one back.
func TestInTurn(t *testing.T) {
	for name, test := range map[string]struct {
		turns *semaphore.Weighted
		all   int64
		do    func(*gin.Context) error
	}{
		"search": {params.Searching, params.SearchesAtOnce, func(c *gin.Context) error { _, err := params.Credential(c, "a"); return err }},
		"parse":  {params.Parsing, params.ParsingBytes, func(c *gin.Context) error { _, err := params.Of(c); return err }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if !test.turns.TryAcquire(test.all) {
					t.Fatal("a turn is taken")
				}
				done := make(chan error, 2)
				wait := func(ctx context.Context) {
					go func() { done <- test.do(contextOf(request("POST", "/", asForm, "a=1").WithContext(ctx))) }()
					synctest.Wait()
				}
				wait(t.Context())
				wait(ctx)
				if len(done) != 0 {
					t.Error("a body did not wait")
				}
				cancel()
				if err := <-done; !errors.Is(err, domain.Unavailable) {
					t.Errorf("the request ends: got %v", err)
				}
				test.turns.Release(test.all)
				if err := <-done; err != nil {
					t.Errorf("its turn has come: got %v", err)
				}
			})
		})
	}
}
