package secretfile_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatehouse/adapters/secretfile"
)

func TestOpenKey(t *testing.T) {
	t.Parallel()
	key := bytes.Repeat([]byte{0xfb}, 32) // whose text has signs that differ between the alphabets
	text := base64.StdEncoding.EncodeToString(key)
	for name, c := range map[string]struct {
		content string
		good    bool
	}{
		"as it is made":         {text, true},
		"with a line end":       {text + "\n", true},
		"with blanks around it": {" \t" + text + "\r\n\n", true},
		"without padding":       {strings.TrimRight(text, "="), false},
		"of the other alphabet": {base64.URLEncoding.EncodeToString(key), false},
		"on two lines":          {text[:20] + "\n" + text[20:], true}, // as the library reads base64
		"31 bytes":              {base64.StdEncoding.EncodeToString(key[:31]), false},
		"33 bytes":              {base64.StdEncoding.EncodeToString(append(key, 1)), false},
		"hexadecimal":           {strings.Repeat("ab", 32), false},
		"raw":                   {string(key), false},
		"blank":                 {" \n", false},
	} {
		opened, err := secretfile.OpenKey(current(write(t, c.content)), 32, false, time.Now, zap.NewNop())
		switch {
		case (err == nil) != c.good:
			t.Errorf("%s: got %v, want good: %t", name, err, c.good)
		case err == nil && !bytes.Equal(opened.Bytes(), key):
			t.Errorf("%s: got %x", name, opened.Bytes())
		case err != nil && strings.TrimSpace(c.content) != "" && strings.Contains(err.Error(), strings.TrimSpace(c.content)):
			t.Errorf("%s: the error tells the key", name)
		}
	}
}

func TestKey_followsItsFile(t *testing.T) {
	t.Parallel()
	one, two := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	path := write(t, base64.StdEncoding.EncodeToString(one))
	now := time.Unix(0, 0)
	core, failures := observer.New(zap.ErrorLevel)
	key, err := secretfile.OpenKey(current(path), 32, false, func() time.Time { return now }, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		content  string
		want     []byte
		failures int
	}{
		{base64.StdEncoding.EncodeToString(two) + "\n", two, 0},
		{"c2hvcnQ=", two, 1},
		{base64.StdEncoding.EncodeToString(one), one, 1},
	} {
		replace(t, path, step.content)
		now = now.Add(2 * time.Second)
		if got := key.Bytes(); !bytes.Equal(got, step.want) || failures.Len() != step.failures {
			t.Errorf("%q: got %x after %d failures, want %x after %d", step.content, got, failures.Len(), step.want, step.failures)
		}
	}
}
