package httpapi_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi"
)

// source is what a Stream reads. It knows how often it was read, and closed.
type source struct {
	io.Reader
	reads, closes int
}

// Read implements io.Reader.
func (s *source) Read(to []byte) (int, error) {
	s.reads++
	return s.Reader.Read(to)
}

// Close implements io.Closer.
func (s *source) Close() error {
	s.closes++
	return nil
}

func TestDialect_Reply_stream(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("0123456789", 10_000)
	for name, c := range map[string]struct {
		method string
		body   io.Reader
		want   string
		whole  bool
	}{
		"whole":                   {http.MethodGet, strings.NewReader(content), content, true},
		"HEAD":                    {http.MethodHead, strings.NewReader(content), "", true},
		"a failure in the middle": {http.MethodGet, io.MultiReader(strings.NewReader(content[:70_000]), iotest.ErrReader(errors.New("cut"))), content[:70_000], false},
		"a failure at once":       {http.MethodGet, iotest.ErrReader(errors.New("cut")), "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine, _ := newEngine(t)
			from := &source{Reader: c.body}
			handle := dialect.Reply(func(*gin.Context) (any, error) {
				return httpapi.Stream{Media: "text/plain", Size: int64(len(content)), ReadCloser: from}, nil
			})
			engine.GET("/", handle)
			engine.HEAD("/", handle)
			server := httptest.NewServer(engine)
			defer server.Close()
			request, err := http.NewRequestWithContext(t.Context(), c.method, server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := server.Client().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			got, err := io.ReadAll(answer.Body)
			if string(got) != c.want || (err == nil) != c.whole {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
			if answer.StatusCode != http.StatusOK || answer.ContentLength != int64(len(content)) || answer.Header.Get("Content-Type") != "text/plain" {
				t.Errorf("got %d, %v", answer.StatusCode, answer.Header)
			}
			server.Close()
			if from.closes != 1 || c.method == http.MethodHead && from.reads != 0 {
				t.Errorf("it was read %d times and closed %d times", from.reads, from.closes)
			}
		})
	}
}
