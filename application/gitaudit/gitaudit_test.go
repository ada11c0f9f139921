package gitaudit_test

import (
	"context"
	"errors"
	"testing"

	"gatehouse/adapters/memory"
	"gatehouse/application/gitaudit"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

const people = `
users: [{id: 7, username: dede}]
keys: [{id: 11, user: dede, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHQiuYh1mAaOMsREipSa2ykND041ueAbDuXxoeYA/iZ0"}]
deploy_keys: [{id: 201, creator: dede, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEOq6Ou97blpQV0CCwEhEYAicipXd1jF+ojc2diiEWUz"}]
`

func newService(t *testing.T, enabled bool) (*gitaudit.Service, *memory.Store) {
	t.Helper()
	store := memory.New()
	world.Apply(t, store.WorldImport, people)
	return gitaudit.New(store.AuditLog, store.Actors, enabled, world.Clock), store
}

func count(t *testing.T, store *memory.Store) int {
	t.Helper()
	records, err := store.Records.List(t.Context(), "audit", world.Now)
	if err != nil {
		t.Fatal(err)
	}
	return len(records)
}

func TestVerbOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		command source.Command
		stats   gitaudit.Stats
		want    gitaudit.Verb
	}{
		"a push":             {source.ReceivePack, gitaudit.Stats{Wants: 1}, gitaudit.Push},
		"wants, has nothing": {source.UploadPack, gitaudit.Stats{Wants: 1}, gitaudit.Clone},
		"wants, has some":    {source.UploadPack, gitaudit.Stats{Wants: 1, Haves: 1}, gitaudit.Pull},
		"statistics unknown": {source.UploadPack, gitaudit.Stats{}, gitaudit.Pull},
		"an archive":         {source.UploadArchive, gitaudit.Stats{}, gitaudit.Pull},
	} {
		if got := gitaudit.VerbOf(c.command, c.stats); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestService_Record(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		claim identity.Claim
		want  gitaudit.Event
	}{
		"by key":       {identity.ClaimKey("11"), gitaudit.Event{User: 7, Username: "dede", Key: 11, KeyType: identity.UserKey}},
		"by name":      {identity.ClaimName("dede"), gitaudit.Event{User: 7, Username: "dede"}},
		"a deploy key": {identity.ClaimKey("201"), gitaudit.Event{Key: 201, KeyType: identity.DeployKey}},
	} {
		log, store := newService(t, true)
		got, err := log.Record(t.Context(), c.claim, gitaudit.Event{Action: source.ReceivePack, Protocol: source.SSH, Repository: "project-42"})
		c.want.At, c.want.Action, c.want.Protocol, c.want.Verb, c.want.Repository = world.Now, source.ReceivePack, source.SSH, gitaudit.Push, "project-42"
		if err != nil || got != c.want || count(t, store) != 1 {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, c.want)
		}
	}
}

func TestService_Record_keepsNothing(t *testing.T) {
	t.Parallel()
	event := gitaudit.Event{Action: source.UploadPack}
	for name, c := range map[string]struct {
		enabled bool
		claim   identity.Claim
		event   gitaudit.Event
		want    error
	}{
		"switched off":       {false, identity.ClaimKey("11"), event, gitaudit.ErrNotNeeded},
		"an unknown user":    {true, identity.ClaimName("nobody"), event, gitaudit.ErrNotNeeded},
		"anonymous":          {true, identity.Claim{}, event, gitaudit.ErrNotNeeded},
		"an unknown command": {true, identity.ClaimKey("11"), gitaudit.Event{Action: "git-shell"}, domain.Invalid},
		"unknown, and off":   {false, identity.ClaimKey("11"), gitaudit.Event{Action: "git-shell"}, domain.Invalid},
	} {
		log, store := newService(t, c.enabled)
		if _, err := log.Record(t.Context(), c.claim, c.event); !errors.Is(err, c.want) || count(t, store) != 0 {
			t.Errorf("%s: got %v, want %v and nothing kept", name, err, c.want)
		}
	}
}

// failingLog is a log that fails to append.
type failingLog struct{ err error }

func (f failingLog) Append(context.Context, gitaudit.Event) error { return f.err }

func TestService_Record_storeIsDown(t *testing.T) {
	t.Parallel()
	_, store := newService(t, true)
	down := errors.New("disk full")
	_, err := gitaudit.New(failingLog{down}, store.Actors, true, world.Clock).Record(t.Context(), identity.ClaimKey("11"), gitaudit.Event{Action: source.UploadPack})
	if !errors.Is(err, down) {
		t.Errorf("got %v, want %v", err, down)
	}
}
