package gitaccess

import (
	"strconv"
	"strings"
	"time"

	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// mostProtections is how many protections the facts name.
const mostProtections = 50

// factsOf returns what the rules see of a case: settings, actor, project, and the
// protections of the changed refs.
func factsOf(c *source.Case) audit.Values {
	facts := audit.Values{
		"settings.protocols": string(c.Settings.Protocols), "settings.read_only": c.Settings.ReadOnly,
		"settings.otp_required": c.Settings.OTPRequired, "settings.terms_enforced": c.Keys.TermsEnforced,
		"settings.gitaly_connected": c.Settings.Connected,
	}
	if c.Protocol == source.HTTP {
		facts["settings.http_upload_pack"], facts["settings.http_receive_pack"] = !c.Settings.HTTPUploadPackOff, !c.Settings.HTTPReceivePackOff
	}
	if c.Pushes() {
		facts["settings.push_to_create"] = c.Settings.PushToCreate
		facts["settings.default_branch_protection"] = int64(c.Settings.DefaultBranchProtection)
	}
	if c.Throttled {
		facts["throttled"] = true
	}
	if c.NamespacePath != "" {
		facts["certificate.namespace"] = cut(c.NamespacePath)
	}
	if c.Actor.Anonymous() {
		facts["claim"] = cut(c.Claim.String())
	}
	if c.Token != nil {
		facts["token.scopes"] = scopeTexts(c.Token.Scopes)
	}
	addUser(facts, c)
	addKey(facts, c)
	addProject(facts, c)
	return facts
}

func scopeTexts(scopes []identity.Scope) []string {
	texts := make([]string, len(scopes))
	for i, s := range scopes {
		texts[i] = string(s)
	}
	return texts
}

func addUser(facts audit.Values, c *source.Case) {
	person := c.Actor.Person()
	if !person.Known() {
		return
	}
	facts["user.state"], facts["user.type"] = string(person.State), string(person.Type)
	facts["user.admin"], facts["user.external"] = person.Admin, person.External
	facts["user.two_factor"], facts["user.email_confirmed"] = person.TwoFactor, person.EmailConfirmed
	if person.TwoFactor && c.Settings.OTPRequired {
		facts["user.otp_session"] = c.OTPSession
	}
	if c.Keys.TermsEnforced {
		facts["user.terms_accepted"] = person.TermsAccepted
	}
	addTime(facts, "user.password_expires_at", person.PasswordExpiresAt)
}

func addKey(facts audit.Values, c *source.Case) {
	key := c.Actor.Key
	if !key.Known() {
		return
	}
	facts["key.fingerprint"] = "SHA256:" + string(key.Fingerprint)
	addTime(facts, "key.expires_at", key.ExpiresAt)
	if c.Actor.IsDeployKey() {
		facts["deploy_key.enabled"], facts["deploy_key.can_push"] = c.KeyEnabled, c.KeyCanPush
		facts["deploy_key.creator"] = c.Actor.User.Username
	}
}

func addProject(facts audit.Values, c *source.Case) {
	p := &c.Project
	if !p.Known() {
		return
	}
	facts["role"], facts["visible"] = c.Role.String(), c.Visible()
	facts["project.visibility"], facts["project.archived"] = string(p.Visibility), p.Archived
	facts["project.read_only"], facts["project.storage"] = p.ReadOnly, p.Storage
	facts["project.repository"], facts["project.wiki"] = string(p.Repository), string(p.Wiki)
	facts["group.protocols"] = string(p.Root.Protocols)
	facts["group.require_ssh_certificates"] = p.Root.RequireSSHCertificates
	if p.ToBeCreated {
		facts["project.to_be_created"] = true
	}
	if of := p.Personal; of != nil {
		facts["namespace.projects"], facts["namespace.projects_limit"] = of.Count, of.Limit
	}
	if c.Moved {
		facts["project.moved"] = true
	}
	if len(p.Root.AllowedIPs) > 0 {
		allowed := make([]string, len(p.Root.AllowedIPs))
		for i, prefix := range p.Root.AllowedIPs {
			allowed[i] = prefix.String()
		}
		facts["group.allowed_ips"] = allowed
	}
	if len(c.Changes) > 0 {
		facts["project.default_branch"], facts["project.empty"] = p.HeadBranch(), p.Empty
		facts["protections"] = protections(p.Protections)
	}
	if p.BranchDefaults != nil {
		for name, value := range p.BranchDefaults.Audited() {
			facts["project."+name] = value // the group's or the instance's
		}
	}
}

func addTime(facts audit.Values, name string, at time.Time) {
	if !at.IsZero() {
		facts[name] = at.UTC().Format(time.RFC3339)
	}
}

// protections describes protected branches and tags.
func protections(list []source.Protection) []string {
	out := []string{}
	for _, p := range list[:min(len(list), mostProtections)] {
		kind, force := "branch ", ""
		if p.Kind == source.Tag {
			kind = "tag "
		}
		if p.AllowForcePush {
			force = ", force push"
		}
		text := kind + string(p.Pattern) + accesses(", push: ", p.Push) + accesses(", merge: ", p.Merge) + accesses(", create: ", p.Create) + force
		out = append(out, cut(text))
	}
	if more := len(list) - len(out); more > 0 {
		out = append(out, "and "+strconv.Itoa(more)+" more")
	}
	return out
}

// accesses describes who has access, behind a name, as "developer, user-7".
func accesses(name string, list []source.Access) string {
	if len(list) == 0 {
		return ""
	}
	texts := make([]string, len(list))
	for i, a := range list {
		switch {
		case a.User != 0:
			texts[i] = identity.Actor{User: identity.User{ID: a.User}}.String()
		case a.Group != 0:
			texts[i] = "group-" + strconv.FormatInt(int64(a.Group), 10)
		case a.DeployKey != 0:
			texts[i] = identity.Actor{Key: identity.Key{ID: a.DeployKey, Kind: identity.DeployKey}}.String()
		case a.Role == source.AdminsOnly:
			texts[i] = "admin"
		default:
			texts[i] = a.Role.String()
		}
	}
	return name + strings.Join(texts, " or ")
}
