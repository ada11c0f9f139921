package gormstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/gormstore"
	"gatehouse/application/webhooks"
	"gatehouse/application/worldimport"
	"gatehouse/domain/audit"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/stores"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
)

// secretWorld has a secret of each kind. No text of it that begins with "sesame", nor
// the secret of one-time passwords, may lie in the database.
const secretWorld = `
users: [{id: 7, username: dede, two_factor: {totp_secret: JBSWY3DPEHPK3PXP}}, {id: 8, username: gus}]
groups: [{id: 1, path: acme}]
projects: [{id: 42, path: acme/cli}]
hooks:
  - {id: 3, project: acme/cli, url: "https://sesame-user@ci.example.com/hook?sesame-query", token: sesame-token}
  - {id: 4, group: acme, url: "https://ci.example.com/open"}
`

// sealed opens a store with a sealer, and closes it after the test.
func sealed(t *testing.T, url string, sealer gormstore.Sealer) *gormstore.Store {
	t.Helper()
	s, err := gormstore.Open(t.Context(), url, 4, true, sealer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.WithoutCancel(t.Context())) })
	return s
}

// exec runs a statement that has to change n rows.
func exec(t *testing.T, s *gormstore.Store, n int64, query string, args ...any) {
	t.Helper()
	result, err := s.Pool().ExecContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := result.RowsAffected(); err != nil || got != n {
		t.Fatalf("%s: got %d rows, %v", query, got, err)
	}
}

// cells returns the texts of a query.
func cells(t *testing.T, s *gormstore.Store, query string) (texts []string) {
	t.Helper()
	rows, err := s.Pool().QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text sql.NullString
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text.String)
	}
	return texts
}

const allSealed = `SELECT totp_secret FROM users WHERE totp_secret <> '' UNION ALL SELECT url FROM hooks
	UNION ALL SELECT token FROM hooks WHERE token <> ''`

// wantSealed fails the test unless n texts are sealed with the current key of the
// sealer, and all can be read.
func wantSealed(t *testing.T, s *gormstore.Store, sealer gormstore.Sealer, n int) {
	t.Helper()
	prefix, err := sealer.Prefix()
	texts := cells(t, s, allSealed)
	if err != nil || len(texts) != n {
		t.Errorf("got %q, %v, want %d", texts, err, n)
	}
	for _, text := range texts {
		if !strings.HasPrefix(text, prefix) {
			t.Errorf("got %q, want it to begin with %q", text, prefix)
		}
	}
	wantHook(t, s, hooks.Hook{ID: 3, URL: "https://sesame-user@ci.example.com/hook?sesame-query", Token: "sesame-token", Push: true, Strategy: hooks.WildcardBranches})
	wantHook(t, s, hooks.Hook{ID: 4, URL: "https://ci.example.com/open", Push: true, Strategy: hooks.WildcardBranches})
	if got, err := secretOf(t, s, 7); err != nil || got != "JBSWY3DPEHPK3PXP" {
		t.Errorf("got secret %q, %v", got, err)
	}
}

func wantHook(t *testing.T, s *gormstore.Store, want hooks.Hook) {
	t.Helper()
	if got, _, err := s.Deliveries.Hook(t.Context(), want.ID); err != nil || !cmp.Equal(got, want) {
		t.Errorf("got hook %+v, %v, want %+v", got, err, want)
	}
}

// secretOf returns the secret of one-time passwords of a user.
func secretOf(t *testing.T, s *gormstore.Store, user identity.UserID) (secret string, err error) {
	t.Helper()
	err = s.Accounts.UpdateTwoFactor(t.Context(), user, func(f identity.TwoFactor) (identity.TwoFactor, *identity.OTPSession) {
		secret = f.Secret
		return f, nil
	})
	return secret, err
}

// renew seals again, and wants a number of rows.
func renew(t *testing.T, s *gormstore.Store, want int) {
	t.Helper()
	renewed, damaged, err := s.RenewSeals(t.Context())
	if err != nil || renewed != want || len(damaged) > 0 {
		t.Errorf("got %d rows sealed again, damaged %q, %v, want %d", renewed, damaged, err, want)
	}
}

func TestStore_sealed(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			sealer := stores.Sealer("one")
			s := sealed(t, d.migrated(t), sealer)
			for range 2 { // applied again it is the same
				world.Apply(t, s.WorldImport, secretWorld)
				wantSealed(t, s, sealer, 4)
			}
			renew(t, s, 0)
			for _, text := range cells(t, s, "SELECT url_digest FROM hooks UNION ALL SELECT url_shown FROM hooks") {
				if text == "" || strings.Contains(text, "sesame") {
					t.Errorf("got %q beside a sealed URL", text)
				}
			}
		})
	}
}

// TestStore_sealed_moved moves sealed texts to other rows and columns.
func TestStore_sealed_moved(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		world.Apply(t, s.WorldImport, secretWorld)
		exec(t, s, 1, "UPDATE users SET two_factor = true, totp_secret = (SELECT totp_secret FROM users WHERE id = 7) WHERE id = 8")
		if got, err := secretOf(t, s, 8); err == nil {
			t.Errorf("the secret of another user: got %q", got)
		}
		exec(t, s, 1, "UPDATE hooks SET token = (SELECT token FROM hooks WHERE id = 3) WHERE id = 4")
		if got, _, err := s.Deliveries.Hook(t.Context(), 4); err == nil {
			t.Errorf("the token of another hook: got %+v", got)
		}
		exec(t, s, 1, "UPDATE hooks SET token = url WHERE id = 3")
		if got, _, err := s.Deliveries.Hook(t.Context(), 3); err == nil {
			t.Errorf("the URL as token: got %+v", got)
		}
	})
}

// TestStore_sealed_damaged damages one secret of each kind. Only what needs it fails.
func TestStore_sealed_damaged(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		world.Apply(t, s.WorldImport, secretWorld)
		exec(t, s, 1, "UPDATE users SET totp_secret = 'v2:damaged' WHERE id = 7")
		exec(t, s, 1, "UPDATE hooks SET token = 'v2:damaged', url = 'v2:damaged' WHERE id = 3")
		renewed, damaged, err := s.RenewSeals(t.Context())
		if got := fmt.Sprint(renewed, damaged, err); got != "0 [users/7 hooks/3] <nil>" {
			t.Errorf("sealed again: got %s", got)
		}
		if got, err := secretOf(t, s, 7); err == nil || strings.Contains(err.Error(), "damaged:") {
			t.Errorf("got secret %q, %v", got, err)
		}
		account, err := s.Accounts.Account(t.Context(), identity.ClaimUser("7"))
		if err != nil || !account.Factor.Enabled {
			t.Errorf("account: got %+v, %v", account.Factor, err)
		}
		if err := s.RecoveryCodes.Replace(t.Context(), 7, nil, audit.Event{At: world.Now}); err != nil {
			t.Errorf("recovery codes: %v", err)
		}
		if _, _, err := s.Deliveries.Hook(t.Context(), 3); err == nil || !strings.Contains(err.Error(), "hooks.url/3") {
			t.Errorf("the damaged hook: got %v", err)
		}
		wantHook(t, s, hooks.Hook{ID: 4, URL: "https://ci.example.com/open", Push: true, Strategy: hooks.WildcardBranches})
		if found, err := s.Pushes.Hooks(t.Context(), 42); err != nil || len(found) != 2 {
			t.Errorf("the hooks of the project: got %+v, %v", found, err)
		}
		if _, err := s.Records.List(t.Context(), "hooks", now); err != nil {
			t.Errorf("the list of hooks: %v", err)
		}
		if err := s.Deliveries.RecordAttempt(t.Context(), 3, webhooks.Attempt{}, func(h hooks.Health) (hooks.Health, []audit.Event) { return h, nil }); err != nil {
			t.Errorf("RecordAttempt: %v", err)
		}
		world.Apply(t, s.WorldImport, secretWorld)
		wantSealed(t, s, stores.Sealer("one"), 4)
	})
}

// asBefore puts the secrets of secretWorld into the forms of the release before.
func asBefore(t *testing.T, s *gormstore.Store) {
	t.Helper()
	// Sealed with the key "one" by the release before.
	exec(t, s, 1, "UPDATE users SET totp_secret = $1 WHERE id = 7", firstFormTOTP)
	exec(t, s, 1, "UPDATE hooks SET url = $1, token = $2, url_digest = NULL, url_shown = NULL WHERE id = 3",
		"https://sesame-user@ci.example.com/hook?sesame-query", firstFormToken)
	exec(t, s, 1, "UPDATE hooks SET url = $1, url_digest = NULL, url_shown = NULL WHERE id = 4", "https://ci.example.com/open")
}

const (
	firstFormTOTP  = "v1:3pK67/mamBBu8AJAHQJBX8bOIJTwkrMT9grhs4cMId4nc1BfVcMqBlyCIQE"
	firstFormToken = "v1:qbeq+msstduPln/KpHAew+aNOF6+tC0nM382RMXKTFWflAYkQrYA7A"
)

func TestStore_RenewSeals_earlierForms(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			url := d.migrated(t)
			first := sealed(t, url, stores.Sealer("one"))
			world.Apply(t, first.WorldImport, secretWorld)
			shown, err := first.Records.List(t.Context(), "hooks", now)
			if err != nil {
				t.Fatal(err)
			}
			asBefore(t, first)
			if got, err := first.Records.List(t.Context(), "hooks", now); err != nil || fmt.Sprint(got) != fmt.Sprint(shown) {
				t.Errorf("listed before they are sealed: got %v, %v, want %v", got, err, shown)
			}
			// The key was changed before the upgrade, too.
			sealer := stores.Sealer("two", "one")
			s := sealed(t, url, sealer)
			renew(t, s, 3)
			wantSealed(t, s, sealer, 4)
			renew(t, s, 0)
			if got, err := s.Records.List(t.Context(), "hooks", now); err != nil || fmt.Sprint(got) != fmt.Sprint(shown) {
				t.Errorf("listed: got %v, %v, want %v", got, err, shown)
			}
			only := sealed(t, url, stores.Sealer("two"))
			wantSealed(t, only, sealer, 4) // the previous key is not needed any more
			world.Apply(t, only.WorldImport, strings.NewReplacer("id: 3, ", "", "id: 4, ", "").Replace(secretWorld))
			wantSealed(t, only, sealer, 4) // and there is no second hook of a URL
		})
	}
}

// TestStore_RenewSeals_rotated applies after a change of the key, before and after
// everything is sealed again: a URL never makes a second hook.
func TestStore_RenewSeals_rotated(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			url := d.migrated(t)
			world.Apply(t, sealed(t, url, stores.Sealer("one")).WorldImport, secretWorld)
			sealer := stores.Sealer("two", "one")
			s := sealed(t, url, sealer)
			unnumbered := strings.NewReplacer("id: 3, ", "", "id: 4, ", "").Replace(secretWorld)
			for range 2 {
				world.Apply(t, s.WorldImport, unnumbered)
				wantSealed(t, s, sealer, 4)
			}
			renew(t, s, 0)
			world.Apply(t, sealed(t, url, stores.Sealer("one", "two")).WorldImport, unnumbered) // one server has the old key
			renew(t, s, 3)
			wantSealed(t, s, sealer, 4)
		})
	}
}

// manySecrets makes users with secrets for more than two pages, all of key "one".
func manySecrets(t *testing.T, url string, n int) {
	t.Helper()
	text := new(strings.Builder)
	text.WriteString("users:\n")
	for id := range n {
		fmt.Fprintf(text, "  - {id: %d, username: u%[1]d, two_factor: {totp_secret: JBSWY3DPEHPK3PXP}}\n", id+1)
	}
	world.Apply(t, sealed(t, url, stores.Sealer("one")).WorldImport, text.String())
}

func TestStore_RenewSeals_severalServers(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			const n = 230
			url := d.migrated(t)
			manySecrets(t, url, n)
			s := sealed(t, url, stores.Sealer("two", "one"))
			exec(t, s, 1, "UPDATE users SET totp_secret = 'v1:damaged' WHERE id = 117")
			var renewed [subject.Goroutines]int
			subject.Concurrently(func(me int) {
				var err error
				if renewed[me], _, err = s.RenewSeals(t.Context()); err != nil {
					t.Error(err)
				}
			})
			sum := 0
			for _, n := range renewed {
				sum += n
			}
			if sum != n-1 {
				t.Errorf("got %d rows sealed again, want each once", sum)
			}
			if got, err := secretOf(t, sealed(t, url, stores.Sealer("two")), 230); err != nil || got != "JBSWY3DPEHPK3PXP" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// interrupted is a sealer that fails after some pages.
type interrupted struct {
	gormstore.Sealer
	left int
}

func (i *interrupted) Prefix() (string, error) {
	if i.left--; i.left < 0 {
		return "", errors.New("interrupted")
	}
	return i.Sealer.Prefix()
}

func TestStore_RenewSeals_interrupted(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			url := d.migrated(t)
			manySecrets(t, url, 230)
			s := sealed(t, url, &interrupted{stores.Sealer("two", "one"), 3}) // none before the prefix, two pages behind it
			if renewed, _, err := s.RenewSeals(t.Context()); err == nil || renewed != 200 {
				t.Errorf("interrupted: got %d rows, %v", renewed, err)
			}
			renew(t, sealed(t, url, stores.Sealer("two", "one")), 30)
		})
	}
}

// locked is a sealer whose key is not open.
type locked struct{}

var errLocked = errors.New("the key is not open")

func (locked) Seal(_, _ string) (string, error) { return "", errLocked }
func (locked) Open(_, _ string) (string, error) { return "", errLocked }
func (locked) Prefix() (string, error)          { return "", errLocked }
func (locked) Foreign(string) (bool, error)     { return false, errLocked }
func (locked) Digests(string) ([]string, error) { return nil, errLocked }

func TestStore_locked(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			url := d.migrated(t)
			world.Apply(t, sealed(t, url, stores.Sealer("one")).WorldImport, secretWorld)
			s := sealed(t, url, locked{})
			_, secretErr := secretOf(t, s, 7)
			_, _, hookErr := s.Deliveries.Hook(t.Context(), 3)
			_, _, renewErr := s.RenewSeals(t.Context())
			for name, err := range map[string]error{
				"secret": secretErr, "hook": hookErr, "renew": renewErr, "apply": world.Try(t.Context(), s.WorldImport, secretWorld),
				"apply a user": world.Try(t.Context(), s.WorldImport, "users: [{username: new, two_factor: {totp_secret: JBSWY3DPEHPK3PXP}}]"),
			} {
				if !errors.Is(err, errLocked) {
					t.Errorf("%s: got %v", name, err)
				}
			}
			world.Apply(t, s.WorldImport, "users: [{id: 9, username: plain}]\nmembers: [{user: gus, group: acme, role: owner}]")
			wantSealed(t, sealed(t, url, stores.Sealer("one")), stores.Sealer("one"), 4)
		})
	}
}

// TestStore_RenewSeals_statements wants an upgraded database to cost one look into an
// index for each end of each table.
func TestStore_RenewSeals_statements(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s, counter := openCounted(t, d.migrated(t))
			world.Apply(t, s.WorldImport, secretWorld)
			before := counter.Load()
			if _, _, err := s.RenewSeals(counted(t)); err != nil {
				t.Fatal(err)
			}
			if got := counter.Load() - before; got != 4 {
				t.Errorf("got %d statements", got)
			}
		})
	}
}

// TestSQLite_RenewSeals_leavesNothing looks for the secrets in the files.
func TestSQLite_RenewSeals_leavesNothing(t *testing.T) {
	t.Parallel()
	url := stores.SQLiteFile(t)
	s, err := gormstore.Open(t.Context(), url, 4, true, stores.Sealer("one"))
	if err != nil {
		t.Fatal(err)
	}
	world.Apply(t, s.WorldImport, secretWorld)
	asBefore(t, s)
	renew(t, s, 3)
	if err := s.Rewrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantNowhere := func(when string) {
		t.Helper()
		files, err := filepath.Glob(url + "*")
		if err != nil || len(files) == 0 {
			t.Fatalf("got %q, %v", files, err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if text := string(content); err != nil || strings.Contains(text, "sesame") || strings.Contains(text, firstFormToken) {
				t.Errorf("%s: %s has a secret, or %v", when, file, err)
			}
		}
	}
	wantNowhere("while the store is open")
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantNowhere("after it was closed")
}

// TestHooks_Put_moved moves a hook to a project that has its old URL already.
func TestHooks_Put_moved(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		world.Apply(t, s.WorldImport, secretWorld, `
projects: [{id: 43, path: acme/lib}]
hooks: [{id: 5, project: acme/lib, url: "https://sesame-user@ci.example.com/hook?sesame-query"}]`)
		err := s.WorldImport(t.Context(), func(tx worldimport.Tx) error {
			return tx.Hooks.Put(t.Context(), source.MemberSource{Project: 43}, hooks.Hook{ID: 3, URL: "https://ci.example.com/other"})
		})
		if err != nil {
			t.Error(err)
		}
	})
}
