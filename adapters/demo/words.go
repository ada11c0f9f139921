package demo

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// Words are the values of the words in angle brackets, by word.
type Words map[string]string

// The words that examples may hold. The first two are the documentation's.
const (
	secretWord   = "<Base64 encoded secret>"
	jwtWord      = "<JWT token>"
	revisionWord = "<revision>"
)

// ReadWords returns the words of a server with these secret files, which it
// reads, and built from that revision.
func ReadWords(shellSecretFile, kasSecretFile, revision string) (Words, error) {
	secret, err := os.ReadFile(shellSecretFile)
	if err != nil {
		return nil, err
	}
	token, err := kasToken(kasSecretFile)
	if err != nil {
		return nil, err
	}
	return Words{
		secretWord:   base64.StdEncoding.EncodeToString(bytes.TrimSpace(secret)),
		jwtWord:      token,
		revisionWord: revision,
	}, nil
}

// kasToken returns a token that kas could have signed. It never expires, so
// that a printed command works at any time.
func kasToken(secretFile string) (string, error) {
	text, err := os.ReadFile(secretFile)
	if err != nil {
		return "", err
	}
	secret, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil {
		return "", fmt.Errorf("%s: %w", secretFile, err)
	}
	claims := jwt.MapClaims{"iss": "gitlab-kas", "aud": []string{"gitlab"}}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(secret)
}

// Fill replaces the words in text by their values.
func (w Words) Fill(text string) string {
	for word, value := range w {
		text = strings.ReplaceAll(text, word, value)
	}
	return text
}
