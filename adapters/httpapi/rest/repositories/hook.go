package repositories

import (
	"cmp"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/application/webhooks"
	"gatehouse/domain/hooks"
	"gatehouse/domain/remembered"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// branchStrategyWord is a hooks.BranchStrategy; empty if it is absent.
type branchStrategyWord hooks.BranchStrategy

// Words are the words that it takes.
func (branchStrategyWord) Words() []string { return call.Texts(hooks.BranchStrategies) }

// ReadParam implements params.Reader.
func (w *branchStrategyWord) ReadParam(value any) (problem string) {
	word, problem := params.Word(value, w.Words())
	*w = branchStrategyWord(word)
	return problem
}

// keyValueParam is a header or a variable of a hook.
type keyValueParam struct {
	Key   string `param:"key,required"`
	Value string `param:"value,required"`
}

// hookParams are the parameters of a hook that stay as they are if they are absent.
type hookParams struct {
	URL                    *string            `param:"url"`
	Name                   *string            `param:"name"`
	Description            *string            `param:"description"`
	Token                  *string            `param:"token"`
	PushEvents             *bool              `param:"push_events"`
	TagPushEvents          *bool              `param:"tag_push_events"`
	PushEventsBranchFilter *string            `param:"push_events_branch_filter"`
	BranchFilterStrategy   branchStrategyWord `param:"branch_filter_strategy"`
	EnableSSLVerification  *bool              `param:"enable_ssl_verification"`
	CustomHeaders          []keyValueParam    `param:"custom_headers"`
	URLVariables           []keyValueParam    `param:"url_variables"`
	CustomWebhookTemplate  *string            `param:"custom_webhook_template" api:"no-effect"`
}

// newHookParams are those of a new hook.
type newHookParams struct {
	hookParams
	URL string `param:"url,required"`
}

// hookValueParams is the value of a header or a variable of a hook.
type hookValueParams struct {
	Value string `param:"value,required"`
}

// change returns the change of a hook of that kind of holder.
func (p hookParams) change(c *call.Call, kind rights.Kind) (hooks.Change, error) {
	table := remembered.Hooks
	if kind == rights.Group {
		table = remembered.GroupHooks
	}
	settings, err := c.Remembered(table)
	if err != nil {
		return hooks.Change{}, err
	}
	return hooks.Change{
		URL: p.URL, Token: p.Token, Headers: given(c, "custom_headers", p.CustomHeaders), Variables: given(c, "url_variables", p.URLVariables),
		Rest: func(h *hooks.Hook) {
			call.Set(&h.Name, p.Name)
			call.Set(&h.Description, p.Description)
			call.Set(&h.Push, p.PushEvents)
			call.Set(&h.TagPush, p.TagPushEvents)
			call.Set((*string)(&h.Branches), p.PushEventsBranchFilter)
			h.Strategy = cmp.Or(hooks.BranchStrategy(p.BranchFilterStrategy), h.Strategy, hooks.WildcardBranches)
			if p.EnableSSLVerification != nil {
				h.SkipVerification = !*p.EnableSSLVerification
			}
			call.Set(&h.Template, p.CustomWebhookTemplate)
			h.Settings = h.Settings.With(settings)
		},
	}, nil
}

// given returns the headers or variables if the parameter is given, and else nil.
func given(c *call.Call, name string, all []keyValueParam) *[]hooks.KeyValue {
	if !c.Given(name) {
		return nil
	}
	values := make([]hooks.KeyValue, len(all))
	for i, one := range all {
		values[i] = hooks.KeyValue(one)
	}
	return &values
}

// given says whether one of the parameters of a hook is.
func (p hookParams) given(c *call.Call) bool {
	names := []string{
		"url", "name", "description", "token", "push_events", "tag_push_events", "push_events_branch_filter", "branch_filter_strategy",
		"enable_ssl_verification", "custom_headers", "url_variables", "custom_webhook_template",
	}
	for _, p := range remembered.GroupHooks {
		names = append(names, p.Name)
	}
	for _, name := range names {
		if c.Given(name) {
			return true
		}
	}
	return false
}

// hookFields are what every hook shows.
type hookFields struct {
	ID                        int64              `json:"id"`
	URL                       string             `json:"url"`
	Name                      string             `json:"name"`
	Description               string             `json:"description"`
	CreatedAt                 *string            `json:"created_at" api:"date-time,null"`
	PushEvents                bool               `json:"push_events"`
	TagPushEvents             bool               `json:"tag_push_events"`
	MergeRequestsEvents       any                `json:"merge_requests_events"`
	RepositoryUpdateEvents    any                `json:"repository_update_events"`
	EnableSSLVerification     bool               `json:"enable_ssl_verification"`
	AlertStatus               alertStatus        `json:"alert_status"`
	DisabledUntil             *string            `json:"disabled_until" api:"date-time,null"`
	PushEventsBranchFilter    string             `json:"push_events_branch_filter"`
	BranchFilterStrategy      branchStrategyWord `json:"branch_filter_strategy"`
	CustomWebhookTemplate     string             `json:"custom_webhook_template"`
	TokenPresent              bool               `json:"token_present"`
	SigningTokenPresent       bool               `json:"signing_token_present"`
	IssuesEvents              any                `json:"issues_events"`
	ConfidentialIssuesEvents  any                `json:"confidential_issues_events"`
	NoteEvents                any                `json:"note_events"`
	ConfidentialNoteEvents    any                `json:"confidential_note_events"`
	PipelineEvents            any                `json:"pipeline_events"`
	WikiPageEvents            any                `json:"wiki_page_events"`
	DeploymentEvents          any                `json:"deployment_events"`
	FeatureFlagEvents         any                `json:"feature_flag_events"`
	JobEvents                 any                `json:"job_events"`
	ReleasesEvents            any                `json:"releases_events"`
	MilestoneEvents           any                `json:"milestone_events"`
	EmojiEvents               any                `json:"emoji_events"`
	ResourceAccessTokenEvents any                `json:"resource_access_token_events"`
	ResourceDeployTokenEvents any                `json:"resource_deploy_token_events"`
	VulnerabilityEvents       any                `json:"vulnerability_events"`
}

// Remembered says which members are remembered, here and where the struct is embedded.
func (hookFields) Remembered() remembered.Table { return remembered.GroupHooks }

// alertStatus says whether a hook is sent events.
type alertStatus string

// Words are the words that it has.
func (alertStatus) Words() []string {
	return []string{string(executable), string(temporarilyDisabled), string(disabled)}
}

const (
	executable          alertStatus = "executable"
	temporarilyDisabled alertStatus = "temporarily_disabled"
	disabled            alertStatus = "disabled"
)

// hookValues are the headers and variables of a hook, without their values.
type hookValues struct {
	URLVariables  []hookKey `json:"url_variables"`
	CustomHeaders []hookKey `json:"custom_headers"`
}

type hookKey struct {
	Key string `json:"key"`
}

// ofProject is what a hook of a project shows besides.
type ofProject struct {
	ProjectID int64 `json:"project_id"`
}

// ofGroup is what a hook of a group shows besides.
type ofGroup struct {
	GroupID        int64 `json:"group_id"`
	SubgroupEvents any   `json:"subgroup_events"`
	MemberEvents   any   `json:"member_events"`
	ProjectEvents  any   `json:"project_events"`
}

// Each of these is a hook: in a list, or by itself.
type (
	listedProjectHook struct {
		hookFields
		ofProject
	}
	projectHook struct {
		hookFields
		hookValues
		ofProject
	}
	listedGroupHook struct {
		hookFields
		ofGroup
	}
	groupHook struct {
		hookFields
		hookValues
		ofGroup
	}
)

func newHookFields(v webhooks.View) hookFields {
	setting := func(name string) any { return remembered.GroupHooks.Value(v.Settings, name) }
	out := hookFields{
		ID: int64(v.ID), URL: v.URL, Name: v.Name, Description: v.Description, CreatedAt: entity.MomentOrNull(v.CreatedAt),
		PushEvents: v.Push, TagPushEvents: v.TagPush, MergeRequestsEvents: setting("merge_requests_events"), RepositoryUpdateEvents: setting("repository_update_events"),
		EnableSSLVerification: !v.SkipVerification, AlertStatus: executable, PushEventsBranchFilter: string(v.Branches),
		BranchFilterStrategy:  branchStrategyWord(cmp.Or(v.Strategy, hooks.WildcardBranches)),
		CustomWebhookTemplate: v.Template, TokenPresent: v.HasToken,
		IssuesEvents: setting("issues_events"), ConfidentialIssuesEvents: setting("confidential_issues_events"),
		NoteEvents: setting("note_events"), ConfidentialNoteEvents: setting("confidential_note_events"),
		PipelineEvents: setting("pipeline_events"), WikiPageEvents: setting("wiki_page_events"), DeploymentEvents: setting("deployment_events"),
		FeatureFlagEvents: setting("feature_flag_events"), JobEvents: setting("job_events"), ReleasesEvents: setting("releases_events"),
		MilestoneEvents: setting("milestone_events"), EmojiEvents: setting("emoji_events"),
		ResourceAccessTokenEvents: setting("resource_access_token_events"), ResourceDeployTokenEvents: setting("resource_deploy_token_events"),
		VulnerabilityEvents: setting("vulnerability_events"),
	}
	switch {
	case v.Health.Disabled:
		out.AlertStatus = disabled
	case !v.Health.PausedUntil.IsZero():
		out.AlertStatus, out.DisabledUntil = temporarilyDisabled, entity.MomentOrNull(v.Health.PausedUntil)
	}
	return out
}

func newHookValues(v webhooks.View) hookValues {
	return hookValues{hookKeys(v.Variables), hookKeys(v.Headers)}
}

func hookKeys(values []hooks.KeyValue) []hookKey {
	out := make([]hookKey, len(values))
	for i, v := range values {
		out[i] = hookKey{v.Key}
	}
	return out
}

func newOfProject(v webhooks.View) ofProject { return ofProject{int64(v.In.Project)} }

func newOfGroup(v webhooks.View) ofGroup {
	setting := func(name string) any { return remembered.GroupHooks.Value(v.Settings, name) }
	return ofGroup{int64(v.In.Group), setting("subgroup_events"), setting("member_events"), setting("project_events")}
}

// hookEvent is an event that a hook has not accepted.
type hookEvent struct {
	ID      int64            `json:"id"`
	URL     string           `json:"url"`
	Trigger hookTrigger      `json:"trigger"`
	State   hookEventState   `json:"state"`
	Request hookEventRequest `json:"request_data"`
	// Created is when the push was processed.
	Created *string `json:"created_at" api:"date-time,null"`
	// ResponseStatus is null: of the attempts only the last one of the hook is kept.
	ResponseStatus *string `json:"response_status"`
}

// hookEventRequest is the beginning of what is sent.
type hookEventRequest struct {
	ObjectKind string `json:"object_kind"`
	Before     string `json:"before"`
	After      string `json:"after"`
	Ref        string `json:"ref"`
	ProjectID  int64  `json:"project_id"`
}

// hookTrigger is the kind of an event.
type hookTrigger string

// Words are the words that it has.
func (hookTrigger) Words() []string { return []string{"push_hooks", "tag_push_hooks"} }

// hookEventState says whether an event is tried again by itself.
type hookEventState string

// Words are the words that it has.
func (hookEventState) Words() []string { return []string{"waiting", "failed"} }

func newHookEvent(hook webhooks.View, u webhooks.Undelivered) hookEvent {
	change := u.Event.Change
	out := hookEvent{
		ID: u.ID, URL: hook.URL, Trigger: "push_hooks", State: "waiting", Created: entity.MomentOrNull(u.CreatedAt),
		Request: hookEventRequest{"push", string(change.Old), string(change.New), change.Ref.String(), int64(u.Event.Project.ID)},
	}
	if change.Ref.Kind == source.Tag {
		out.Trigger, out.Request.ObjectKind = "tag_push_hooks", "tag_push"
	}
	if u.GivenUp {
		out.State = "failed"
	}
	return out
}

// resentEvent tells how the receiver has answered.
type resentEvent struct {
	ResponseStatus int `json:"response_status"`
}
