package remembered

import "slices"

// Users are all that is remembered of a user.
var Users = slices.Concat(UserParameters, UserStatus.Behind(StatusPrefix))

// UserParameters are what administrators may say of a user.
var UserParameters = Table{
	{Name: "bio", Kind: Text, Default: ""},
	{Name: "location", Kind: Text, Default: ""},
	{Name: "linkedin", Kind: Text, Default: ""},
	{Name: "twitter", Kind: Text, Default: ""},
	{Name: "discord", Kind: Text, Default: ""},
	{Name: "github", Kind: Text, Default: ""},
	{Name: "skype", Kind: Text, Default: ""},
	{Name: "website_url", Kind: Text, Default: ""},
	{Name: "organization", Kind: Text, Default: ""},
	{Name: "job_title", Kind: Text, Default: ""},
	{Name: "pronouns", Kind: Text},
	{Name: "commit_email", Kind: Text},
	{Name: "private_profile", Kind: Flag, Default: false},
	{Name: "theme_id", Kind: Number, Default: int64(1)},
	{Name: "color_scheme_id", Kind: Number, Default: int64(1)},
	{Name: "view_diffs_file_by_file", Kind: Flag, Default: false},
	{Name: "extern_uid", Kind: Text},
	{Name: "provider", Kind: Text},
}

// UserStatus are the parameters of the status that users set for themselves.
var UserStatus = Table{
	{Name: "emoji", Kind: Text},
	{Name: "message", Kind: Text, Default: ""},
	{Name: "availability", Kind: Text, Words: []string{"not_set", "busy"}},
}

// StatusPrefix is in front of the names of UserStatus among those of Users.
const StatusPrefix = "status_"

// Groups are what is remembered of a group.
var Groups = Table{
	{Name: "auto_devops_enabled", Kind: Flag},
	{Name: "mentions_disabled", Kind: Flag},
	{Name: "emails_disabled", Kind: Flag},
	{Name: "emails_enabled", Kind: Flag, Default: true},
	{Name: "show_diff_preview_in_email", Kind: Flag, Default: true},
	{Name: "request_access_enabled", Kind: Flag, Default: true},
	{Name: "two_factor_grace_period", Kind: Number, Default: int64(48)},
	{Name: "shared_runners_setting", Kind: Text, Default: "enabled", Words: []string{
		"enabled", "disabled_and_overridable", "disabled_and_unoverridable", "disabled_with_override",
	}},
	{Name: "prevent_forking_outside_group", Kind: Flag},
	{Name: "prevent_sharing_groups_outside_hierarchy", Kind: Flag, Default: false},
	{Name: "shared_runners_minutes_limit", Kind: Number},
	{Name: "extra_shared_runners_minutes_limit", Kind: Number},
	{Name: "wiki_access_level", Kind: Text, Default: "enabled", Words: []string{"disabled", "private", "enabled"}},
	{Name: "math_rendering_limits_enabled", Kind: Flag, Default: true},
	{Name: "lock_math_rendering_limits_enabled", Kind: Flag, Default: false},
	{Name: "max_artifacts_size", Kind: Number},
	{Name: "file_template_project_id", Kind: Number},
	{Name: "default_branch", Kind: Text},
	{Name: "organization_id", Kind: Number, Default: int64(1)},
}

// GroupHooks are what is remembered of a hook of a group.
var GroupHooks = slices.Concat(Hooks, Table{
	{Name: "subgroup_events", Kind: Flag, Default: false},
	{Name: "member_events", Kind: Flag, Default: false},
	{Name: "project_events", Kind: Flag, Default: false},
})

// Hooks are what is remembered of a hook of a project: the events of which there are none here.
var Hooks = Table{
	{Name: "merge_requests_events", Kind: Flag, Default: false},
	{Name: "repository_update_events", Kind: Flag, Default: false},
	{Name: "issues_events", Kind: Flag, Default: false},
	{Name: "confidential_issues_events", Kind: Flag, Default: false},
	{Name: "note_events", Kind: Flag, Default: false},
	{Name: "confidential_note_events", Kind: Flag, Default: false},
	{Name: "pipeline_events", Kind: Flag, Default: false},
	{Name: "wiki_page_events", Kind: Flag, Default: false},
	{Name: "deployment_events", Kind: Flag, Default: false},
	{Name: "feature_flag_events", Kind: Flag, Default: false},
	{Name: "job_events", Kind: Flag, Default: false},
	{Name: "releases_events", Kind: Flag, Default: false},
	{Name: "milestone_events", Kind: Flag, Default: false},
	{Name: "emoji_events", Kind: Flag, Default: false},
	{Name: "resource_access_token_events", Kind: Flag, Default: false},
	{Name: "resource_deploy_token_events", Kind: Flag, Default: false},
	{Name: "vulnerability_events", Kind: Flag, Default: false},
}

// emailsDisabled is the old name of the opposite of emailsEnabled.
const emailsDisabled, emailsEnabled = "emails_disabled", "emails_enabled"

// GroupChanges returns changes of a group's parameters with what follows from them: of
// emails_disabled and emails_enabled the one that is given last decides, and of both at once
// the latter.
func GroupChanges(v Values) Values {
	if on, given := v[emailsEnabled]; given {
		return v.With(Values{emailsDisabled: on == false})
	}
	if off, given := v[emailsDisabled]; given {
		return v.With(Values{emailsEnabled: off != true})
	}
	return v
}

// GroupValue returns a parameter of a group as it is shown. Of emails_disabled and
// emails_enabled one is shown as the opposite of the other, also where a world file or an
// earlier release has left the two alike; the latter decides, and null stays null.
func GroupValue(v Values, name string) any {
	on, onGiven := v[emailsEnabled]
	off, offGiven := v[emailsDisabled]
	switch {
	case name == emailsDisabled && onGiven && (off != nil || !offGiven):
		return on == false
	case name == emailsEnabled && offGiven && !onGiven:
		return off != true
	}
	return Groups.Value(v, name)
}

// Settings are what is remembered of the instance.
var Settings = Table{
	{Name: "default_project_visibility", Kind: Text, Default: "private", Words: visibilities},
	{Name: "default_group_visibility", Kind: Text, Default: "private", Words: visibilities},
	{Name: "default_snippet_visibility", Kind: Text, Default: "private", Words: visibilities},
	{Name: "default_projects_limit", Kind: Number, Default: int64(100_000)},
	{Name: "default_branch_name", Kind: Text},
	{Name: "default_ci_config_path", Kind: Text},
	{Name: "after_sign_out_path", Kind: Text},
	{Name: "home_page_url", Kind: Text},
	{Name: "help_page_text", Kind: Text},
	{Name: "help_page_support_url", Kind: Text},
	{Name: "gravatar_enabled", Kind: Flag, Default: true},
	{Name: "max_attachment_size", Kind: Number, Default: int64(100)},
	{Name: "session_expire_delay", Kind: Number, Default: int64(10080)},
}

var visibilities = []string{"private", "internal", "public"}
