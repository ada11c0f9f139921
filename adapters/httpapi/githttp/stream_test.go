package githttp_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"gatehouse/adapters/httpapi/githttp"
)

// TestAnswer_Write writes no piece before the client has all of the one before it.
func TestAnswer_Write(t *testing.T) {
	t.Parallel()
	sizes := []int{1, 2047, 2048, 4095, 4096, 8191, 8192, 16<<10 - 1, 16 << 10, 16<<10 + 1, 20<<10 + 1, 64 << 10, 1}
	read := make(chan int, len(sizes))
	engine := gin.New()
	engine.GET("/", func(c *gin.Context) {
		w := githttp.NewAnswer(c)
		for _, size := range sizes {
			if n, err := w.Write(make([]byte, size)); n != size || err != nil {
				t.Errorf("of %d bytes: wrote %d, %v", size, n, err)
			}
			select {
			case <-read:
			case <-time.After(time.Minute):
				t.Errorf("%d bytes do not arrive", size)
				return
			}
		}
	})
	server := httptest.NewServer(engine)
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	for _, size := range sizes {
		if _, err := io.CopyN(io.Discard, answer.Body, int64(size)); err != nil {
			t.Fatal(err)
		}
		read <- size
	}
}
