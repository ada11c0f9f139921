package gitaccess_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"gatehouse/application/gitaccess"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// decisions keeps the events of all decisions.
type decisions struct{ events []audit.Event }

func (d *decisions) Record(one gitaccess.Decision) { d.events = append(d.events, one.Keep().Event()) }

// ignored ignores decisions.
type ignored struct{}

func (*ignored) Record(gitaccess.Decision) {}

// denied asks the gatekeeper and returns the denial and its event.
func (w *fakePorts) denied(t *testing.T, req gitaccess.Request) (*gitaccess.Denial, audit.Event) {
	t.Helper()
	_, err := w.gatekeeper().Allow(t.Context(), req)
	denial, ok := errors.AsType[*gitaccess.Denial](err)
	if !ok || len(w.decisions.events) != 1 {
		t.Fatalf("got %v and %d events, want a denial and one event", err, len(w.decisions.events))
	}
	return denial, w.decisions.events[0]
}

func TestGatekeeper_Allow_denial(t *testing.T) {
	t.Parallel()
	nothing := func(w *fakePorts) { w.standing = source.Standing{} }
	for name, tt := range map[string]struct {
		with func(*fakePorts)
		req  gitaccess.Request
		want gitaccess.Denial
	}{
		"hidden": {
			func(w *fakePorts) { w.standing.Role = source.NoRole }, fetch(),
			gitaccess.Denial{Rule: "project", Actor: "key-11", Username: "dede", Project: "acme/cli", Repository: "project-42", Loaded: true, ActorKnown: true, ProjectKnown: true},
		},
		"absent": {
			nothing, fetch(),
			gitaccess.Denial{Rule: "project", Actor: "key-11", Project: "acme/cli", Loaded: true},
		},
		"no path": {
			nothing, gitaccess.Request{Request: source.Request{Command: source.UploadPack, Protocol: source.SSH}, Project: "../cli?private_token=abc\x00"},
			gitaccess.Denial{Rule: "project", Actor: "nobody", Project: "../cli", Loaded: true},
		},
		"a ref": {
			func(w *fakePorts) { w.standing.Project.Protections[0].Push = nil }, update(),
			gitaccess.Denial{Rule: "protected_branch_update", Ref: "refs/heads/main", Actor: "key-11", Username: "dede", Project: "acme/cli", Repository: "project-42", Loaded: true, ActorKnown: true, ProjectKnown: true},
		},
		"the storage": {
			func(w *fakePorts) { w.standing.Project.Storage = "other" }, fetch(),
			gitaccess.Denial{Rule: "storage", Actor: "key-11", Username: "dede", Project: "acme/cli", Repository: "project-42", Loaded: true, ActorKnown: true, ProjectKnown: true},
		},
		"a deploy key": {
			func(w *fakePorts) {
				w.standing.Actor.Key = identity.Key{ID: 201, Kind: identity.DeployKey}
			}, fetch(),
			gitaccess.Denial{Rule: "project", Actor: "deploy-key-201", Project: "acme/cli", Repository: "project-42", Loaded: true, ActorKnown: true, ProjectKnown: true},
		},
		"no directory": {
			func(w *fakePorts) { w.standing, w.err = source.Standing{}, errors.New("connection refused") }, fetch(),
			gitaccess.Denial{Rule: "unavailable", Actor: "key-11", Project: "acme/cli"},
		},
		"no Gitaly": {
			func(w *fakePorts) { w.connected = true }, update(),
			gitaccess.Denial{Rule: "unavailable", Actor: "key-11", Username: "dede", Project: "acme/cli", Repository: "project-42", Loaded: true, ActorKnown: true, ProjectKnown: true},
		},
		"throttled": {
			func(w *fakePorts) { w.limited = true }, fetch(),
			gitaccess.Denial{Rule: "rate_limit", Actor: "key-11", Project: "acme/cli"},
		},
		"throttled by all servers": {
			func(w *fakePorts) { w.limitedByAll = true }, fetch(),
			gitaccess.Denial{Rule: "rate_limit", Actor: "key-11", Project: "acme/cli"},
		},
	} {
		w := newPorts()
		w.standing.Actor.User.Username = "dede"
		tt.with(w)
		tt.req.Address, tt.req.AddressGiven, tt.want.Address = netip.MustParseAddr("192.0.2.7"), true, "192.0.2.7"
		tt.req.CorrelationID = "abc"
		denial, event := w.denied(t, tt.req)
		got := gitaccess.Denial{
			Rule: denial.Rule, Ref: denial.Ref, Actor: denial.Actor, Username: denial.Username, Project: denial.Project, Repository: denial.Repository,
			Address: denial.Address, Loaded: denial.Loaded, ActorKnown: denial.ActorKnown, ProjectKnown: denial.ProjectKnown,
		}
		if got != tt.want {
			t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
		}
		d := event.Decision
		if d.Rule != got.Rule || d.Ref != got.Ref || event.Entity.Path != got.Project || event.Actor.Address != got.Address ||
			event.Outcome != audit.Refused || event.CorrelationID != "abc" || !event.At.Equal(now) {
			t.Errorf("%s: got the event %+v", name, event)
		}
		refusal, _ := errors.AsType[*domain.Refusal](error(denial))
		if refusal == nil || d.Message != refusal.Message {
			t.Errorf("%s: got the message %q, want %v", name, d.Message, refusal)
		}
		var refusing []string
		for _, f := range d.Findings {
			if f.Outcome == source.Refused {
				refusing = append(refusing, f.Rule)
			}
		}
		if decided := got.Rule != "unavailable"; decided != (len(refusing) > 0 && refusing[0] == got.Rule) {
			t.Errorf("%s: the findings say that %q refuse", name, refusing)
		}
	}
}

func TestGatekeeper_Allow_facts(t *testing.T) {
	t.Parallel()
	w := newPorts()
	w.standing.Actor.User.Username = "dede"
	w.standing.Role = source.Reporter
	w.standing.Project.Root.AllowedIPs = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	w.standing.Project.Protections = append(w.standing.Project.Protections, source.Protection{Kind: source.Branch, Pattern: "release/*"})
	w.standing.Actor.Key.ExpiresAt = now.AddDate(0, 1, 0)
	_, event := w.denied(t, update())
	want := audit.Values{
		"role": "reporter", "visible": true, "user.state": "active", "user.admin": false, "user.external": false, "user.two_factor": false,
		"key.expires_at": "2026-06-01T12:00:00Z", "project.visibility": "private", "project.archived": false, "project.read_only": false,
		"project.repository": "enabled", "group.protocols": "all", "group.allowed_ips": []string{"192.0.2.0/24"},
		"protections": []string{"branch main, push: developer"}, "settings.protocols": "all", "settings.read_only": false,
	}
	for name, value := range want {
		if diff := cmp.Diff(value, event.Decision.Facts[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for name, value := range event.Decision.Facts {
		switch value.(type) {
		case string, bool, int64, []string:
		default:
			t.Errorf("%s: a value of type %T", name, value)
		}
	}
	wantActor := audit.Actor{Kind: audit.Person, User: 7, Username: "dede", Key: 11, KeyType: identity.UserKey}
	wantEntity := audit.Object{Kind: audit.Project, ID: 42, Path: "acme/cli"}
	if event.Actor != wantActor || event.Entity != wantEntity || event.Action != "git-receive-pack" || event.Verb != audit.Push ||
		event.Git.Repository != "project-42" || event.Git.Protocol != source.SSH {
		t.Errorf("got %+v", event)
	}
	if got := event.Decision.Refs; len(got) != 1 || got[0] != one+" "+two+" refs/heads/main" {
		t.Errorf("refs: got %q", got)
	}
}

func TestGatekeeper_Allow_recordsAllowed(t *testing.T) {
	t.Parallel()
	w := newPorts()
	if _, err := w.gatekeeper().Allow(t.Context(), fetch()); err != nil || len(w.decisions.events) != 1 {
		t.Fatalf("got %v and %d events", err, len(w.decisions.events))
	}
	e := w.decisions.events[0]
	if e.Outcome != audit.Allowed || e.Verb != audit.Pull || e.Decision.Rule != "" || e.Decision.Message != "" || len(e.Decision.Findings) == 0 {
		t.Errorf("got %+v", e)
	}
}

// An event has a bounded size, whatever the push, and no text that a store cannot keep.
func TestGatekeeper_Allow_largePush(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 100_000)
	req := update()
	for i := range 20_000 {
		req.Changes = append(req.Changes, source.Change{Old: one, New: two, Ref: source.ParseRef(fmt.Sprintf("refs/heads/%d", i))})
	}
	for name, last := range map[string]string{"a plain ref": "refs/heads/release", "a long ref": "refs/heads/release" + long, "control characters": "refs/heads/release\x00\x1b\xff"} {
		for _, refused := range []bool{true, false} {
			w := newPorts()
			w.standing.Role = source.Maintainer
			if refused {
				w.standing.Project.Protections = []source.Protection{{Kind: source.Branch, Pattern: "release*"}}
			} else {
				w.standing.Project.Protections[0].AllowForcePush = true
			}
			push := req
			push.Changes = append(push.Changes[:len(push.Changes):len(push.Changes)], source.Change{Old: one, New: two, Ref: source.ParseRef(last)})
			_, err := w.gatekeeper().Allow(t.Context(), push)
			if (err != nil) != refused {
				t.Fatalf("%s: got %v", name, err)
			}
			e := w.decisions.events[0]
			if got := len(e.Decision.Refs) + e.Decision.MoreRefs; got != 20_002 || len(e.Decision.Refs) > 21 {
				t.Errorf("%s: got %d refs and %d more", name, len(e.Decision.Refs), e.Decision.MoreRefs)
			}
			if refused && !strings.HasPrefix(e.Decision.Ref, "refs/heads/release") {
				t.Errorf("%s: got ref %q", name, e.Decision.Ref)
			}
			text := fmt.Sprintf("%s%s%v%v%v", e.Decision.Ref, e.Decision.Message, e.Decision.Refs, e.Decision.Findings, e.Decision.Facts)
			if len(text) > 40_000 || strings.ContainsAny(text, "\x00\x1b") || !utf8.ValidString(text) {
				t.Errorf("%s: the event has %d bytes, or bad ones", name, len(text))
			}
		}
	}
}

// TestGatekeeper_Allow_recordedMatches has more protections that match than an event
// names: the one that grants is the last.
func TestGatekeeper_Allow_recordedMatches(t *testing.T) {
	t.Parallel()
	w := newPorts()
	w.answers = map[source.Question]source.Answer{{About: source.Ancestor, Old: one, New: two}: source.Yes}
	granting := w.standing.Project.Protections[0]
	w.standing.Project.Protections = nil
	for i := range 30 {
		w.standing.Project.Protections = append(w.standing.Project.Protections, source.Protection{Kind: source.Branch, Pattern: source.Pattern("main" + strings.Repeat("*", i+1))})
	}
	w.standing.Project.Protections = append(w.standing.Project.Protections, granting)
	req := update()
	if _, err := w.gatekeeper().Allow(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	findings := w.decisions.events[0].Decision.Findings
	i := slices.IndexFunc(findings, func(f source.Finding) bool { return f.Rule == "protected_branch_update" })
	if i < 0 || len(findings[i].Protections) != 10 {
		t.Fatalf("got %+v", findings)
	}
	want := []source.ProtectionMatch{{Pattern: "main", Grants: true}, {Pattern: "main*"}}
	if diff := cmp.Diff(want, findings[i].Protections[:2]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
