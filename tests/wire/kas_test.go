package wire_test

import (
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"gatehouse/adapters/httpapi/kas"
	"gatehouse/adapters/memory"
	"gatehouse/application"
	"gatehouse/application/clusters"
	"gatehouse/application/findings"
)

// mountKas adds the routes of kas, which has the same secret as GitLab Shell
// here. The uuids are those of GitLab in production.
func mountKas(store *memory.Store, r gin.IRouter, clock application.Clock) {
	storages := map[string]clusters.Storage{
		"default": {Name: "default", Address: "unix:/Users/bvl/repos/gitlab/gitaly.socket"},
	}
	station := clusters.New(store, store, store, clusters.Rules{Storages: storages, Gitops: true}, clock)
	rules := findings.Rules{Space: uuid.MustParse("58dc0f06-936c-43b3-93bb-71693f1b6570"), Dashboard: true}
	auth := kas.NewAuthenticator(func() []byte { return []byte(secret) }, 0, false, clock)
	kas.New(auth, station, findings.New(store, store, rules, clock)).Mount(r)
}
