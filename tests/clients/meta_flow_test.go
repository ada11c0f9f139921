package clients_test

import (
	"maps"
	"slices"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// metaFlow asks the instance what it is, with and without a token that counts.
func metaFlow(i instance) {
	version := read[*gitlab.Version](i, "version")(i.admin.Version.GetVersion())
	metadata := read[*gitlab.Metadata](i, "metadata")(i.admin.Metadata.GetMetadata())
	same(i, "version", version.Version, metadata.Version)
	same(i, "revision", version.Revision, metadata.Revision)
	same(i, "enterprise", metadata.Enterprise, false)
	if parts := strings.Split(metadata.Version, "."); len(parts) != 3 || parts[0] != "16" {
		i.Errorf("version: got %q, want three parts", metadata.Version)
	}
	me := read[*gitlab.User](i, "current user")(i.admin.Users.CurrentUser())
	same(i, "username", me.Username, "root")
	same(i, "is_admin", me.IsAdmin, true)
	same(i, "email", me.Email, "root@example.com")
	queues := read[*gitlab.QueueMetrics](i, "queues")(i.admin.Sidekiq.GetQueueMetrics())
	sameList(i, "names of queues", slices.Sorted(maps.Keys(queues.Queues)), "default", "webhooks")
	processes := read[*gitlab.ProcessMetrics](i, "processes")(i.admin.Sidekiq.GetProcessMetrics())
	same(i, "processes", len(processes.Processes), 0)
	jobs := read[*gitlab.JobStats](i, "jobs")(i.admin.Sidekiq.GetJobStats())
	all := read[*gitlab.CompoundMetrics](i, "all metrics")(i.admin.Sidekiq.GetCompoundMetrics())
	same(i, "jobs of all metrics", all.Jobs, jobs.Jobs)

	nobody := i.client("glpat-token-that-is-not-there")
	refused(i, "version with an unknown token", 401, "401 Unauthorized")(nobody.Version.GetVersion())
	refused(i, "metadata with an unknown token", 401, "401 Unauthorized")(nobody.Metadata.GetMetadata())
	refused(i, "current user with an unknown token", 401, "401 Unauthorized")(nobody.Users.CurrentUser())
}
