// Package contract is what every store has to keep: one case for each sentence
// that a port's comment promises, and for each place where stores are known to
// differ. A new store is a new row of rows_test.go; a new case is one more entry
// of the list it belongs to.
package contract

import (
	"context"
	"testing"
	"time"

	"gatehouse/bootstrap"
)

// Factory opens a fresh and empty store for one case. The store is closed when
// the case has ended.
type Factory func(t testing.TB) bootstrap.Ports

// Feature is a promise that a store may be unable to keep.
type Feature string

// The features that a row may lack.
const (
	// Bytes: texts of a push and names of counters may hold any bytes.
	Bytes Feature = "bytes"
)

// Case is one promise. It gets a store of its own.
type Case struct {
	Name string
	// Needs is what the case is skipped without; empty for most.
	Needs Feature
	Check func(s Subject)
}

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
	{"bracket", bracketCases},
	{"jobs", jobCases},
	{"hooks", hookCases},
	{"units", unitCases},
	{"users", userCases},
	{"groups", groupCases},
	{"projects", projectCases},
	{"plots", plotCases},
	{"keys", keyCases},
	{"credentials", credentialCases},
	{"holders", holderCases},
	{"tokens", tokenCases},
	{"audit", auditCases},
	{"keeper", keeperCases},
	{"inventory", inventoryCases},
	{"concurrency", concurrencyCases},
	{"cancelled", cancelledCases},
	{"decisions", decisionCases},
	{"offices", officeCases},
	{"offices_lfs", lfsCases},
	{"agents", agentCases},
	{"kas", kasCases},
	{"portal", portalCases},
}

// Run holds the stores that open makes to all cases. What the store lacks is
// skipped, and the output says so.
func Run(t *testing.T, open Factory, lacks ...Feature) {
	for _, suite := range suites {
		t.Run(suite.name, func(t *testing.T) {
			t.Parallel()
			for _, c := range suite.cases {
				t.Run(c.Name, func(t *testing.T) {
					t.Parallel()
					for _, feature := range lacks {
						if c.Needs == feature {
							t.Skipf("the store lacks %s", feature)
						}
					}
					c.Check(Subject{t, fresh(t, open)})
				})
			}
		})
	}
}

// fresh opens a store and closes it after the test.
func fresh(t testing.TB, open Factory) bootstrap.Ports {
	ports := open(t)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := ports.Keeper.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return ports
}
