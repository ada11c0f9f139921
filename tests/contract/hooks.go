package contract

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"gatehouse/application/postreceive"
	"gatehouse/application/pushes"
	"gatehouse/application/webhooks"
	"gatehouse/application/worldimport"
	"gatehouse/domain"
	"gatehouse/domain/audit"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/subject"
)

// hookTree has projects at several depths, and hooks at some.
const hookTree = `
groups: [{id: 11, path: a}, {id: 12, path: a/b}, {id: 13, path: ab}]
projects: [{id: 21, path: a/p}, {id: 22, path: a/b/p, visibility: internal, default_branch: trunk, storage: second, legacy_path: old/p, protected_tags: [{name: "v*"}]}, {id: 23, path: ab/p}]
hooks:
  - {id: 31, group: a, url: "https://ci.example.com/a"}
  - {id: 33, project: a/b/p, url: "https://ci.example.com/p", token: sesame, push_events: false, tag_push_events: true, branch_filter: "release/*", enable_ssl_verification: false}
  - {id: 32, group: A/B, url: "https://ci.example.com/b"}
`

// hooksOf returns the hooks of a project.
func (s Subject) hooksOf(project source.ProjectID) []hooks.Hook {
	s.Helper()
	found, err := s.Pushes.Hooks(s.Context(), project)
	s.Fine("Hooks", err)
	return found
}

// hook returns a hook, with its URL and token.
func (s Subject) hook(id hooks.HookID) hooks.Hook {
	s.Helper()
	h, _, err := s.Deliveries.Hook(s.Context(), id)
	s.Fine("Hook", err)
	return h
}

// hookIDs returns the numbers of the hooks of a project.
func (s Subject) hookIDs(project source.ProjectID) (ids []hooks.HookID) {
	s.Helper()
	for _, h := range s.hooksOf(project) {
		ids = append(ids, h.ID)
	}
	return ids
}

// putHook puts a hook of project 22.
func (s Subject) putHook(h hooks.Hook) error {
	return s.Try(func(tx worldimport.Tx) error {
		return tx.Hooks.Put(s.Context(), source.MemberSource{Project: 22}, h)
	})
}

// setHealth sets the health of a hook.
func (s Subject) setHealth(id hooks.HookID, accepted int64, h hooks.Health) {
	s.Helper()
	s.attempt(id, webhooks.Attempt{Delivery: accepted, Accepted: accepted != 0, PerHook: 1}, h)
}

// disable disables a hook.
func disable(h hooks.Health) (hooks.Health, []audit.Event) {
	h.Disabled = true
	return h, []audit.Event{{At: now, Action: "hook.update"}}
}

// attempt records an attempt at a delivery.
func (s Subject) attempt(id hooks.HookID, a webhooks.Attempt, h hooks.Health) {
	s.Helper()
	s.Fine("RecordAttempt", s.Deliveries.RecordAttempt(s.Context(), id, a, func(hooks.Health) (hooks.Health, []audit.Event) { return h, nil }))
}

// recordPush records a push and returns its number.
func (s Subject) recordPush(p pushes.Push) int64 {
	s.Helper()
	s.Fine("Record", s.Recorder.Record(s.Context(), p))
	all := s.Read("pushes")
	return all[len(all)-1][0].Value.(int64)
}

// complete completes a push with an update of its project.
func (s Subject) complete(push int64, o postreceive.ProjectUpdate) {
	s.Helper()
	s.Fine("Complete", s.Pushes.Complete(s.Context(), push, o, now))
}

// jobSubjects returns the subjects of the jobs of a kind.
func (s Subject) jobSubjects(kind string) (ids []int64) {
	s.Helper()
	for _, job := range s.Read("jobs") {
		if job[1].Value == kind {
			ids = append(ids, job[2].Value.(int64))
		}
	}
	return ids
}

// fullEvent has a value in every field.
var fullEvent = hooks.Event{
	Change:    source.Change{Old: "a1", New: "b2", Ref: source.Ref{Kind: source.Branch, Name: "ü\ufffd/\"x"}},
	Protected: true, Checkout: "b2", Message: "First\nrelease",
	User:    identity.User{ID: 4, Username: "dev", Name: "Dédé", PublicEmail: "dev@example.com"},
	Project: source.Project{ID: 22, Path: "a/b/p", Visibility: source.Internal, DefaultBranch: "trunk"},
	Commits: []source.Commit{{
		ID: "b2", Title: "t", Message: "t\n\nm\x01", At: time.Date(2026, 3, 1, 2, 3, 4, 0, time.FixedZone("", 5400)),
		AuthorName: "A", AuthorEmail: "a@example.com", Added: []string{"a b"}, Modified: []string{"é"}, Removed: []string{"\\"},
	}},
	Total: 300, Options: []string{"ci.skip", "x=\n"},
}

var hookCases = []Case{
	{Name: "hooks of a project: its own and those of its groups", Check: func(s Subject) {
		s.Apply(hookTree)
		s.Same("a/p", s.hookIDs(21), []hooks.HookID{31})
		s.Same("a/b/p", s.hookIDs(22), []hooks.HookID{31, 32, 33})
		s.Same("ab/p", s.hookIDs(23), []hooks.HookID{})
		s.Same("no project", s.hookIDs(404), []hooks.HookID{})
	}},
	{Name: "hook put: every field read back", Check: func(s Subject) {
		s.Apply(hookTree)
		h := hooks.Hook{ID: 40, URL: "https://u:p@CI.example.com/ü?x=1&y", Token: "ü\"x\"", TagPush: true, Branches: "a*\"", Strategy: hooks.RegexBranches, SkipVerification: true,
			Headers: []hooks.KeyValue{{Key: "X-Ü", Value: "ü\"x\""}}, Variables: []hooks.KeyValue{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}}}
		s.Fine("PutHook", s.putHook(h))
		got, p, err := s.Deliveries.Hook(s.Context(), 40)
		s.Fine("Hook", err)
		s.Same("hook", got, h)
		s.Same("project", p, source.Project{
			ID: 22, Path: "a/b/p", Visibility: source.Internal, DefaultBranch: "trunk", Storage: "second", LegacyPath: "old/p",
			Protections: []source.Protection{{Kind: source.Tag, Pattern: "v*"}, {Kind: source.Branch, Pattern: "trunk"}},
		})
		h.URL, h.Token, h.Headers, h.Variables = "", "", nil, nil
		s.Same("of the project, without secrets", s.hooksOf(22)[3], h)
	}},
	{Name: "hook put again: updated, its health stays", Check: func(s Subject) {
		s.Apply(hookTree)
		health := hooks.Health{Failures: 3, PausedUntil: kept, Status: 503, LastAt: now}
		s.setHealth(33, 0, health)
		s.Fine("by URL", s.putHook(hooks.Hook{URL: "https://ci.example.com/p", Push: true}))
		s.Same("hook", s.hook(33), hooks.Hook{ID: 33, URL: "https://ci.example.com/p", Push: true, Health: health})
		s.Fine("by number", s.putHook(hooks.Hook{ID: 33, URL: "https://ci.example.com/P?q"}))
		s.Fine("back", s.putHook(hooks.Hook{ID: 33, URL: "https://ci.example.com/P"}))
		s.Same("hook", s.hook(33), hooks.Hook{ID: 33, URL: "https://ci.example.com/P", Health: health})
		s.Fine("letter case counts", s.putHook(hooks.Hook{URL: "https://ci.example.com/p"}))
		s.Fine("query counts", s.putHook(hooks.Hook{URL: "https://ci.example.com/P?q"}))
		s.Same("others", len(s.hooksOf(22)), 5)
		s.Fine("another number", s.putHook(hooks.Hook{ID: 50, URL: "https://ci.example.com/P"}))
		s.Fine("of two the first", s.putHook(hooks.Hook{URL: "https://ci.example.com/P", Token: "t"}))
		s.Same("first", s.hook(33).Token, "t")
		s.Same("second", s.hook(50).Token, "")
		s.Same("the same URL in a group", len(s.hooksOf(21)), 1)
	}},
	{Name: "hook of an unknown project or group: not found", Check: func(s Subject) {
		for _, in := range []source.MemberSource{{Project: 404}, {Group: 404}} {
			s.Kind("PutHook", s.Try(func(tx worldimport.Tx) error {
				return tx.Hooks.Put(s.Context(), in, hooks.Hook{URL: "https://ci.example.com"})
			}), domain.NotFound)
		}
	}},
	{Name: "disabled hook: not listed for pushes, found by number", Check: func(s Subject) {
		s.Apply(hookTree)
		s.setHealth(32, 0, hooks.Health{Failures: 40, Disabled: true, LastAt: now})
		s.setHealth(31, 0, hooks.Health{Failures: 5, PausedUntil: now.Add(time.Hour)}) // a pause ends by itself
		s.Same("a/b/p", s.hookIDs(22), []hooks.HookID{31, 33})
		h, _, err := s.Deliveries.Hook(s.Context(), 32)
		s.Fine("Hook", err)
		s.Same("disabled", h.Health.Disabled, true)
		s.Same("shown", s.List("hooks", "id", "state", "failures", "last_status"), []string{"31 paused 5 -", "32 disabled 40 -", "33 active 0 -"})
	}},
	{Name: "push context: what the hooks of the project want", Check: func(s Subject) {
		s.Apply(hookTree, `
groups: [{id: 14, path: a/b/c}]
projects: [{id: 24, path: a/b/c/p}]
hooks:
  - {id: 41, group: a/b, url: "https://ci.example.com/other"}
  - {id: 42, project: a/p, url: "https://ci.example.com/tags", push_events: false, tag_push_events: true}
  - {id: 43, project: a/p, url: "https://ci.example.com/both", tag_push_events: true, branch_filter: "x\"*", branch_filter_strategy: regex}`)
		branches, tags := hooks.Hook{Push: true, Strategy: hooks.WildcardBranches}, hooks.Hook{TagPush: true, Strategy: hooks.WildcardBranches}
		releases := hooks.Hook{TagPush: true, Branches: "release/*", Strategy: hooks.WildcardBranches}
		both := hooks.Hook{Push: true, TagPush: true, Branches: `x"*`, Strategy: hooks.RegexBranches}
		wanted := func(repository string) []hooks.Hook {
			got := s.pushContext("nobody", repository, now).Hooks
			slices.SortFunc(got, func(a, b hooks.Hook) int { return cmp.Compare(jsonText(a), jsonText(b)) })
			return got
		}
		want := func(repository string, all ...hooks.Hook) {
			slices.SortFunc(all, func(a, b hooks.Hook) int { return cmp.Compare(jsonText(a), jsonText(b)) })
			s.Same(repository, wanted(repository), all)
		}
		want("project-21", branches, tags, both)
		want("project-22", branches, releases)
		want("project-24", branches)
		want("project-23")
		want("project-404")
		want("snippet-22")
		want("wiki-22", branches, releases)
		s.setHealth(33, 0, hooks.Health{Failures: 40, Disabled: true})
		s.setHealth(32, 0, hooks.Health{Failures: 5, PausedUntil: now.Add(time.Hour)})
		want("project-22", branches)
		none, err := s.PushContexts.PushContext(s.Context(), identity.Claim{}, source.RepositoryID{ID: 22}, false, now)
		s.Fine("PushContext", err)
		s.Same("not asked for", none.Hooks, []hooks.Hook(nil))
	}},
	{Name: "slow hook: shown", Check: func(s Subject) {
		s.Apply(hookTree)
		s.setHealth(32, 0, hooks.Health{Failures: 3, Status: 200, LastAt: now})
		s.Same("hooks", s.List("hooks", "id", "state"), []string{"31 active", "32 slow", "33 active"})
	}},
	{Name: "hook of a group: first project below", Check: func(s Subject) {
		s.Apply(hookTree, "groups: [{id: 14, path: ab/empty}]\nhooks: [{id: 34, group: ab/empty, url: 'http://x'}]")
		for id, want := range map[hooks.HookID]source.ProjectID{31: 21, 32: 22, 33: 22, 34: 0} {
			_, p, err := s.Deliveries.Hook(s.Context(), id)
			s.Fine("Hook", err)
			s.Same(fmt.Sprint("project of ", id), p.ID, want)
		}
		_, _, err := s.Deliveries.Hook(s.Context(), 404)
		s.Kind("Hook", err, domain.NotFound)
	}},
	{Name: "recorded push: read back", Check: func(s Subject) {
		id := s.recordPush(pushes.Push{Repository: "Project-7 ", Identifier: "key-ü", Changes: "a b c\n", Options: []string{"a", ""}, ReceivedAt: precise})
		got, err := s.Pushes.ReceivedPush(s.Context(), id)
		s.Fine("ReceivedPush", err)
		s.Same("push", got, postreceive.ReceivedPush{Repository: "Project-7 ", Identifier: "key-ü", Changes: "a b c\n", Options: []string{"a", ""}, ReceivedAt: kept})
		s.UTC(got.ReceivedAt)
		for _, other := range []int64{0, -1, id + 1} {
			_, err := s.Pushes.ReceivedPush(s.Context(), other)
			s.Kind("another", err, domain.NotFound)
		}
	}},
	{Name: "project update of a push: stored once", Check: func(s Subject) {
		s.Apply(hookTree)
		first, second := s.recordPush(pushOf("project-21")), s.recordPush(pushOf("project-21"))
		empty := true
		s.complete(first, postreceive.ProjectUpdate{Project: 21, ActiveAt: precise, DefaultBranch: "ü", Empty: &empty, Deliveries: []hooks.Delivery{{Hook: hooks.Hook{ID: 31}}}})
		project := func() string { return s.List("projects", "default_branch", "empty", "last_activity_at")[0] }
		s.Same("project", project(), "ü true "+kept.Format(time.RFC3339Nano))
		full := false
		s.complete(first, postreceive.ProjectUpdate{Project: 21, ActiveAt: kept.Add(time.Hour), DefaultBranch: "x", Empty: &full, Deliveries: []hooks.Delivery{{Hook: hooks.Hook{ID: 31}}}})
		s.Same("project, completed again", project(), "ü true "+kept.Format(time.RFC3339Nano))
		s.Same("deliveries", len(s.jobSubjects("deliver_webhook")), 1)
		for id, want := range map[int64]bool{first: true, second: false} {
			push, err := s.Pushes.ReceivedPush(s.Context(), id)
			s.Fine("ReceivedPush", err)
			s.Same("processed", push.Processed, want)
		}
		s.complete(second, postreceive.ProjectUpdate{Project: 21, ActiveAt: kept.Add(-time.Hour)})
		s.Same("project, by an older push", project(), "ü true "+kept.Format(time.RFC3339Nano))
		s.Apply("projects: [{id: 21, path: a/p}]")
		s.Same("project, applied again", project(), "ü true "+kept.Format(time.RFC3339Nano))
	}},
	{Name: "project update: deleted project and hooks skipped", Check: func(s Subject) {
		s.Apply(hookTree)
		s.complete(404, postreceive.ProjectUpdate{Project: 21, ActiveAt: now, Deliveries: []hooks.Delivery{{Hook: hooks.Hook{ID: 31}}}})
		s.Same("of no push", s.List("projects", "last_activity_at")[0], "-")
		id := s.recordPush(pushOf("project-404"))
		s.complete(id, postreceive.ProjectUpdate{Project: 404, ActiveAt: now, DefaultBranch: "x", Deliveries: []hooks.Delivery{{Hook: hooks.Hook{ID: 404}}, {Hook: hooks.Hook{ID: 32}}}})
		s.Same("deliveries", len(s.jobSubjects("deliver_webhook")), 1)
		none := s.recordPush(pushOf("nonsense"))
		s.complete(none, postreceive.ProjectUpdate{})
		push, err := s.Pushes.ReceivedPush(s.Context(), none)
		s.Fine("ReceivedPush", err)
		s.Same("processed", push.Processed, true)
	}},
	{Name: "delivery: read back with its hook until it succeeds", Check: func(s Subject) {
		s.Apply(hookTree)
		push := s.recordPush(pushOf("project-22"))
		s.complete(push, postreceive.ProjectUpdate{Project: 22, ActiveAt: now, Deliveries: []hooks.Delivery{
			{Hook: hooks.Hook{ID: 32}, Event: fullEvent, EventID: "e", Key: "k1"}, {Hook: hooks.Hook{ID: 31}, EventID: "e", Key: "k2"},
		}})
		ids := s.jobSubjects("deliver_webhook")
		s.Same("jobs", len(ids), 2)
		for i, want := range []hooks.Delivery{{Event: fullEvent, EventID: "e", Key: "k1"}, {EventID: "e", Key: "k2"}} {
			got, err := s.Deliveries.Delivery(s.Context(), ids[i])
			s.Fine("Delivery", err)
			hook, _, err := s.Deliveries.Hook(s.Context(), hooks.HookID(32-i))
			s.Fine("Hook", err)
			s.Same("hook", got.Hook, hook)
			got.Hook, got.ID = hooks.Hook{}, 0
			s.Same("delivery", jsonText(got), jsonText(want))
		}
		s.setHealth(32, 0, hooks.Health{Failures: 1, Status: 500, LastAt: now})
		got, err := s.Deliveries.Delivery(s.Context(), ids[0])
		s.Fine("after a failure", err)
		s.Same("health", got.Hook.Health, hooks.Health{Failures: 1, Status: 500, LastAt: now})
		s.setHealth(32, ids[0], hooks.Health{Status: 200, LastAt: now})
		for _, id := range []int64{ids[0], 0, 404} {
			_, err := s.Deliveries.Delivery(s.Context(), id)
			s.Kind("Delivery", err, domain.NotFound)
		}
		_, err = s.Deliveries.Delivery(s.Context(), ids[1])
		s.Fine("the other one", err)
	}},
	{Name: "concurrent attempts at a hook: all counted", Check: func(s Subject) {
		s.Apply(hookTree)
		subject.Concurrently(func(int) {
			for range subject.Rounds {
				s.Fine("RecordAttempt", s.Deliveries.RecordAttempt(s.Context(), 31, webhooks.Attempt{PerHook: 1}, func(h hooks.Health) (hooks.Health, []audit.Event) {
					h.Failures++
					return h, nil
				}))
			}
		})
		h, _, err := s.Deliveries.Hook(s.Context(), 31)
		s.Fine("Hook", err)
		s.Same("failures", h.Health.Failures, subject.Goroutines*subject.Rounds)
		s.Kind("no hook", s.Deliveries.RecordAttempt(s.Context(), 404, webhooks.Attempt{}, disable), domain.NotFound)
	}},
	{Name: "events of an attempt: kept, with whose hook it is", Check: func(s Subject) {
		s.Apply(hookTree)
		disabled := audit.Event{At: now, Action: "hook.update", Verb: audit.Update, Outcome: audit.Done, Target: audit.Object{Kind: "hook", Path: "shown"}}
		var want []audit.Event
		for _, c := range []struct {
			id    hooks.HookID
			owner audit.Object
		}{
			{32, audit.Object{Kind: audit.Group, ID: 12, Path: "a/b"}}, {33, audit.Object{Kind: audit.Project, ID: 22, Path: "a/b/p"}},
		} {
			event := disabled
			event.Target.ID = int64(c.id)
			s.Fine("RecordAttempt", s.Deliveries.RecordAttempt(s.Context(), c.id, webhooks.Attempt{}, func(h hooks.Health) (hooks.Health, []audit.Event) {
				return h, []audit.Event{event}
			}))
			event.Entity = c.owner
			want = append(want, event)
		}
		s.events(want...)
	}},
	{Name: "push completed concurrently: one delivery", Check: func(s Subject) {
		s.Apply(hookTree)
		push := s.recordPush(pushOf("project-21"))
		subject.Concurrently(func(int) {
			s.complete(push, postreceive.ProjectUpdate{Project: 21, ActiveAt: now, Deliveries: []hooks.Delivery{{Hook: hooks.Hook{ID: 31}}}})
		})
		s.Same("deliveries", len(s.jobSubjects("deliver_webhook")), 1)
	}},
	{Name: "hook URL: secrets masked", Check: func(s Subject) {
		s.Apply(hookTree)
		s.Fine("PutHook", s.putHook(hooks.Hook{URL: "https://user:verysecret@ci.example.com/x/y?token=verysecret", Token: "verysecret"}))
		s.Same("hooks", slices.Contains(s.List("hooks", "url"), "https://***@ci.example.com/x/y?***"), true)
	}},
}

// hookCalls returns the calls of the ports about hooks, in the worlds usersAndKeys
// and fullWorld.
func (s Subject) hookCalls() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"ReceivedPush": func(ctx context.Context) error { _, err := s.Pushes.ReceivedPush(ctx, 1); return err },
		"Hooks":        func(ctx context.Context) error { _, err := s.Pushes.Hooks(ctx, 60); return err },
		"Complete": func(ctx context.Context) error {
			return s.Pushes.Complete(ctx, 1, postreceive.ProjectUpdate{Project: 60, ActiveAt: now}, now)
		},
		"Release": func(ctx context.Context) error { return s.Deliveries.Release(ctx, 1) },
		"Hook":    func(ctx context.Context) error { _, _, err := s.Deliveries.Hook(ctx, 1); return err },
		"RecordAttempt": func(ctx context.Context) error {
			return s.Deliveries.RecordAttempt(ctx, 1, webhooks.Attempt{}, disable)
		},
	}
}
