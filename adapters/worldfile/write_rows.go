package worldfile

import (
	"cmp"
	"fmt"
	"strings"

	"gatehouse/application/worldimport"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

func writeUser(r *rowWriter, u worldimport.User) {
	r.number("id", int64(u.User.ID))
	r.text("username", u.User.Username)
	if u.User.Name == "" { // would be the username
		r.leave("name")
	} else {
		r.text("name", u.User.Name)
	}
	r.optionalText("email", u.User.Email)
	r.optionalText("public_email", u.User.PublicEmail)
	var emails []*rowWriter
	for _, e := range u.Emails {
		one := new(rowWriter)
		one.text("email", e.Address)
		one.moment("confirmed_at", e.ConfirmedAt)
		emails = append(emails, one)
	}
	r.mappings("emails", emails)
	r.text("state", string(u.User.State))
	r.text("type", string(u.User.Type))
	r.flag("admin", u.User.Admin)
	r.flag("external", u.User.External)
	r.flag("terms_accepted", u.User.TermsAccepted)
	r.flag("email_confirmed", u.User.EmailConfirmed)
	r.moment("password_expires_at", u.User.PasswordExpiresAt)
	r.number("credential_version", u.User.CredentialVersion)
	r.number("namespace_id", int64(u.NamespaceID))
	switch {
	case !u.User.TwoFactor:
		r.add("two_factor", "null")
	case u.TOTPSecret == worldimport.NoSecret:
		r.leave("two_factor")
	case u.TOTPSecret == "":
		r.add("two_factor", "{webauthn: true}")
	default:
		r.add("two_factor", "{totp_secret: "+scalar(u.TOTPSecret)+"}")
	}
	r.flag("can_create_group", u.Profile.CanCreateGroup)
	r.number("projects_limit", u.Profile.ProjectsLimit)
	r.text("note", u.Profile.Note)
	r.settings(u.Profile.Settings, remembered.Users)
	r.moment("created_at", u.Profile.CreatedAt)
	r.optionalText("created_by", u.CreatedBy)
}

func writeGroup(r *rowWriter, g worldimport.Group) {
	n, p := g.Namespace, g.Profile
	r.number("id", int64(n.ID))
	r.text("path", n.Path)
	r.text("name", p.Name)
	r.text("description", p.Description)
	r.text("visibility", string(g.Visibility))
	if source.Path(n.Path).Parent() == "" {
		writeRootOnly(r, n)
	} else {
		leaveRootOnly(r, n)
	}
	if g.DefaultBranchProtection == nil {
		r.add("default_branch_protection", "null")
	} else {
		r.number("default_branch_protection", int64(*g.DefaultBranchProtection))
	}
	r.flag("pending_delete", g.PendingDelete)
	r.optionalFlag("lfs", p.LFS)
	r.text("project_creation", string(p.ProjectCreation))
	r.text("subgroup_creation", string(p.SubgroupCreation))
	r.flag("share_lock", p.ShareLock)
	r.flag("membership_lock", p.MembershipLock)
	r.flag("require_two_factor", p.RequireTwoFactor)
	r.settings(p.Settings, groupSettings)
	r.moment("created_at", p.CreatedAt)
}

// writeRootOnly writes the settings that only top-level groups have.
func writeRootOnly(r *rowWriter, n source.Namespace) {
	var ranges []string
	for _, prefix := range n.AllowedIPs {
		ranges = append(ranges, scalar(prefix.String()))
	}
	r.list("allowed_ips", ranges)
	r.text("protocols", string(n.Protocols))
	r.flag("require_ssh_certificates", n.RequireSSHCertificates)
}

// leaveRootOnly says which of these settings a group below another one has without effect.
func leaveRootOnly(r *rowWriter, n source.Namespace) {
	if len(n.AllowedIPs) > 0 {
		r.leave("allowed_ips")
	}
	if n.Protocols != source.AllProtocols {
		r.leave("protocols")
	}
	if n.RequireSSHCertificates {
		r.leave("require_ssh_certificates")
	}
}

func writeProject(r *rowWriter, d worldimport.Project) {
	p := d.Project
	r.number("id", int64(p.ID))
	r.text("path", p.Path)
	r.text("name", d.Profile.Name)
	r.text("description", d.Profile.Description)
	r.text("visibility", string(p.Visibility))
	r.flag("archived", p.Archived)
	r.flag("read_only", p.ReadOnly)
	r.text("repository", string(p.Repository))
	r.text("wiki", string(p.Wiki))
	r.flag("lfs", p.LFS)
	r.text("storage", p.Storage)
	r.optionalText("legacy_path", p.LegacyPath)
	r.optionalText("default_branch", p.DefaultBranch)
	r.flag("empty", p.Empty)
	r.flag("pending_delete", d.PendingDelete)
	var past []string
	for _, path := range d.MovedFrom {
		past = append(past, string(path))
	}
	r.texts("moved_from", past)
	r.optionalText("creator", d.Creator)
	r.texts("topics", d.Profile.Topics)
	r.settings(d.Profile.Settings, projectSettings)
	r.text("object_format", d.Profile.ObjectFormat)
	r.moment("created_at", d.Profile.CreatedAt)
	r.moment("updated_at", d.Profile.UpdatedAt)
	writeProtections(r, d.Protections)
}

// writeProtections writes both lists of protections, or leaves both out.
func writeProtections(r *rowWriter, all []worldimport.Protection) {
	lists := map[source.RefKind][]*rowWriter{}
	for _, p := range all {
		one := new(rowWriter)
		one.text("name", string(p.Pattern))
		if p.Kind == source.Branch {
			writeAccesses(one, "push", p.Push)
			writeAccesses(one, "merge", p.Merge)
			writeUnprotect(one, p.Unprotect)
			one.flag("allow_force_push", p.AllowForcePush)
		} else {
			writeAccesses(one, "create", p.Create)
		}
		if len(one.leftOut) > 0 {
			r.leave("protected_branches")
			r.leave("protected_tags")
			return
		}
		lists[p.Kind] = append(lists[p.Kind], one)
	}
	r.mappings("protected_branches", lists[source.Branch])
	r.mappings("protected_tags", lists[source.Tag])
}

// writeUnprotect writes who may unprotect a branch, unless it is maintainers, as without the
// member: releases that do not know it read the file then, too.
func writeUnprotect(r *rowWriter, accesses []worldimport.Access) {
	isDefault := func(a worldimport.Access) bool {
		return a.User == "" && a.Group == "" && a.DeployKey == 0 && a.Role == source.Maintainer
	}
	if len(accesses) == 0 || len(accesses) == 1 && isDefault(accesses[0]) {
		return
	}
	writeAccesses(r, "unprotect", accesses)
}

// levelNames are the words for the levels of a protection.
var levelNames = map[source.Role]string{source.NoRole: "none", source.Developer: "developer", source.Maintainer: "maintainer", source.AdminsOnly: "admin"}

// writeAccesses writes who may use a protected ref, unless there is a level that a world
// file has no word for, or a deploy key that merges.
func writeAccesses(r *rowWriter, name string, accesses []worldimport.Access) {
	var entries []string
	for _, a := range accesses {
		switch level, ok := levelNames[a.Role]; {
		case a.User != "":
			entries = append(entries, "{user: "+scalar(a.User)+"}")
		case a.Group != "":
			entries = append(entries, "{group: "+scalar(a.Group)+"}")
		case a.DeployKey != 0 && name != "merge" && name != "unprotect":
			entries = append(entries, fmt.Sprintf("{deploy_key: %d}", a.DeployKey))
		case a.DeployKey == 0 && ok:
			entries = append(entries, level)
		default:
			r.leave(name)
			return
		}
	}
	if len(entries) == 0 { // lets in no more than that
		entries = []string{levelNames[source.NoRole]}
	}
	if len(entries) == 1 && !strings.HasPrefix(entries[0], "{") {
		r.add(name, entries[0])
	} else {
		r.add(name, "["+strings.Join(entries, ", ")+"]")
	}
}

// writeSource writes the group or project of a row.
func writeSource(r *rowWriter, group, project string) {
	if group != "" {
		r.text("group", group)
	} else {
		r.text("project", project)
	}
}

// writeCreation writes when a row was created, and by which user, whose username is a
// member of that name.
func writeCreation(r *rowWriter, creator string, c worldimport.Creation) {
	r.moment("created_at", c.CreatedAt)
	r.optionalText(creator, c.CreatedBy)
}

func writeMember(r *rowWriter, m worldimport.Member) {
	r.text("user", m.User)
	writeSource(r, m.Group, m.Project)
	r.text("role", m.Role.String())
	r.text("state", string(m.State))
	r.moment("expires_at", m.ExpiresAt)
	writeCreation(r, "created_by", m.Creation)
}

func writeShare(r *rowWriter, s worldimport.Share) {
	writeSource(r, s.Group, s.Project)
	r.text("with", s.With)
	r.text("role", s.Role.String())
	r.moment("expires_at", s.ExpiresAt)
	writeCreation(r, "created_by", s.Creation)
}

func writeKey(r *rowWriter, k worldimport.Key) {
	r.number("id", int64(k.Key.ID))
	r.text("user", k.User)
	r.text("title", k.Key.Title)
	r.text("usage", string(k.Key.Usage))
	writePublicKey(r, k.Key)
}

func writeDeployKey(r *rowWriter, k worldimport.DeployKey) {
	r.number("id", int64(k.Key.ID))
	r.text("title", k.Key.Title)
	r.optionalText("creator", k.Creator)
	r.flag("public", k.Key.Public)
	var projects []*rowWriter
	for _, p := range k.Projects {
		one := new(rowWriter)
		one.text("project", p.Path)
		one.flag("can_push", p.CanPush)
		projects = append(projects, one)
	}
	r.mappings("projects", projects)
	writePublicKey(r, k.Key)
}

// writePublicKey writes the members that come last in a row, for the sake of the long one.
func writePublicKey(r *rowWriter, k identity.Key) {
	if !k.CreatedAt.IsZero() { // null would be now
		r.moment("created_at", k.CreatedAt)
	}
	r.moment("expires_at", k.ExpiresAt)
	r.text("key", strings.TrimSpace(k.Line+" "+k.Comment))
}

func writeAccessToken(r *rowWriter, t worldimport.AccessToken) {
	r.text("user", t.User)
	r.text("name", t.Name)
	r.text("description", t.Description)
	r.texts("scopes", t.Scopes)
	r.moment("created_at", t.CreatedAt)
	r.moment("expires_at", t.ExpiresAt)
	r.flag("revoked", t.Revoked)
	r.text("digest", t.Digest.Hex())
}

func writeAgent(r *rowWriter, a worldimport.Agent) {
	r.number("id", a.ID)
	r.text("name", a.Name)
	r.text("project", a.Project)
	r.optionalText("created_by", a.CreatedBy)
	r.moment("created_at", a.CreatedAt)
	var tokens []*rowWriter
	for _, t := range a.Tokens {
		one := new(rowWriter)
		one.text("name", t.Name)
		one.text("description", t.Description)
		one.flag("revoked", t.Revoked)
		writeCreation(one, "creator", t.Creation)
		one.text("digest", t.Digest.Hex())
		tokens = append(tokens, one)
	}
	r.mappings("tokens", tokens)
}

func writeHook(r *rowWriter, h worldimport.Hook) {
	if hooks.IsRedacted(h.Hook.URL) {
		r.skipped = fmt.Sprintf("hook %d of %s, whose url has a secret: %s", h.Hook.ID, sourceName(h.Group, h.Project), scalar(h.Hook.URL))
		return
	}
	r.number("id", int64(h.Hook.ID))
	writeSource(r, h.Group, h.Project)
	r.text("url", h.Hook.URL)
	r.text("name", h.Hook.Name)
	r.text("description", h.Hook.Description)
	if h.Hook.Token == worldimport.NoSecret {
		r.leave("token")
	} else {
		r.optionalText("token", h.Hook.Token)
	}
	r.flag("push_events", h.Hook.Push)
	r.flag("tag_push_events", h.Hook.TagPush)
	r.optionalText("branch_filter", string(h.Hook.Branches))
	r.text("branch_filter_strategy", string(cmp.Or(h.Hook.Strategy, hooks.WildcardBranches)))
	r.flag("enable_ssl_verification", !h.Hook.SkipVerification)
	writeKeyValues(r, "custom_headers", h.Hook.Headers)
	writeKeyValues(r, "url_variables", h.Hook.Variables)
	r.optionalText("custom_webhook_template", h.Hook.Template)
	r.settings(h.Hook.Settings, remembered.GroupHooks)
	r.moment("created_at", h.Hook.CreatedAt)
}

func writeKeyValues(r *rowWriter, name string, values []hooks.KeyValue) {
	if worldimport.AreNoValues(values) {
		r.leave(name)
		return
	}
	var all []*rowWriter
	for _, v := range values {
		one := &rowWriter{}
		one.text("key", v.Key)
		one.text("value", v.Value)
		all = append(all, one)
	}
	r.mappings(name, all)
}

func writeBroadcast(r *rowWriter, b worldimport.Broadcast) {
	r.text("message", b.Message)
	r.text("type", string(b.Type))
	r.optionalText("target_path", string(b.TargetPath))
	r.moment("starts_at", b.StartsAt)
	r.moment("ends_at", b.EndsAt)
	r.flag("show_in_git", b.ShowInGit)
}

func writeSubscription(r *rowWriter, s worldimport.Subscription) {
	r.text("namespace", s.Namespace)
	r.optionalText("plan_code", s.Plan)
	r.moment("start_date", s.StartDate)
	r.moment("end_date", s.EndDate)
	r.number("seats", int64(s.Seats))
	r.number("seats_in_use", int64(s.SeatsInUse))
	r.number("max_seats_used", int64(s.MaxSeatsUsed))
	r.number("seats_owed", int64(s.SeatsOwed))
	r.optionalFlag("auto_renew", s.AutoRenew)
	if s.Trial && s.TrialStartsOn.IsZero() { // no file may say so
		r.leave("trial")
	} else {
		r.flag("trial", s.Trial)
	}
	r.moment("trial_starts_on", s.TrialStartsOn)
	r.moment("trial_ends_on", s.TrialEnds)
	r.number("trial_extension_type", int64(s.TrialExtension))
}

func writePack(r *rowWriter, p worldimport.MinutesPack) {
	r.text("namespace", p.Namespace)
	r.text("purchase_xid", p.PurchaseXID)
	r.number("number_of_minutes", int64(p.NumberOfMinutes))
	r.moment("expires_at", p.ExpiresAt)
}

func writeReconciliation(r *rowWriter, c worldimport.Reconciliation) {
	r.text("namespace", c.Namespace)
	r.moment("next_reconciliation_date", c.Next)
	r.moment("display_alert_from", c.AlertFrom)
}
