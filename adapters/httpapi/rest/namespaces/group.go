package namespaces

import (
	"strings"

	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/application/groups"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

// group is a group as lists show it.
type group struct {
	ID                              int64                `json:"id"`
	WebURL                          string               `json:"web_url"`
	Name                            string               `json:"name"`
	Path                            string               `json:"path"`
	Description                     string               `json:"description"`
	Visibility                      call.VisibilityWord  `json:"visibility"`
	ShareWithGroupLock              bool                 `json:"share_with_group_lock"`
	RequireTwoFactorAuthentication  bool                 `json:"require_two_factor_authentication" api:"no-effect"`
	TwoFactorGracePeriod            any                  `json:"two_factor_grace_period"`
	ProjectCreationLevel            projectCreationWord  `json:"project_creation_level"`
	AutoDevopsEnabled               any                  `json:"auto_devops_enabled"`
	SubgroupCreationLevel           subgroupCreationWord `json:"subgroup_creation_level"`
	EmailsDisabled                  any                  `json:"emails_disabled"`
	EmailsEnabled                   any                  `json:"emails_enabled"`
	ShowDiffPreviewInEmail          any                  `json:"show_diff_preview_in_email"`
	MentionsDisabled                any                  `json:"mentions_disabled"`
	LFSEnabled                      bool                 `json:"lfs_enabled"`
	Archived                        bool                 `json:"archived"`
	MathRenderingLimitsEnabled      any                  `json:"math_rendering_limits_enabled"`
	LockMathRenderingLimitsEnabled  any                  `json:"lock_math_rendering_limits_enabled"`
	DefaultBranch                   any                  `json:"default_branch"`
	DefaultBranchProtection         int64                `json:"default_branch_protection"`
	DefaultBranchProtectionDefaults branchDefaults       `json:"default_branch_protection_defaults"`
	AvatarURL                       *string              `json:"avatar_url"`
	RequestAccessEnabled            any                  `json:"request_access_enabled"`
	FullName                        string               `json:"full_name"`
	FullPath                        string               `json:"full_path"`
	CreatedAt                       *string              `json:"created_at" api:"date-time,null"`
	ParentID                        *int64               `json:"parent_id"`
	OrganizationID                  any                  `json:"organization_id"`
	SharedRunnersSetting            any                  `json:"shared_runners_setting"`
	MaxArtifactsSize                any                  `json:"max_artifacts_size"`
	MarkedForDeletionOn             *string              `json:"marked_for_deletion_on" api:"date,null"`
}

// branchDefaults is how the default branches of new projects are protected.
type branchDefaults struct {
	AllowedToPush           []accessLevel `json:"allowed_to_push"`
	AllowForcePush          bool          `json:"allow_force_push"`
	AllowedToMerge          []accessLevel `json:"allowed_to_merge"`
	DeveloperCanInitialPush bool          `json:"developer_can_initial_push"`
}

type accessLevel struct {
	AccessLevel int64 `json:"access_level"`
}

// groupFields are one group without its projects. RunnersToken and IPRestrictionRanges are
// null for callers who do not own it; PreventSharingGroupsOutsideHierarchy and
// EnabledGitAccessProtocol in a subgroup.
type groupFields struct {
	group
	SharedWithGroups                     []entity.GroupLink  `json:"shared_with_groups"`
	RunnersToken                         *string             `json:"runners_token"`
	PreventSharingGroupsOutsideHierarchy any                 `json:"prevent_sharing_groups_outside_hierarchy"`
	EnabledGitAccessProtocol             *accessProtocolWord `json:"enabled_git_access_protocol"`
	IPRestrictionRanges                  *string             `json:"ip_restriction_ranges"`
	MembershipLock                       bool                `json:"membership_lock"`
	SharedRunnersMinutesLimit            any                 `json:"shared_runners_minutes_limit"`
	ExtraSharedRunnersMinutesLimit       any                 `json:"extra_shared_runners_minutes_limit"`
	PreventForkingOutsideGroup           any                 `json:"prevent_forking_outside_group"`
	FileTemplateProjectID                any                 `json:"file_template_project_id"`
	WikiAccessLevel                      any                 `json:"wiki_access_level"`
}

// groupProjects are projects in a group, and those that are shared with it; null where they
// are not asked for.
type groupProjects[Shown any] struct {
	Projects       *[]Shown `json:"projects"`
	SharedProjects *[]Shown `json:"shared_projects"`
}

// groupDetail is one group.
type groupDetail struct {
	groupFields
	groupProjects[entity.Project]
}

// publicGroupDetail is one group as callers without a credential see it.
type publicGroupDetail struct {
	groupFields
	groupProjects[entity.BasicProject]
}

// Remembered says which members are remembered, here and where the struct is embedded.
func (group) Remembered() remembered.Table { return remembered.Groups }

func (a *API) basicGroup(v groups.View) entity.BasicGroup {
	return entity.BasicGroup{ID: int64(v.ID), WebURL: a.instance.GroupURL(v.Path), Name: v.Name, FullName: v.FullName, FullPath: v.Path}
}

func (a *API) group(v groups.View) group {
	setting := func(name string) any { return remembered.GroupValue(v.Settings, name) }
	level := a.instance.DefaultBranchProtection
	call.Set(&level, v.DefaultBranchProtection)
	defaults := level.Defaults()
	call.Set(&defaults, source.OwnBranchDefaults(v.DefaultBranchProtection, v.Settings))
	return group{
		ID: int64(v.ID), WebURL: a.instance.GroupURL(v.Path), Name: v.Name, Path: source.Path(v.Path).Last(), Description: v.Description,
		Visibility: call.VisibilityWord(v.Visibility), ShareWithGroupLock: v.ShareLock, RequireTwoFactorAuthentication: v.RequireTwoFactor,
		TwoFactorGracePeriod: setting("two_factor_grace_period"), ProjectCreationLevel: projectCreationWord(v.ProjectCreation),
		AutoDevopsEnabled: setting("auto_devops_enabled"), SubgroupCreationLevel: subgroupCreationWord(v.SubgroupCreation),
		EmailsDisabled: setting("emails_disabled"), EmailsEnabled: setting("emails_enabled"),
		ShowDiffPreviewInEmail: setting("show_diff_preview_in_email"), MentionsDisabled: setting("mentions_disabled"), LFSEnabled: v.EffectiveLFS,
		MathRenderingLimitsEnabled:     setting("math_rendering_limits_enabled"),
		LockMathRenderingLimitsEnabled: setting("lock_math_rendering_limits_enabled"),
		DefaultBranch:                  setting("default_branch"), DefaultBranchProtection: int64(level), DefaultBranchProtectionDefaults: newBranchDefaults(defaults),
		RequestAccessEnabled: setting("request_access_enabled"), FullName: v.FullName, FullPath: v.Path, CreatedAt: entity.MomentOrNull(v.CreatedAt),
		ParentID: entity.NumberOrNull(v.Parent), OrganizationID: setting("organization_id"), SharedRunnersSetting: setting("shared_runners_setting"), MaxArtifactsSize: setting("max_artifacts_size"),
	}
}

func newBranchDefaults(d source.BranchDefaults) branchDefaults {
	return branchDefaults{
		AllowedToPush: []accessLevel{{int64(d.Push)}}, AllowForcePush: d.ForcePush,
		AllowedToMerge: []accessLevel{{int64(d.Merge)}}, DeveloperCanInitialPush: d.InitialPush,
	}
}

func (a *API) groupFields(d groups.Detail) groupFields {
	setting := func(name string) any { return remembered.GroupValue(d.Settings, name) }
	out := groupFields{
		group: a.group(d.View), SharedWithGroups: []entity.GroupLink{}, MembershipLock: d.MembershipLock,
		SharedRunnersMinutesLimit: setting("shared_runners_minutes_limit"), ExtraSharedRunnersMinutesLimit: setting("extra_shared_runners_minutes_limit"),
		PreventForkingOutsideGroup: setting("prevent_forking_outside_group"), FileTemplateProjectID: setting("file_template_project_id"),
		WikiAccessLevel: setting("wiki_access_level"),
	}
	for _, l := range d.Links {
		out.SharedWithGroups = append(out.SharedWithGroups, entity.GroupLink{
			GroupID: int64(l.With), GroupName: l.Name, GroupFullPath: l.Path, GroupAccessLevel: int64(l.Role), ExpiresAt: entity.DayOrNull(l.ExpiresAt),
		})
	}
	if d.Owner {
		out.RunnersToken, out.IPRestrictionRanges = new(string), entity.TextOrNull(rangeTexts(d.Group))
	}
	if d.Parent == 0 {
		out.EnabledGitAccessProtocol = new(accessProtocol(d.Namespace))
		out.PreventSharingGroupsOutsideHierarchy = setting("prevent_sharing_groups_outside_hierarchy")
	}
	return out
}

// rangeTexts joins the ranges of addresses that may use Git.
func rangeTexts(g source.Group) string {
	texts := make([]string, len(g.AllowedIPs))
	for i, prefix := range g.AllowedIPs {
		texts[i] = prefix.String()
	}
	return strings.Join(texts, ",")
}

// sshCertificates is the word for Git over SSH with certificates alone.
const sshCertificates = "ssh_certificates"

func accessProtocol(n source.Namespace) accessProtocolWord {
	if n.RequireSSHCertificates && n.Protocols == source.OnlySSH {
		return sshCertificates
	}
	return accessProtocolWord(n.Protocols)
}
