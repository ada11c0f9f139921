//lint:file-ignore SA1019 what is deprecated is what the clients in the field still use

package clients_test

import (
	"fmt"
	"maps"
	"net/http"
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

// settingsFlow changes the settings of the instance, and how default branches are protected by
// them.
func settingsFlow(i instance) {
	p := newPeople(i)
	i.data.Apply(i.T, "projects: [{path: acme/first, default_branch: main, empty: true, protected_branches: []}]")
	set := read[*gitlab.Settings](i, "get")(i.admin.Settings.GetSettings())
	same(i, "configured", set.DefaultBranchProtection, 2)
	i.pushesRef("by configuration", actor(p.dev), "acme/first", "refs/heads/main", false)
	for level, want := range map[int64]bool{0: true, 3: false, 4: true} {
		set = read[*gitlab.Settings](i, "update")(i.admin.Settings.UpdateSettings(&gitlab.UpdateSettingsOptions{DefaultBranchProtection: &level, DefaultProjectsLimit: gitlab.Ptr(int64(42))}))
		same(i, "level", set.DefaultBranchProtection, level)
		same(i, "remembered", set.DefaultProjectsLimit, 42)
		wantEqual(i, "read", read[*gitlab.Settings](i, "get")(i.admin.Settings.GetSettings()), set)
		i.pushesRef(fmt.Sprint("level ", level), actor(p.dev), "acme/first", "refs/heads/main", want)
		group := read[*gitlab.Group](i, "group")(i.admin.Groups.GetGroup("acme", nil))
		same(i, "level of a group without one", group.DefaultBranchProtection, level)
	}
	request, err := i.admin.NewRequest(http.MethodPut, "application/settings", map[string]any{"default_branch_protection": nil, "default_projects_limit": nil}, nil)
	if err != nil {
		i.Fatal(err)
	}
	var back gitlab.Settings
	if _, err := i.admin.Do(request, &back); err != nil || back.DefaultBranchProtection != 2 || back.DefaultProjectsLimit != 100_000 {
		i.Errorf("back to the configuration: got %d, %d, %v", back.DefaultBranchProtection, back.DefaultProjectsLimit, err)
	}
	i.pushesRef("by configuration again", actor(p.dev), "acme/first", "refs/heads/main", false)
	refused(i, "configured", 422, "signup_enabled is set by configuration")(i.admin.Settings.UpdateSettings(&gitlab.UpdateSettingsOptions{SignupEnabled: gitlab.Ptr(true)}))
	refused(i, "no level", 400, "default_branch_protection does not have a valid value")(i.admin.Settings.UpdateSettings(&gitlab.UpdateSettingsOptions{DefaultBranchProtection: gitlab.Ptr(int64(5))}))
	refused(i, "by a developer", 403)(p.devs.Settings.UpdateSettings(&gitlab.UpdateSettingsOptions{DefaultProjectsLimit: gitlab.Ptr(int64(1))}))
}
