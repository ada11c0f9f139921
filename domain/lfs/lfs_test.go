package lfs_test

import (
	"bytes"
	"testing"
	"time"

	"gatehouse/domain/identity"
	"gatehouse/domain/lfs"
)

func nora(change func(*identity.Actor)) identity.Actor {
	a := identity.Actor{User: identity.User{ID: 9, Username: "nora", CredentialVersion: 1}}
	change(&a)
	return a
}

func robot(a *identity.Actor) {
	a.Key = identity.Key{ID: 201, Kind: identity.DeployKey, Fingerprint: "abc"}
}

func TestSigningKey_takesTokensBack(t *testing.T) {
	t.Parallel()
	instance := []byte("instance")
	keys := map[string][]byte{
		"a person":             lfs.SigningKey(instance, nora(func(*identity.Actor) {})),
		"new credentials":      lfs.SigningKey(instance, nora(func(a *identity.Actor) { a.User.CredentialVersion = 2 })),
		"another person":       lfs.SigningKey(instance, nora(func(a *identity.Actor) { a.User.ID = 10 })),
		"another instance":     lfs.SigningKey([]byte("other"), nora(func(*identity.Actor) {})),
		"a deploy key":         lfs.SigningKey(instance, nora(robot)),
		"a changed deploy key": lfs.SigningKey(instance, nora(func(a *identity.Actor) { robot(a); a.Key.Fingerprint = "abd" })),
		"another deploy key":   lfs.SigningKey(instance, nora(func(a *identity.Actor) { robot(a); a.Key.ID = 202 })),
	}
	for a, first := range keys {
		for b, second := range keys {
			if a != b && bytes.Equal(first, second) {
				t.Errorf("%s and %s have the same key", a, b)
			}
		}
	}
	byKey := nora(func(a *identity.Actor) { a.Key = identity.Key{ID: 77, Kind: identity.UserKey, Fingerprint: "x"} })
	if !bytes.Equal(lfs.SigningKey(instance, byKey), keys["a person"]) {
		t.Error("a person's tokens depend on the SSH key")
	}
}

func TestActorName_readsBack(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]identity.Actor{
		"nora": nora(func(*identity.Actor) {}), "lfs+deploy-key-201": nora(robot), "": {},
	} {
		if got := lfs.ActorName(a); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for name, want := range map[string]identity.Claim{
		"Nora":                {Kind: identity.ByName, Name: "nora"},
		"lfs+deploy-key-201":  {Kind: identity.ByKey, ID: 201},
		"lfs+deploy-key-201x": {Kind: identity.Unresolvable},
		"":                    {},
	} {
		if got := lfs.ClaimOf(name); got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
}

func TestToken_ValidAt(t *testing.T) {
	t.Parallel()
	issued := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	token := lfs.Token{IssuedAt: issued, ExpiresAt: issued.Add(30 * time.Minute)}
	for at, want := range map[time.Duration]bool{
		0: true, -65 * time.Second: true, -65*time.Second - 1: false, 30 * time.Minute: true,
		31*time.Minute - 1: true, 31 * time.Minute: false,
	} {
		if got := token.ValidAt(issued.Add(at)); got != want {
			t.Errorf("%v after its issue: got %v, want %v", at, got, want)
		}
	}
}
