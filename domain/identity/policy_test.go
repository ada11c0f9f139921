package identity_test

import (
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"gatehouse/domain"
	"gatehouse/domain/identity"
)

func TestPolicy_CheckUser(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	good := identity.User{ID: 1, State: identity.Active, Type: identity.Human, EmailConfirmed: true}
	with := func(change func(*identity.User)) identity.User {
		u := good
		change(&u)
		return u
	}
	for name, c := range map[string]struct {
		user  identity.User
		terms bool
		want  string
	}{
		"active":                     {user: good},
		"anonymous":                  {user: identity.User{}},
		"service account":            {user: with(func(u *identity.User) { u.Type = identity.ServiceAccount })},
		"project bot":                {user: with(func(u *identity.User) { u.Type = identity.ProjectBot })},
		"internal":                   {user: with(func(u *identity.User) { u.Type = identity.Internal }), want: "internal"},
		"ghost, blocked as well":     {user: with(func(u *identity.User) { u.Type, u.State = identity.Ghost, identity.Blocked }), want: "internal"},
		"pending approval":           {user: with(func(u *identity.User) { u.State = identity.PendingApproval }), want: "approval"},
		"pending before terms":       {user: with(func(u *identity.User) { u.State = identity.PendingApproval }), terms: true, want: "approval"},
		"terms not accepted":         {user: good, terms: true, want: "terms"},
		"terms accepted":             {user: with(func(u *identity.User) { u.TermsAccepted = true }), terms: true},
		"terms before deactivation":  {user: with(func(u *identity.User) { u.State = identity.Deactivated }), terms: true, want: "terms"},
		"deactivated":                {user: with(func(u *identity.User) { u.State = identity.Deactivated }), want: "deactivated"},
		"deactivated, not confirmed": {user: with(func(u *identity.User) { u.State, u.EmailConfirmed = identity.Deactivated, false }), want: "deactivated"},
		"not confirmed":              {user: with(func(u *identity.User) { u.EmailConfirmed = false }), want: "confirmed"},
		"not confirmed, blocked":     {user: with(func(u *identity.User) { u.State, u.EmailConfirmed = identity.Blocked, false }), want: "confirmed"},
		"blocked":                    {user: with(func(u *identity.User) { u.State = identity.Blocked }), want: "blocked"},
		"blocked by LDAP":            {user: with(func(u *identity.User) { u.State = identity.LDAPBlocked }), want: "blocked"},
		"banned":                     {user: with(func(u *identity.User) { u.State = identity.Banned }), want: "banned"},
		"a state of the future":      {user: with(func(u *identity.User) { u.State = "sleeping" }), want: "blocked"},
		"password expired now":       {user: with(func(u *identity.User) { u.PasswordExpiresAt = now }), want: "password"},
		"password expires later":     {user: with(func(u *identity.User) { u.PasswordExpiresAt = now.Add(1) })},
		"an administrator, blocked":  {user: with(func(u *identity.User) { u.Admin, u.State = true, identity.Blocked }), want: "blocked"},
	} {
		got := identity.Policy{TermsEnforced: c.terms}.CheckUser(c.user, now)
		if (got == nil) != (c.want == "") || got != nil && !strings.Contains(got.Message, c.want) {
			t.Errorf("%s: got %v, want %q", name, got, c.want)
		}
	}
}

func TestPolicy_CheckKey(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	small := rsaLine(1024)
	key := func(line string) identity.Key { return identity.Key{ID: 1, Kind: identity.UserKey, Line: line} }
	for name, c := range map[string]struct {
		policy identity.Policy
		key    identity.Key
		want   string
	}{
		"no key":                 {key: identity.Key{}},
		"any is taken":           {key: key(small)},
		"large enough":           {policy: least("rsa", 1024), key: key(small)},
		"too small":              {policy: least("rsa", 2048), key: key(small), want: "rsa"},
		"another family":         {policy: least("dsa", identity.Forbidden), key: key(small)},
		"forbidden family":       {policy: least("rsa", identity.Forbidden), key: key(small), want: "rsa"},
		"ed25519 forbidden":      {policy: least("ed25519", identity.Forbidden), key: key("ssh-ed25519 " + blob), want: "ed25519"},
		"ecdsa too small":        {policy: least("ecdsa", 384), key: key("ecdsa-sha2-nistp256 " + padded), want: "ecdsa"},
		"ecdsa large enough":     {policy: least("ecdsa", 256), key: key("ecdsa-sha2-nistp256 " + padded)},
		"security key":           {policy: least("ed25519_sk", identity.Forbidden), key: key("sk-ssh-ed25519@openssh.com AAAA"), want: "ed25519_sk"},
		"dsa counted":            {policy: least("dsa", 2048), key: key(dsaLine()), want: "dsa"},
		"dsa of 1024 bits":       {policy: least("dsa", 1024), key: key(dsaLine())},
		"unreadable rsa":         {policy: least("rsa", 1), key: key("ssh-rsa AAAA"), want: "rsa"},
		"deploy keys are spared": {policy: least("rsa", identity.Forbidden), key: identity.Key{ID: 1, Kind: identity.DeployKey, Line: small}},
		"banned":                 {policy: identity.Policy{BannedKeys: []identity.Fingerprint{print}}, key: identity.Key{ID: 1, Fingerprint: print}, want: "banned"},
		"expired":                {key: identity.Key{ID: 1, ExpiresAt: now}, want: "expired"},
		"expired deploy key":     {key: identity.Key{ID: 1, Kind: identity.DeployKey, ExpiresAt: now}, want: "expired"},
	} {
		got := c.policy.CheckKey(c.key, now)
		if (got == nil) != (c.want == "") || got != nil && !strings.Contains(got.Message, c.want) {
			t.Errorf("%s: got %v, want %q", name, got, c.want)
		}
	}
}

func least(family string, bits int) identity.Policy {
	return identity.Policy{MinimumBits: map[string]int{family: bits}}
}

// rsaLine is a public key with a modulus of that many bits: size is all that
// counts here, so the modulus is no product of primes.
func rsaLine(bits int) string {
	return keyLine("ssh-rsa", big.NewInt(65537), new(big.Int).Lsh(big.NewInt(1), uint(bits-1)))
}

func dsaLine() string {
	return keyLine("ssh-dss", new(big.Int).Lsh(big.NewInt(1), 1023), big.NewInt(7), big.NewInt(2), big.NewInt(3))
}

func keyLine(algorithm string, numbers ...*big.Int) string {
	blob := ssh.Marshal(struct{ Name string }{algorithm})
	for _, n := range numbers {
		blob = append(blob, ssh.Marshal(struct{ N *big.Int }{n})...)
	}
	return algorithm + " " + base64.StdEncoding.EncodeToString(blob)
}

// Each remedy removes a reason; after the last one the user passes.
func TestPolicy_MendUser(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	policy := identity.Policy{TermsEnforced: true}
	for _, state := range identity.States {
		for _, kind := range identity.UserTypes {
			user := identity.User{ID: 7, State: state, Type: kind, PasswordExpiresAt: now}
			for reasons := 0; policy.CheckUser(user, now) != nil; reasons++ {
				before := policy.CheckUser(user, now)
				remedy, mended := policy.MendUser(user, now)
				if after := policy.CheckUser(mended, now); remedy == "" || reasons > 5 || after != nil && after.Message == before.Message {
					t.Fatalf("%s %s: %q leaves %v", state, kind, remedy, after)
				}
				user = mended
			}
			if remedy, mended := policy.MendUser(user, now); remedy != "" || mended != user {
				t.Errorf("%s %s: a user without a flaw: got %q", state, kind, remedy)
			}
		}
	}
}

func TestPolicy_CheckNew(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	none := map[string]int{}
	for _, family := range identity.KeyFamilies {
		none[family] = identity.Forbidden
	}
	const title = "is too long (maximum is 255 characters)"
	tests := map[string]struct {
		policy identity.Policy
		change func(*identity.Key)
		want   domain.FieldErrors
	}{
		"right":      {identity.Policy{}, func(*identity.Key) {}, nil},
		"forbidden":  {identity.Policy{MinimumBits: map[string]int{"ed25519": identity.Forbidden, "dsa": identity.Forbidden}}, func(*identity.Key) {}, domain.WrongField("key", "type is forbidden. Must be RSA, ECDSA, ECDSA_SK or ED25519_SK")},
		"all of it":  {identity.Policy{MinimumBits: none}, func(*identity.Key) {}, domain.WrongField("key", "type is forbidden")},
		"too short":  {identity.Policy{MinimumBits: map[string]int{"rsa": 2048}}, func(k *identity.Key) { k.Line = rsaLine(1024) }, domain.WrongField("key", "must be at least 2048 bits")},
		"banned":     {identity.Policy{BannedKeys: []identity.Fingerprint{print}}, func(*identity.Key) {}, domain.WrongField("key", "cannot be used because it belongs to a compromised private key. Stop using this key and generate a new one.")},
		"no title":   {identity.Policy{}, func(k *identity.Key) { k.Title = " " }, domain.WrongField("title", "can't be blank")},
		"long title": {identity.Policy{}, func(k *identity.Key) { k.Title = strings.Repeat("ä", 256) }, domain.WrongField("title", title)},
		"past":       {identity.Policy{}, func(k *identity.Key) { k.ExpiresAt = now }, domain.WrongField("expires_at", "is in the past")},
		"future":     {identity.Policy{}, func(k *identity.Key) { k.ExpiresAt = now.Add(1) }, nil},
	}
	for name, tt := range tests {
		key := identity.Key{Kind: identity.UserKey, Title: "laptop", Line: publicLine, Fingerprint: print}
		tt.change(&key)
		if diff := cmp.Diff(tt.want, tt.policy.CheckNew(key, now)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
