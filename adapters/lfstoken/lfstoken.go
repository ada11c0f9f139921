// Package lfstoken writes credentials for Git LFS as JSON web tokens, with
// the claims that GitLab gives them.
package lfstoken

import (
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gatehouse/domain"
	"gatehouse/domain/lfs"
	"gatehouse/domain/source"
)

// Format reads and writes tokens. The zero Format is ready for use.
type Format struct{}

type claims struct {
	Data data `json:"data"`
	jwt.RegisteredClaims
}

type data struct {
	Actor string `json:"actor"`
	// Repository is the gl_repository. GitLab writes a global id here, but Gatehouse
	// itself verifies these tokens.
	Repository string `json:"gl_repository"`
}

var parser = jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithoutClaimsValidation())

// Sign signs the token with key, by HMAC-SHA256.
func (Format) Sign(t lfs.Token, key []byte) (string, error) {
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		Data: data{Actor: t.Username, Repository: t.Repository.String()},
		RegisteredClaims: jwt.RegisteredClaims{
			ID: t.ID, IssuedAt: jwt.NewNumericDate(t.IssuedAt), NotBefore: jwt.NewNumericDate(t.IssuedAt.Add(-lfs.Backdated)),
			ExpiresAt: jwt.NewNumericDate(t.ExpiresAt),
		},
	}).SignedString(key)
}

// ParseUnverified returns the token in text without checking its signature. It fails
// with domain.Invalid for text that is no token or lacks a claim that Sign writes.
func (Format) ParseUnverified(text string) (lfs.Token, error) {
	var c claims
	if _, _, err := parser.ParseUnverified(text, &c); err != nil {
		return lfs.Token{}, fmt.Errorf("LFS token: %w", domain.Invalid)
	}
	repository, ok := source.ParseRepositoryID(c.Data.Repository)
	if !ok || c.Data.Actor == "" || c.IssuedAt == nil || c.ExpiresAt == nil {
		return lfs.Token{}, fmt.Errorf("LFS token: %w", domain.Invalid)
	}
	return lfs.Token{
		ID: c.ID, Username: c.Data.Actor, Repository: repository,
		IssuedAt: moment(c.IssuedAt), ExpiresAt: moment(c.ExpiresAt),
	}, nil
}

func moment(d *jwt.NumericDate) time.Time { return d.UTC() }

// Verify says whether text is signed with key by HMAC-SHA256. It takes no other
// algorithm.
func (Format) Verify(text string, key []byte) bool {
	_, err := parser.Parse(text, func(*jwt.Token) (any, error) { return key, nil })
	return err == nil
}
