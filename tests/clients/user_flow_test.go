package clients_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gatehouse/tests/servertest"
)

// userFlow makes, reads, changes and deletes a user.
func userFlow(i instance) {
	users := i.admin.Users
	options := &gitlab.CreateUserOptions{
		Username: gitlab.Ptr("mia"), Name: gitlab.Ptr("Mia Muster"), Email: gitlab.Ptr("mia@example.com"), ResetPassword: gitlab.Ptr(true), Password: gitlab.Ptr(""),
		SkipConfirmation: gitlab.Ptr(true), CanCreateGroup: gitlab.Ptr(false), ProjectsLimit: gitlab.Ptr(int64(7)), Note: gitlab.Ptr("a note"),
		Bio: gitlab.Ptr("a bio"), Location: gitlab.Ptr("Bern"), Linkedin: gitlab.Ptr("mia-l"), Twitter: gitlab.Ptr("mia-t"), WebsiteURL: gitlab.Ptr("https://mia.example.com"),
		Organization: gitlab.Ptr("Muster AG"), JobTitle: gitlab.Ptr("Baker"), ThemeID: gitlab.Ptr(int64(3)), ColorSchemeID: gitlab.Ptr(2), PrivateProfile: gitlab.Ptr(true),
		ExternUID: gitlab.Ptr("mia-uid"), Provider: gitlab.Ptr("saml"), PublicEmail: gitlab.Ptr("mia@example.com"),
	}
	mia := made[*gitlab.User](i, "create")(users.CreateUser(options))
	recent(i, "created_at", mia.CreatedAt)
	want := &gitlab.User{
		ID: mia.ID, Username: "mia", Name: "Mia Muster", Email: "mia@example.com", State: "active", CanCreateGroup: false, CanCreateProject: true, ProjectsLimit: 7,
		Note: "a note", Bio: "a bio", Location: "Bern", Linkedin: "mia-l", Twitter: "mia-t", WebsiteURL: "https://mia.example.com", Organization: "Muster AG", JobTitle: "Baker",
		ThemeID: 3, ColorSchemeID: 2, PrivateProfile: true, PublicEmail: "mia@example.com", WebURL: "https://git.example.com" + servertest.Root + "/mia",
		Identities: []*gitlab.UserIdentity{{Provider: "saml", ExternUID: "mia-uid"}}, NamespaceID: mia.NamespaceID,
		CreatedAt: mia.CreatedAt, ConfirmedAt: mia.ConfirmedAt, CreatedBy: mia.CreatedBy,
	}
	wantEqual(i, "created user", mia, want)
	if mia.NamespaceID == 0 || mia.ConfirmedAt == nil || mia.CreatedBy == nil || mia.CreatedBy.Username != "root" {
		i.Errorf("namespace_id %d, confirmed_at %v, created_by %v", mia.NamespaceID, mia.ConfirmedAt, mia.CreatedBy)
	}
	wantEqual(i, "read user", read[*gitlab.User](i, "get")(users.GetUser(mia.ID, nil)), want)

	want.Name, want.Note, want.ProjectsLimit, want.CanCreateGroup, want.Bio, want.JobTitle = "Mia M.", "", 0, true, "", "Miller"
	want.CanCreateProject = false
	wantEqual(i, "changed user", read[*gitlab.User](i, "modify")(users.ModifyUser(mia.ID, &gitlab.ModifyUserOptions{
		Name: gitlab.Ptr("Mia M."), Note: gitlab.Ptr(""), ProjectsLimit: gitlab.Ptr(int64(0)), CanCreateGroup: gitlab.Ptr(true), Bio: gitlab.Ptr(""), JobTitle: gitlab.Ptr("Miller"),
	})), want)
	want.Username, want.Email, want.External, want.IsAdmin, want.WebURL = "mm", "mm@example.com", false, true, "https://git.example.com"+servertest.Root+"/mm"
	want.PublicEmail = "" // it was the old address
	renamed := read[*gitlab.User](i, "rename")(users.ModifyUser(mia.ID, &gitlab.ModifyUserOptions{
		Username: gitlab.Ptr("mm"), Email: gitlab.Ptr("mm@example.com"), SkipReconfirmation: gitlab.Ptr(true), Admin: gitlab.Ptr(true), PublicEmail: gitlab.Ptr(""),
	}))
	wantEqual(i, "renamed user", renamed, want)
	wantEqual(i, "renamed user, read", read[*gitlab.User](i, "get")(users.GetUser(mia.ID, nil)), want)
	external := read[*gitlab.User](i, "make external")(users.ModifyUser(mia.ID, &gitlab.ModifyUserOptions{External: gitlab.Ptr(true), Admin: gitlab.Ptr(false)}))
	same(i, "external", external.External, true)
	same(i, "can_create_group of an external user", external.CanCreateGroup, false)

	create := func(username, email string) (*gitlab.User, *gitlab.Response, error) {
		return users.CreateUser(&gitlab.CreateUserOptions{Username: &username, Name: gitlab.Ptr("X"), Email: &email, ResetPassword: gitlab.Ptr(true)})
	}
	refused(i, "taken username", 409, "Username has already been taken")(create("MM", "other@example.com"))
	refused(i, "taken e-mail", 409, "Email has already been taken")(create("other", "MM@example.com"))
	refused(i, "reserved username", 400, "username")(create("admin", "other@example.com"))
	refused(i, "malformed username", 400, "username")(create("no blanks", "other@example.com"))
	refused(i, "without a username", 400, "username is ")(create("", "other@example.com"))
	refused(i, "without a password", 400, "password, reset_password, force_random_password are missing, at least one parameter must be provided")(
		users.CreateUser(&gitlab.CreateUserOptions{Username: gitlab.Ptr("other"), Name: gitlab.Ptr("X"), Email: gitlab.Ptr("other@example.com")}))
	refused(i, "short password", 400, "password")(users.CreateUser(&gitlab.CreateUserOptions{
		Username: gitlab.Ptr("other"), Name: gitlab.Ptr("X"), Email: gitlab.Ptr("other@example.com"), Password: gitlab.Ptr("short"),
	}))
	refused(i, "half an identity", 400, "extern_uid, provider provide all or none of parameters")(users.ModifyUser(mia.ID, &gitlab.ModifyUserOptions{Provider: gitlab.Ptr("saml")}))
	refused(i, "rename to a taken name", 409, "Username has already been taken")(users.ModifyUser(mia.ID, &gitlab.ModifyUserOptions{Username: gitlab.Ptr("Root")}))
	refused(i, "last administrator stays one", 403)(users.ModifyUser(1, &gitlab.ModifyUserOptions{Admin: gitlab.Ptr(false)}))
	absent(i, "modify an absent user")(users.ModifyUser(999, &gitlab.ModifyUserOptions{Name: gitlab.Ptr("X")}))

	done(i, "delete", 204)(users.DeleteUser(mia.ID))
	absent(i, "get a deleted user")(users.GetUser(mia.ID, nil))
	absent(i, "delete a deleted user")(users.DeleteUser(mia.ID))
	refused(i, "delete oneself", 403)(users.DeleteUser(1))
	made[*gitlab.User](i, "create again with the free name")(create("mm", "mm@example.com"))
}

// wantEqual fails the test unless got is want.
func wantEqual[T any](i instance, what string, got, want T) {
	i.Helper()
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b *gitlab.ISOTime) bool {
		return a == nil && b == nil || a != nil && b != nil && a.String() == b.String()
	})); diff != "" {
		i.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// statesWorld has what cannot be made by the API.
const statesWorld = `
users:
  - {id: 10, username: pending, state: blocked_pending_approval, email: pending@example.com}
  - {id: 11, username: hopeless, state: blocked_pending_approval, email: hopeless@example.com}
  - {id: 12, username: factor, email: factor@example.com, two_factor: {totp_secret: JBSWY3DPEHPK3PXP}}
  - {id: 13, username: ldap, state: ldap_blocked, email: ldap@example.com}
groups: [{id: 50, path: acme}]
projects: [{id: 60, path: acme/app, default_branch: main, empty: false}]
`

// stateFlow changes the states of users. What a user may do changes with the next request.
func stateFlow(i instance) {
	i.data.Apply(i.T, statesWorld)
	users := i.admin.Users
	mia, hers := i.newUser("mia")
	made[*gitlab.GroupMember](i, "add member")(i.admin.GroupMembers.AddGroupMember(50, &gitlab.AddGroupMemberOptions{UserID: &mia.ID, AccessLevel: gitlab.Ptr(gitlab.DeveloperPermissions)}))
	state := func(what, want string, works bool) {
		i.Helper()
		same(i, what, read[*gitlab.User](i, what)(users.GetUser(mia.ID, nil)).State, want)
		i.pushes(what, actor(mia), "acme/app", works)
		if _, _, err := hers.Users.CurrentUser(); (err == nil) != works {
			i.Errorf("%s: her token: got error %v, want %t", what, err, works)
		}
	}
	state("at first", "active", true)
	done(i, "block", 201)(users.BlockUser(mia.ID))
	state("blocked", "blocked", false)
	refused(i, "her token", 403, "403 Forbidden - ")(hers.Users.CurrentUser())
	done(i, "block again", 201)(users.BlockUser(mia.ID))
	wantError(i, "deactivate a blocked user", gitlab.ErrUserDeactivatePrevented)(users.DeactivateUser(mia.ID))
	wantError(i, "activate a blocked user", gitlab.ErrUserActivatePrevented)(users.ActivateUser(mia.ID))
	done(i, "unblock", 201)(users.UnblockUser(mia.ID))
	state("unblocked", "active", true)
	done(i, "unblock an active user", 201)(users.UnblockUser(mia.ID))
	done(i, "deactivate", 201)(users.DeactivateUser(mia.ID))
	state("deactivated", "deactivated", false)
	done(i, "deactivate again", 201)(users.DeactivateUser(mia.ID))
	wantError(i, "unblock a deactivated user", gitlab.ErrUserUnblockPrevented)(users.UnblockUser(mia.ID))
	done(i, "activate", 201)(users.ActivateUser(mia.ID))
	state("activated", "active", true)
	done(i, "ban", 201)(users.BanUser(mia.ID))
	state("banned", "banned", false)
	if _, err := users.BanUser(mia.ID); err == nil {
		i.Error("a banned user is banned again")
	}
	done(i, "unban", 201)(users.UnbanUser(mia.ID))
	state("unbanned", "active", true)
	if _, err := users.UnbanUser(mia.ID); err == nil {
		i.Error("a user who is not banned is unbanned")
	}
	refused(i, "block oneself", 403, "The API initiating user cannot be blocked by the API")(users.BlockUser(1))
	wantError(i, "block an absent user", gitlab.ErrNotFound)(users.BlockUser(999))
	wantError(i, "ban an absent user", gitlab.ErrUserNotFound)(users.BanUser(999))

	done(i, "approve", 201)(users.ApproveUser(10))
	same(i, "state of an approved user", read[*gitlab.User](i, "get")(users.GetUser(10, nil)).State, "active")
	if response, err := users.ApproveUser(10); err == nil || response.StatusCode != 409 { // client-go has no error of its own for it
		i.Errorf("approve an active user: got %v, %v", response, err)
	}
	done(i, "reject", 200)(users.RejectUser(11))
	absent(i, "get a rejected user")(users.GetUser(11, nil))
	wantError(i, "reject an active user", gitlab.ErrUserConflict)(users.RejectUser(10))

	done(i, "disable two-factor authentication", 204)(users.DisableTwoFactor(12))
	same(i, "two_factor_enabled", read[*gitlab.User](i, "get")(users.GetUser(12, nil)).TwoFactorEnabled, false)
	wantError(i, "disable two-factor authentication again", gitlab.ErrUserTwoFactorNotEnabled)(users.DisableTwoFactor(12))
	wantError(i, "disable two-factor authentication of an administrator", gitlab.ErrUserDisableTwoFactorPrevented)(users.DisableTwoFactor(1))

	count := read[*gitlab.UserAssociationsCount](i, "associations")(users.GetUserAssociationsCount(mia.ID))
	wantEqual(i, "associations", count, &gitlab.UserAssociationsCount{GroupsCount: 1})
	memberships := read[[]*gitlab.UserMembership](i, "memberships")(users.GetUserMemberships(mia.ID, &gitlab.GetUserMembershipOptions{Type: gitlab.Ptr("Namespace")}))
	wantEqual(i, "memberships", memberships, []*gitlab.UserMembership{{SourceID: 50, SourceName: "acme", SourceType: "Namespace", AccessLevel: gitlab.DeveloperPermissions}})
	none := read[[]*gitlab.UserMembership](i, "memberships")(users.GetUserMemberships(mia.ID, &gitlab.GetUserMembershipOptions{Type: gitlab.Ptr("Project")}))
	same(i, "memberships in projects", len(none), 0)
	refused(i, "memberships of an unknown type", 400, "type does not have a valid value")(users.GetUserMemberships(mia.ID, &gitlab.GetUserMembershipOptions{Type: gitlab.Ptr("Topic")}))

	same(i, "status", read[*gitlab.UserStatus](i, "own status")(hers.Users.CurrentUserStatus()).Message, "")
	set := read[*gitlab.UserStatus](i, "set status")(hers.Users.SetUserStatus(&gitlab.UserStatusOptions{Message: gitlab.Ptr("away"), Availability: gitlab.Ptr(gitlab.Busy), Emoji: gitlab.Ptr("coffee")}))
	got := read[*gitlab.UserStatus](i, "status")(users.GetUserStatus("mia"))
	wantEqual(i, "status as others see it", got, set)
	same(i, "message", got.Message, "away")
	same(i, "addresses", len(read[[]*gitlab.Email](i, "own addresses")(hers.Users.ListEmails())), 0)
	same(i, "addresses", len(read[[]*gitlab.Email](i, "addresses")(users.ListEmailsForUser(mia.ID, nil))), 0)
	same(i, "events", len(read[[]*gitlab.ContributionEvent](i, "events")(users.ListUserContributionEvents(mia.ID, nil))), 0)

	as := read[*gitlab.User](i, "sudo")(users.CurrentUser(gitlab.WithSudo("mia")))
	same(i, "sudo as", as.ID, mia.ID)
	refused(i, "sudo by a user", 403, "Must be admin to use sudo")(hers.Users.CurrentUser(gitlab.WithSudo("root")))
	absent(i, "sudo as an absent user")(users.CurrentUser(gitlab.WithSudo("none")))
}

// emailFlow adds, reads and removes secondary addresses, as a user and as the administrator.
func emailFlow(i instance) {
	users := i.admin.Users
	mia, hers := i.newUser("mia")
	max, _ := i.newUser("max")
	own := made[*gitlab.Email](i, "add own address")(hers.Users.AddEmail(&gitlab.AddEmailOptions{Email: gitlab.Ptr("mia.work@example.com")}))
	wantEqual(i, "own address", own, &gitlab.Email{ID: own.ID, Email: "mia.work@example.com"})
	wantEqual(i, "own address, read", read[*gitlab.Email](i, "get")(hers.Users.GetEmail(own.ID)), own)
	given := made[*gitlab.Email](i, "add address for her")(users.AddEmailForUser(mia.ID, &gitlab.AddEmailOptions{Email: gitlab.Ptr("mia.home@example.com"), SkipConfirmation: gitlab.Ptr(true)}))
	recent(i, "confirmed_at", given.ConfirmedAt)
	other := made[*gitlab.Email](i, "add address for another")(users.AddEmailForUser(max.ID, &gitlab.AddEmailOptions{Email: gitlab.Ptr("max.home@example.com")}))
	wantEqual(i, "own addresses", read[[]*gitlab.Email](i, "list")(hers.Users.ListEmails()), []*gitlab.Email{own, given})
	wantEqual(i, "her addresses, page by page", collect(i, "list", func(p gitlab.PaginationOptionFunc) ([]*gitlab.Email, *gitlab.Response, error) {
		return users.ListEmailsForUser(mia.ID, &gitlab.ListEmailsForUserOptions{ListOptions: gitlab.ListOptions{PerPage: 1}}, p)
	}), []*gitlab.Email{own, given})

	for _, address := range []string{"MIA@example.com", "mia.work@example.com", "MAX.home@example.com", "max@example.com"} {
		refused(i, address, 400, "email", "has already been taken")(hers.Users.AddEmail(&gitlab.AddEmailOptions{Email: &address}))
	}
	refused(i, "malformed address", 400, "email", "is invalid")(hers.Users.AddEmail(&gitlab.AddEmailOptions{Email: gitlab.Ptr("mia")}))
	refused(i, "no address", 400, "email is missing")(hers.Users.AddEmail(&gitlab.AddEmailOptions{}))
	refused(i, "address of another user", 409, "Email has already been taken")(users.ModifyUser(max.ID, &gitlab.ModifyUserOptions{Email: &own.Email}))
	refused(i, "address for another user", 403)(hers.Users.AddEmailForUser(max.ID, &gitlab.AddEmailOptions{Email: gitlab.Ptr("new@example.com")}))
	absent(i, "get the address of another user")(hers.Users.GetEmail(other.ID))
	absent(i, "remove the address of another user")(hers.Users.DeleteEmail(other.ID))
	absent(i, "remove it below a wrong user")(users.DeleteEmailForUser(mia.ID, other.ID))

	found := read[[]*gitlab.User](i, "search")(users.ListUsers(&gitlab.ListUsersOptions{Search: gitlab.Ptr("MIA.home@example.com")}))
	sameList(i, "search", names(found, func(u *gitlab.User) string { return u.Username }), "mia")
	changed := read[*gitlab.User](i, "public address")(users.ModifyUser(mia.ID, &gitlab.ModifyUserOptions{PublicEmail: &given.Email}))
	same(i, "public_email", changed.PublicEmail, given.Email)
	changed = read[*gitlab.User](i, "own address as primary one")(users.ModifyUser(mia.ID, &gitlab.ModifyUserOptions{Email: &own.Email}))
	same(i, "email", changed.Email, own.Email)
	wantEqual(i, "addresses left", read[[]*gitlab.Email](i, "list")(hers.Users.ListEmails()), []*gitlab.Email{given})
	done(i, "remove own address", 204)(hers.Users.DeleteEmail(given.ID))
	same(i, "public_email", read[*gitlab.User](i, "get")(users.GetUser(mia.ID, nil)).PublicEmail, "")
	done(i, "remove address of another", 204)(users.DeleteEmailForUser(max.ID, other.ID))
	made[*gitlab.Email](i, "add a free address")(hers.Users.AddEmail(&gitlab.AddEmailOptions{Email: &other.Email}))
	done(i, "delete user", 204)(users.DeleteUser(mia.ID))
	made[*gitlab.Email](i, "add an address of a deleted user")(users.AddEmailForUser(max.ID, &gitlab.AddEmailOptions{Email: &other.Email}))
}

// wantError returns a function that takes the results of a method and fails the test
// unless client-go made that error of the answer.
func wantError(i instance, what string, want error) func(*gitlab.Response, error) {
	return func(_ *gitlab.Response, err error) {
		i.Helper()
		if err != want {
			i.Errorf("%s: got error %v, want %v", what, err, want)
		}
	}
}

// userListFlow goes through lists of users, page by page in both ways, and filters them.
func userListFlow(i instance) {
	const many = 45
	users := i.admin.Users
	want := []string{"root"}
	for n := range many {
		username := fmt.Sprintf("user%02d", (n*7)%many) // not in the order of names
		options := &gitlab.CreateUserOptions{Username: &username, Name: gitlab.Ptr(fmt.Sprintf("Name %02d", many-n)), Email: gitlab.Ptr(username + "@example.com"), ResetPassword: gitlab.Ptr(true)}
		switch {
		case n < 3:
			options.External = gitlab.Ptr(true)
		case n < 5:
			options.Admin = gitlab.Ptr(true)
		}
		made[*gitlab.User](i, "create")(users.CreateUser(options))
		want = append(want, username)
	}
	username := func(u *gitlab.User) string { return u.Username }
	list := func(options gitlab.ListUsersOptions) []string {
		i.Helper()
		return names(collect(i, "list", func(p gitlab.PaginationOptionFunc) ([]*gitlab.User, *gitlab.Response, error) {
			page := options // each page begins with the same options
			return users.ListUsers(&page, p)
		}), username)
	}
	newest := slices.Clone(want)
	slices.Reverse(newest)
	sameList(i, "by default the newest come first", list(gitlab.ListUsersOptions{}), newest...)
	sameList(i, "pages of 7", list(gitlab.ListUsersOptions{ListOptions: gitlab.ListOptions{PerPage: 7}}), newest...)
	var turned []string
	for page := int64(1); page != 0; { // by the number of the next page alone
		found, response, err := users.ListUsers(&gitlab.ListUsersOptions{ListOptions: gitlab.ListOptions{PerPage: 10, Page: page}})
		if err != nil {
			i.Fatal(err)
		}
		turned, page = append(turned, names(found, username)...), response.NextPage
	}
	sameList(i, "pages by their numbers", turned, newest...)
	sameList(i, "oldest first", list(gitlab.ListUsersOptions{ListOptions: gitlab.ListOptions{PerPage: 100}, Sort: gitlab.Ptr("asc"), OrderBy: gitlab.Ptr("id")}), want...)

	byName := slices.Sorted(slices.Values(want))
	for _, order := range []string{"id", "name", "username", "created_at", "updated_at"} {
		for _, pagination := range []string{"", "keyset"} {
			got := list(gitlab.ListUsersOptions{ListOptions: gitlab.ListOptions{PerPage: 4, Pagination: pagination, OrderBy: order, Sort: "asc"}})
			if order == "username" {
				sameList(i, "by username "+pagination, got, byName...)
			}
			slices.Sort(got)
			sameList(i, "by "+order+" "+pagination+", as a set", got, byName...)
		}
	}
	sameList(i, "name downwards", list(gitlab.ListUsersOptions{ListOptions: gitlab.ListOptions{PerPage: 20, OrderBy: "name", Sort: "asc"}})[:3], "root", username45(many, 1), username45(many, 2))

	_, response, err := users.ListUsers(&gitlab.ListUsersOptions{ListOptions: gitlab.ListOptions{PerPage: 20, Page: 2}})
	if err != nil {
		i.Fatal(err)
	}
	same(i, "pages", [6]int64{response.TotalItems, response.TotalPages, response.CurrentPage, response.ItemsPerPage, response.NextPage, response.PreviousPage}, [6]int64{46, 3, 2, 20, 3, 1})
	_, response, err = users.ListUsers(&gitlab.ListUsersOptions{ListOptions: gitlab.ListOptions{PerPage: 20, Page: 9}})
	if err != nil || response.NextPage != 0 {
		i.Errorf("page behind the end: %v, next %d", err, response.NextPage)
	}
	refused(i, "no rows in a page", 400, "per_page does not have a valid value")(users.ListUsers(&gitlab.ListUsersOptions{ListOptions: gitlab.ListOptions{PerPage: -1}}))
	refused(i, "unknown order", 400, "order_by does not have a valid value")(users.ListUsers(&gitlab.ListUsersOptions{OrderBy: gitlab.Ptr("shoe_size")}))

	blocked := want[29]
	found := read[[]*gitlab.User](i, "find")(users.ListUsers(&gitlab.ListUsersOptions{Username: &blocked}))
	done(i, "block", 201)(users.BlockUser(found[0].ID))
	on, future, past := gitlab.Ptr(true), gitlab.Ptr(time.Now().Add(time.Hour)), gitlab.Ptr(time.Now().Add(-time.Hour))
	for what, c := range map[string]struct {
		options gitlab.ListUsersOptions
		want    []string
	}{
		"username":                 {gitlab.ListUsersOptions{Username: gitlab.Ptr("USER07")}, []string{"user07"}},
		"absent username":          {gitlab.ListUsersOptions{Username: gitlab.Ptr("user")}, nil},
		"search by name":           {gitlab.ListUsersOptions{Search: gitlab.Ptr("name 45")}, []string{"user00"}},
		"search by e-mail":         {gitlab.ListUsersOptions{Search: gitlab.Ptr("user31@example.com")}, []string{"user31"}},
		"search by half an e-mail": {gitlab.ListUsersOptions{Search: gitlab.Ptr("31@example")}, nil},
		"search with a wildcard":   {gitlab.ListUsersOptions{Search: gitlab.Ptr("user0%")}, nil},
		"external":                 {gitlab.ListUsersOptions{External: on}, []string{want[3], want[2], want[1]}},
		"admins":                   {gitlab.ListUsersOptions{Admins: on}, []string{want[5], want[4], "root"}},
		"blocked":                  {gitlab.ListUsersOptions{Blocked: on}, []string{blocked}},
		"exclude active":           {gitlab.ListUsersOptions{ExcludeActive: on}, []string{blocked}},
		"exclude humans":           {gitlab.ListUsersOptions{ExcludeHumans: on}, nil},
		"created later":            {gitlab.ListUsersOptions{CreatedAfter: future}, nil},
		"created earlier":          {gitlab.ListUsersOptions{CreatedBefore: past}, nil},
	} {
		sameList(i, what, list(c.options), c.want...)
	}
	for what, c := range map[string]struct {
		options gitlab.ListUsersOptions
		want    int
	}{
		"active":               {gitlab.ListUsersOptions{Active: on}, many},
		"humans":               {gitlab.ListUsersOptions{Humans: on}, many + 1},
		"exclude external":     {gitlab.ListUsersOptions{ExcludeExternal: on}, many - 2},
		"exclude internal":     {gitlab.ListUsersOptions{ExcludeInternal: on}, many + 1},
		"without project bots": {gitlab.ListUsersOptions{WithoutProjectBots: on}, many + 1},
		"created before":       {gitlab.ListUsersOptions{CreatedBefore: future}, many + 1},
		"created after":        {gitlab.ListUsersOptions{CreatedAfter: past}, many + 1},
		"two factor disabled":  {gitlab.ListUsersOptions{TwoFactor: gitlab.Ptr("disabled")}, many + 1},
		"two factor enabled":   {gitlab.ListUsersOptions{TwoFactor: gitlab.Ptr("enabled")}, 0},
		"active is not asked":  {gitlab.ListUsersOptions{Active: gitlab.Ptr(false)}, many + 1},
		"search":               {gitlab.ListUsersOptions{Search: gitlab.Ptr("USER0")}, 10},
	} {
		same(i, what, len(list(c.options)), c.want)
	}
	for _, username := range []string{"foo_2", "a-foo", "foo"} {
		i.newUser(username)
	}
	foos := list(gitlab.ListUsersOptions{Search: gitlab.Ptr("foo")})
	same(i, "exact match comes first", foos[0], "foo")
	slices.Sort(foos)
	sameList(i, "search", foos, "a-foo", "foo", "foo_2")
}

// username45 returns the user with the nth name in order.
func username45(many, nth int) string { return fmt.Sprintf("user%02d", ((many-nth)*7)%many) }
