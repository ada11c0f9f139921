// Package contract tests the promises of the ports on every store: a case for each
// sentence of a port's comment, and for each known difference between databases.
// Each store's package runs it. A new case is a new entry of a list.
package contract

import (
	"slices"
	"testing"
	"time"

	"gatehouse/application/pushes"
	"gatehouse/bootstrap"
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
	{"push context", pushContextCases},
	{"notices", noticeCases},
	{"jobs", jobCases},
	{"hooks", hookCases},
	{"order", orderCases},
	{"transactions", transactionCases},
	{"scratch", scratchCases},
	{"current", currentCases},
	{"users", userCases},
	{"internal accounts", internalCases},
	{"groups", groupCases},
	{"managed groups", managedGroupCases},
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
