package remembered

import (
	"maps"
	"slices"
)

// accessLevels are the words of the levels of a project's features.
var accessLevels = []string{"disabled", "private", "enabled"}

// level is the parameter of a feature's level.
func level(name, otherwise string, more ...string) Parameter {
	return Parameter{Name: name, Kind: Text, Default: otherwise, Words: append(accessLevels[:len(accessLevels):len(accessLevels)], more...)}
}

// Projects are what is remembered of a project. The name, the visibility and the like are
// real, and not among them.
var Projects = Table{
	level("issues_access_level", "enabled"),
	level("merge_requests_access_level", "enabled"),
	level("forking_access_level", "enabled"),
	level("builds_access_level", "enabled"),
	level("snippets_access_level", "enabled"),
	level("pages_access_level", "private", "public"),
	level("operations_access_level", "enabled"),
	level("analytics_access_level", "enabled"),
	level("container_registry_access_level", "enabled"),
	level("security_and_compliance_access_level", "private"),
	level("releases_access_level", "enabled"),
	level("environments_access_level", "enabled"),
	level("feature_flags_access_level", "enabled"),
	level("infrastructure_access_level", "enabled"),
	level("monitor_access_level", "enabled"),
	level("model_experiments_access_level", "enabled"),
	level("model_registry_access_level", "enabled"),
	level("package_registry_access_level", "enabled", "public"),
	level("requirements_access_level", "enabled"),
	{Name: "service_desk_enabled", Kind: Flag, Default: false},
	{Name: "emails_enabled", Kind: Flag, Default: true},
	{Name: "shared_runners_enabled", Kind: Flag, Default: true},
	{Name: "group_runners_enabled", Kind: Flag, Default: true},
	{Name: "public_jobs", Kind: Flag, Default: true},
	{Name: "build_git_strategy", Kind: Text, Default: "fetch", Words: []string{"fetch", "clone"}},
	{Name: "build_timeout", Kind: Number, Default: int64(3600)},
	{Name: "auto_cancel_pending_pipelines", Kind: Text, Default: "enabled", Words: []string{"enabled", "disabled"}},
	{Name: "ci_config_path", Kind: Text, Default: ""},
	{Name: "ci_default_git_depth", Kind: Number, Default: int64(20)},
	{Name: "ci_forward_deployment_enabled", Kind: Flag, Default: true},
	{Name: "ci_separated_caches", Kind: Flag, Default: true},
	{Name: "ci_job_token_scope_enabled", Kind: Flag, Default: false},
	{Name: "build_coverage_regex", Kind: Text},
	{Name: "keep_latest_artifact", Kind: Flag, Default: true},
	{Name: "restrict_user_defined_variables", Kind: Flag, Default: false},
	{Name: "request_access_enabled", Kind: Flag, Default: true},
	{Name: "only_allow_merge_if_pipeline_succeeds", Kind: Flag, Default: false},
	{Name: "allow_merge_on_skipped_pipeline", Kind: Flag},
	{Name: "only_allow_merge_if_all_discussions_are_resolved", Kind: Flag, Default: false},
	{Name: "remove_source_branch_after_merge", Kind: Flag, Default: true},
	{Name: "printing_merge_request_link_enabled", Kind: Flag, Default: true},
	{Name: "merge_method", Kind: Text, Default: "merge", Words: []string{"merge", "rebase_merge", "ff"}},
	{Name: "squash_option", Kind: Text, Default: "default_off", Words: []string{"never", "always", "default_on", "default_off"}},
	{Name: "suggestion_commit_message", Kind: Text},
	{Name: "merge_commit_template", Kind: Text},
	{Name: "squash_commit_template", Kind: Text},
	{Name: "auto_devops_enabled", Kind: Flag, Default: false},
	{Name: "auto_devops_deploy_strategy", Kind: Text, Default: "continuous", Words: []string{"continuous", "manual", "timed_incremental"}},
	{Name: "autoclose_referenced_issues", Kind: Flag, Default: true},
	{Name: "resolve_outdated_diff_discussions", Kind: Flag, Default: false},
	{Name: "approvals_before_merge", Kind: Number, Default: int64(0)},
	{Name: "mirror", Kind: Flag, Default: false},
	{Name: "mirror_trigger_builds", Kind: Flag, Default: false},
	{Name: "only_mirror_protected_branches", Kind: Flag, Default: false},
	{Name: "mirror_overwrites_diverged_branches", Kind: Flag, Default: false},
	{Name: "issues_template", Kind: Text},
	{Name: "merge_requests_template", Kind: Text},
	{Name: "external_authorization_classification_label", Kind: Text, Default: ""},
	{Name: "merge_pipelines_enabled", Kind: Flag, Default: false},
	{Name: "merge_trains_enabled", Kind: Flag, Default: false},
	{Name: "enforce_auth_checks_on_uploads", Kind: Flag, Default: true},
	{Name: "container_expiration_policy", Kind: Hash},
}

// ContainerExpirationPolicies are the members of a project's container_expiration_policy.
var ContainerExpirationPolicies = Table{
	{Name: "cadence", Kind: Text, Default: "1d", Words: []string{"1d", "7d", "14d", "1month", "3month"}},
	{Name: "enabled", Kind: Flag, Default: false},
	{Name: "keep_n", Kind: Number, Default: int64(10)},
	{Name: "older_than", Kind: Text, Default: "90d"},
	{Name: "name_regex", Kind: Text, Default: ".*"},
	{Name: "name_regex_keep", Kind: Text},
}

// switches are the old parameters that switch a feature of a project on or off, with the
// level that they stand for.
var switches = map[string]string{
	"issues_enabled":             "issues_access_level",
	"merge_requests_enabled":     "merge_requests_access_level",
	"jobs_enabled":               "builds_access_level",
	"snippets_enabled":           "snippets_access_level",
	"container_registry_enabled": "container_registry_access_level",
	"packages_enabled":           "package_registry_access_level",
}

// Switches returns the names of the old parameters by which features of projects are
// switched on or off, each with the name of the level that it stands for.
func Switches() map[string]string { return maps.Clone(switches) }

// ProjectMembers are all that ProjectValues names.
var ProjectMembers = slices.Concat(Projects, following())

// following are what follows from other parameters of a project.
func following() Table {
	out := Table{{Name: "emails_disabled", Kind: Flag}, {Name: "public_builds", Kind: Flag}}
	for _, name := range slices.Sorted(maps.Keys(switches)) {
		out = append(out, Parameter{Name: name, Kind: Flag})
	}
	return out
}

// ProjectValues returns all that is remembered of a project by its names, with the defaults
// of what was never given, and what follows from others of it: the old switches,
// emails_disabled and public_builds.
func ProjectValues(v Values) Values {
	out := Projects.all(v, len(switches)+2)
	for name, level := range switches {
		out[name] = out[level] != "disabled"
	}
	out["emails_disabled"] = out["emails_enabled"] == false
	out["public_builds"] = out["public_jobs"]
	policy, _ := out["container_expiration_policy"].(map[string]any)
	out["container_expiration_policy"] = map[string]any(ContainerExpirationPolicies.all(policy, 0))
	return out
}

const (
	policy           = "container_expiration_policy"
	policyAttributes = "container_expiration_policy_attributes"
)

// ProjectParameters are the parameters of a project that are remembered, its old switches among
// them.
var ProjectParameters = slices.Concat(projectParameters(), following())

// projectParameters are Projects with the name that the policy has in a request.
func projectParameters() Table {
	out := slices.Clone(Projects)
	for i := range out {
		if out[i].Name == policy {
			out[i].Name = policyAttributes
		}
	}
	return out
}

// ProjectChanges returns what parameters of a project, as ProjectParameters names them, change
// of what is kept of it: an old switch sets its level unless that is given too, and members of
// the policy are changed one by one. Null clears a parameter, so that it has its default.
func ProjectChanges(kept, given Values) Values {
	out := Values{}
	for name, value := range given {
		if _, known := Projects.Find(name); known {
			out[name] = value
		}
	}
	follow := func(from, to string, value func(on bool) any) {
		if on, isFlag := given[from].(bool); isFlag {
			if _, both := given[to]; !both {
				out[to] = value(on)
			}
		}
	}
	for name, level := range switches {
		follow(name, level, func(on bool) any {
			if on {
				return "enabled"
			}
			return "disabled"
		})
	}
	follow("emails_disabled", "emails_enabled", func(off bool) any { return !off })
	follow("public_builds", "public_jobs", func(on bool) any { return on })
	if changes, isHash := given[policyAttributes].(map[string]any); isHash {
		old, _ := kept[policy].(map[string]any)
		out[policy] = map[string]any(Values(old).With(changes))
	}
	return kept.changed(out)
}

// changed returns v with the changes; null removes a value. Neither of the two changes.
func (v Values) changed(changes Values) Values {
	for name, value := range changes {
		if value == nil {
			v = v.Without(name)
		} else {
			v = v.With(Values{name: value})
		}
	}
	return v
}
