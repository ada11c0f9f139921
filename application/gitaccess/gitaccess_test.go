package gitaccess_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/ratelimit"
	"gatehouse/application/gitaccess"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// fakePorts implements every port with fixed answers, and records the calls.
type fakePorts struct {
	standing       source.Standing
	err            error
	answers        map[source.Question]source.Answer
	answersErr     error
	noticeErr      error
	limited        bool
	limitedByAll   bool
	connected      bool
	protection     source.BranchProtection
	destination    source.ProjectDestination
	destinationErr error
	createErr      error
	roleErr        error
	createsNone    bool
	created        []source.Project
	causes         []audit.Cause
	wikis          []source.ProjectID
	retried        []source.ProjectID

	decisions decisions
	asked     []source.Inquiry
	locations []gitaccess.Location
	notices   []source.Notice
	stamped   []identity.KeyID
	active    []identity.UserID
	buckets   []gitaccess.Bucket
	// askedBefore is how many times the directory was asked before the limiter had
	// to confirm.
	askedBefore int
}

func (w *fakePorts) Standing(_ context.Context, q source.Inquiry) (source.Standing, error) {
	w.asked = append(w.asked, q)
	return w.standing, w.err
}

func (w *fakePorts) Answers(_ context.Context, where gitaccess.Location, _ []source.Question) (map[source.Question]source.Answer, error) {
	w.locations = append(w.locations, where)
	if w.answersErr == nil && w.answers == nil {
		return nil, errors.New("connection refused")
	}
	return w.answers, w.answersErr
}

func (w *fakePorts) Destination(context.Context, identity.UserID, source.Path, time.Time) (source.ProjectDestination, error) {
	return w.destination, w.destinationErr
}

func (w *fakePorts) CreateWiki(_ context.Context, p source.Project) error {
	w.wikis = append(w.wikis, p.ID)
	return w.createErr
}

func (w *fakePorts) RetryRepository(_ context.Context, id source.ProjectID) error {
	w.retried = append(w.retried, id)
	return w.createErr
}

// CreateProject makes project 42 of what was planned.
func (w *fakePorts) CreateProject(_ context.Context, by audit.Cause, planned source.Project) (source.ProjectID, error) {
	w.created, w.causes = append(w.created, planned), append(w.causes, by)
	if w.createsNone {
		return 0, w.createErr
	}
	w.standing.Project, w.standing.Role = planned, w.destination.Role
	w.standing.Project.ID, w.standing.Project.ToBeCreated = 42, false
	w.standing.Repository = source.RepositoryID{Kind: source.Code, ID: 42}
	return 42, w.createErr
}

func (w *fakePorts) Add(_ context.Context, n source.Notice) error {
	w.notices = append(w.notices, n)
	return w.noticeErr
}

func (w *fakePorts) Record(id identity.KeyID, _ time.Time) { w.stamped = append(w.stamped, id) }

func (w *fakePorts) UserActive(id identity.UserID, _ time.Time) { w.active = append(w.active, id) }

func (w *fakePorts) Count(_ context.Context, _ time.Time, buckets ...gitaccess.Bucket) (bool, func() bool) {
	w.buckets = append(w.buckets, buckets...)
	return !w.limited, func() bool {
		w.askedBefore = len(w.asked)
		return !w.limitedByAll
	}
}

// AccessNames has a name for each.
func (w *fakePorts) AccessNames(_ context.Context, entries []source.Access) (map[source.Access]string, error) {
	names := map[source.Access]string{}
	for _, a := range entries {
		names[a] = fmt.Sprint("name of ", a.User, a.Group, a.DeployKey)
	}
	return names, nil
}

// RoleSources makes the user a member of the project's root.
func (w *fakePorts) RoleSources(_ context.Context, user identity.UserID, p source.Project) ([]source.RoleSource, error) {
	if user != w.standing.Actor.User.ID {
		return nil, errors.New("another user was asked for")
	}
	m := source.Membership{Path: p.Root.Path, Role: source.Guest, State: source.MemberActive}
	direct := source.Membership{Path: p.Path, Role: w.standing.Role, State: source.MemberActive}
	return []source.RoleSource{{Kind: source.ByMembership, Membership: m}, {Kind: source.ByMembership, Membership: direct}}, w.roleErr
}

func (w *fakePorts) explainer() *gitaccess.Explainer {
	return gitaccess.NewExplainer(w.gatekeeper(), w)
}

func (w *fakePorts) gatekeeper() *gitaccess.Gatekeeper {
	rules := gitaccess.Rules{
		Settings:   source.Settings{Protocols: source.AllProtocols, Connected: w.connected, PushToCreate: w.connected, DefaultBranchProtection: w.protection},
		NewStorage: "default",
		Storages:   map[string]gitaccess.Storage{"default": {Name: "default", Address: "unix:/run/gitaly.sock"}},
		CloneURL: func(path string, protocol source.Protocol) string {
			return string(protocol) + "://git.example/" + path + ".git"
		},
	}
	return gitaccess.New(w, w, w, w, w, w, &w.decisions, rules, func() time.Time { return now })
}

// newPorts has a developer with a key and a project with a protected branch.
func newPorts() *fakePorts {
	return &fakePorts{standing: source.Standing{
		Actor: identity.Actor{
			User: identity.User{ID: 7, State: identity.Active, Type: identity.Human, EmailConfirmed: true},
			Key:  identity.Key{ID: 11, Kind: identity.UserKey},
		},
		Role:       source.Developer,
		Repository: source.RepositoryID{Kind: source.Code, ID: 42},
		Project: source.Project{
			ID: 42, Path: "acme/cli", Visibility: source.Private, Storage: "default", Repository: source.FeatureEnabled,
			Root: source.Namespace{Path: "acme", Protocols: source.AllProtocols},
			Protections: []source.Protection{{
				Kind: source.Branch, Pattern: "main", Push: []source.Access{{Role: source.Developer}},
			}},
		},
	}}
}

const (
	one = "1111111111111111111111111111111111111111"
	two = "2222222222222222222222222222222222222222"
)

func fetch() gitaccess.Request {
	return gitaccess.Request{
		Request: source.Request{
			Claim: identity.ClaimKey("11"), Command: source.UploadPack, Protocol: source.SSH, Target: source.Target{Path: "acme/cli"},
		},
		Project: "acme/cli.git",
	}
}

// update changes the protected branch.
func update() gitaccess.Request {
	req := fetch()
	req.Command = source.ReceivePack
	req.Changes = []source.Change{{Old: one, New: two, Ref: source.ParseRef("refs/heads/main")}}
	req.SnapshotPath = "snapshots/7"
	req.Quarantine = gitaccess.Quarantine{ObjectDirectory: "objects/incoming-x", AlternateObjectDirectories: []string{"objects"}}
	return req
}

func TestGatekeeper_Allow_asksOnce(t *testing.T) {
	t.Parallel()
	w := newPorts()
	grant, err := w.gatekeeper().Allow(t.Context(), fetch())
	if err != nil || grant.Warning != nil {
		t.Fatalf("got %v, %v", err, grant.Warning)
	}
	want := source.Inquiry{Claim: identity.ClaimKey("11"), Target: source.Target{Path: "acme/cli"}, Now: now}
	if len(w.asked) != 1 || w.asked[0] != want {
		t.Errorf("asked %v, want once %v", w.asked, want)
	}
	if got := grant.Location.RelativePath; got != grant.Project.RelativePath(source.Code) {
		t.Errorf("relative path: got %q", got)
	}
	if grant.Location.Storage.Address != "unix:/run/gitaly.sock" {
		t.Errorf("storage: got %v", grant.Location.Storage)
	}
	if len(w.locations) > 0 {
		t.Error("a fetch asked for history")
	}
}

func TestGatekeeper_Allow_refusesWithWords(t *testing.T) {
	t.Parallel()
	w := newPorts()
	w.standing.Role = source.NoRole
	_, err := w.gatekeeper().Allow(t.Context(), fetch())
	if refusal, ok := errors.AsType[*domain.Refusal](err); !ok || refusal.Kind != domain.NotFound || refusal.Message == "" {
		t.Errorf("got %v, want a refusal of kind %v", err, domain.NotFound)
	}
}

func TestGatekeeper_Allow_throttled(t *testing.T) {
	t.Parallel()
	w := newPorts()
	w.limited = true
	req := fetch()
	req.Address, req.AddressGiven = netip.MustParseAddr("192.0.2.7"), true
	if _, err := w.gatekeeper().Allow(t.Context(), req); !errors.Is(err, domain.TooMany) {
		t.Errorf("got %v, want %v", err, domain.TooMany)
	}
	if len(w.asked) > 0 {
		t.Error("the directory was asked although nobody may know")
	}
	if len(w.buckets) != 2 || w.buckets[0] == w.buckets[1] {
		t.Errorf("got %x, want one bucket for the actor and one for the address", w.buckets)
	}
}

func TestGatekeeper_Allow_throttledByAll(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*fakePorts){
		"allowed otherwise":  func(*fakePorts) {},
		"refused otherwise":  func(w *fakePorts) { w.standing.Role = source.NoRole },
		"the store is down":  func(w *fakePorts) { w.err = errors.New("connection refused") },
		"unknown repository": func(w *fakePorts) { w.standing.Project.Storage = "other" },
	} {
		w := newPorts()
		w.limitedByAll, w.standing.Moved = true, true
		change(w)
		_, err := w.gatekeeper().Allow(t.Context(), fetch())
		w.limited = true
		_, want := w.gatekeeper().Allow(t.Context(), fetch())
		if !errors.Is(err, domain.TooMany) || err.Error() != want.Error() {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
		if w.askedBefore != 1 {
			t.Errorf("%s: the directory was asked %d times before the limiter, want once", name, w.askedBefore)
		}
		if len(w.stamped)+len(w.notices) > 0 {
			t.Errorf("%s: stamped %v, left %v", name, w.stamped, w.notices)
		}
	}
}

func TestGatekeeper_Allow_bucketsWithoutAClientAddress(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]netip.Addr{"none": {}, "loopback": netip.MustParseAddr("127.0.0.1")} {
		w := newPorts()
		req := fetch()
		req.Address = address
		if _, err := w.gatekeeper().Allow(t.Context(), req); err != nil || len(w.buckets) != 1 {
			t.Errorf("%s: got %q, %v, want the actor's bucket only", name, w.buckets, err)
		}
	}
}

func TestGatekeeper_Allow_failsClosed(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection refused")
	for name, change := range map[string]func(*fakePorts){
		"the store is down":      func(w *fakePorts) { w.err = broken },
		"Gitaly is down":         func(*fakePorts) {},
		"answers without ours":   func(w *fakePorts) { w.answers = map[source.Question]source.Answer{} },
		"the store lost the key": func(w *fakePorts) { w.err = domain.NotFound },
	} {
		w := newPorts()
		w.connected = true
		change(w)
		_, err := w.gatekeeper().Allow(t.Context(), update())
		refusal, ok := errors.AsType[*domain.Refusal](err)
		if !ok || refusal.Kind != domain.Unavailable || strings.Contains(refusal.Message, "refused") {
			t.Errorf("%s: got %v, want words of kind %v", name, err, domain.Unavailable)
		}
		if w.err == broken && !errors.Is(err, broken) {
			t.Errorf("%s: the log does not learn the cause: %v", name, err)
		}
	}
}

func TestGatekeeper_Allow_asksForHistory(t *testing.T) {
	t.Parallel()
	for answer, want := range map[source.Answer]bool{source.Yes: true, source.No: false, source.Unknown: false} {
		w := newPorts()
		w.connected = true
		w.answers = map[source.Question]source.Answer{{Old: one, New: two}: answer}
		_, err := w.gatekeeper().Allow(t.Context(), update())
		if (err == nil) != want {
			t.Errorf("answer %v: got %v, want allowed: %v", answer, err, want)
		}
		if !w.asked[0].Refs {
			t.Error("protections were not asked for")
		}
		location := w.locations[0]
		if location.SnapshotPath != "snapshots/7" || location.Quarantine.ObjectDirectory != "objects/incoming-x" || location.Repository.ID != 42 {
			t.Errorf("place: got %+v", location)
		}
	}
}

func TestGatekeeper_unknownStorage(t *testing.T) {
	t.Parallel()
	w := newPorts()
	w.standing.Project.Storage = "other"
	_, err := w.gatekeeper().Allow(t.Context(), fetch())
	got, failure := w.explainer().Explain(t.Context(), fetch())
	if failure != nil {
		t.Fatal(failure)
	}
	last := got.Findings[len(got.Findings)-1]
	w.connected = true // a Gitaly would be asked
	connected, failure := w.explainer().Explain(t.Context(), fetch())
	if failure != nil || connected.Refusal == nil || connected.Refusal.Error() != err.Error() || len(connected.Remedies) != 1 {
		t.Errorf("with Gitaly: got %v, %v, %+v", failure, connected.Refusal, connected.Remedies)
	}
	if !errors.Is(err, domain.Unprocessable) || got.Refusal == nil || got.Refusal.Error() != err.Error() || last.Rule != "storage" || last.Outcome != source.Refused {
		t.Errorf("got %v, and explained %v by %+v", err, got.Refusal, last)
	}
}

// TestGatekeeper_Allow_buckets wants a bucket for each command, project and actor,
// also where the texts look alike when they are joined.
func TestGatekeeper_Allow_buckets(t *testing.T) {
	t.Parallel()
	count := func(command, project, name string) gitaccess.Bucket {
		w := newPorts()
		req := fetch()
		req.Command, req.Project, req.Claim = source.Command(command), project, identity.ClaimName(name)
		_, _ = w.gatekeeper().Allow(t.Context(), req)
		return w.buckets[0]
	}
	seen := map[gitaccess.Bucket][]string{}
	for _, texts := range [][]string{
		{"git-upload-pack", "a", "b"}, {"git-receive-pack", "a", "b"},
		{"x", "a", "b"}, {"x", "a\x00username-b", ""}, {"x\x00a", "", "b"}, {"x", "", "a\x00b"}, {"", "x\x00a", "b"},
		{"xa", "", "b"}, {"", "xa", "b"}, {"x", "\x01a", "b"}, {"x", strings.Repeat("a", 1<<20), "b"},
	} {
		bucket := count(texts[0], texts[1], texts[2])
		if other, used := seen[bucket]; used {
			t.Errorf("%.40q and %.40q have one bucket", texts, other)
		}
		if bucket != count(texts[0], texts[1], texts[2]) {
			t.Errorf("%.40q has two buckets", texts)
		}
		seen[bucket] = texts
	}
}

// TestGatekeeper_Allow_bytes measures the heap, so it is alone.
func TestGatekeeper_Allow_bytes(t *testing.T) {
	w := newPorts()
	gate := gitaccess.New(w, w, w, w, ratelimit.New(600), w, &ignored{}, gitaccess.Rules{}, time.Now)
	heap := func() int64 {
		w.asked = nil
		runtime.GC()
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return int64(stats.HeapAlloc)
	}
	before := heap()
	for i := range 40 {
		req := fetch()
		req.Claim = identity.ClaimName(strings.Repeat(string(rune('A'+i)), 4<<20))
		_, _ = gate.Allow(t.Context(), req)
		w.asked = nil
	}
	if kept := heap() - before; kept > 1<<20 {
		t.Errorf("40 usernames of 4 MiB keep %d bytes, want at most 1 MiB", kept)
	}
	runtime.KeepAlive(gate)
}

// slowDirectory answers only when the context has ended.
type slowDirectory struct{ *fakePorts }

func (s slowDirectory) Standing(ctx context.Context, _ source.Inquiry) (source.Standing, error) {
	<-ctx.Done()
	return source.Standing{}, ctx.Err()
}

func TestGatekeeper_Allow_budget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newPorts()
		began := time.Now()
		gate := gitaccess.New(slowDirectory{w}, w, w, w, w, w, &w.decisions, gitaccess.Rules{}, time.Now)
		_, err := gate.Allow(t.Context(), fetch())
		refusal, ok := errors.AsType[*domain.Refusal](err)
		if !ok || refusal.Kind != domain.Unavailable || !strings.Contains(refusal.Message, "50 seconds") {
			t.Errorf("got %v, want words about the budget", err)
		}
		if denial, ok := errors.AsType[*gitaccess.Denial](err); !ok || denial.Rule != gitaccess.DeadlineRule {
			t.Errorf("got %v, want a denial by the rule %s", err, gitaccess.DeadlineRule)
		}
		if took := time.Since(began); took != gitaccess.Timeout {
			t.Errorf("took %v, want %v", took, gitaccess.Timeout)
		}
	})
}

// A user is active by what is allowed, and a deploy key is no user.
func TestGatekeeper_Allow_userActive(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*fakePorts)
		want   []identity.UserID
	}{
		"allowed": {func(*fakePorts) {}, []identity.UserID{newPorts().standing.Actor.User.ID}},
		"refused": {func(w *fakePorts) { w.standing.Role, w.standing.Project.Visibility = source.NoRole, source.Private }, nil},
		"deploy key": {func(w *fakePorts) {
			w.standing.Actor.Key.Kind, w.standing.KeyEnabled = identity.DeployKey, true
		}, nil},
	} {
		w := newPorts()
		c.change(w)
		if _, err := w.gatekeeper().Allow(t.Context(), fetch()); !slices.Equal(w.active, c.want) {
			t.Errorf("%s: got %v (%v), want %v", name, w.active, err, c.want)
		}
	}
}

func TestGatekeeper_Allow_stampsOnceADay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		last time.Time
		want int
	}{
		"never used":      {time.Time{}, 1},
		"a day ago":       {now.Add(-24 * time.Hour), 0},
		"more than a day": {now.Add(-24*time.Hour - 1), 1},
		"just now":        {now, 0},
	} {
		w := newPorts()
		w.standing.Actor.Key.LastUsedAt = c.last
		if _, err := w.gatekeeper().Allow(t.Context(), fetch()); err != nil || len(w.stamped) != c.want {
			t.Errorf("%s: stamped %v, %v, want %d", name, w.stamped, err, c.want)
		}
	}
}

func TestGatekeeper_Allow_movedNotice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*fakePorts)
		want   int
	}{
		"a person":     {func(*fakePorts) {}, 1},
		"not moved":    {func(w *fakePorts) { w.standing.Moved = false }, 0},
		"anonymous":    {func(w *fakePorts) { w.standing.Actor, w.standing.Project.Visibility = identity.Actor{}, source.Public }, 0},
		"a deploy key": {func(w *fakePorts) { w.standing.Actor.Key.Kind, w.standing.KeyEnabled = identity.DeployKey, true }, 0},
		"a refusal":    {func(w *fakePorts) { w.standing.Role = source.Guest }, 0},
		"a dead store": {func(w *fakePorts) { w.noticeErr = errors.New("disk full") }, 1},
	} {
		w := newPorts()
		w.standing.Moved = true
		c.change(w)
		grant, _ := w.gatekeeper().Allow(t.Context(), fetch())
		if len(w.notices) != c.want {
			t.Errorf("%s: got %v, want %d notices", name, w.notices, c.want)
		}
		if !errors.Is(grant.Warning, w.noticeErr) {
			t.Errorf("%s: warning: got %v, want %v", name, grant.Warning, w.noticeErr)
		}
		if c.want == 0 {
			continue
		}
		want := source.Notice{
			User: 7, Repository: source.RepositoryID{Kind: source.Code, ID: 42}, OldPath: "acme/cli", Protocol: source.SSH,
			ExpiresAt: now.Add(5 * time.Minute),
		}
		if w.notices[0] != want {
			t.Errorf("%s: got %+v, want %+v", name, w.notices[0], want)
		}
	}
}

func TestGatekeeper_Allow_movedMessage(t *testing.T) {
	t.Parallel()
	message := func(old, now, url string) []string {
		return []string{
			"Project '" + old + "' has moved to '" + now + "'.", "", "Point your remote at its new place:", "", "  git remote set-url origin " + url,
		}
	}
	told := message("old/cli", "acme/cli", "ssh://git.example/acme/cli.git")
	for name, c := range map[string]struct {
		change func(*fakePorts, *gitaccess.Request)
		want   []string
	}{
		"fetch":     {func(*fakePorts, *gitaccess.Request) {}, told},
		"archive":   {func(_ *fakePorts, r *gitaccess.Request) { r.Command = source.UploadArchive }, told},
		"push":      {func(_ *fakePorts, r *gitaccess.Request) { r.Command = source.ReceivePack }, nil},
		"not moved": {func(w *fakePorts, _ *gitaccess.Request) { w.standing.Moved = false }, nil},
		"a refusal": {func(w *fakePorts, _ *gitaccess.Request) { w.standing.Role = source.Guest }, nil},
		"a deploy key": {func(w *fakePorts, _ *gitaccess.Request) {
			w.standing.Actor.Key.Kind, w.standing.KeyEnabled = identity.DeployKey, true
		}, told},
		"an expired key": {func(w *fakePorts, _ *gitaccess.Request) { w.standing.Actor.Key.ExpiresAt = now.AddDate(0, 0, -1) }, nil},
		"anonymous": {func(w *fakePorts, r *gitaccess.Request) {
			w.standing.Actor, w.standing.Project.Visibility, r.Protocol = identity.Actor{}, source.Public, source.HTTP
		}, message("old/cli", "acme/cli", "http://git.example/acme/cli.git")},
		"a wiki": {func(w *fakePorts, r *gitaccess.Request) {
			w.standing.Repository.Kind, w.standing.Project.Wiki, r.Target.Path = source.Wiki, source.FeatureEnabled, "Old/CLI.wiki"
		}, message("Old/CLI.wiki", "acme/cli.wiki", "ssh://git.example/acme/cli.wiki.git")},
	} {
		w, r := newPorts(), fetch()
		w.standing.Moved, r.Target.Path = true, "old/cli"
		c.change(w, &r)
		grant, _ := w.gatekeeper().Allow(t.Context(), r)
		if diff := cmp.Diff(c.want, grant.Messages); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestGatekeeper_Allow_tellsOfAnExpiringKey(t *testing.T) {
	t.Parallel()
	w := newPorts()
	w.standing.Actor.Key.ExpiresAt = now.AddDate(0, 0, 3)
	grant, err := w.gatekeeper().Allow(t.Context(), fetch())
	if err != nil || len(grant.Messages) != 1 || !strings.Contains(grant.Messages[0], "2026-05-04") {
		t.Errorf("got %q, %v, want the day", grant.Messages, err)
	}
}

func TestExplainer_Explain_leavesNoTrace(t *testing.T) {
	t.Parallel()
	w := newPorts()
	w.standing.Moved, w.limited, w.connected = true, true, true
	w.answers = map[source.Question]source.Answer{{Old: one, New: two}: source.No}
	got, err := w.explainer().Explain(t.Context(), update())
	if err != nil || !errors.Is(got.Refusal, domain.Forbidden) || len(got.Findings) == 0 {
		t.Fatalf("got %+v, %v", got, err)
	}
	for _, f := range got.Findings {
		if (f.Outcome == source.Refused) != (f.Rule == "force_push") {
			t.Errorf("%s: got %v", f.Rule, f.Outcome)
		}
	}
	if len(w.notices)+len(w.stamped)+len(w.buckets) > 0 {
		t.Errorf("got notices %v, stamps %v, buckets %v", w.notices, w.stamped, w.buckets)
	}
}

// The storage is wanted besides what refuses first.
func TestExplainer_Explain_storageToo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  func(*source.Standing)
		decider string
		outcome source.Outcome
		want    []string
	}{
		"alone":    {func(*source.Standing) {}, gitaccess.StorageRule, source.Refused, []string{gitaccess.StorageRule}},
		"archived": {func(s *source.Standing) { s.Project.Archived = true }, "archived", source.Refused, []string{"archived", gitaccess.StorageRule}},
		"hidden":   {func(s *source.Standing) { s.Role = source.NoRole }, "project", source.NotReached, []string{"project", gitaccess.StorageRule}},
	} {
		w := newPorts()
		w.standing.Project.Storage = "lost"
		c.change(&w.standing)
		req := fetch()
		req.Command = source.ReceivePack
		got, err := w.explainer().Explain(t.Context(), req)
		if f := got.Decider(); err != nil || f == nil || f.Rule != c.decider {
			t.Errorf("%s: got %v, decided by %+v", name, err, f)
		}
		var rules []string
		for _, r := range got.Remedies {
			rules = append(rules, r.Rule)
		}
		if last := got.Findings[len(got.Findings)-1]; last.Rule != gitaccess.StorageRule || last.Outcome != c.outcome || !slices.Equal(rules, c.want) {
			t.Errorf("%s: got %+v, remedies for %v", name, last, rules)
		}
	}
}

func TestExplainer_Explain_rolesAndRemedies(t *testing.T) {
	t.Parallel()
	w := newPorts()
	w.standing.Project.Archived = true
	got, err := w.explainer().Explain(t.Context(), update())
	if err != nil || len(got.Roles) != 2 || got.Roles[0].Membership.Path != "acme/cli" || got.Roles[1].Membership.Path != "acme" {
		t.Errorf("roles: got %+v, %v", got.Roles, err)
	}
	if len(got.Remedies) == 0 || got.Remedies[0].Rule != "archived" || !got.Enough {
		t.Errorf("remedies: got %+v, enough: %t", got.Remedies, got.Enough)
	}
	w.roleErr = domain.Unavailable
	if _, err := w.explainer().Explain(t.Context(), update()); !errors.Is(err, domain.Unavailable) {
		t.Errorf("a failing store: got %v", err)
	}
}
