// Package world has the worlds of tests, and puts a world into a store.
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
	"gatehouse/application/accounts"
	"gatehouse/application/worldimport"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// Small is a small world with a user in every role and every state, and a project
// of every visibility.
//
//go:embed small.yaml
var Small string

// Agents is a world for the Kubernetes agent server: agents 5 and 6 of project 7,
// agents in projects of every kind, and agents whose creators have lower roles or
// none.
//
//go:embed agents.yaml
var Agents string

// Now is the time of tests that are not about time. It is a Tuesday, with a
// fraction of a second.
var Now = time.Date(2026, time.March, 10, 12, 34, 56, 789012000, time.UTC)

// Clock always returns Now.
func Clock() time.Time { return Now }

// Accounts finds users.
type Accounts interface {
	// View returns a user, or domain.NotFound.
	View(ctx context.Context, who identity.Claim, now time.Time) (accounts.View, error)
}

// Caller returns the user of that number as a caller of the management API. It ends the test
// if there is none.
func Caller(t testing.TB, records Accounts, id identity.UserID) rights.Caller {
	t.Helper()
	view, err := records.View(t.Context(), identity.Claim{Kind: identity.ByUser, ID: int64(id)}, Now)
	if err != nil {
		t.Fatalf("user %d: %v", id, err)
	}
	actor := audit.Actor{Kind: audit.Person, User: view.ID, Username: view.Username}
	return rights.Caller{Account: view.Account, Namespace: view.Namespace, Cause: audit.Cause{Actor: actor}}
}

// Apply imports worlds into a store. It ends the test if a world is refused.
func Apply(t testing.TB, unitOfWork worldimport.UnitOfWork, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err := Try(t.Context(), unitOfWork, text); err != nil {
			t.Fatalf("world: %v", err)
		}
	}
}

// Parse reads a world, and ends the test if the text has a mistake.
func Parse(t testing.TB, text string) worldimport.World {
	t.Helper()
	w, err := worldfile.Parse([]byte(text))
	if err != nil {
		t.Fatalf("world: %v", err)
	}
	return w
}

// Try imports a world into a store, and returns the error.
func Try(ctx context.Context, unitOfWork worldimport.UnitOfWork, text string) error {
	w, err := worldfile.Parse([]byte(text))
	if err != nil {
		return err
	}
	_, err = worldimport.New(unitOfWork, source.FullyProtected, Clock).Import(ctx, w)
	return err
}

// Key is the line of a public key: the same one for the same seed.
func Key(seed byte) string {
	public := ed25519.NewKeyFromSeed(append(make([]byte, ed25519.SeedSize-1), seed)).Public().(ed25519.PublicKey)
	var blob []byte
	for _, field := range [][]byte{[]byte("ssh-ed25519"), public} {
		blob = append(binary.BigEndian.AppendUint32(blob, uint32(len(field))), field...)
	}
	return "ssh-ed25519 " + base64.StdEncoding.EncodeToString(blob)
}
