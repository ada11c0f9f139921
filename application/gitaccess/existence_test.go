package gitaccess_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/application/gitaccess"
	"gatehouse/domain"
	"gatehouse/domain/source"
)

func TestGatekeeper_Allow_existence(t *testing.T) {
	t.Parallel()
	for answer, want := range map[source.Answer]domain.Kind{source.Yes: "", source.No: domain.NotFound, source.Unknown: ""} {
		w := newPorts()
		w.connected, w.answers = true, map[source.Question]source.Answer{{About: source.Existence}: answer}
		_, err := w.gatekeeper().Allow(t.Context(), fetch())
		if want == "" && err != nil || want != "" && !errors.Is(err, want) {
			t.Errorf("answer %v: got %v, want %q", answer, err, want)
		}
	}
}

// TestGatekeeper_Allow_gitalyFails has Gitaly fail in every way. A command whose
// changes are not known yet goes on, also a push to a wiki; the changes of a push
// are refused.
func TestGatekeeper_Allow_gitalyFails(t *testing.T) {
	t.Parallel()
	failures := []error{errors.New("connection refused")}
	for _, kind := range domain.Kinds {
		failures = append(failures, fmt.Errorf("gitaly: %w", kind))
	}
	push := fetch()
	push.Command = source.ReceivePack
	for _, failure := range failures {
		for name, c := range map[string]struct {
			req  gitaccess.Request
			wiki bool
			want error
		}{
			"a fetch": {fetch(), false, nil}, "a push": {push, false, nil},
			"a fetch of a wiki": {fetch(), true, nil}, "a push to a wiki": {push, true, nil},
			"changes": {update(), false, domain.Unavailable},
		} {
			w := newPorts()
			w.connected, w.answersErr, w.createErr = true, failure, failure
			if c.wiki {
				w.standing.Repository.Kind, w.standing.Project.Wiki = source.Wiki, source.FeatureEnabled
			}
			grant, err := w.gatekeeper().Allow(t.Context(), c.req)
			refusal, _ := errors.AsType[*domain.Refusal](err)
			if (err == nil) != (c.want == nil) || err != nil && (refusal == nil || refusal.Kind != c.want) {
				t.Errorf("%s, %v: got %v, want %v", name, failure, err, c.want)
			}
			if told := cmp.Or(grant.Warning, err); !errors.Is(told, failure) {
				t.Errorf("%s: the log is told %v, want %v", name, told, failure)
			}
		}
	}
}

func TestGatekeeper_Allow_gitalyIsBack(t *testing.T) {
	t.Parallel()
	w := newPorts()
	w.connected, w.answersErr = true, domain.Unavailable
	if _, err := w.gatekeeper().Allow(t.Context(), fetch()); err != nil {
		t.Error(err)
	}
	w.answersErr, w.answers = nil, map[source.Question]source.Answer{{About: source.Existence}: source.No}
	if _, err := w.gatekeeper().Allow(t.Context(), fetch()); !errors.Is(err, domain.NotFound) {
		t.Errorf("got %v", err)
	}
}

func TestExplainer_Explain_existenceUnanswered(t *testing.T) {
	t.Parallel()
	w := newPorts()
	w.connected = true
	got, err := w.explainer().Explain(t.Context(), fetch())
	i := slices.IndexFunc(got.Findings, func(f source.Finding) bool { return f.Rule == "repository" })
	if err != nil || got.Refusal != nil || got.Findings[i].Outcome != source.Unanswered || got.Findings[i].Message == "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestGatekeeper_Allow_retriesRepository asks for a repository that does not exist yet.
func TestGatekeeper_Allow_retriesRepository(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*fakePorts)
		want   int
	}{
		"code":         {func(*fakePorts) {}, 1},
		"a dead store": {func(w *fakePorts) { w.createErr = errors.New("disk full") }, 1},
		"a wiki": {func(w *fakePorts) {
			w.standing.Repository.Kind, w.standing.Project.Wiki = source.Wiki, source.FeatureEnabled
		}, 0},
		"a stranger": {func(w *fakePorts) { w.standing.Role = source.NoRole }, 0},
	} {
		w := newPorts()
		w.connected, w.answers = true, map[source.Question]source.Answer{{About: source.Existence}: source.No}
		c.change(w)
		if _, err := w.gatekeeper().Allow(t.Context(), fetch()); !errors.Is(err, domain.NotFound) || !errors.Is(err, w.createErr) && w.createErr != nil {
			t.Errorf("%s: got %v", name, err)
		}
		if len(w.retried) != c.want {
			t.Errorf("%s: retried %v, want %d", name, w.retried, c.want)
		}
	}
}

// hangingRepositories is a Gitaly that never answers.
type hangingRepositories struct{ *fakePorts }

func (hangingRepositories) Answers(ctx context.Context, _ gitaccess.Location, _ []source.Question) (map[source.Question]source.Answer, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestGatekeeper_Allow_hangingGitaly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		req  gitaccess.Request
		took time.Duration
		want error
	}{
		"a fetch": {fetch(), 3 * time.Second, nil},
		"a push":  {update(), gitaccess.Timeout, domain.Unavailable},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newPorts()
			rules := gitaccess.Rules{
				Settings: source.Settings{Protocols: source.AllProtocols, Connected: true},
				Storages: map[string]gitaccess.Storage{"default": {Name: "default"}},
			}
			began := time.Now()
			_, err := gitaccess.New(w, hangingRepositories{w}, w, w, w, w, &w.decisions, rules, time.Now).Allow(t.Context(), c.req)
			if !errors.Is(err, c.want) {
				t.Errorf("%s: got %v", name, err)
			}
			if took := time.Since(began); took != c.took {
				t.Errorf("%s: took %v, want %v", name, took, c.took)
			}
		})
	}
}
