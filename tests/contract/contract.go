// Package contract tests the promises of the ports on every store: a case for each
// sentence of a port's comment, and for each known difference between databases.
// Each store's package runs it. A new case is a new entry of a list.
package contract

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/application/inventory"
	"gatehouse/application/pushes"
	"gatehouse/bootstrap"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/stores"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
)

// Case is a test case. It gets a store of its own.
type Case struct {
	Name  string
	Check func(s Subject)
}

// Subject is the store under test.
type Subject struct{ subject.Subject }

func newSubject(t *testing.T, ports bootstrap.Ports) Subject {
	return Subject{subject.Subject{T: t, Ports: ports}}
}

// now is the time in cases that are not about time.
var now = world.Now

// suites are all cases by subject.
var suites = []struct {
	name  string
	cases []Case
}{
	{"paths", pathCases},
	{"standing", standingCases},
	{"roles", roleCases},
	{"role sources", roleSourceCases},
	{"rights", rightCases},
	{"members", memberCases},
	{"management standings", managementStandingCases},
	{"deploy_keys", deployKeyCases},
	{"protections", protectionCases},
	{"actors", actorCases},
	{"counters", counterCases},
	{"counted pushes", countedPushCases},
	{"push context", pushContextCases},
	{"notices", noticeCases},
	{"jobs", jobCases},
	{"hooks", hookCases},
	{"order", orderCases},
	{"transactions", transactionCases},
	{"scratch", scratchCases},
	{"current", currentCases},
	{"contents", contentsCases},
	{"users", userCases},
	{"internal accounts", internalCases},
	{"groups", groupCases},
	{"managed groups", managedGroupCases},
	{"projects of groups", groupProjectCases},
	{"transactions on groups", groupTxCases},
	{"group records", groupRecordCases},
	{"projects", projectCases},
	{"project views", projectViewCases},
	{"destinations", destinationCases},
	{"repository jobs", repositoryJobCases},
	{"keys", keyCases},
	{"credentials", credentialCases},
	{"accounts", accountCases},
	{"access_tokens", tokenCases},
	{"audit", auditCases},
	{"audit_events", auditEventCases},
	{"retention", retentionCases},
	{"set_once", setOnceCases},
	{"inventory", inventoryCases},
	{"concurrency", concurrencyCases},
	{"cancelled", cancelledCases},
	{"agents", agentCases},
	{"billing", billingCases},
}

// Run runs all cases on the stores that open makes.
func Run(t *testing.T, open stores.Factory) {
	for _, suite := range suites {
		run(t, suite.name, suite.cases, open)
	}
}

// RunSuites runs some suites on the stores that open makes, for an adapter that
// implements a few ports.
func RunSuites(t *testing.T, open stores.Factory, names ...string) {
	for _, suite := range suites {
		if i := slices.Index(names, suite.name); i >= 0 {
			names = slices.Delete(names, i, i+1)
			run(t, suite.name, suite.cases, open)
		}
	}
	if len(names) > 0 {
		t.Errorf("unknown suites %q", names)
	}
}

// RunCases runs the cases of another package under a name, on the stores that open makes.
func RunCases(t *testing.T, name string, cases []Case, open stores.Factory) {
	run(t, name, cases, open)
}

func run(t *testing.T, name string, cases []Case, open stores.Factory) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		for _, c := range cases {
			t.Run(c.Name, func(t *testing.T) {
				t.Parallel()
				c.Check(newSubject(t, stores.Fresh(t, open)))
			})
		}
	})
}

func user(name string) string { return "username-" + name }

// projectID returns the number of the project at where, or 0.
func (s Subject) projectID(where string) source.ProjectID {
	s.Helper()
	return s.Standing("nobody", where).Project.ID
}

// pushContext returns the context of a push.
func (s Subject) pushContext(who, repository string, now time.Time) pushes.PushContext {
	s.Helper()
	id, ok := source.ParseRepositoryID(repository)
	if !ok {
		s.Fatalf("%q is no repository", repository)
	}
	got, err := s.PushContexts.PushContext(s.Context(), subject.Claim(who), id, true, now)
	if err != nil {
		s.Fatalf("PushContext(%s, %s): %v", who, repository, err)
	}
	return got
}

var seeds = flag.Uint64("seeds", 3, "how many walks are taken on each store")

// Walks does the same random steps on memory and on another store, and compares
// all answers after each step. The flag -seeds is the number of walks.
func Walks(t *testing.T, open stores.Factory) {
	for seed := range *seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			walkOn(t, stores.Memory, open, seed, 50)
		})
	}
}

// walkOn does the steps of a seed on two stores.
func walkOn(t *testing.T, ours, theirs stores.Factory, seed uint64, length int) {
	walk := newWalk(seed)
	var steps []step
	for range length {
		steps = append(steps, walk.step())
	}
	failed := firstDifference(t, ours, theirs, steps)
	if failed == nil {
		return
	}
	path := shorten(steps[:failed.at+1], func(steps []step) bool { return firstDifference(t, ours, theirs, steps) != nil })
	failed = firstDifference(t, ours, theirs, path)
	if failed == nil {
		t.Fatalf("seed %d: a difference after %d steps that is not reproducible", seed, len(path))
	}
	t.Errorf("seed %d, after\n%s(-ours +theirs):\n%s", seed, names(path), failed.diff)
}

// step is a change and the reads after it. Its result is text, equal on all
// correct stores.
type step struct {
	name string
	do   func(ctx context.Context, p bootstrap.Ports) string
}

func names(steps []step) string {
	var out strings.Builder
	for i, s := range steps {
		fmt.Fprintf(&out, "  %d. %s\n", i+1, s.name)
	}
	return out.String()
}

// difference is the first step with different results.
type difference struct {
	at   int
	diff string
}

// firstDifference does the steps on two fresh stores up to the first difference.
func firstDifference(t *testing.T, ours, theirs stores.Factory, steps []step) *difference {
	one, other := stores.Fresh(t, ours), stores.Fresh(t, theirs)
	world.Apply(t, one.WorldImport, walkWorld)
	world.Apply(t, other.WorldImport, walkWorld)
	for i, s := range steps {
		want, got := s.do(t.Context(), one), s.do(t.Context(), other)
		if want != got || strings.Contains(want, contradiction) {
			return &difference{i, cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n"))}
		}
	}
	return nil
}

// shorten removes steps that the failure does not need.
func shorten(steps []step, fails func([]step) bool) []step {
	for i := len(steps) - 2; i >= 0; i-- {
		if without := append(append([]step(nil), steps[:i]...), steps[i+1:]...); fails(without) {
			steps = without
		}
	}
	return steps
}

// pick draws one of several values.
func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// snapshot draws inquiries now, and returns a function that reads all lists and
// the answers to these inquiries.
func (w *walk) snapshot() func(ctx context.Context, p bootstrap.Ports) string {
	at, byPath, byNumber, lists := w.now, w.inquiriesByPath(), w.inquiriesByNumber(), w.lists()
	return func(ctx context.Context, p bootstrap.Ports) string {
		var out strings.Builder
		for _, thing := range inventory.Names() {
			records, err := p.Inventory.List(ctx, thing, at)
			fields := inventory.Lists[thing]
			if slices.Contains(generatedIDs, thing) {
				fields = fields[1:]
			}
			if thing == "jobs" { // the time of the next attempt depends on the machine's clock
				fields = []string{"kind", "state", "attempt"}
			}
			fmt.Fprintln(&out, thing, outcome("", err))
			for _, record := range records {
				fmt.Fprintln(&out, " ", subject.Line(record, fields...))
			}
		}
		for _, q := range slices.Concat(byPath, byNumber) {
			standing, err := p.Directory.Standing(ctx, q)
			slices.SortFunc(standing.Project.Protections, func(a, b source.Protection) int {
				return strings.Compare(fmt.Sprint(a.Kind, " ", a.Pattern), fmt.Sprint(b.Kind, " ", b.Pattern))
			})
			fmt.Fprintln(&out, "standing of", q.Claim, "in", q.Target, outcome(jsonText(standing), err))
			fmt.Fprintln(&out, "role sources", checkRoleSources(ctx, p, standing, at))
			fmt.Fprintln(&out, "for the management API", checkManagementRole(ctx, p, standing, at))
		}
		for _, list := range lists {
			fmt.Fprintln(&out, list.name, list.do(ctx, p))
		}
		for _, q := range byNumber[:4] {
			got, err := p.PushContexts.PushContext(ctx, q.Claim, q.Target.Repository, true, at)
			slices.SortFunc(got.Hooks, func(a, b hooks.Hook) int { return strings.Compare(jsonText(a), jsonText(b)) })
			fmt.Fprintln(&out, "push context", outcome(jsonText(got), err))
			actor, err := p.Actors.Actor(ctx, q.Claim)
			fmt.Fprintln(&out, "actor", outcome(jsonText(actor), err))
		}
		for _, print := range fingerprints {
			key, err := p.Actors.KeyByFingerprint(ctx, print)
			fmt.Fprintln(&out, "key", print, outcome(jsonText(key), err))
		}
		return out.String()
	}
}

// inquiriesByPath draws inquiries of users about paths.
func (w *walk) inquiriesByPath() (all []source.Inquiry) {
	for range 6 {
		path := source.Path(w.path() + pick(w.Rand, "", "", ".wiki", ".design"))
		all = append(all, source.Inquiry{Claim: identity.ClaimName(pick(w.Rand, people...)), Target: source.Target{Path: path}, Now: w.now})
	}
	return all
}

// inquiriesByNumber draws inquiries of users and keys about projects, a part of
// all that are possible.
func (w *walk) inquiriesByNumber() (all []source.Inquiry) {
	for range 10 {
		who := pick(w.Rand, identity.Claim{Kind: identity.ByUser, ID: 1 + w.Int64N(4)}, identity.Claim{Kind: identity.ByKey, ID: 31 + w.Int64N(4)})
		where := source.Target{Repository: source.RepositoryID{Kind: source.RepositoryKind(w.IntN(3)), ID: 21 + w.Int64N(4)}}
		all = append(all, source.Inquiry{Claim: who, Target: where, Refs: w.IntN(2) == 0, OTP: w.IntN(2) == 0, Now: w.now})
	}
	return all
}

// jsonText returns a value as JSON, with nil lists as empty ones.
func jsonText(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return strings.ReplaceAll(string(text), "null", "[]")
}

// maskGenerated replaces the numbers that a store generates, 1000 to 1999, by
// #. It uses no regular expression, which would take most of a walk's time.
func maskGenerated(text string) string {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		end := i
		for end < len(text) && (isDigit(text[end]) || isLetter(text[end])) {
			end++
		}
		switch word := text[i:end]; {
		case word == "":
			out = append(out, text[i])
			end++
		case len(word) == 4 && word[0] == '1' && strings.Trim(word, "0123456789") == "":
			out = append(out, '#')
		default:
			out = append(out, word...)
		}
		i = end
	}
	return string(out)
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' }
