package worldimport

import (
	"cmp"
	"maps"

	"gatehouse/domain/billing"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// keep puts the value that is kept in place of a member that the description leaves out.
func keep[T any](l FileLine, name string, described *T, kept T) {
	if !l.Gives(name) {
		*described = kept
	}
}

// Each merge function returns the description with the values of the row that is kept in
// place of what it leaves out. For a new row, what is kept are its defaults.

func mergeUsers(kept, d User) User {
	u, k := &d.User, kept.User
	keep(d.FileLine, "name", &u.Name, k.Name)
	keep(d.FileLine, "email", &u.Email, k.Email)
	keep(d.FileLine, "public_email", &u.PublicEmail, k.PublicEmail)
	keep(d.FileLine, "emails", &d.Emails, kept.Emails)
	d.Emails = u.WithoutPrimary(d.Emails)
	keep(d.FileLine, "state", &u.State, k.State)
	if !k.Type.IsInternal() { // those are updated by rows of their own type alone
		keep(d.FileLine, "type", &u.Type, k.Type)
	}
	keep(d.FileLine, "admin", &u.Admin, k.Admin)
	keep(d.FileLine, "external", &u.External, k.External)
	keep(d.FileLine, "terms_accepted", &u.TermsAccepted, k.TermsAccepted)
	keep(d.FileLine, "email_confirmed", &u.EmailConfirmed, k.EmailConfirmed)
	keep(d.FileLine, "password_expires_at", &u.PasswordExpiresAt, k.PasswordExpiresAt)
	keep(d.FileLine, "credential_version", &u.CredentialVersion, k.CredentialVersion)
	keep(d.FileLine, "namespace_id", &d.NamespaceID, kept.NamespaceID)
	keep(d.FileLine, "two_factor", &u.TwoFactor, k.TwoFactor)
	keep(d.FileLine, "two_factor", &d.TOTPSecret, kept.TOTPSecret)
	p := &d.Profile
	keep(d.FileLine, "can_create_group", &p.CanCreateGroup, kept.Profile.CanCreateGroup)
	keep(d.FileLine, "projects_limit", &p.ProjectsLimit, kept.Profile.ProjectsLimit)
	keep(d.FileLine, "note", &p.Note, kept.Profile.Note)
	keep(d.FileLine, "settings", &p.Settings, kept.Profile.Settings)
	keep(d.FileLine, "created_at", &p.CreatedAt, kept.Profile.CreatedAt)
	// The creator may be a user who comes later: another step changes it.
	p.CreatedBy, p.UpdatedAt = kept.Profile.CreatedBy, kept.Profile.UpdatedAt
	return d
}

func mergeGroups(kept, d Group) Group {
	n, p := &d.Namespace, &d.Profile
	keep(d.FileLine, "visibility", &d.Visibility, kept.Visibility)
	keep(d.FileLine, "allowed_ips", &n.AllowedIPs, kept.Namespace.AllowedIPs)
	keep(d.FileLine, "protocols", &n.Protocols, kept.Namespace.Protocols)
	keep(d.FileLine, "require_ssh_certificates", &n.RequireSSHCertificates, kept.Namespace.RequireSSHCertificates)
	keep(d.FileLine, "default_branch_protection", &d.DefaultBranchProtection, kept.DefaultBranchProtection)
	keep(d.FileLine, "pending_delete", &d.PendingDelete, kept.PendingDelete)
	keep(d.FileLine, "name", &p.Name, kept.Profile.Name)
	keep(d.FileLine, "description", &p.Description, kept.Profile.Description)
	keep(d.FileLine, "lfs", &p.LFS, kept.Profile.LFS)
	keep(d.FileLine, "project_creation", &p.ProjectCreation, kept.Profile.ProjectCreation)
	keep(d.FileLine, "subgroup_creation", &p.SubgroupCreation, kept.Profile.SubgroupCreation)
	keep(d.FileLine, "share_lock", &p.ShareLock, kept.Profile.ShareLock)
	keep(d.FileLine, "membership_lock", &p.MembershipLock, kept.Profile.MembershipLock)
	keep(d.FileLine, "require_two_factor", &p.RequireTwoFactor, kept.Profile.RequireTwoFactor)
	keep(d.FileLine, "settings", &p.Settings, kept.Profile.Settings)
	if d.Gives("default_branch_protection") && !d.Gives("settings") {
		p.Settings = maps.Clone(p.Settings)
		delete(p.Settings, source.BranchDefaultsSetting) // which would win over the level
	}
	keep(d.FileLine, "created_at", &p.CreatedAt, kept.Profile.CreatedAt)
	p.UpdatedAt = kept.Profile.UpdatedAt
	d.Profile = p.Complete(n.Path)
	return d
}

func mergeProjects(kept, d Project) Project {
	r, k, p := &d.Project, kept.Project, &d.Profile
	keep(d.FileLine, "visibility", &r.Visibility, k.Visibility)
	keep(d.FileLine, "archived", &r.Archived, k.Archived)
	keep(d.FileLine, "read_only", &r.ReadOnly, k.ReadOnly)
	keep(d.FileLine, "repository", &r.Repository, k.Repository)
	keep(d.FileLine, "wiki", &r.Wiki, k.Wiki)
	keep(d.FileLine, "lfs", &r.LFS, k.LFS)
	keep(d.FileLine, "storage", &r.Storage, k.Storage)
	keep(d.FileLine, "legacy_path", &r.LegacyPath, k.LegacyPath)
	keep(d.FileLine, "default_branch", &r.DefaultBranch, k.DefaultBranch)
	keep(d.FileLine, "empty", &r.Empty, k.Empty)
	keep(d.FileLine, "pending_delete", &d.PendingDelete, kept.PendingDelete)
	keep(d.FileLine, "name", &p.Name, kept.Profile.Name)
	keep(d.FileLine, "description", &p.Description, kept.Profile.Description)
	keep(d.FileLine, "creator", &p.Creator, kept.Profile.Creator)
	keep(d.FileLine, "topics", &p.Topics, kept.Profile.Topics)
	keep(d.FileLine, "settings", &p.Settings, kept.Profile.Settings)
	keep(d.FileLine, "object_format", &p.ObjectFormat, kept.Profile.ObjectFormat)
	keep(d.FileLine, "created_at", &p.CreatedAt, kept.Profile.CreatedAt)
	keep(d.FileLine, "updated_at", &p.UpdatedAt, kept.Profile.UpdatedAt)
	d.Profile = p.Complete(r.Path)
	return d
}

func mergeMembers(kept, d Member) Member {
	keep(d.FileLine, "role", &d.Role, kept.Role)
	keep(d.FileLine, "state", &d.State, kept.State)
	keep(d.FileLine, "expires_at", &d.ExpiresAt, kept.ExpiresAt)
	d.Creation = mergeCreations(d.FileLine, "created_by", kept.Creation, d.Creation)
	d.UpdatedAt = kept.UpdatedAt
	return d
}

func mergeShares(kept, d Share) Share {
	keep(d.FileLine, "role", &d.Role, kept.Role)
	keep(d.FileLine, "expires_at", &d.ExpiresAt, kept.ExpiresAt)
	d.Creation = mergeCreations(d.FileLine, "created_by", kept.Creation, d.Creation)
	return d
}

// mergeCreations merges the members created_at and creator, which has that name.
func mergeCreations(l FileLine, creator string, kept, d Creation) Creation {
	keep(l, "created_at", &d.CreatedAt, kept.CreatedAt)
	keep(l, creator, &d.Creator, kept.Creator)
	return d
}

// mergeKeys merges the members that both kinds of key have.
func mergeKeys(l FileLine, kept, d identity.Key) identity.Key {
	keep(l, "title", &d.Title, kept.Title)
	d.Comment = cmp.Or(d.Comment, kept.Comment)
	keep(l, "usage", &d.Usage, kept.Usage)
	keep(l, "public", &d.Public, kept.Public)
	keep(l, "expires_at", &d.ExpiresAt, kept.ExpiresAt)
	return d
}

func mergeAccessTokens(kept identity.AccessToken, d AccessToken) AccessToken {
	keep(d.FileLine, "description", &d.Description, kept.Description)
	keep(d.FileLine, "created_at", &d.CreatedAt, kept.CreatedAt)
	keep(d.FileLine, "expires_at", &d.ExpiresAt, kept.ExpiresAt)
	keep(d.FileLine, "revoked", &d.Revoked, kept.Revoked)
	return d
}

func mergeAgentTokens(kept, d AgentToken) AgentToken {
	keep(d.FileLine, "description", &d.Description, kept.Description)
	keep(d.FileLine, "revoked", &d.Revoked, kept.Revoked)
	d.Creation = mergeCreations(d.FileLine, "creator", kept.Creation, d.Creation)
	return d
}

func mergeBroadcasts(kept, d Broadcast) Broadcast {
	keep(d.FileLine, "starts_at", &d.StartsAt, kept.StartsAt)
	keep(d.FileLine, "ends_at", &d.EndsAt, kept.EndsAt)
	keep(d.FileLine, "show_in_git", &d.ShowInGit, kept.ShowInGit)
	return d
}

func mergeHooks(k hooks.Hook, d Hook) Hook {
	h := &d.Hook
	keep(d.FileLine, "name", &h.Name, k.Name)
	keep(d.FileLine, "description", &h.Description, k.Description)
	keep(d.FileLine, "token", &h.Token, k.Token)
	keep(d.FileLine, "push_events", &h.Push, k.Push)
	keep(d.FileLine, "tag_push_events", &h.TagPush, k.TagPush)
	keep(d.FileLine, "branch_filter", &h.Branches, k.Branches)
	keep(d.FileLine, "branch_filter_strategy", &h.Strategy, k.Strategy)
	keep(d.FileLine, "enable_ssl_verification", &h.SkipVerification, k.SkipVerification)
	keep(d.FileLine, "custom_headers", &h.Headers, k.Headers)
	keep(d.FileLine, "url_variables", &h.Variables, k.Variables)
	keep(d.FileLine, "custom_webhook_template", &h.Template, k.Template)
	keep(d.FileLine, "settings", &h.Settings, k.Settings)
	keep(d.FileLine, "created_at", &h.CreatedAt, k.CreatedAt)
	return d
}

func mergeSubscriptions(k billing.Subscription, d Subscription) Subscription {
	s := &d.Subscription
	keep(d.FileLine, "plan_code", &s.Plan, k.Plan)
	keep(d.FileLine, "start_date", &s.StartDate, k.StartDate)
	keep(d.FileLine, "end_date", &s.EndDate, k.EndDate)
	keep(d.FileLine, "seats", &s.Seats, k.Seats)
	keep(d.FileLine, "seats_in_use", &s.SeatsInUse, k.SeatsInUse)
	keep(d.FileLine, "max_seats_used", &s.MaxSeatsUsed, k.MaxSeatsUsed)
	keep(d.FileLine, "seats_owed", &s.SeatsOwed, k.SeatsOwed)
	keep(d.FileLine, "auto_renew", &s.AutoRenew, k.AutoRenew)
	keep(d.FileLine, "trial", &s.Trial, k.Trial)
	keep(d.FileLine, "trial_starts_on", &s.TrialStartsOn, k.TrialStartsOn)
	keep(d.FileLine, "trial_ends_on", &s.TrialEnds, k.TrialEnds)
	keep(d.FileLine, "trial_extension_type", &s.TrialExtension, k.TrialExtension)
	return d
}

// isNested says whether a path is that of a group below another one.
func isNested(path string) bool { return source.Path(path).Parent() != "" }
