// Package projectcases tests the promises of the ports that change projects and what
// belongs to them on every store, as package contract does for the others.
package projectcases

import (
	"testing"

	"gatehouse/tests/contract"
	"gatehouse/tests/stores"
	"gatehouse/tests/world"
)

// Run runs all cases on the stores that open makes.
func Run(t *testing.T, open stores.Factory) {
	contract.RunCases(t, "project changes", changeCases, open)
	contract.RunCases(t, "hook changes", hookCases, open)
	contract.RunCases(t, "agent changes", agentCases, open)
	contract.RunCases(t, "protections of projects", protectionCases, open)
	contract.RunCases(t, "settings of the instance", settingCases, open)
	contract.RunCases(t, "deploy keys of projects", deployKeyCases, open)
}

// now is the time of all cases.
var now = world.Now
