package rest

import (
	"net/http"
	"strings"
	"time"

	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
)

// fixedRoutes answer for what GitLab has and this server has not, so that clients that walk
// through all of it go on. Other things are unknown, so that a client learns that there
// are none.
var fixedRoutes = []route{
	emptyList("/topics", "listTopics", "List topics, of which there are none", SignedIn, nothing),
	emptyList("/admin/ci/variables", "listInstanceVariables", "List variables of CI, of which there are none", Administrators, nothing),
	emptyList("/runners", "listRunners", "List runners, of which there are none", SignedIn, nothing),
	emptyList("/events", "listEvents", "List the caller's events, of which none are kept", SignedIn, nothing),
	emptyList("/users/:id/events", "listUserEvents", "List the events of a user, of which none are kept", SignedIn, (*API).userExists),
	emptyList("/users/:id/contributed_projects", "listContributedProjects", "List the projects that a user contributed to, which are not known", SignedIn, (*API).userExists),
	emptyList("/users/:id/starred_projects", "listStarredProjects", "List the projects that a user has starred, of which there are none", SignedIn, (*API).userExists),
	emptyList("/groups/:id/variables", "listGroupVariables", "List variables of CI, of which there are none", SignedIn, has(rights.Group, rights.AdminGroup)),
	emptyList("/groups/:id/deploy_tokens", "listGroupDeployTokens", "List deploy tokens, of which there are none", SignedIn, has(rights.Group, rights.AdminGroup)),
	emptyList("/groups/:id/access_requests", "listGroupAccessRequests", "List requests for access, of which there are none", SignedIn, has(rights.Group, rights.ReadGroupMember)),
	emptyList("/groups/:id/invitations", "listGroupInvitations", "List invitations, of which there are none", SignedIn, has(rights.Group, rights.ReadGroupMember)),
	emptyList("/projects/:id/variables", "listProjectVariables", "List variables of CI, of which there are none", SignedIn, has(rights.Project, rights.ReadProjectMember)),
	emptyList("/projects/:id/deploy_tokens", "listProjectDeployTokens", "List deploy tokens, of which there are none", SignedIn, has(rights.Project, rights.AdminProjectMember)),
	emptyList("/projects/:id/labels", "listLabels", "List labels, of which there are none", SignedIn, has(rights.Project, rights.ReadProject)),
	emptyList("/projects/:id/badges", "listBadges", "List badges, of which there are none", SignedIn, has(rights.Project, rights.ReadProject)),
	emptyList("/projects/:id/custom_attributes", "listProjectAttributes", "List custom attributes, of which there are none", Administrators, has(rights.Project, rights.ReadProject)),
	emptyList("/projects/:id/forks", "listForks", "List forks, of which there are none", SignedIn, has(rights.Project, rights.ReadProject)),
	emptyList("/projects/:id/starrers", "listStarrers", "List users who have starred a project, of which there are none", SignedIn, has(rights.Project, rights.ReadProject)),
	emptyList("/projects/:id/access_requests", "listProjectAccessRequests", "List requests for access, of which there are none", SignedIn, has(rights.Project, rights.ReadProjectMember)),
	emptyList("/projects/:id/invitations", "listProjectInvitations", "List invitations, of which there are none", SignedIn, has(rights.Project, rights.ReadProjectMember)),

	absent(http.MethodGet, "/license", "getLicense", "Show the license, of which there is none", nothing),
	absent(http.MethodGet, "/groups/:id/avatar", "getGroupAvatar", "Show the picture of a group, which has none", has(rights.Group, rights.ReadGroup)),
	absent(http.MethodGet, "/projects/:id/avatar", "getProjectAvatar", "Show the picture of a project, which has none", has(rights.Project, rights.ReadProject)),
	absent(http.MethodGet, "/projects/:id/push_rule", "getPushRule", "Show the push rules of a project, which has none", has(rights.Project, rights.ReadProject)),
	absent(http.MethodPost, "/groups/:id/access_requests", "requestGroupAccess", "Ask for access, which is not possible", has(rights.Group, rights.ReadGroup)),
	absent(http.MethodPost, "/groups/:id/invitations", "inviteToGroup", "Invite people by e-mail, which is not possible", has(rights.Group, rights.ReadGroup)),
	absent(http.MethodPost, "/projects/:id/access_requests", "requestProjectAccess", "Ask for access, which is not possible", has(rights.Project, rights.ReadProject)),
	absent(http.MethodPost, "/projects/:id/invitations", "inviteToProject", "Invite people by e-mail, which is not possible", has(rights.Project, rights.ReadProject)),

	{Route{
		Method: http.MethodGet, Path: "/projects/:id/languages", Name: "listLanguages", Summary: "Tell the languages of a project, which are not known",
		Who: SignedIn, Answer: noLanguages{},
	}, func(a *API, c *call) (any, error) {
		return noLanguages{}, has(rights.Project, rights.ReadProject)(a, c)
	}},
	{Route{
		Method: http.MethodGet, Path: "/projects/:id/import", Name: "getImport", Summary: "Tell how the import of a project goes, of which there is none",
		Who: SignedIn, Answer: importStatus{},
	}, inPath(rights.Project, (*API).importStatus)},
}

// condition returns why a caller is not answered, or nil.
type condition func(*API, *call) error

// emptyList is the route of a list that is empty.
func emptyList(path, name, summary string, who Access, check condition) route {
	var scopes []identity.Scope
	if strings.HasPrefix(path, "/user/") || strings.HasPrefix(path, "/users/") {
		scopes = readUser
	}
	return route{
		Route{Method: http.MethodGet, Path: path, Name: name, Summary: summary, Who: who, Scopes: scopes, List: true, Answer: noItem{}},
		func(a *API, c *call) (any, error) {
			page, err := c.page()
			if err != nil {
				return nil, err
			}
			if err := check(a, c); err != nil {
				return nil, err
			}
			a.offsetHeaders(c.gin, page, 0, false)
			return []noItem{}, nil
		},
	}
}

// noItem is an item of a list that is always empty.
type noItem struct{}

// absent is a route of what is not there, so that there is no success.
func absent(method, path, name, summary string, check condition) route {
	return route{
		Route{Method: method, Path: path, Name: name, Summary: summary, Who: SignedIn, Answer: []any{}},
		func(a *API, c *call) (any, error) {
			if err := check(a, c); err != nil {
				return nil, err
			}
			return nil, errNotFound
		},
	}
}

func nothing(*API, *call) error { return nil }

// has is the condition that the caller has a right on the group or project in the path.
func has(kind rights.Kind, right rights.Right) condition {
	return func(a *API, c *call) error {
		return a.useCases.Projects.Check(c.context(), c.caller, right, c.ref(kind, "id"))
	}
}

// userExists is the condition that there is a user as in the path.
func (a *API) userExists(c *call) error {
	return a.useCases.Projects.CheckUser(c.context(), c.caller, c.user("id"))
}

// noLanguages are the languages of a project, of which none are known.
type noLanguages struct{}

// importStatus is how the import of a project goes.
type importStatus struct {
	ID                int64   `json:"id"`
	Description       *string `json:"description"`
	Name              string  `json:"name"`
	NameWithNamespace string  `json:"name_with_namespace"`
	Path              string  `json:"path"`
	PathWithNamespace string  `json:"path_with_namespace"`
	CreatedAt         *string `json:"created_at" api:"date-time,null"`
	ImportStatus      string  `json:"import_status"`
	ImportType        *string `json:"import_type"`
	CorrelationID     *string `json:"correlation_id"`
	ImportError       *string `json:"import_error"`
}

// importStatus answers GET /projects/:id/import.
func (a *API) importStatus(c *call, on rights.Ref) (any, error) {
	view, err := a.useCases.Projects.View(c.context(), c.caller, on)
	if err != nil {
		return nil, err
	}
	p := a.basicProject(view)
	return importStatus{
		ID: p.ID, Description: p.Description, Name: p.Name, NameWithNamespace: p.NameWithNamespace, Path: p.Path,
		PathWithNamespace: p.PathWithNamespace, CreatedAt: p.CreatedAt, ImportStatus: "none",
	}, nil
}

// settingRoutes show the settings of the instance.
var settingRoutes = []route{
	{Route{
		Method: http.MethodGet, Path: "/application/settings", Name: "getSettings", Summary: "Show the settings of the instance",
		Who: Administrators, Answer: Settings{},
	}, (*API).settings},
}

// Settings are what administrators read of the configuration.
type Settings struct {
	ID                               int64  `json:"id"`
	DefaultBranchProtection          int64  `json:"default_branch_protection"`
	DefaultProjectVisibility         string `json:"default_project_visibility"`
	DefaultGroupVisibility           string `json:"default_group_visibility"`
	DefaultProjectsLimit             int64  `json:"default_projects_limit"`
	SignupEnabled                    bool   `json:"signup_enabled"`
	RequirePersonalAccessTokenExpiry bool   `json:"require_personal_access_token_expiry"`
	DeletionAdjournedPeriod          int64  `json:"deletion_adjourned_period"`
	// MaxPersonalAccessTokenLifetime is in days; null for no limit.
	MaxPersonalAccessTokenLifetime *int64 `json:"max_personal_access_token_lifetime"`
}

// settings answers GET /application/settings.
func (a *API) settings(*call) (any, error) {
	out := a.instance.Settings
	out.ID = 1
	return out, nil
}

// metaRoutes tell what instance it is.
var metaRoutes = []route{
	{Route{
		Method: http.MethodGet, Path: "/version", Name: "getVersion", Summary: "Tell the version of the instance",
		Who: SignedIn, Scopes: readUser, Answer: metadata{},
	}, (*API).metadata},
	{Route{
		Method: http.MethodGet, Path: "/metadata", Name: "getMetadata", Summary: "Tell the version of the instance",
		Who: SignedIn, Scopes: readUser, Answer: metadata{},
	}, (*API).metadata},
}

type metadata struct {
	Version    string      `json:"version"`
	Revision   string      `json:"revision"`
	Kas        metadataKas `json:"kas"`
	Enterprise bool        `json:"enterprise"`
}

// metadataKas has its URLs in camel case, as GitLab has.
type metadataKas struct {
	Enabled             bool    `json:"enabled"`
	ExternalURL         *string `json:"externalUrl"`
	ExternalK8sProxyURL *string `json:"externalK8sProxyUrl"`
	Version             *string `json:"version"`
}

// metadata answers GET /metadata and GET /version.
func (a *API) metadata(*call) (any, error) {
	i := a.instance
	out := metadata{Version: i.Version, Revision: i.Revision, Kas: metadataKas{Enabled: i.KasEnabled}}
	if i.KasEnabled {
		out.Kas.ExternalURL = textOrNull(i.KasURL)
		out.Kas.Version = &i.Version
	}
	return out, nil
}

// textOrNull returns nil for an empty text.
func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// momentFormat is RFC 3339 in UTC with milliseconds.
const momentFormat = "2006-01-02T15:04:05.000Z"

// momentOrNull returns nil for the zero time.
func momentOrNull(at time.Time) *string {
	if at.IsZero() {
		return nil
	}
	text := at.UTC().Format(momentFormat)
	return &text
}

// dayOrNull returns nil for the zero time.
func dayOrNull(at time.Time) *string {
	if at.IsZero() {
		return nil
	}
	text := at.UTC().Format(time.DateOnly)
	return &text
}
