// Package world is what there is to test in: a small world that reads like a
// sentence, and the way from any such text into a store.
package world

import (
	"context"
	"crypto/ed25519"
	_ "embed" // for the worlds
	"encoding/base64"
	"encoding/binary"
	"testing"
	"time"

	"gatehouse/adapters/worldfile"
	"gatehouse/application/worldimport"
	"gatehouse/domain/source"
)

// Small is one of everything: a user in every role and in every state, a
// project of every visibility, in the group acme and around it.
//
//go:embed small.yaml
var Small string

// Agents is what the Kubernetes agent server can ask about: agent 5 of project 7,
// its neighbour 6 in the same project, and agents in projects of every kind
// whose creators have lower roles, or none.
//
//go:embed agents.yaml
var Agents string

// Now is the moment at which tests ask, unless time is what they are about. It
// is a Tuesday, and no whole second.
var Now = time.Date(2026, time.March, 10, 12, 34, 56, 789012000, time.UTC)

// Clock always tells Now.
func Clock() time.Time { return Now }

// Apply puts what texts describe into a store and ends the test if anything
// is wrong with them. Secrets are sealed by Seal.
func Apply(t testing.TB, registries worldimport.UnitOfWork, texts ...string) {
	t.Helper()
	ApplySealed(t, registries, Seal, texts...)
}

// ApplySealed is Apply with secrets that are sealed as a server does it.
func ApplySealed(t testing.TB, registries worldimport.UnitOfWork, seal func(string) string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err := try(t.Context(), registries, seal, text); err != nil {
			t.Fatalf("world: %v", err)
		}
	}
}

// Parse reads a world and ends the test if anything is wrong with the text.
func Parse(t testing.TB, text string) worldimport.World {
	t.Helper()
	w, err := worldfile.Parse([]byte(text))
	if err != nil {
		t.Fatalf("world: %v", err)
	}
	return w
}

// Try puts what text describes into a store, or returns what is wrong with it.
func Try(ctx context.Context, registries worldimport.UnitOfWork, text string) error {
	return try(ctx, registries, Seal, text)
}

func try(ctx context.Context, registries worldimport.UnitOfWork, seal func(string) string, text string) error {
	w, err := worldfile.Parse([]byte(text))
	if err != nil {
		return err
	}
	_, err = worldimport.New(registries, source.FullyProtected, seal, Clock).Import(ctx, w)
	return err
}

// Seal marks a secret as one that was sealed.
func Seal(secret string) string { return "sealed:" + secret }

// Key is the line of a public key: the same one for the same seed.
func Key(seed byte) string {
	public := ed25519.NewKeyFromSeed(append(make([]byte, ed25519.SeedSize-1), seed)).Public().(ed25519.PublicKey)
	var blob []byte
	for _, field := range [][]byte{[]byte("ssh-ed25519"), public} {
		blob = append(binary.BigEndian.AppendUint32(blob, uint32(len(field))), field...)
	}
	return "ssh-ed25519 " + base64.StdEncoding.EncodeToString(blob)
}
