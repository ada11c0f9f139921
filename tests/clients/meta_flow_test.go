package clients_test

import (
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

	nobody := i.client("glpat-token-that-is-not-there")
	refused(i, "version with an unknown token", 401, "401 Unauthorized")(nobody.Version.GetVersion())
	refused(i, "metadata with an unknown token", 401, "401 Unauthorized")(nobody.Metadata.GetMetadata())
	refused(i, "current user with an unknown token", 401, "401 Unauthorized")(nobody.Users.CurrentUser())
}
