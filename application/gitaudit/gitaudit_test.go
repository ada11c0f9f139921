package gitaudit_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/memory"
	"gatehouse/application/gitaudit"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/world"
)

const people = `
users: [{id: 7, username: dede}]
projects: [{id: 42, path: dede/cli}]
keys: [{id: 11, user: dede, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHQiuYh1mAaOMsREipSa2ykND041ueAbDuXxoeYA/iZ0"}]
deploy_keys: [{id: 201, creator: dede, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEOq6Ou97blpQV0CCwEhEYAicipXd1jF+ojc2diiEWUz"}]
`

func newService(t *testing.T, enabled bool) (*gitaudit.Service, *memory.Store) {
	t.Helper()
	store := memory.New()
	world.Apply(t, store.WorldImport, people)
	return gitaudit.New(store.AuditLog, store.Directory, enabled, world.Clock), store
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
		stats   audit.Stats
		want    audit.Verb
	}{
		"a push":             {source.ReceivePack, audit.Stats{Wants: 1}, audit.Push},
		"wants, has nothing": {source.UploadPack, audit.Stats{Wants: 1}, audit.Clone},
		"wants, has some":    {source.UploadPack, audit.Stats{Wants: 1, Haves: 1}, audit.Pull},
		"statistics unknown": {source.UploadPack, audit.Stats{}, audit.Pull},
		"an archive":         {source.UploadArchive, audit.Stats{}, audit.Pull},
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
		want  audit.Actor
	}{
		"by key":       {identity.ClaimKey("11"), audit.Actor{Kind: audit.Person, User: 7, Username: "dede", Key: 11, KeyType: identity.UserKey, Address: "192.0.2.7"}},
		"by name":      {identity.ClaimName("dede"), audit.Actor{Kind: audit.Person, User: 7, Username: "dede", Address: "192.0.2.7"}},
		"a deploy key": {identity.ClaimKey("201"), audit.Actor{Kind: audit.DeployKey, Key: 201, KeyType: identity.DeployKey, Address: "192.0.2.7"}},
	} {
		log, store := newService(t, true)
		command := audit.GitCommand{Protocol: source.SSH, Repository: "project-42"}
		got, err := log.Record(t.Context(), c.claim, gitaudit.Report{Action: source.ReceivePack, Command: command, Address: "192.0.2.7", CorrelationID: "id"})
		want := audit.Event{At: world.Now, CorrelationID: "id", Actor: c.want, Action: "git-receive-pack", Verb: audit.Push, Outcome: audit.Done, Git: &command}
		want.Entity = audit.Object{Kind: audit.Project, ID: 42, Path: "dede/cli"}
		if diff := cmp.Diff(want, got); diff != "" || err != nil || count(t, store) != 1 {
			t.Errorf("%s: %v, got (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestService_Record_keepsNothing(t *testing.T) {
	t.Parallel()
	of := func(repository string) gitaudit.Report {
		return gitaudit.Report{Action: source.UploadPack, Command: audit.GitCommand{Repository: repository}}
	}
	report := of("project-42")
	for name, c := range map[string]struct {
		enabled bool
		claim   identity.Claim
		report  gitaudit.Report
		want    error
	}{
		"switched off":       {false, identity.ClaimKey("11"), report, gitaudit.ErrNotNeeded},
		"an unknown user":    {true, identity.ClaimName("nobody"), report, gitaudit.ErrNotNeeded},
		"anonymous":          {true, identity.Claim{}, report, gitaudit.ErrNotNeeded},
		"an unknown project": {true, identity.ClaimKey("11"), of("project-404"), gitaudit.ErrNotNeeded},
		"an unknown wiki":    {true, identity.ClaimKey("11"), of("wiki-404"), gitaudit.ErrNotNeeded},
		"a snippet":          {true, identity.ClaimKey("11"), of("snippet-42"), gitaudit.ErrNotNeeded},
		"no repository":      {true, identity.ClaimKey("11"), of("dede/cli"), gitaudit.ErrNotNeeded},
		"an unknown command": {true, identity.ClaimKey("11"), gitaudit.Report{Action: "git-shell"}, domain.Invalid},
		"unknown, and off":   {false, identity.ClaimKey("11"), gitaudit.Report{Action: "git-shell"}, domain.Invalid},
	} {
		log, store := newService(t, c.enabled)
		if _, err := log.Record(t.Context(), c.claim, c.report); !errors.Is(err, c.want) || count(t, store) != 0 {
			t.Errorf("%s: got %v, want %v and nothing kept", name, err, c.want)
		}
	}
}

// failingLog is a log that fails to append.
type failingLog struct{ err error }

func (f failingLog) Append(context.Context, ...audit.Event) error { return f.err }

func TestService_Record_storeIsDown(t *testing.T) {
	t.Parallel()
	_, store := newService(t, true)
	down := errors.New("disk full")
	_, err := gitaudit.New(failingLog{down}, store.Directory, true, world.Clock).Record(t.Context(), identity.ClaimKey("11"), gitaudit.Report{Action: source.UploadPack, Command: audit.GitCommand{Repository: "wiki-42"}})
	if !errors.Is(err, down) {
		t.Errorf("got %v, want %v", err, down)
	}
}
