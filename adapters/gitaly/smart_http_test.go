package gitaly_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"gatehouse/adapters/gitaly"
	"gatehouse/application/gitaccess"
	"gatehouse/domain"
	"gatehouse/domain/source"
)

// requests are the three of Git over HTTP.
func requests(c *gitaly.Client, t gitaccess.Transfer, r io.Reader, w io.Writer) map[string]func(*testing.T) error {
	return map[string]func(*testing.T) error{
		"InfoRefs of a fetch": func(test *testing.T) error {
			t := t
			t.Command = source.UploadPack
			return c.InfoRefs(test.Context(), t, w)
		},
		"InfoRefs of a push": func(test *testing.T) error {
			t := t
			t.Command = source.ReceivePack
			return c.InfoRefs(test.Context(), t, w)
		},
		"UploadPack":  func(test *testing.T) error { _, err := c.UploadPack(test.Context(), t, r, w); return err },
		"ReceivePack": func(test *testing.T) error { return c.ReceivePack(test.Context(), t, r, w) },
	}
}

func TestClient_smartHTTP_unknownStorage(t *testing.T) {
	t.Parallel()
	for name, request := range requests(connect(t, nil), gitaccess.Transfer{Location: place("default")}, strings.NewReader(""), io.Discard) {
		if err := request(t); !errors.Is(err, domain.Unavailable) || errors.Is(err, domain.NotFound) || !strings.Contains(err.Error(), `"default"`) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
