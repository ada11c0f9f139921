package worldfile

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

func group(e *entry) worldimport.Group {
	g := worldimport.Group{
		FileLine: e.here(),
		Namespace: source.Namespace{
			ID:                     source.NamespaceID(e.id("id", "namespace")),
			Path:                   e.needText("path"),
			AllowedIPs:             e.prefixes("allowed_ips"),
			Protocols:              word(e, "protocols", source.ProtocolSettings, source.AllProtocols),
			RequireSSHCertificates: e.flag("require_ssh_certificates", false),
		},
		Visibility:    word(e, "visibility", source.Visibilities, source.Private),
		PendingDelete: e.flag("pending_delete", false),
		Profile: source.GroupProfile{
			Name:             e.text("name"),
			Description:      e.text("description"),
			LFS:              e.optionalFlag("lfs"),
			ProjectCreation:  word(e, "project_creation", source.ProjectCreations, source.DeveloperProjects),
			SubgroupCreation: word(e, "subgroup_creation", source.SubgroupCreations, source.MaintainerSubgroups),
			ShareLock:        e.flag("share_lock", false),
			MembershipLock:   e.flag("membership_lock", false),
			RequireTwoFactor: e.flag("require_two_factor", false),
			Settings:         e.groupSettings(),
			CreatedAt:        e.moment("created_at"),
		},
	}
	if level, ok := e.number("default_branch_protection", int64(source.NotProtected), int64(source.DevelopersPushInitially)); ok {
		protection := source.BranchProtection(level)
		g.DefaultBranchProtection = &protection
	}
	e.takePath(e.line, g.Namespace.Path)
	if g.Namespace.Path != "" {
		e.wrong("path", "group", g.Namespace.Path, source.CheckGroupPath(g.Namespace.Path))
	}
	if strings.Contains(g.Namespace.Path, "/") {
		e.rootOnly("allowed_ips", len(g.Namespace.AllowedIPs) > 0)
		e.rootOnly("protocols", g.Namespace.Protocols != source.AllProtocols)
		e.rootOnly("require_ssh_certificates", g.Namespace.RequireSSHCertificates)
	}
	return g
}

// groupSettings are the settings that a group may have.
var groupSettings = slices.Concat(remembered.Groups, remembered.Table{{Name: source.BranchDefaultsSetting, Kind: remembered.Hash}})

// groupSettings reads the settings of a group.
func (e *entry) groupSettings() remembered.Values {
	values := e.settings("settings", groupSettings)
	if value, given := values[source.BranchDefaultsSetting]; given {
		defaults, isHash := value.(map[string]any)
		if _, ok := source.ParseBranchDefaults(defaults); value == nil || isHash && !ok {
			e.mistake(e.members["settings"].Line, "%s must be a mapping: allowed_to_push and allowed_to_merge are lists of {access_level: 0, 30 or 40}, allow_force_push and developer_can_initial_push true or false", source.BranchDefaultsSetting)
		}
	}
	return values
}

// rootOnly adds a mistake for a setting that has no effect in a subgroup.
func (e *entry) rootOnly(name string, set bool) {
	if set {
		e.mistake(e.members[name].Line, "%s counts on top-level groups only", name)
	}
}

// prefixes reads ranges of addresses. A single address is a range of one.
func (e *entry) prefixes(name string) []netip.Prefix {
	var prefixes []netip.Prefix
	e.texts(name, func(line int, text string) {
		prefix, ok := source.ParseRange(text)
		if !ok {
			e.mistake(line, "each of %s must be an address or a range such as 192.0.2.0/24", name)
			return
		}
		prefixes = append(prefixes, prefix)
	})
	return prefixes
}

func project(e *entry) worldimport.Project {
	p := worldimport.Project{
		FileLine: e.here(),
		Project: source.Project{
			ID:         source.ProjectID(e.id("id", "project")),
			Path:       e.needText("path"),
			Visibility: word(e, "visibility", source.Visibilities, source.Private),
			Archived:   e.flag("archived", false),
			ReadOnly:   e.flag("read_only", false),
			Repository: word(e, "repository", source.Features, source.FeatureEnabled),
			Wiki:       word(e, "wiki", source.Features, source.FeatureEnabled),
			Storage:    e.text("storage"),
			LegacyPath: e.text("legacy_path"),
			LFS:        e.flag("lfs", true),
			Empty:      e.empty(),
		},
		PendingDelete: e.flag("pending_delete", false),
		Creator:       e.text("creator"),
		Profile: source.ProjectProfile{
			Name:         e.text("name"),
			Description:  e.text("description"),
			Topics:       e.topics(),
			Settings:     e.settings("settings", projectSettings),
			ObjectFormat: word(e, "object_format", objectFormats, "sha1"),
			CreatedAt:    e.moment("created_at"),
			UpdatedAt:    e.moment("updated_at"),
		},
	}
	if p.Project.Storage == "" {
		p.Project.Storage = "default"
	}
	path := p.Project.Path
	if path != "" {
		e.wrong("path", "project", path, source.CheckProjectPath(path))
	}
	e.wrong("legacy_path", "project", path, source.CheckLegacyPath(p.Project.LegacyPath))
	if p.Project.DefaultBranch = e.text("default_branch"); p.Project.DefaultBranch != "" {
		e.wrong("default_branch", "project", path, source.CheckDefaultBranch(p.Project.DefaultBranch))
	}
	e.takePath(e.line, path)
	e.texts("moved_from", func(line int, past string) {
		e.takePath(line, past)
		e.wrongAt(line, "project", path, source.CheckPastPath(source.Path(past)))
		p.MovedFrom = append(p.MovedFrom, source.Path(past))
	})
	protections(e, &p)
	return p
}

// objectFormats are the formats of a repository.
var objectFormats = []string{"sha1", "sha256"}

// empty says whether a project has no commits. Null is as if it were left out: it is
// either true or false, and what a new project begins with depends on the instance.
func (e *entry) empty() bool {
	empty := e.optionalFlag("empty")
	if empty == nil {
		e.leftOut = append(e.leftOut, "empty")
		return false
	}
	return *empty
}

// topics are the words that a project is found by.
func (e *entry) topics() (topics []string) {
	e.texts("topics", func(_ int, topic string) { topics = append(topics, topic) })
	return topics
}

func member(e *entry) worldimport.Member {
	m := worldimport.Member{
		FileLine:  e.here(),
		User:      e.needText("user"),
		Role:      e.role("role"),
		State:     word(e, "state", worldimport.MemberStates, worldimport.MemberActive),
		ExpiresAt: e.day("expires_at"),
		Creation:  e.creation("created_by"),
	}
	m.Group, m.Project = e.memberSource()
	if m.User != "" && m.Group+m.Project != "" {
		e.once(e.line, "%s in %s", identity.Fold(m.User), sourceName(m.Group, m.Project))
	}
	return m
}

func share(e *entry) worldimport.Share {
	s := worldimport.Share{
		FileLine:  e.here(),
		With:      e.needText("with"),
		Role:      e.role("role"),
		ExpiresAt: e.day("expires_at"),
		Creation:  e.creation("created_by"),
	}
	s.Group, s.Project = e.memberSource()
	if s.With != "" && s.Group+s.Project != "" {
		e.once(e.line, "the share of %s with group %s", sourceName(s.Group, s.Project), identity.Fold(s.With))
	}
	return s
}

// memberSource reads the path of a group or a project; one of them must be
// present.
func (e *entry) memberSource() (group, project string) {
	group, project = e.text("group"), e.text("project")
	if (group == "") == (project == "") {
		e.mistake(e.line, "%s needs either group or project", e.what)
		return "", ""
	}
	return group, project
}

func sourceName(group, project string) string {
	if group != "" {
		return "group " + identity.Fold(group)
	}
	return "project " + identity.Fold(project)
}

func broadcast(e *entry) worldimport.Broadcast {
	b := worldimport.Broadcast{
		FileLine:   e.here(),
		Message:    e.needText("message"),
		Type:       word(e, "type", worldimport.BroadcastTypes, worldimport.BannerBroadcast),
		StartsAt:   e.moment("starts_at"),
		EndsAt:     e.moment("ends_at"),
		TargetPath: source.Pattern(e.text("target_path")),
		ShowInGit:  e.flag("show_in_git", true),
	}
	if !b.EndsAt.IsZero() && !b.EndsAt.After(b.StartsAt) {
		e.mistake(e.line, "ends_at must be after starts_at")
	}
	if b.Message != "" {
		e.secretOnce(e.line, "this message", fmt.Sprintf("%s %q %q", b.Type, b.Message, b.TargetPath))
	}
	return b
}
