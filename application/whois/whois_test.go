package whois_test

import (
	"context"
	"errors"
	"testing"

	"gatehouse/application/whois"
	"gatehouse/domain"
	"gatehouse/domain/identity"
)

const (
	blob  = "AAAAC3NzaC1lZDI1NTE5AAAAIOlRlpHcai+XV9Mw1YZNOoQ4QObD6ROfZZ8b3vlQrGa/"
	print = identity.Fingerprint("1qPsHXu1alox28Isr15aDy/S3VDW0U+H0O0lAxM26es")
)

// fakeActors knows one key, or fails.
type fakeActors struct{ err error }

func (p fakeActors) KeyByFingerprint(_ context.Context, asked identity.Fingerprint) (whois.KeyAndUser, error) {
	switch {
	case p.err != nil:
		return whois.KeyAndUser{}, p.err
	case asked != print:
		return whois.KeyAndUser{}, domain.NotFound
	}
	return whois.KeyAndUser{Key: identity.Key{ID: 11}, Name: "Dede"}, nil
}

func (p fakeActors) Actor(_ context.Context, claim identity.Claim) (identity.Actor, error) {
	if claim != identity.ClaimUser("7") {
		return identity.Actor{}, p.err
	}
	return identity.Actor{User: identity.User{ID: 7, State: identity.Blocked}}, p.err
}

func TestService_Key(t *testing.T) {
	t.Parallel()
	down := errors.New("connection refused")
	for name, c := range map[string]struct {
		blob string
		err  error
		want domain.Kind
	}{
		"known":                {blob, nil, ""},
		"unknown":              {"AAAAC3NzaC1lZDI1NTE5AAAAIOlRlpHcai+XV9Mw1YZNOoQ4QObD6ROfZZ8b3vlQrGa1", nil, domain.NotFound},
		"none":                 {"garbage", nil, domain.NotFound},
		"empty":                {"", nil, domain.NotFound},
		"the store is down":    {blob, down, domain.Unavailable},
		"none, store down too": {"garbage", down, domain.NotFound},
	} {
		card, err := whois.New(fakeActors{c.err}).Key(t.Context(), c.blob)
		refusal, _ := errors.AsType[*domain.Refusal](err)
		switch {
		case c.want == "" && (err != nil || card.Key.ID != 11):
			t.Errorf("%s: got %v, %v", name, card, err)
		case c.want != "" && (refusal == nil || refusal.Kind != c.want):
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if c.want == domain.Unavailable && !errors.Is(err, down) {
			t.Errorf("%s: the log does not learn the cause: %v", name, err)
		}
	}
}

func TestService_User(t *testing.T) {
	t.Parallel()
	if u, err := whois.New(fakeActors{}).User(t.Context(), identity.ClaimUser("7")); err != nil || u.ID != 7 {
		t.Errorf("a blocked user: got %v, %v", u, err)
	}
	if u, err := whois.New(fakeActors{}).User(t.Context(), identity.Claim{}); err != nil || u.Known() {
		t.Errorf("nobody: got %v, %v", u, err)
	}
	if _, err := whois.New(fakeActors{errors.New("down")}).User(t.Context(), identity.Claim{}); !errors.Is(err, domain.Unavailable) {
		t.Errorf("the store is down: got %v", err)
	}
}
