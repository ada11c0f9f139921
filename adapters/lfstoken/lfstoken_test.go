package lfstoken_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gatehouse/adapters/lfstoken"
	"gatehouse/domain"
	"gatehouse/domain/lfs"
	"gatehouse/domain/source"
)

var (
	format lfstoken.Format
	key    = []byte("0123456789abcdef0123456789abcdef")
	token  = lfs.Token{
		ID: "2abad71d-141e-464e-96e2-f89eadb0efe6", Username: "root", Repository: source.RepositoryID{Kind: source.Wiki, ID: 3},
		IssuedAt: time.Unix(1570117676, 0).UTC(), ExpiresAt: time.Unix(1570119476, 0).UTC(),
	}
)

func write(t testing.TB) string {
	t.Helper()
	text, err := format.Sign(token, key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestFormat_readsBack(t *testing.T) {
	t.Parallel()
	text := write(t)
	if got, err := format.ParseUnverified(text); err != nil || got != token {
		t.Errorf("got %+v, %v, want %+v", got, err, token)
	}
	if !format.Verify(text, key) || format.Verify(text, []byte("another")) || format.Verify(text+"x", key) {
		t.Error("the signature does not tell right from wrong")
	}
}

// The claims are those of GitLab's example, with the repository in addition.
func TestFormat_claims(t *testing.T) {
	t.Parallel()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(write(t), ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(payload, &got); err != nil {
		t.Fatal(err)
	}
	want := `{"data":{"actor":"root","gl_repository":"wiki-3"},"exp":1570119476,"iat":1570117676,"jti":"2abad71d-141e-464e-96e2-f89eadb0efe6","nbf":1570117671}`
	if text, _ := json.Marshal(got); string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
}

func TestFormat_otherAlgorithms(t *testing.T) {
	t.Parallel()
	claims := jwt.MapClaims{"data": map[string]string{"actor": "root", "gl_repository": "wiki-3"}, "iat": 1, "exp": 2}
	for name, sign := range map[string]func() (string, error){
		"none": func() (string, error) {
			return jwt.NewWithClaims(jwt.SigningMethodNone, claims).SignedString(jwt.UnsafeAllowNoneSignatureType)
		},
		"HS512": func() (string, error) { return jwt.NewWithClaims(jwt.SigningMethodHS512, claims).SignedString(key) },
	} {
		text, err := sign()
		if err != nil {
			t.Fatal(err)
		}
		if format.Verify(text, key) {
			t.Errorf("%s is taken", name)
		}
	}
}

func FuzzFormat(f *testing.F) {
	f.Add(write(f))
	f.Add("")
	f.Add("a.b.c")
	f.Add(strings.Replace(write(f), ".", "..", 1))
	f.Fuzz(func(t *testing.T, text string) {
		got, err := format.ParseUnverified(text)
		if err != nil && !errors.Is(err, domain.Invalid) {
			t.Fatalf("got %v", err)
		}
		if format.Verify(text, key) && err == nil && got.Username != token.Username {
			t.Errorf("got %+v from a token without a signature", got)
		}
		if err == nil && (got.Username == "" || !got.Repository.Known()) {
			t.Errorf("got %+v", got)
		}
	})
}
