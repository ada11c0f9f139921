package gormstore_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"gatehouse/adapters/gormstore"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/tests/world"
)

// A session that has ended still lies there for an hour, like all that is
// swept.
func TestStore_sweep_sessions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		world.Apply(t, s.WorldImport, "users: [{id: 7, username: dede, two_factor: {webauthn: true}}]")
		for key, until := range map[identity.KeyID]time.Time{
			0:  now.Add(-time.Microsecond),       // has ended
			11: now,                              // ends
			12: now.Add(time.Hour),               // under way
			13: now.Add(time.Hour + time.Minute), // as well
		} {
			err := s.Accounts.UpdateTwoFactor(t.Context(), 7, func(f identity.TwoFactor) (identity.TwoFactor, *identity.OTPSession) {
				return f, &identity.OTPSession{User: 7, Key: key, ExpiresAt: until}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		digest := identity.DigestToken("a")
		if err := s.RecoveryCodes.Replace(t.Context(), 7, []identity.TokenDigest{digest}, audit.Event{At: world.Now}); err != nil {
			t.Fatal(err)
		}
		swept(t, s, 0, 0, 0)
		if got, want := sessions(t, s), []int64{0, 11, 12, 13}; !slices.Equal(got, want) {
			t.Errorf("keys of sessions: got %v, want %v", got, want)
		}
		swept(t, s, 10*time.Minute, 1, -10*time.Minute)
		if got, want := sessions(t, s), []int64{11, 12, 13}; !slices.Equal(got, want) {
			t.Errorf("keys of sessions, an hour later: got %v, want %v", got, want)
		}
		if err := s.RecoveryCodes.Spend(t.Context(), 7, digest); err != nil {
			t.Errorf("a recovery code: %v", err)
		}
		swept(t, s, 80*time.Minute, 2, 0)
		if got := sessions(t, s); len(got) > 0 {
			t.Errorf("keys of sessions, two hours later: got %v", got)
		}
	})
}

// sessions are the keys of all sessions.
func sessions(t *testing.T, s *gormstore.Store) (keys []int64) {
	t.Helper()
	rows, err := s.Pool().QueryContext(t.Context(), "SELECT key_id FROM otp_sessions ORDER BY key_id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var key int64
		if err := rows.Scan(&key); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return keys
}

// Two servers flush when they like: of a token, too, the latest use stays.
func TestStore_TokenUsed_neverGoesBack(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			url := d.migrated(t)
			one, other := open(t, url), open(t, url)
			world.Apply(t, one.WorldImport, "users: [{id: 7, username: dede}]")
			digest := identity.DigestToken("x")
			id, err := one.AccessTokens.Add(t.Context(), identity.AccessToken{User: 7, Name: "x", Digest: digest, CreatedAt: world.Now}, audit.Event{At: world.Now})
			if err != nil {
				t.Fatal(err)
			}
			last := world.Now.Add(time.Hour)
			for _, use := range []struct {
				by *gormstore.Store
				at time.Time
			}{{one, last}, {one, last.Add(-time.Minute)}, {other, world.Now}} {
				use.by.AccessTokens.TokenUsed(identity.AccessToken{ID: id, User: 7}, use.at)
				if err := use.by.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := lastUse(t, other, digest); !got.Equal(last) {
					t.Errorf("used at %v: got the last use %v, want %v", use.at, got, last)
				}
			}
			other.AccessTokens.TokenUsed(identity.AccessToken{ID: id, User: 7}, last.Add(time.Microsecond))
			if err := other.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := lastUse(t, one, digest); !got.Equal(last.Add(time.Microsecond)) {
				t.Errorf("a moment later: got %v", got)
			}
		})
	}
}

// A user is written once a day, however many requests there are.
func TestStore_UserActive_onceADay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		world.Apply(t, s.WorldImport, "users: [{id: 7, username: dede}]")
		day := world.Now.UTC().Truncate(24 * time.Hour)
		wait := func(what string, at time.Time, want int) {
			t.Helper()
			s.KeyUses.UserActive(7, at)
			if got := s.Waiting(); got != want {
				t.Errorf("%s: %d stamps wait, want %d", what, got, want)
			}
		}
		wait("first", day, 1)
		wait("again", day.Add(time.Hour), 1)
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Flush(cancelled); err == nil || s.Waiting() != 1 {
			t.Errorf("cancelled: got %v, and %d stamps wait", err, s.Waiting())
		}
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		wait("written already", day.Add(23*time.Hour), 0)
		wait("the next day", day.Add(24*time.Hour), 1)
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got string
		if err := s.Pool().QueryRowContext(t.Context(), "SELECT CAST(last_activity_on AS text) FROM users WHERE id = 7").Scan(&got); err != nil || got != day.AddDate(0, 0, 1).Format(time.DateOnly) {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func lastUse(t *testing.T, s *gormstore.Store, digest identity.TokenDigest) time.Time {
	t.Helper()
	b, err := s.AccessTokens.Bearer(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	return b.Token.LastUsedAt
}
