package gitaccess_test

import (
	"context"
	"errors"
	"strings"
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

func TestGatekeeper_Allow_existenceUnseen(t *testing.T) {
	t.Parallel()
	w := newPorts()
	w.connected = true
	_, err := w.gatekeeper().Allow(t.Context(), fetch())
	if !errors.Is(err, domain.Unavailable) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v", err)
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
		"a fetch": {fetch(), 5 * time.Second, domain.Unavailable},
		"a push":  {update(), gitaccess.Timeout, domain.Unavailable},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newPorts()
			rules := gitaccess.Rules{
				Settings: source.Settings{Protocols: source.AllProtocols, Connected: true},
				Storages: map[string]gitaccess.Storage{"default": {Name: "default"}},
			}
			began := time.Now()
			_, err := gitaccess.New(w, hangingRepositories{w}, w, w, w, w, rules, time.Now).Allow(t.Context(), c.req)
			if !errors.Is(err, c.want) {
				t.Errorf("%s: got %v", name, err)
			}
			if took := time.Since(began); took != c.took {
				t.Errorf("%s: took %v, want %v", name, took, c.took)
			}
		})
	}
}
