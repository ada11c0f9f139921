package worldimport

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gatehouse/domain/billing"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

func compareUsers(old, described User) (c comparison) {
	o, d := old.User, described.User
	c.set("username", o.Username, d.Username, moves)
	c.set("name", o.Name, d.Name, neutral)
	c.set("email", o.Email, d.Email, neutral)
	c.set("public_email", o.PublicEmail, d.PublicEmail, neutral)
	c.set("emails", secondaryEmails(old.Emails), secondaryEmails(described.Emails), neutral)
	c.set("type", string(o.Type), string(d.Type), moves)
	switch identity.Active {
	case o.State:
		c.set("state", string(o.State), string(d.State), takes)
	case d.State:
		c.set("state", string(o.State), string(d.State), gives)
	default:
		c.set("state", string(o.State), string(d.State), neutral)
	}
	c.allows("admin", o.Admin, d.Admin)
	c.limits("external", o.External, d.External)
	c.allows("terms_accepted", o.TermsAccepted, d.TermsAccepted)
	c.allows("email_confirmed", o.EmailConfirmed, d.EmailConfirmed)
	c.until("password_expires_at", o.PasswordExpiresAt, d.PasswordExpiresAt)
	if d.CredentialVersion > o.CredentialVersion {
		c.set("credential_version", fmt.Sprint(o.CredentialVersion), fmt.Sprint(d.CredentialVersion), takes)
	}
	c.limits("two_factor", o.TwoFactor, d.TwoFactor)
	if o.TwoFactor && d.TwoFactor {
		c.secret("totp_secret", old.TOTPSecret, described.TOTPSecret, moves)
	}
	if described.NamespaceID != 0 {
		c.set("namespace_id", fmt.Sprint(old.NamespaceID), fmt.Sprint(described.NamespaceID), moves)
	}
	was, is := old.Profile, described.Profile
	c.allows("can_create_group", was.CanCreateGroup, is.CanCreateGroup)
	c.number("projects_limit", was.ProjectsLimit, is.ProjectsLimit)
	c.set("note", was.Note, is.Note, neutral)
	c.settings(was.Settings, is.Settings)
	c.set("created_at", moment(was.CreatedAt), moment(is.CreatedAt), neutral)
	return c
}

// secondaryEmails are e-mails with the moments at which they were confirmed.
func secondaryEmails(all []identity.Email) string {
	texts := make([]string, len(all))
	for i, e := range all {
		texts[i] = e.Address
		if !e.ConfirmedAt.IsZero() {
			texts[i] += " " + moment(e.ConfirmedAt)
		}
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}

func compareGroups(old, described Group) (c comparison) {
	o, d := old.Namespace, described.Namespace
	c.path(o.Path, d.Path)
	// Nothing depends on the visibility of a group yet. It is as that of a project.
	word(&c, "visibility", old.Visibility, described.Visibility, source.Visibilities)
	c.set("allowed_ips", fmt.Sprint(o.AllowedIPs), fmt.Sprint(d.AllowedIPs), moves)
	switch source.AllProtocols {
	case o.Protocols:
		c.set("protocols", string(o.Protocols), string(d.Protocols), takes)
	case d.Protocols:
		c.set("protocols", string(o.Protocols), string(d.Protocols), gives)
	default:
		c.set("protocols", string(o.Protocols), string(d.Protocols), moves)
	}
	c.limits("require_ssh_certificates", o.RequireSSHCertificates, d.RequireSSHCertificates)
	c.set("default_branch_protection", branchProtection(old), branchProtection(described), moves)
	c.limits("pending_delete", old.PendingDelete, described.PendingDelete)
	was, is := old.Profile, described.Profile
	c.set("name", was.Name, is.Name, neutral)
	c.set("description", was.Description, is.Description, neutral)
	c.set("lfs", optional(was.LFS), optional(is.LFS), neutral)
	word(&c, "project_creation", was.ProjectCreation, is.ProjectCreation, projectCreations)
	word(&c, "subgroup_creation", was.SubgroupCreation, is.SubgroupCreation, source.SubgroupCreations)
	c.limits("share_lock", was.ShareLock, is.ShareLock)
	c.limits("membership_lock", was.MembershipLock, is.MembershipLock)
	c.limits("require_two_factor", was.RequireTwoFactor, is.RequireTwoFactor)
	c.settings(was.Settings, is.Settings)
	c.set("created_at", moment(was.CreatedAt), moment(is.CreatedAt), neutral)
	return c
}

// projectCreations are the levels at which more users create projects the further they
// are behind.
var projectCreations = []source.ProjectCreation{
	source.NoProjects, source.AdminProjects, source.OwnerProjects, source.MaintainerProjects, source.DeveloperProjects,
}

func branchProtection(g Group) string {
	if g.DefaultBranchProtection == nil {
		return ""
	}
	return fmt.Sprint(int(*g.DefaultBranchProtection))
}

// path compares two paths. Of the described one only the last segment is taken as it
// is written.
func (c *comparison) path(old, described string) {
	parent := func(path string) string { return source.Path(path).Parent().Fold() }
	name := func(path string) string { return path[strings.LastIndex(path, "/")+1:] }
	if parent(old) != parent(described) || name(old) != name(described) {
		c.set("path", old, described, moves)
	}
}

func compareProjects(old, described Project) (c comparison) {
	o, d := old.Project, described.Project
	c.path(o.Path, d.Path)
	word(&c, "visibility", o.Visibility, d.Visibility, source.Visibilities)
	c.limits("archived", o.Archived, d.Archived)
	c.limits("read_only", o.ReadOnly, d.ReadOnly)
	word(&c, "repository", o.Repository, d.Repository, source.Features)
	word(&c, "wiki", o.Wiki, d.Wiki, source.Features)
	c.allows("lfs", o.LFS, d.LFS)
	c.set("storage", o.Storage, d.Storage, moves)
	c.set("legacy_path", o.LegacyPath, d.LegacyPath, moves)
	c.set("default_branch", o.DefaultBranch, d.DefaultBranch, moves)
	c.set("empty", fmt.Sprint(o.Empty), fmt.Sprint(d.Empty), moves)
	c.limits("pending_delete", old.PendingDelete, described.PendingDelete)
	was, is := old.Profile, described.Profile
	c.set("name", was.Name, is.Name, neutral)
	c.set("description", was.Description, is.Description, neutral)
	c.set("creator", optionalNumber(was.Creator), optionalNumber(is.Creator), neutral)
	c.list("topics", was.Topics, is.Topics)
	c.settings(was.Settings, is.Settings)
	c.set("object_format", was.ObjectFormat, is.ObjectFormat, neutral)
	c.set("created_at", moment(was.CreatedAt), moment(is.CreatedAt), neutral)
	c.set("updated_at", moment(was.UpdatedAt), moment(is.UpdatedAt), neutral)
	return c
}

// compareProtections compares the protections of a project, in any order.
func compareProtections(old importedProject, described []source.Protection) (c comparison) {
	before, after := protectionTexts(old.protections), protectionTexts(described)
	switch {
	case old.fresh && after != "":
		c.set("protections", "", after, fresh)
	default:
		c.set("protections", before, after, moves)
	}
	return c
}

// maintainers is the text of an entry for maintainers.
var maintainers = source.Maintainer.String()

func protectionTexts(protections []source.Protection) string {
	var texts []string
	for _, p := range protections {
		kind := "branch"
		if p.Kind == source.Tag {
			kind = "tag"
		}
		text := kind + " " + string(p.Pattern)
		for _, verb := range source.ProtectionVerbs(p.Kind) {
			var entries []string
			for _, a := range *p.Entries(verb) {
				entries = append(entries, accessText(a))
			}
			switch {
			case verb == source.UnprotectVerb && (len(entries) == 0 || entries[0] == maintainers && len(entries) == 1):
				continue // as without the member
			case len(entries) == 0:
				entries = []string{accessText(source.Access{})} // those of who was deleted are gone, and nothing else lets anyone in
			}
			text += " " + string(verb) + " " + strings.Join(entries, ", ")
		}
		if p.AllowForcePush {
			text += " force push"
		}
		texts = append(texts, text)
	}
	slices.Sort(texts)
	return strings.Join(texts, "; ")
}

func accessText(a source.Access) string {
	switch {
	case a.User != 0:
		return fmt.Sprint("user ", a.User)
	case a.Group != 0:
		return fmt.Sprint("group ", a.Group)
	case a.DeployKey != 0:
		return fmt.Sprint("deploy key ", a.DeployKey)
	case a.Role == source.AdminsOnly:
		return "admin"
	default:
		return a.Role.String()
	}
}

func compareMembers(old, described Member) (c comparison) {
	level(&c, "role", old.Role, described.Role, source.Role.String)
	switch MemberActive {
	case old.State:
		c.set("state", string(old.State), string(described.State), takes)
	case described.State:
		c.set("state", string(old.State), string(described.State), gives)
	default:
		c.set("state", string(old.State), string(described.State), neutral)
	}
	c.until("expires_at", day(old.ExpiresAt), day(described.ExpiresAt))
	c.creation("created_by", old.Creation, described.Creation)
	return c
}

func compareShares(old, described Share) (c comparison) {
	level(&c, "role", old.Role, described.Role, source.Role.String)
	c.until("expires_at", day(old.ExpiresAt), day(described.ExpiresAt))
	c.creation("created_by", old.Creation, described.Creation)
	return c
}

// creation compares when and by which user, the member of that name, a row was created.
func (c *comparison) creation(creator string, old, described Creation) {
	c.set("created_at", moment(old.CreatedAt), moment(described.CreatedAt), neutral)
	c.set(creator, optionalNumber(old.Creator), optionalNumber(described.Creator), neutral)
}

func compareKeys(old, described identity.Key) (c comparison) {
	c.set("kind", string(old.Kind), string(described.Kind), moves)
	c.set("owner", fmt.Sprint(old.Owner), fmt.Sprint(described.Owner), moves)
	c.set("title", old.Title, described.Title, neutral)
	c.set("key", old.Line, described.Line, moves)
	c.set("comment", old.Comment, described.Comment, neutral)
	c.set("fingerprint", string(old.Fingerprint), string(described.Fingerprint), moves)
	switch o, d := old.Usage.Authenticates(), described.Usage.Authenticates(); {
	case o == d:
		c.set("usage", string(old.Usage), string(described.Usage), neutral)
	default:
		// The requests of an unknown key are anonymous: without the key a blocked user
		// may do more.
		c.set("usage", string(old.Usage), string(described.Usage), moves)
	}
	c.until("expires_at", old.ExpiresAt, described.ExpiresAt)
	c.allows("public", old.Public, described.Public)
	return c
}

func compareEnabled(old, described map[source.ProjectID]bool) (c comparison) {
	texts := func(enabled map[source.ProjectID]bool) (all []string) {
		for id, mayPush := range enabled {
			all = append(all, fmt.Sprint("project ", id))
			if mayPush {
				all = append(all, fmt.Sprint("push to project ", id))
			}
		}
		return all
	}
	c.subset("projects", texts(old), texts(described))
	return c
}

func compareAccessTokens(old identity.AccessToken, user identity.UserID, described AccessToken) (c comparison) {
	c.set("user", fmt.Sprint(old.User), fmt.Sprint(user), moves)
	c.set("name", old.Name, described.Name, neutral)
	scopes := func(all []identity.Scope) (texts []string) {
		for _, s := range all {
			texts = append(texts, string(s))
		}
		return texts
	}
	c.subset("scopes", scopes(old.Scopes), scopes(identity.SplitScopes(described.Scopes)))
	c.until("expires_at", old.ExpiresAt, described.ExpiresAt)
	c.limits("revoked", old.Revoked, described.Revoked)
	c.set("description", old.Description, described.Description, neutral)
	c.set("created_at", moment(old.CreatedAt), moment(described.CreatedAt), neutral)
	return c
}

// compareAgents compares an agent and its tokens, of which some are kept already.
func compareAgents(old KeptAgent, tokens map[identity.TokenDigest]KeptAgentToken, project source.ProjectID, createdBy identity.UserID, described Agent) (c comparison) {
	c.set("name", old.Name, described.Name, neutral)
	c.set("project", fmt.Sprint(old.Project), fmt.Sprint(project), moves)
	c.set("created_by", fmt.Sprint(old.CreatedBy), fmt.Sprint(createdBy), moves)
	c.set("created_at", moment(old.CreatedAt), moment(described.CreatedAt), neutral)
	for _, t := range described.Tokens {
		kept, known := tokens[t.Digest]
		if !known {
			c.set("token", "", cmp.Or(t.Name, "unnamed"), gives)
			continue
		}
		c.set("agent of token", fmt.Sprint(kept.Agent), fmt.Sprint(old.ID), moves)
		c.set("name of token", kept.Name, t.Name, neutral)
		c.set("description of token", kept.Description, t.Description, neutral)
		c.limits("revoked token", kept.Revoked, t.Revoked)
		c.set("created_at of token", moment(kept.CreatedAt), moment(t.CreatedAt), neutral)
		c.set("creator of token", optionalNumber(kept.Creator), optionalNumber(t.Creator), neutral)
	}
	return c
}

func compareBroadcasts(old, described Broadcast) (c comparison) {
	c.set("starts_at", moment(old.StartsAt), moment(described.StartsAt), neutral)
	c.set("ends_at", moment(old.EndsAt), moment(described.EndsAt), neutral)
	c.toggle("show_in_git", old.ShowInGit, described.ShowInGit, neutral, neutral)
	return c
}

func compareHooks(old KeptHook, in source.MemberSource, described hooks.Hook) (c comparison) {
	c.set("owner", sourceText(old.In), sourceText(in), neutral)
	c.set("name", old.Name, described.Name, neutral)
	c.set("description", old.Description, described.Description, neutral)
	c.secret("url", old.URL, described.URL, neutral)
	c.secret("token", old.Token, described.Token, neutral)
	c.toggle("push_events", old.Push, described.Push, neutral, neutral)
	c.toggle("tag_push_events", old.TagPush, described.TagPush, neutral, neutral)
	c.set("branch_filter", string(old.Branches), string(described.Branches), neutral)
	c.set("branch_filter_strategy", strategyText(old.Strategy), strategyText(described.Strategy), neutral)
	c.toggle("skip_verification", old.SkipVerification, described.SkipVerification, neutral, neutral)
	c.secret("custom_headers", valuesText(old.Headers), valuesText(described.Headers), neutral)
	c.secret("url_variables", valuesText(old.Variables), valuesText(described.Variables), neutral)
	c.set("custom_webhook_template", old.Template, described.Template, neutral)
	c.settings(old.Settings, described.Settings)
	c.set("created_at", moment(old.CreatedAt), moment(described.CreatedAt), neutral)
	return c
}

func strategyText(s hooks.BranchStrategy) string { return string(cmp.Or(s, hooks.WildcardBranches)) }

// valuesText writes headers or variables into one text; empty for none.
func valuesText(values []hooks.KeyValue) string {
	var out strings.Builder
	for _, v := range values {
		fmt.Fprintf(&out, "%q: %q\n", v.Key, v.Value)
	}
	return out.String()
}

func sourceText(in source.MemberSource) string {
	if in.Group != 0 {
		return fmt.Sprint("group ", in.Group)
	}
	return fmt.Sprint("project ", in.Project)
}

func compareSubscriptions(old, described billing.Subscription) (c comparison) {
	if described.SameAs(old) {
		return c
	}
	c.set("plan_code", old.Plan, described.Plan, neutral)
	c.set("start_date", moment(old.StartDate), moment(described.StartDate), neutral)
	c.set("end_date", moment(old.EndDate), moment(described.EndDate), neutral)
	c.set("seats", fmt.Sprint(old.Seats), fmt.Sprint(described.Seats), neutral)
	c.set("seats_in_use", fmt.Sprint(old.SeatsInUse), fmt.Sprint(described.SeatsInUse), neutral)
	c.set("max_seats_used", fmt.Sprint(old.MaxSeatsUsed), fmt.Sprint(described.MaxSeatsUsed), neutral)
	c.set("seats_owed", fmt.Sprint(old.SeatsOwed), fmt.Sprint(described.SeatsOwed), neutral)
	c.set("auto_renew", optional(old.AutoRenew), optional(described.AutoRenew), neutral)
	c.toggle("trial", old.Trial, described.Trial, neutral, neutral)
	c.set("trial_starts_on", moment(old.TrialStartsOn), moment(described.TrialStartsOn), neutral)
	c.set("trial_ends_on", moment(old.TrialEnds), moment(described.TrialEnds), neutral)
	c.set("trial_extension_type", fmt.Sprint(old.TrialExtension), fmt.Sprint(described.TrialExtension), neutral)
	return c
}

func optional(flag *bool) string {
	if flag == nil {
		return ""
	}
	return fmt.Sprint(*flag)
}

func comparePacks(old, described billing.MinutesPack) (c comparison) {
	c.set("namespace", fmt.Sprint(old.Namespace), fmt.Sprint(described.Namespace), neutral)
	c.set("number_of_minutes", fmt.Sprint(old.NumberOfMinutes), fmt.Sprint(described.NumberOfMinutes), neutral)
	c.set("expires_at", moment(day(old.ExpiresAt)), moment(day(described.ExpiresAt)), neutral)
	return c
}

func compareReconciliations(old, described billing.Reconciliation) (c comparison) {
	c.set("next_reconciliation_date", moment(day(old.Next)), moment(day(described.Next)), neutral)
	c.set("display_alert_from", moment(day(old.AlertFrom)), moment(day(described.AlertFrom)), neutral)
	return c
}
