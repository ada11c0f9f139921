package gitaccess_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/application/gitaccess"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// newPortsWithoutProject returns ports without the project that is asked for,
// in a group where the actor is a developer.
func newPortsWithoutProject() *fakePorts {
	w := newPorts()
	w.connected = true
	w.answers = map[source.Question]source.Answer{{About: source.Existence}: source.Yes}
	w.standing.Project, w.standing.Repository, w.standing.Role = source.Project{}, source.RepositoryID{}, source.NoRole
	w.destination = source.ProjectDestination{Path: "acme/fresh", Root: source.Namespace{ID: 5, Path: "acme", Protocols: source.AllProtocols}, Role: source.Developer}
	return w
}

// pushToCreate is a push to where no project is.
func pushToCreate() gitaccess.Request {
	req := fetch()
	req.Command, req.Target.Path = source.ReceivePack, "ACME/fresh"
	return req
}

func TestGatekeeper_Allow_createsProject(t *testing.T) {
	t.Parallel()
	w := newPortsWithoutProject()
	req := pushToCreate()
	req.CorrelationID, req.AddressGiven, req.Address = "c-1", true, netip.MustParseAddr("192.0.2.7")
	grant, err := w.gatekeeper().Allow(t.Context(), req)
	if err != nil || grant.Warning != nil {
		t.Fatalf("got %v, %v", err, grant.Warning)
	}
	if len(w.created) != 1 || w.created[0].Path != "acme/fresh" || w.created[0].Visibility != source.Private || w.created[0].Storage != "default" || !w.created[0].Empty {
		t.Errorf("made %+v", w.created)
	}
	wantCause := audit.Cause{Actor: audit.Actor{Kind: audit.Person, User: 7, Key: 11, KeyType: identity.UserKey, Address: "192.0.2.7"}, CorrelationID: "c-1"}
	if diff := cmp.Diff([]audit.Cause{wantCause}, w.causes); diff != "" {
		t.Errorf("who caused it (-want +got):\n%s", diff)
	}
	if grant.Project.ID != 42 || grant.Repository.ID != 42 || grant.Location.RelativePath != grant.Project.RelativePath(source.Code) {
		t.Errorf("got %+v", grant)
	}
	want := source.Notice{User: 7, Repository: source.RepositoryID{Kind: source.Code, ID: 42}, Protocol: source.SSH, ExpiresAt: now.Add(source.NoticeLifetime)}
	if len(w.notices) != 1 || w.notices[0] != want {
		t.Errorf("left %+v, want %+v", w.notices, want)
	}
	if _, err := w.gatekeeper().Allow(t.Context(), pushToCreate()); err != nil || len(w.created) != 1 {
		t.Errorf("the same again: got %v, made %d", err, len(w.created))
	}
}

func TestGatekeeper_Allow_createsNothing(t *testing.T) {
	t.Parallel()
	person := func(change func(*identity.User)) func(*fakePorts, *gitaccess.Request) {
		return func(w *fakePorts, _ *gitaccess.Request) { change(&w.standing.Actor.User) }
	}
	for name, change := range map[string]func(*fakePorts, *gitaccess.Request){
		"a fetch":               func(_ *fakePorts, r *gitaccess.Request) { r.Command = source.UploadPack },
		"the changes are known": func(_ *fakePorts, r *gitaccess.Request) { r.Changes = update().Changes },
		"by number": func(_ *fakePorts, r *gitaccess.Request) {
			r.Target = source.Target{Repository: source.RepositoryID{ID: 9}}
		},
		"a path of one part":      func(_ *fakePorts, r *gitaccess.Request) { r.Target.Path = "new" },
		"no such namespace":       func(w *fakePorts, _ *gitaccess.Request) { w.destinationErr = domain.NotFound },
		"a reporter of the group": func(w *fakePorts, _ *gitaccess.Request) { w.destination.Role = source.Reporter },
		"a stranger to the group": func(w *fakePorts, _ *gitaccess.Request) { w.destination.Role = source.NoRole },
		"anonymous":               func(w *fakePorts, _ *gitaccess.Request) { w.standing.Actor = identity.Actor{} },
		"an external user":        person(func(u *identity.User) { u.External = true }),
		"a deploy key":            func(w *fakePorts, _ *gitaccess.Request) { w.standing.Actor.Key.Kind = identity.DeployKey },
		"switched off":            func(w *fakePorts, _ *gitaccess.Request) { w.connected = false },
		"an allow-list": func(w *fakePorts, r *gitaccess.Request) {
			w.destination.Root.AllowedIPs, r.AddressGiven = prefixes("192.0.2.0/24"), true
		},
	} {
		w := newPortsWithoutProject()
		req := pushToCreate()
		change(w, &req)
		_, err := w.gatekeeper().Allow(t.Context(), req)
		if !errors.Is(err, domain.NotFound) || !strings.Contains(err.Error(), "no access") {
			t.Errorf("%s: got %v, want the answer that hides", name, err)
		}
		if len(w.created)+len(w.notices) > 0 {
			t.Errorf("%s: made %v, left %v", name, w.created, w.notices)
		}
	}
}

func TestGatekeeper_Allow_founderFails(t *testing.T) {
	t.Parallel()
	w := newPortsWithoutProject()
	w.createErr, w.createsNone = domain.Refuse(domain.Unprocessable, "a bad name"), true
	if _, err := w.gatekeeper().Allow(t.Context(), pushToCreate()); !errors.Is(err, domain.Unprocessable) || len(w.notices) > 0 {
		t.Errorf("a bad name: got %v, left %v", err, w.notices)
	}
	findings := w.decisions.events[0].Decision.Findings
	if last := findings[len(findings)-1]; last.Rule != gitaccess.CreateProjectRule || last.Outcome != source.Refused {
		t.Errorf("a bad name: the audit log says %+v", findings)
	}
	w = newPortsWithoutProject()
	w.createErr = domain.Refuse(domain.Unavailable, "no repository yet")
	if _, err := w.gatekeeper().Allow(t.Context(), pushToCreate()); !errors.Is(err, domain.Unavailable) || len(w.notices) != 1 {
		t.Errorf("no repository yet: got %v, left %v", err, w.notices)
	}
	w = newPortsWithoutProject()
	w.createErr, w.createsNone = errors.New("disk full"), true
	if _, err := w.gatekeeper().Allow(t.Context(), pushToCreate()); !errors.Is(err, domain.Unavailable) {
		t.Errorf("a dead store: got %v", err)
	}
}

// TestGatekeeper_Allow_firstPush creates a project only for those who may push its
// first branch.
func TestGatekeeper_Allow_firstPush(t *testing.T) {
	t.Parallel()
	const developer, maintainer = source.Developer, source.Maintainer
	for _, c := range []struct {
		instance source.BranchProtection
		group    source.BranchProtection // -1 for none
		role     source.Role
		admin    bool
		want     int
	}{
		{source.NotProtected, -1, developer, false, 1},
		{source.DevelopersPush, -1, developer, false, 1},
		{source.FullyProtected, -1, developer, false, 0},
		{source.DevelopersMerge, -1, developer, false, 0},
		{source.DevelopersPushInitially, -1, developer, false, 1},
		{source.FullyProtected, -1, maintainer, false, 1},
		{source.DevelopersMerge, -1, maintainer, false, 1},
		{source.FullyProtected, -1, source.Owner, false, 1},
		{source.FullyProtected, -1, developer, true, 1},
		{source.FullyProtected, source.DevelopersPush, developer, false, 1},
		{source.NotProtected, source.FullyProtected, developer, false, 0},
	} {
		w := newPortsWithoutProject()
		w.protection, w.destination.Role, w.standing.Actor.User.Admin = c.instance, c.role, c.admin
		if c.group >= 0 {
			w.destination.BranchDefaults = source.OwnBranchDefaults(&c.group, nil)
		}
		_, err := w.gatekeeper().Allow(t.Context(), pushToCreate())
		if (err == nil) != (c.want == 1) || err != nil && (!errors.Is(err, domain.Forbidden) || !strings.Contains(err.Error(), "maintainer or owner of the group")) {
			t.Errorf("%+v: got %v", c, err)
		}
		if len(w.created) != c.want || len(w.notices) != c.want {
			t.Errorf("%+v: made %v, left %v", c, w.created, w.notices)
		}
	}
}

func TestExplainer_Explain_createsNothing(t *testing.T) {
	t.Parallel()
	w := newPortsWithoutProject()
	got, err := w.explainer().Explain(t.Context(), pushToCreate())
	if err != nil || got.Refusal != nil || len(w.created)+len(w.notices) > 0 {
		t.Errorf("got %v, %v, made %v", got.Refusal, err, w.created)
	}
	for _, f := range got.Findings {
		if f.Rule == "push_to_create" && f.Outcome != source.Passed {
			t.Errorf("got %+v", f)
		}
	}
}

// An explanation is of the refusal that creation ends in.
func TestExplainer_Explain_createsNoSuchProject(t *testing.T) {
	t.Parallel()
	w := newPortsWithoutProject()
	w.destination.Path = "acme/-new"
	got, err := w.explainer().Explain(t.Context(), pushToCreate())
	if err != nil || !errors.Is(got.Refusal, domain.Unprocessable) || !strings.Contains(got.Refusal.Error(), `project "acme/-new"`) {
		t.Errorf("got %v, %v", got.Refusal, err)
	}
	if f := got.Decider(); f == nil || f.Rule != gitaccess.CreateProjectRule || f.Message != got.Refusal.Error() {
		t.Errorf("decided by %+v", f)
	}
	if len(got.Remedies) != 1 || got.Remedies[0].Rule != gitaccess.CreateProjectRule {
		t.Errorf("got the remedies %+v", got.Remedies)
	}
	w.createErr = got.Refusal
	_, event := w.denied(t, pushToCreate())
	if last := event.Decision.Findings[len(event.Decision.Findings)-1]; last.Rule != gitaccess.CreateProjectRule || last.Outcome != source.Refused || last.Message != got.Refusal.Error() {
		t.Errorf("the event's last finding is %+v", last)
	}
}

func TestExplainer_Explain_pathTaken(t *testing.T) {
	t.Parallel()
	w := newPortsWithoutProject()
	w.destination.Taken = true
	got, err := w.explainer().Explain(t.Context(), pushToCreate())
	if f := got.Decider(); err != nil || f == nil || f.Rule != gitaccess.CreateProjectRule || !strings.Contains(f.Message, "going to be deleted") {
		t.Errorf("got %v, decided by %+v", err, f)
	}
}

func prefixes(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

func TestGatekeeper_Allow_makesWikis(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*fakePorts, *gitaccess.Request)
		want   int
	}{
		"a push":              {func(*fakePorts, *gitaccess.Request) {}, 1},
		"a pull":              {func(_ *fakePorts, r *gitaccess.Request) { r.Command = source.UploadPack }, 0},
		"a push that goes on": {func(_ *fakePorts, r *gitaccess.Request) { r.Changes = update().Changes }, 0},
		"a refused push":      {func(w *fakePorts, _ *gitaccess.Request) { w.standing.Role = source.Reporter }, 0},
		"no Gitaly":           {func(w *fakePorts, _ *gitaccess.Request) { w.connected = false }, 0},
	} {
		w := newPorts()
		w.connected, w.answers = true, map[source.Question]source.Answer{{About: source.Existence}: source.Yes}
		w.standing.Repository.Kind, w.standing.Project.Wiki = source.Wiki, source.FeatureEnabled
		req := pushToCreate()
		c.change(w, &req)
		_, err := w.gatekeeper().Allow(t.Context(), req)
		if len(w.wikis) != c.want || err != nil && name != "a refused push" {
			t.Errorf("%s: made %v, %v", name, w.wikis, err)
		}
	}
}
