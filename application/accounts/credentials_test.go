package accounts_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/tests/world"
)

func TestService_AddKey(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for seed, tt := range map[byte]struct {
		by    identity.UserID
		asked accounts.NewKey
		title string
		usage identity.Usage
	}{
		5: {8, accounts.NewKey{Line: " " + world.Key(5) + " gus@host \n", Title: " laptop "}, "laptop", identity.AuthAndSigning},
		6: {1, accounts.NewKey{Line: world.Key(6) + " gus@host", Title: " ", Usage: identity.AuthOnly}, "gus@host", identity.AuthOnly},
	} {
		view, err := s.AddKey(t.Context(), s.by(tt.by), 8, tt.asked)
		if err != nil || view.Title != tt.title || view.Usage != tt.usage || view.Line != world.Key(seed) || view.Owner.Username != "gus" {
			t.Errorf("key %d: got %+v, %v", seed, view, err)
		}
	}
	s.want("how many events", len(s.actions()), 2)
}

func TestService_AddKey_refuses(t *testing.T) {
	t.Parallel()
	s := newService(t, func(r *accounts.Rules) { r.Users.MinimumBits = map[string]int{"rsa": identity.Forbidden} })
	for what, tt := range map[string]struct {
		by, user identity.UserID
		asked    accounts.NewKey
		kind     domain.Kind
		words    string
	}{
		"a stranger":    {0, 8, accounts.NewKey{}, domain.Unauthenticated, ""},
		"another user":  {7, 8, accounts.NewKey{}, domain.Forbidden, ""},
		"no user":       {1, 404, accounts.NewKey{}, domain.NotFound, "User Not Found"},
		"a ghost":       {1, 9, accounts.NewKey{Line: world.Key(5), Title: "x"}, domain.Forbidden, "internal"},
		"no key":        {8, 8, accounts.NewKey{Title: "x"}, domain.Unprocessable, "key is invalid, key it is empty"},
		"a private key": {8, 8, accounts.NewKey{Line: "-----BEGIN PRIVATE KEY-----", Title: "x"}, domain.Unprocessable, "key is invalid, key it is a private key"},
		"no title":      {8, 8, accounts.NewKey{Line: world.Key(5)}, domain.Unprocessable, "title can't be blank"},
		"past":          {8, 8, accounts.NewKey{Line: world.Key(5), Title: "x", ExpiresAt: world.Now}, domain.Unprocessable, "expires_at is in the past"},
		"a user's key":  {8, 8, accounts.NewKey{Line: world.Key(1), Title: "x"}, domain.Unprocessable, "fingerprint_sha256 has already been taken"},
		"a deploy key":  {8, 8, accounts.NewKey{Line: world.Key(2), Title: "x"}, domain.Unprocessable, "fingerprint_sha256 has already been taken"},
	} {
		_, err := s.AddKey(t.Context(), s.by(tt.by), tt.user, tt.asked)
		s.refused(what, err, tt.kind, tt.words)
	}
	s.want("events", s.actions(), []string(nil))
}

func TestService_keys(t *testing.T) {
	t.Parallel()
	s := newService(t)
	owner, keys, err := s.Keys(t.Context(), s.by(8), byName("dede"), application.Page{Order: "id", Size: 20})
	if err != nil || owner.ID != 7 || len(keys.Items) != 1 || keys.Items[0].ID != 11 {
		t.Errorf("got %+v, %+v, %v", owner, keys, err)
	}
	for what, tt := range map[string]struct {
		who   string
		id    identity.KeyID
		words string
	}{
		"another user's": {"gus", 11, "Key Not Found"}, "a deploy key of the creator": {"dede", 21, "Key Not Found"},
		"none": {"dede", 0, "Key Not Found"}, "no user": {"none", 11, "User Not Found"},
	} {
		_, err := s.Key(t.Context(), s.by(8), byName(tt.who), tt.id)
		s.refused(what, err, domain.NotFound, tt.words)
	}
	if found, err := s.FindKey(t.Context(), s.by(1), accounts.KeyClaim{ID: 21}); err != nil || found.Owner.Known() || len(found.Projects) != 1 {
		t.Errorf("a deploy key: got %+v, %v", found, err)
	}
	if found, err := s.FindKey(t.Context(), s.by(1), accounts.KeyClaim{ID: 11}); err != nil || found.Owner.ID != 7 {
		t.Errorf("a user's key: got %+v, %v", found, err)
	}
	_, err = s.FindKey(t.Context(), s.by(7), accounts.KeyClaim{ID: 11})
	s.refused("as a user", err, domain.Forbidden, "")
	_, err = s.FindKey(t.Context(), s.by(1), accounts.KeyClaim{})
	s.refused("none", err, domain.NotFound, "Key Not Found")
}

func TestService_RemoveKey(t *testing.T) {
	t.Parallel()
	s := newService(t)
	never := time.Time{}
	s.refused("another user's, as that user", s.RemoveKey(t.Context(), s.by(8), 8, 11, never), domain.NotFound, "Key Not Found")
	s.refused("another user's", s.RemoveKey(t.Context(), s.by(8), 7, 11, never), domain.Forbidden, "")
	s.refused("a deploy key", s.RemoveKey(t.Context(), s.by(7), 7, 21, never), domain.NotFound, "Key Not Found")
	if err := s.RemoveKey(t.Context(), s.by(7), 7, 11, s.now.Add(-time.Hour)); !errors.Is(err, domain.ErrModified) {
		t.Errorf("younger than the condition: got %v", err)
	}
	if err := s.RemoveKey(t.Context(), s.by(7), 7, 11, s.now); err != nil {
		t.Error(err)
	}
	s.refused("again", s.RemoveKey(t.Context(), s.by(1), 7, 11, never), domain.NotFound, "Key Not Found")
	s.want("events", s.actions(), []string{"key.delete dede dede laptop"})
}

var text = regexp.MustCompile(`^glpat-[\w-]{20}$`)

func TestService_CreateToken(t *testing.T) {
	t.Parallel()
	s := newService(t)
	day := time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC)
	created, err := s.CreateToken(t.Context(), s.by(1), 7, accounts.NewToken{Name: "n", Description: "d", Scopes: []identity.Scope{"api", "sudo"}, ExpiresAt: day})
	if err != nil || !text.MatchString(created.Text) || created.User != 7 || !created.ExpiresAt.Equal(day) {
		t.Fatalf("got %+v, %v", created, err)
	}
	if b, err := s.store.AccessTokens.Bearer(t.Context(), identity.DigestToken(created.Text)); err != nil || b.User.Username != "dede" {
		t.Errorf("it lets in %+v, %v", b, err)
	}
	own, err := s.CreateToken(t.Context(), s.by(8), 8, accounts.NewToken{Name: "n", Scopes: []identity.Scope{"k8s_proxy"}})
	if err != nil || own.Text == created.Text || !own.ExpiresAt.IsZero() {
		t.Errorf("one's own: got %+v, %v", own, err)
	}
	s.want("events", s.actions(), []string{"access_token.create root dede n", "access_token.create gus gus n"})
	required := newService(t, func(r *accounts.Rules) { r.Lifetime.Required = true })
	bounded, err := required.CreateToken(t.Context(), required.by(1), 7, accounts.NewToken{Name: "n", Scopes: []identity.Scope{"api"}})
	if want := time.Date(2027, 3, 10, 0, 0, 0, 0, time.UTC); err != nil || !bounded.ExpiresAt.Equal(want) {
		t.Errorf("where an end is required: got %v, %v, want %v", bounded.ExpiresAt, err, want)
	}
}

func TestService_CreateToken_refuses(t *testing.T) {
	t.Parallel()
	s := newService(t)
	api := []identity.Scope{"api"}
	for what, tt := range map[string]struct {
		by, user identity.UserID
		asked    accounts.NewToken
		kind     domain.Kind
		words    string
	}{
		"a stranger":        {0, 8, accounts.NewToken{}, domain.Unauthenticated, ""},
		"another user":      {7, 8, accounts.NewToken{}, domain.Forbidden, ""},
		"no user":           {1, 404, accounts.NewToken{}, domain.NotFound, "User Not Found"},
		"a ghost":           {1, 9, accounts.NewToken{Name: "n", Scopes: api}, domain.Forbidden, "internal"},
		"more than allowed": {8, 8, accounts.NewToken{Name: "n", Scopes: api}, domain.Unprocessable, "'api'"},
		"an unknown scope":  {1, 8, accounts.NewToken{Name: "n", Scopes: []identity.Scope{"fly"}}, domain.Unprocessable, "'fly'"},
		"no scope":          {1, 8, accounts.NewToken{Name: "n"}, domain.Unprocessable, "scopes"},
		"no name":           {1, 8, accounts.NewToken{Name: " ", Scopes: api}, domain.Unprocessable, "Name"},
		"yesterday":         {1, 8, accounts.NewToken{Name: "n", Scopes: api, ExpiresAt: world.Now.AddDate(0, 0, -1)}, domain.Unprocessable, "in the past"},
		"too far away":      {1, 8, accounts.NewToken{Name: "n", Scopes: api, ExpiresAt: world.Now.AddDate(2, 0, 0)}, domain.Unprocessable, "must not be after 2027-03-10"},
	} {
		_, err := s.CreateToken(t.Context(), s.by(tt.by), tt.user, tt.asked)
		s.refused(what, err, tt.kind, tt.words)
	}
	s.want("events", s.actions(), []string(nil))
}

// token creates a token for user 8, and returns it with a caller who uses it.
func (s *testService) token() (accounts.CreatedToken, rights.Caller) {
	s.Helper()
	created, err := s.CreateToken(s.Context(), s.by(1), 8, accounts.NewToken{Name: "n", Description: "d", Scopes: []identity.Scope{"api"}})
	if err != nil {
		s.Fatal(err)
	}
	caller := s.by(8)
	caller.Cause.Actor.Token = created.ID
	return created, caller
}

// isRevoked says whether a token is revoked.
func (s *testService) isRevoked(id int64) bool {
	s.Helper()
	t, err := s.store.Credentials.Token(s.Context(), id)
	if err != nil {
		s.Fatal(err)
	}
	return t.Revoked
}

func TestService_RotateToken(t *testing.T) {
	t.Parallel()
	s := newService(t)
	first, caller := s.token()
	second, err := s.RotateToken(t.Context(), caller, first.ID, time.Time{}, "")
	if err != nil || !text.MatchString(second.Text) || second.Name != "n" || second.Description != "d" || second.User != 8 || !second.Allows("api") {
		t.Fatalf("got %+v, %v", second, err)
	}
	s.want("its end", second.ExpiresAt, time.Date(2026, 3, 17, 0, 0, 0, 0, time.UTC))
	s.want("the old one is revoked", s.isRevoked(first.ID), true)
	third, err := s.RotateToken(t.Context(), s.by(1), second.ID, time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC), "")
	if err != nil || third.Family != first.ID {
		t.Fatalf("got %+v, %v", third, err)
	}
	_, err = s.RotateToken(t.Context(), s.by(1), third.ID, world.Now.AddDate(2, 0, 0), "")
	s.refused("too far away", err, domain.Unprocessable, "must not be after")
	s.want("it is not revoked then", s.isRevoked(third.ID), false)
	_, err = s.RotateToken(t.Context(), s.by(1), second.ID, time.Time{}, "")
	s.refused("one that was rotated before", err, domain.Unprocessable, "revoked already")
	s.want("the whole family is revoked then", s.isRevoked(third.ID), true)
	s.want("events", s.actions(), []string{
		"access_token.create root gus n", "access_token.update gus gus n", "access_token.create gus gus n",
		"access_token.update root gus n", "access_token.create root gus n", "access_token.update root gus n",
	})
}

func TestService_RotateToken_shortLifetime(t *testing.T) {
	t.Parallel()
	s := newService(t, func(r *accounts.Rules) { r.Lifetime.MaxDays = 3 })
	first, caller := s.token()
	second, err := s.RotateToken(t.Context(), caller, first.ID, time.Time{}, "")
	if want := time.Date(2026, 3, 13, 0, 0, 0, 0, time.UTC); err != nil || !second.ExpiresAt.Equal(want) {
		t.Errorf("got %v, %v, want %v", second.ExpiresAt, err, want)
	}
}

func TestService_RevokeFamily(t *testing.T) {
	t.Parallel()
	s := newService(t)
	first, caller := s.token()
	second, err := s.RotateToken(t.Context(), caller, first.ID, time.Time{}, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RevokeFamily(t.Context(), rights.Caller{}, second.ID, ""); err != nil || s.isRevoked(second.ID) {
		t.Errorf("of a token that is in use: got %v, revoked %t", err, s.isRevoked(second.ID))
	}
	if err := s.RevokeFamily(t.Context(), rights.Caller{}, first.ID, ""); err != nil || !s.isRevoked(second.ID) {
		t.Errorf("of one that was rotated: got %v, revoked %t", err, s.isRevoked(second.ID))
	}
}

func TestService_RevokeToken(t *testing.T) {
	t.Parallel()
	s := newService(t)
	mine, caller := s.token()
	s.refused("another user", s.RevokeToken(t.Context(), s.by(7), mine.ID, time.Time{}), domain.Unauthenticated, "")
	s.refused("another user, no token", s.RevokeToken(t.Context(), s.by(7), 404, time.Time{}), domain.Unauthenticated, "")
	s.refused("an administrator, no token", s.RevokeToken(t.Context(), s.by(1), 404, time.Time{}), domain.NotFound, "Not found")
	s.refused("a stranger", s.RevokeToken(t.Context(), s.by(0), mine.ID, time.Time{}), domain.Unauthenticated, "")
	if err := s.RevokeToken(t.Context(), caller, mine.ID, time.Time{}); err != nil || !s.isRevoked(mine.ID) {
		t.Errorf("got %v", err)
	}
	s.refused("again", s.RevokeToken(t.Context(), s.by(1), mine.ID, time.Time{}), domain.Unprocessable, "revoked already")
	s.want("events", s.actions(), []string{"access_token.create root gus n", "access_token.update gus gus n"})
}

func TestService_Tokens(t *testing.T) {
	t.Parallel()
	s := newService(t)
	mine, caller := s.token()
	page := application.Page{Order: "id", Size: 20}
	for by, want := range map[identity.UserID]int{1: 1, 8: 1, 7: 0} {
		if got, err := s.Tokens(t.Context(), s.by(by), accounts.TokenFilter{}, page); err != nil || len(got.Items) != want {
			t.Errorf("user %d: got %+v, %v, want %d", by, got, err, want)
		}
	}
	_, err := s.Tokens(t.Context(), s.by(7), accounts.TokenFilter{User: 8}, page)
	s.refused("another user's", err, domain.Unauthenticated, "")
	_, err = s.Tokens(t.Context(), s.by(0), accounts.TokenFilter{}, page)
	s.refused("a stranger", err, domain.Unauthenticated, "")
	// With sudo the token is the administrator's, and the caller another user.
	caller.Account = s.by(7).Account
	for _, by := range []rights.Caller{caller, s.by(1), s.by(8)} {
		if got, err := s.Token(t.Context(), by, mine.ID); err != nil || got.Name != "n" {
			t.Errorf("%s: got %+v, %v", by.Username, got, err)
		}
	}
	_, err = s.Token(t.Context(), s.by(7), mine.ID)
	s.refused("one of another user", err, domain.Unauthenticated, "")
}

// A client whose connection broke sends the same request again.
func TestService_CreateToken_once(t *testing.T) {
	t.Parallel()
	key := []byte("a key of 32 bytes, as a test has")
	s := newService(t, func(r *accounts.Rules) { r.InstanceKey = func() []byte { return key } })
	asked := accounts.NewToken{Name: "n", Scopes: []identity.Scope{"api"}, IdempotencyKey: "7b1c"}
	first, err := s.CreateToken(t.Context(), s.by(1), 7, asked)
	if err != nil || !strings.HasPrefix(first.Text, "glpat-") || len(first.Text) < 26 {
		t.Fatalf("got %q, %v", first.Text, err)
	}
	s.now = s.now.Add(25 * time.Hour)
	if again, err := s.CreateToken(t.Context(), s.by(1), 7, asked); err != nil || again.Text != first.Text || again.ID != first.ID {
		t.Errorf("again: got %+v, %v", again, err)
	}
	s.want("events", len(s.actions()), 1)
	different := func(what string, by, user identity.UserID, change func(*accounts.NewToken)) {
		t.Helper()
		other := asked
		change(&other)
		if made, err := s.CreateToken(t.Context(), s.by(by), user, other); err != nil || made.Text == first.Text {
			t.Errorf("%s: got %+v, %v", what, made.AccessToken, err)
		}
	}
	different("another key", 1, 7, func(n *accounts.NewToken) { n.IdempotencyKey = "7b1d" })
	different("another user", 1, 8, func(*accounts.NewToken) {})
	world.Apply(t, s.store.WorldImport, "users: [{id: 8, username: gus, admin: true}]")
	different("another administrator", 8, 7, func(*accounts.NewToken) {})
	for what, change := range map[string]func(*accounts.NewToken){
		"name": func(n *accounts.NewToken) { n.Name = "m" }, "scopes": func(n *accounts.NewToken) { n.Scopes = []identity.Scope{"sudo"} },
		"description": func(n *accounts.NewToken) { n.Description = "d" }, "end": func(n *accounts.NewToken) { n.ExpiresAt = s.now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 9) },
	} {
		other := asked
		change(&other)
		_, err := s.CreateToken(t.Context(), s.by(1), 7, other)
		s.refused("another "+what, err, domain.Unprocessable, "another request")
	}
	for _, once := range []string{"a\nb", "\u00e4", strings.Repeat("x", 256)} {
		asked.IdempotencyKey = once
		_, err := s.CreateToken(t.Context(), s.by(1), 7, asked)
		s.refused(once, err, domain.Invalid, "Idempotency-Key is invalid")
	}
	asked.IdempotencyKey = "7b1c"
	if err := s.RevokeToken(t.Context(), s.by(1), first.ID, time.Time{}); err != nil {
		t.Fatal(err)
	}
	_, err = s.CreateToken(t.Context(), s.by(1), 7, asked)
	s.refused("revoked", err, domain.Unprocessable, "revoked")
	key = nil
	_, err = s.CreateToken(t.Context(), s.by(1), 7, asked)
	s.refused("no instance key", err, domain.Unavailable, "instance key")
}

func TestService_RotateToken_once(t *testing.T) {
	t.Parallel()
	s := newService(t, func(r *accounts.Rules) { r.InstanceKey = func() []byte { return []byte("key") } })
	old, err := s.CreateToken(t.Context(), s.by(1), 7, accounts.NewToken{Name: "n", Scopes: []identity.Scope{"api"}})
	if err != nil {
		t.Fatal(err)
	}
	rotate := func(once string) (accounts.CreatedToken, error) {
		return s.RotateToken(t.Context(), s.by(1), old.ID, time.Time{}, once)
	}
	first, err := rotate("r1")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := rotate("r1"); err != nil || again.Text != first.Text || s.isRevoked(first.ID) {
		t.Errorf("again: got %+v, %v", again, err)
	}
	if err := s.RevokeFamily(t.Context(), rights.Caller{}, old.ID, "r1"); err != nil || !s.isRevoked(first.ID) {
		t.Errorf("rotated by somebody else: got %v, revoked %t", err, s.isRevoked(first.ID))
	}
	_, err = rotate("r2")
	s.refused("another key", err, domain.Unprocessable, "revoked already")
	if !s.isRevoked(first.ID) {
		t.Error("a copy in use: the family lives on")
	}
}

// A client that has rotated its own token sends the request again, with the token that is
// revoked now.
func TestService_RevokeFamily_repeated(t *testing.T) {
	t.Parallel()
	s := newService(t, func(r *accounts.Rules) { r.InstanceKey = func() []byte { return []byte("key") } })
	old, caller := s.token()
	made, err := s.RotateToken(t.Context(), caller, old.ID, time.Time{}, "r1")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RevokeFamily(t.Context(), rights.Caller{}, old.ID, "r1"); err != nil || s.isRevoked(made.ID) {
		t.Errorf("the same request: got %v, revoked %t", err, s.isRevoked(made.ID))
	}
	if err := s.RevokeFamily(t.Context(), rights.Caller{}, old.ID, "r2"); err != nil || !s.isRevoked(made.ID) {
		t.Errorf("another key: got %v, revoked %t", err, s.isRevoked(made.ID))
	}
}

// TestService_lostRights_credentials has callers who were blocked since the request was let
// in.
func TestService_lostRights_credentials(t *testing.T) {
	t.Parallel()
	s := newService(t)
	root, gus, first := s.by(1), s.by(8), func() int64 { t, _ := s.token(); return t.ID }()
	world.Apply(t, s.store.WorldImport, "users: [{id: 1, username: root, state: blocked}, {id: 8, username: gus, state: blocked}, {id: 7, username: dede, admin: true}]")
	for what, do := range map[string]func() error{
		"token for another": func() error {
			_, err := s.CreateToken(t.Context(), root, 7, accounts.NewToken{Name: "n", Scopes: []identity.Scope{"api"}})
			return err
		},
		"own token": func() error {
			_, err := s.CreateToken(t.Context(), gus, 8, accounts.NewToken{Name: "n", Scopes: []identity.Scope{"k8s_proxy"}})
			return err
		},
		"rotation":   func() error { _, err := s.RotateToken(t.Context(), root, first, time.Time{}, ""); return err },
		"revocation": func() error { return s.RevokeToken(t.Context(), root, first, time.Time{}) },
		"key": func() error {
			_, err := s.AddKey(t.Context(), gus, 8, accounts.NewKey{Line: world.Key(9), Title: "t"})
			return err
		},
		"key gone": func() error { return s.RemoveKey(t.Context(), root, 7, 11, time.Time{}) },
		"e-mail":   func() error { _, err := s.AddEmail(t.Context(), gus, 8, "g@example.com", false); return err },
	} {
		s.refused(what, do(), domain.Forbidden, "Your account has been blocked.")
	}
}
