// Package contract is what every store has to keep: one case for each sentence
// that a port's comment promises, and for each place where stores are known to
// differ. Each store's package runs it from beside the store; a new case is one
// more entry of the list it belongs to.
package contract

import (
	"slices"
	"testing"

	"gatehouse/bootstrap"
	"gatehouse/tests/stores"
	"gatehouse/tests/subject"
	"gatehouse/tests/world"
)

// Case is one promise. It gets a store of its own.
type Case struct {
	Name  string
	Check func(s Subject)
}

// Subject is the store that a case is about.
type Subject struct{ subject.Subject }

func on(t *testing.T, ports bootstrap.Ports) Subject {
	return Subject{subject.Subject{T: t, Ports: ports}}
}

// now is when cases ask, unless they are about time.
var now = world.Now

// suites are all cases, by the port they are about.
var suites = []struct {
	name  string
	cases []Case
}{
	{"paths", pathCases},
	{"facts", factCases},
	{"roles", roleCases},
	{"deploy_keys", deployKeyCases},
	{"protections", protectionCases},
	{"people", peopleCases},
	{"counters", counterCases},
	{"push context", pushContextCases},
	{"jobs", jobCases},
	{"hooks", hookCases},
	{"units", unitCases},
	{"users", userCases},
	{"groups", groupCases},
	{"projects", projectCases},
	{"destinations", destinationCases},
	{"keys", keyCases},
	{"credentials", credentialCases},
	{"holders", holderCases},
	{"tokens", tokenCases},
	{"audit", auditCases},
	{"keeper", keeperCases},
	{"inventory", inventoryCases},
	{"concurrency", concurrencyCases},
	{"cancelled", cancelledCases},
	{"agents", agentCases},
	{"billing", billingCases},
}

// Run holds the stores that open makes to all cases.
func Run(t *testing.T, open stores.Factory) {
	for _, suite := range suites {
		run(t, suite.name, suite.cases, open)
	}
}

// RunSuites holds the stores that open makes to the cases of some ports: those
// that an adapter of a few ports is about.
func RunSuites(t *testing.T, open stores.Factory, names ...string) {
	for _, suite := range suites {
		if i := slices.Index(names, suite.name); i >= 0 {
			names = slices.Delete(names, i, i+1)
			run(t, suite.name, suite.cases, open)
		}
	}
	if len(names) > 0 {
		t.Errorf("there are no suites %q", names)
	}
}

func run(t *testing.T, name string, cases []Case, open stores.Factory) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		for _, c := range cases {
			t.Run(c.Name, func(t *testing.T) {
				t.Parallel()
				c.Check(on(t, stores.Fresh(t, open)))
			})
		}
	})
}
