package lfsaccess_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/adapters/lfstoken"
	"gatehouse/adapters/memory"
	"gatehouse/application/lfsaccess"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/lfs"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

const people = `
users:
  - {id: 7, username: dede}
  - {id: 8, username: gus}
groups: [{path: acme}]
projects:
  - {id: 42, path: acme/cli}
  - {id: 43, path: acme/lib}
  - {id: 44, path: acme/small, lfs: false}
members: [{user: dede, group: acme, role: developer}, {user: gus, group: acme, role: guest}]
keys: [{id: 11, user: dede, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHQiuYh1mAaOMsREipSa2ykND041ueAbDuXxoeYA/iZ0"}]
deploy_keys:
  - {id: 201, creator: dede, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEOq6Ou97blpQV0CCwEhEYAicipXd1jF+ojc2diiEWUz", projects: [{project: acme/cli}]}
`

// testService is a Service with its store, clock and instance key.
type testService struct {
	*lfsaccess.Service
	store *memory.Store
	now   time.Time
	key   string
}

func newService(t *testing.T) *testService {
	t.Helper()
	d := &testService{store: memory.New(), now: world.Now, key: "instance"}
	world.Apply(t, d.store.WorldImport, people)
	d.Service = lfsaccess.New(d.store.Directory, d.store.KeyUses, lfstoken.Format{}, lfsaccess.Rules{
		Settings: source.Settings{Protocols: source.AllProtocols}, Lifetime: 30 * time.Minute,
		InstanceKey: func() []byte { return []byte(d.key) }, NewID: uuid.NewString,
	}, func() time.Time { return d.now })
	return d
}

var (
	cli   = source.Target{Path: "acme/cli"}
	robot = identity.ClaimKey("201")
	dede  = identity.ClaimName("dede")
)

func (d *testService) credential(t *testing.T, claim identity.Claim) lfsaccess.Credential {
	t.Helper()
	c, err := d.Authenticate(t.Context(), claim, cli)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestService_Authenticate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		claim          identity.Claim
		target         source.Target
		username, path string
	}{
		"a user":          {dede, cli, "dede", "acme/cli"},
		"by key":          {identity.ClaimKey("11"), cli, "dede", "acme/cli"},
		"a deploy key":    {robot, cli, "lfs+deploy-key-201", "acme/cli"},
		"a wiki":          {dede, source.Target{Path: "acme/cli.wiki"}, "dede", "acme/cli.wiki"},
		"by number":       {dede, source.Target{Repository: source.RepositoryID{Kind: source.Code, ID: 42}}, "dede", "acme/cli"},
		"in another case": {dede, source.Target{Path: "Acme/CLI"}, "dede", "acme/cli"},
	} {
		d := newService(t)
		got, err := d.Authenticate(t.Context(), c.claim, c.target)
		if err != nil || got.Username != c.username || got.Path != c.path || got.ExpiresIn != 30*time.Minute {
			t.Errorf("%s: got %+v, %v", name, got, err)
			continue
		}
		access, err := d.Verify(t.Context(), got.Username, got.Token)
		if err != nil || access.Project.ID != 42 || lfs.ActorName(access.Actor) != c.username {
			t.Errorf("%s: verified: got %+v, %v", name, access, err)
		}
	}
}

func TestService_Authenticate_refuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		claim  identity.Claim
		target source.Target
		want   domain.Kind
	}{
		"anonymous":            {identity.Claim{}, cli, domain.NotFound},
		"an unknown key":       {identity.ClaimKey("404"), cli, domain.NotFound},
		"an unknown project":   {dede, source.Target{Path: "acme/nothing"}, domain.NotFound},
		"LFS is off":           {dede, source.Target{Path: "acme/small"}, domain.NotFound},
		"designs":              {dede, source.Target{Path: "acme/cli.design"}, domain.NotFound},
		"a snippet":            {dede, source.Target{Repository: source.RepositoryID{Kind: source.Snippet, ID: 42}}, domain.NotFound},
		"a key, elsewhere":     {robot, source.Target{Path: "acme/lib"}, domain.NotFound},
		"without the download": {identity.ClaimName("gus"), cli, domain.Forbidden},
	} {
		_, err := newService(t).Authenticate(t.Context(), c.claim, c.target)
		if refusal, ok := errors.AsType[*domain.Refusal](err); !ok || refusal.Kind != c.want {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// Every way of taking tokens back, one by one.
func TestService_Verify_revoked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		claim  identity.Claim
		revoke func(*testService, *testing.T)
	}{
		"blocked":             {dede, apply("users: [{id: 7, username: dede, state: blocked}]")},
		"new credentials":     {dede, apply("users: [{id: 7, username: dede, credential_version: 2}]")},
		"another name":        {dede, apply("users: [{id: 7, username: dora}]")},
		"an instance key":     {dede, func(d *testService, _ *testing.T) { d.key = "rotated" }},
		"no member any more":  {dede, apply("members: [{user: dede, group: acme, role: minimal}]")},
		"LFS is off":          {dede, apply("projects: [{id: 42, path: acme/cli, lfs: false}]")},
		"expired":             {dede, func(d *testService, _ *testing.T) { d.now = d.now.Add(31 * time.Minute) }},
		"a robot's key, new":  {robot, apply(`deploy_keys: [{id: 201, creator: dede, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBJivG1UCKPE4CWqDBXmT2kZfNs4kRvlrTRKlJd53z2m", projects: [{project: acme/cli}]}]`)},
		"a robot, switched":   {robot, apply(`deploy_keys: [{id: 201, creator: dede, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEOq6Ou97blpQV0CCwEhEYAicipXd1jF+ojc2diiEWUz", projects: []}]`)},
		"a robot, rotated":    {robot, func(d *testService, _ *testing.T) { d.key = "rotated" }},
		"a robot has expired": {robot, apply(`deploy_keys: [{id: 201, creator: dede, expires_at: 2026-01-01, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEOq6Ou97blpQV0CCwEhEYAicipXd1jF+ojc2diiEWUz", projects: [{project: acme/cli}]}]`)},
	} {
		d := newService(t)
		issued := d.credential(t, c.claim)
		if _, err := d.Verify(t.Context(), issued.Username, issued.Token); err != nil {
			t.Errorf("%s: before: got %v", name, err)
		}
		c.revoke(d, t)
		if _, err := d.Verify(t.Context(), issued.Username, issued.Token); !errors.Is(err, domain.Unauthenticated) {
			t.Errorf("%s: got %v, want %v", name, err, domain.Unauthenticated)
		}
	}
}

func apply(text string) func(*testService, *testing.T) {
	return func(d *testService, t *testing.T) { world.Apply(t, d.store.WorldImport, text) }
}

// What does not take a token back: the creator of a deploy key is blocked, and
// a person's other SSH key is gone.
func TestService_Verify_stays(t *testing.T) {
	t.Parallel()
	d := newService(t)
	issued := d.credential(t, robot)
	world.Apply(t, d.store.WorldImport, "users: [{id: 7, username: dede, state: blocked}]")
	if _, err := d.Verify(t.Context(), issued.Username, issued.Token); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestService_Verify_forged(t *testing.T) {
	t.Parallel()
	d := newService(t)
	issued, other := d.credential(t, dede), d.credential(t, robot)
	if again := d.credential(t, dede); again.Token == issued.Token {
		t.Error("two tokens are the same")
	}
	forged, err := lfstoken.Format{}.Sign(lfs.Token{
		ID: "x", Username: "dede", Repository: source.RepositoryID{ID: 42}, IssuedAt: d.now, ExpiresAt: d.now.Add(time.Hour),
	}, lfs.SigningKey([]byte("guessed"), identity.Actor{User: identity.User{ID: 7, CredentialVersion: 1}}))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string][2]string{
		"another user's": {"gus", issued.Token}, "a robot's": {"dede", other.Token}, "no token": {"dede", ""},
		"a forged one": {"dede", forged}, "anonymous": {"", issued.Token}, "cut": {"dede", issued.Token[:len(issued.Token)-4]},
	} {
		if _, err := d.Verify(t.Context(), c[0], c[1]); !errors.Is(err, domain.Unauthenticated) {
			t.Errorf("%s: got %v, want %v", name, err, domain.Unauthenticated)
		}
	}
}

// failingStore is a store that cannot be reached.
type failingStore struct{ memory.Directory }

func (failingStore) Standing(context.Context, source.Inquiry) (source.Standing, error) {
	return source.Standing{}, errors.New("connection refused")
}

func TestService_storeIsDown(t *testing.T) {
	t.Parallel()
	d := newService(t)
	issued := d.credential(t, dede)
	o := lfsaccess.New(failingStore{}, d.store.KeyUses, lfstoken.Format{}, lfsaccess.Rules{}, func() time.Time { return d.now })
	_, asked := o.Authenticate(t.Context(), dede, cli)
	_, verified := o.Verify(t.Context(), issued.Username, issued.Token)
	for name, err := range map[string]error{"authenticate": asked, "verify": verified} {
		if !errors.Is(err, domain.Unavailable) {
			t.Errorf("%s: got %v, want %v", name, err, domain.Unavailable)
		}
	}
}
