package entity

import (
	"reflect"
	"strconv"
	"time"

	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/application/projects"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

// BasicProject is a project as everyone sees it.
type BasicProject struct {
	ID                int64               `json:"id"`
	Description       *string             `json:"description"`
	Name              string              `json:"name"`
	NameWithNamespace string              `json:"name_with_namespace"`
	Path              string              `json:"path"`
	PathWithNamespace string              `json:"path_with_namespace"`
	CreatedAt         *string             `json:"created_at" api:"date-time,null"`
	DefaultBranch     *string             `json:"default_branch"`
	TagList           []string            `json:"tag_list"`
	Topics            []string            `json:"topics"`
	SSHURLToRepo      string              `json:"ssh_url_to_repo"`
	HTTPURLToRepo     string              `json:"http_url_to_repo"`
	WebURL            string              `json:"web_url"`
	ReadmeURL         *string             `json:"readme_url"`
	ForksCount        int64               `json:"forks_count"`
	AvatarURL         *string             `json:"avatar_url"`
	StarCount         int64               `json:"star_count"`
	LastActivityAt    *string             `json:"last_activity_at" api:"date-time,null"`
	Visibility        call.VisibilityWord `json:"visibility"`
	Namespace         Namespace           `json:"namespace"`
}

// featureLevel is a source.Feature.
type featureLevel source.Feature

// Words are the words that it is one of.
func (featureLevel) Words() []string { return call.Texts(source.Features) }

// Project is a project as those who have signed in see it. Its members of type any are
// those of remembered.ProjectMembers.
type Project struct {
	BasicProject
	Links                projectLinks        `json:"_links"`
	EmptyRepo            bool                `json:"empty_repo"`
	Archived             bool                `json:"archived"`
	Owner                *BasicUser          `json:"owner"`
	CreatorID            *int64              `json:"creator_id"`
	ImportStatus         string              `json:"import_status"`
	ImportURL            *string             `json:"import_url"`
	ImportType           *string             `json:"import_type"`
	ImportError          *string             `json:"import_error"`
	LFSEnabled           bool                `json:"lfs_enabled"`
	RepositoryAccess     featureLevel        `json:"repository_access_level"`
	WikiAccess           featureLevel        `json:"wiki_access_level"`
	WikiEnabled          bool                `json:"wiki_enabled"`
	RepositoryStorage    *string             `json:"repository_storage"`
	ObjectFormat         string              `json:"repository_object_format"`
	SharedWithGroups     []GroupLink         `json:"shared_with_groups"`
	Permissions          *projectPermissions `json:"permissions"`
	MarkedForDeletionAt  *string             `json:"marked_for_deletion_at" api:"date,null"`
	MarkedForDeletionOn  *string             `json:"marked_for_deletion_on" api:"date,null"`
	Statistics           *projectStatistics  `json:"statistics"`
	OpenIssuesCount      int64               `json:"open_issues_count"`
	RunnersToken         *string             `json:"runners_token"`
	CanCreateMergeInTo   bool                `json:"can_create_merge_request_in"`
	UpdatedAt            *string             `json:"updated_at" api:"date-time,null"`
	IssuesEnabled        any                 `json:"issues_enabled"`
	MergeRequestsEnabled any                 `json:"merge_requests_enabled"`
	JobsEnabled          any                 `json:"jobs_enabled"`
	SnippetsEnabled      any                 `json:"snippets_enabled"`
	ContainerRegistry    any                 `json:"container_registry_enabled"`
	PackagesEnabled      any                 `json:"packages_enabled"`
	projectSettings
	ExpirationPolicy expirationPolicy `json:"container_expiration_policy"`
}

// Remembered says which members are remembered.
func (Project) Remembered() remembered.Table { return remembered.ProjectMembers }

// projectSettings are what is remembered of a project.
type projectSettings struct {
	IssuesAccess               any `json:"issues_access_level"`
	MergeRequestsAccess        any `json:"merge_requests_access_level"`
	ForkingAccess              any `json:"forking_access_level"`
	BuildsAccess               any `json:"builds_access_level"`
	SnippetsAccess             any `json:"snippets_access_level"`
	PagesAccess                any `json:"pages_access_level"`
	OperationsAccess           any `json:"operations_access_level"`
	AnalyticsAccess            any `json:"analytics_access_level"`
	ContainerRegistryAccess    any `json:"container_registry_access_level"`
	SecurityAccess             any `json:"security_and_compliance_access_level"`
	ReleasesAccess             any `json:"releases_access_level"`
	EnvironmentsAccess         any `json:"environments_access_level"`
	FeatureFlagsAccess         any `json:"feature_flags_access_level"`
	InfrastructureAccess       any `json:"infrastructure_access_level"`
	MonitorAccess              any `json:"monitor_access_level"`
	ModelExperimentsAccess     any `json:"model_experiments_access_level"`
	ModelRegistryAccess        any `json:"model_registry_access_level"`
	PackageRegistryAccess      any `json:"package_registry_access_level"`
	RequirementsAccess         any `json:"requirements_access_level"`
	ServiceDeskEnabled         any `json:"service_desk_enabled"`
	EmailsDisabled             any `json:"emails_disabled"`
	EmailsEnabled              any `json:"emails_enabled"`
	SharedRunnersEnabled       any `json:"shared_runners_enabled"`
	GroupRunnersEnabled        any `json:"group_runners_enabled"`
	PublicJobs                 any `json:"public_jobs"`
	PublicBuilds               any `json:"public_builds"`
	BuildGitStrategy           any `json:"build_git_strategy"`
	BuildTimeout               any `json:"build_timeout"`
	AutoCancelPipelines        any `json:"auto_cancel_pending_pipelines"`
	CIConfigPath               any `json:"ci_config_path"`
	CIDefaultGitDepth          any `json:"ci_default_git_depth"`
	CIForwardDeployment        any `json:"ci_forward_deployment_enabled"`
	CISeparatedCaches          any `json:"ci_separated_caches"`
	CIJobTokenScope            any `json:"ci_job_token_scope_enabled"`
	BuildCoverageRegex         any `json:"build_coverage_regex"`
	KeepLatestArtifact         any `json:"keep_latest_artifact"`
	RestrictVariables          any `json:"restrict_user_defined_variables"`
	RequestAccessEnabled       any `json:"request_access_enabled"`
	OnlyMergeIfPipeline        any `json:"only_allow_merge_if_pipeline_succeeds"`
	MergeOnSkippedPipeline     any `json:"allow_merge_on_skipped_pipeline"`
	OnlyMergeIfResolved        any `json:"only_allow_merge_if_all_discussions_are_resolved"`
	RemoveSourceBranch         any `json:"remove_source_branch_after_merge"`
	PrintingMergeRequestLink   any `json:"printing_merge_request_link_enabled"`
	MergeMethod                any `json:"merge_method"`
	SquashOption               any `json:"squash_option"`
	SuggestionCommitMessage    any `json:"suggestion_commit_message"`
	MergeCommitTemplate        any `json:"merge_commit_template"`
	SquashCommitTemplate       any `json:"squash_commit_template"`
	AutoDevOpsEnabled          any `json:"auto_devops_enabled"`
	AutoDevOpsStrategy         any `json:"auto_devops_deploy_strategy"`
	AutocloseIssues            any `json:"autoclose_referenced_issues"`
	ResolveOutdatedDiffs       any `json:"resolve_outdated_diff_discussions"`
	ApprovalsBeforeMerge       any `json:"approvals_before_merge"`
	Mirror                     any `json:"mirror"`
	MirrorTriggerBuilds        any `json:"mirror_trigger_builds"`
	OnlyMirrorProtected        any `json:"only_mirror_protected_branches"`
	MirrorOverwritesDiverged   any `json:"mirror_overwrites_diverged_branches"`
	IssuesTemplate             any `json:"issues_template"`
	MergeRequestsTemplate      any `json:"merge_requests_template"`
	ExternalAuthorizationLabel any `json:"external_authorization_classification_label"`
	MergePipelinesEnabled      any `json:"merge_pipelines_enabled"`
	MergeTrainsEnabled         any `json:"merge_trains_enabled"`
	EnforceAuthOnUploads       any `json:"enforce_auth_checks_on_uploads"`
}

// expirationPolicy is what is remembered of the clean-up of a container registry.
type expirationPolicy struct {
	Cadence       any     `json:"cadence"`
	Enabled       any     `json:"enabled"`
	KeepN         any     `json:"keep_n"`
	OlderThan     any     `json:"older_than"`
	NameRegex     any     `json:"name_regex"`
	NameRegexKeep any     `json:"name_regex_keep"`
	NextRunAt     *string `json:"next_run_at" api:"date-time,null"`
}

// Remembered says which members are remembered.
func (expirationPolicy) Remembered() remembered.Table { return remembered.ContainerExpirationPolicies }

// projectLinks are addresses of the API. Those of issues and merge requests are null where
// the project has none.
type projectLinks struct {
	Self          string  `json:"self"`
	Issues        *string `json:"issues"`
	MergeRequests *string `json:"merge_requests"`
	RepoBranches  string  `json:"repo_branches"`
	Labels        string  `json:"labels"`
	Events        string  `json:"events"`
	Members       string  `json:"members"`
	ClusterAgents string  `json:"cluster_agents"`
}

// projectPermissions are the caller's memberships in the project and in the groups above.
type projectPermissions struct {
	ProjectAccess *projectAccess `json:"project_access"`
	GroupAccess   *projectAccess `json:"group_access"`
}

type projectAccess struct {
	AccessLevel       int64 `json:"access_level"`
	NotificationLevel int64 `json:"notification_level"`
}

// projectStatistics are sizes in bytes, which are not known here.
type projectStatistics struct {
	CommitCount           int64 `json:"commit_count"`
	StorageSize           int64 `json:"storage_size"`
	RepositorySize        int64 `json:"repository_size"`
	WikiSize              int64 `json:"wiki_size"`
	LFSObjectsSize        int64 `json:"lfs_objects_size"`
	JobArtifactsSize      int64 `json:"job_artifacts_size"`
	PipelineArtifactsSize int64 `json:"pipeline_artifacts_size"`
	PackagesSize          int64 `json:"packages_size"`
	SnippetsSize          int64 `json:"snippets_size"`
	UploadsSize           int64 `json:"uploads_size"`
	ContainerRegistrySize int64 `json:"container_registry_size"`
}

// BasicProject makes the BasicProject of a project.
func (i Instance) BasicProject(v projects.View) BasicProject {
	topics := v.Topics
	if topics == nil {
		topics = []string{}
	}
	return BasicProject{
		ID: int64(v.ID), Description: TextOrNull(v.Description), Name: v.Name, NameWithNamespace: v.Namespace.FullName + " / " + v.Name,
		Path: source.Path(v.Path).Last(), PathWithNamespace: v.Path, CreatedAt: MomentOrNull(v.CreatedAt), DefaultBranch: TextOrNull(v.DefaultBranch),
		TagList: topics, Topics: topics,
		SSHURLToRepo: i.CloneURL(v.Path, source.SSH), HTTPURLToRepo: i.CloneURL(v.Path, source.HTTP),
		WebURL: i.ExternalURL + "/" + v.Path, LastActivityAt: MomentOrNull(v.LastActivityAt),
		Visibility: call.VisibilityWord(v.Visibility), Namespace: i.projectNamespace(v.Namespace),
	}
}

func (i Instance) projectNamespace(n projects.Namespace) Namespace {
	out := Namespace{
		ID: int64(n.ID), Name: n.Name, Path: source.Path(n.Path).Last(), Kind: "group", FullPath: n.Path, ParentID: NumberOrNull(int64(n.Parent)),
		WebURL: i.GroupURL(n.Path),
	}
	if n.Personal {
		out.Kind, out.WebURL = "user", i.ExternalURL+"/"+n.Path
	}
	return out
}

// Project makes the Project of a project. The statistics are for those who are reporters,
// if they ask for them.
func (i Instance) Project(v projects.View, statistics bool) Project {
	out := Project{
		BasicProject: i.BasicProject(v), EmptyRepo: v.Empty, Archived: v.Archived, CreatorID: NumberOrNull(int64(v.Creator)), ImportStatus: "none",
		LFSEnabled: v.LFS, RepositoryAccess: featureLevel(v.Repository), WikiAccess: featureLevel(v.Wiki), WikiEnabled: v.Wiki != source.FeatureDisabled,
		RepositoryStorage: TextOrNull(v.Storage), ObjectFormat: v.ObjectFormat, SharedWithGroups: []GroupLink{},
		Permissions: &projectPermissions{access(v.ProjectRole), access(v.GroupRole)}, UpdatedAt: MomentOrNull(v.UpdatedAt),
	}
	if v.Owner.Known() {
		out.Owner = new(i.BasicUser(v.Owner))
	}
	for _, g := range v.Shares {
		out.SharedWithGroups = append(out.SharedWithGroups, GroupLink{
			GroupID: int64(g.ID), GroupName: g.Name, GroupFullPath: g.Path, GroupAccessLevel: int64(g.Lent), ExpiresAt: DayOrNull(g.ExpiresAt),
		})
	}
	if statistics {
		out.Statistics = &projectStatistics{}
	}
	values := remembered.ProjectValues(i.ProjectDefaults.With(v.Settings))
	show(reflect.ValueOf(&out).Elem(), projectFields, values)
	policy, _ := values["container_expiration_policy"].(map[string]any)
	show(reflect.ValueOf(&out.ExpirationPolicy).Elem(), policyFields, policy)
	if !v.CreatedAt.IsZero() {
		out.ExpirationPolicy.NextRunAt = MomentOrNull(v.CreatedAt.Add(24 * time.Hour))
	}
	out.Links = i.projectLinks(int64(v.ID), values)
	return out
}

// namedField is a field by its index, as reflect.Value.FieldByIndex takes it.
type namedField struct {
	index []int
	name  string
}

// The members that are remembered of a project and of its policy.
var (
	projectFields = fieldsOfAny(reflect.TypeFor[Project]())
	policyFields  = fieldsOfAny(reflect.TypeFor[expirationPolicy]())
)

// fieldsOfAny returns the fields of type any, by their names in JSON.
func fieldsOfAny(form reflect.Type) (out []namedField) {
	for _, field := range reflect.VisibleFields(form) {
		if field.Type.Kind() == reflect.Interface {
			out = append(out, namedField{field.Index, field.Tag.Get("json")})
		}
	}
	return out
}

// show sets fields to the values of the same names.
func show(form reflect.Value, fields []namedField, values map[string]any) {
	for _, field := range fields {
		if value := values[field.name]; value != nil {
			form.FieldByIndex(field.index).Set(reflect.ValueOf(value))
		}
	}
}

func access(role source.Role) *projectAccess {
	if role == source.NoRole {
		return nil
	}
	return &projectAccess{AccessLevel: int64(role), NotificationLevel: 3}
}

// projectLinks returns the addresses of a project that has the remembered values.
func (i Instance) projectLinks(id int64, values remembered.Values) projectLinks {
	self := i.ExternalURL + "/api/v4/projects/" + strconv.FormatInt(id, 10)
	link := func(name string) *string {
		if values[name+"_enabled"] == false {
			return nil
		}
		return new(self + "/" + name)
	}
	return projectLinks{
		Self: self, Issues: link("issues"), MergeRequests: link("merge_requests"), RepoBranches: self + "/repository/branches",
		Labels: self + "/labels", Events: self + "/events", Members: self + "/members", ClusterAgents: self + "/cluster_agents",
	}
}
