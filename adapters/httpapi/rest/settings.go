package rest

import (
	"net/http"

	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/application/instance"
	"gatehouse/domain"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

// settingRoutes show and change the settings of the instance.
var settingRoutes = []route{
	{Route: call.Route{
		Method: http.MethodGet, Path: "/application/settings", Name: "getSettings", Summary: "Show the settings of the instance",
		Who: call.Administrators, Answer: settings{},
	}, Handle: (*API).settings},
	{Route: call.Route{
		Method: http.MethodPut, Path: "/application/settings", Name: "updateSettings", Summary: "Change the settings of the instance",
		Who: call.Administrators, Params: settingParams{}, Remembered: remembered.Settings, Answer: settings{},
	}, Handle: (*API).updateSettings},
}

// ConfiguredSettings are the settings that the configuration has, and no administrator can
// change.
type ConfiguredSettings struct {
	SignupEnabled                    bool  `json:"signup_enabled"`
	RequirePersonalAccessTokenExpiry bool  `json:"require_personal_access_token_expiry"`
	DeletionAdjournedPeriod          int64 `json:"deletion_adjourned_period"`
	// MaxPersonalAccessTokenLifetime is in days; null for no limit.
	MaxPersonalAccessTokenLifetime *int64 `json:"max_personal_access_token_lifetime"`
}

// settings are the settings of the instance.
type settings struct {
	ID                      int64 `json:"id"`
	DefaultBranchProtection int64 `json:"default_branch_protection"`
	ConfiguredSettings
	rememberedSettings
}

// rememberedSettings are those without an effect.
type rememberedSettings struct {
	DefaultProjectVisibility any `json:"default_project_visibility"`
	DefaultGroupVisibility   any `json:"default_group_visibility"`
	DefaultSnippetVisibility any `json:"default_snippet_visibility"`
	DefaultProjectsLimit     any `json:"default_projects_limit"`
	DefaultBranchName        any `json:"default_branch_name"`
	DefaultCIConfigPath      any `json:"default_ci_config_path"`
	AfterSignOutPath         any `json:"after_sign_out_path"`
	HomePageURL              any `json:"home_page_url"`
	HelpPageText             any `json:"help_page_text"`
	HelpPageSupportURL       any `json:"help_page_support_url"`
	GravatarEnabled          any `json:"gravatar_enabled"`
	MaxAttachmentSize        any `json:"max_attachment_size"`
	SessionExpireDelay       any `json:"session_expire_delay"`
}

// Remembered says which members are remembered, here and where the struct is embedded.
func (rememberedSettings) Remembered() remembered.Table { return remembered.Settings }

// settingParams are the settings that have an effect, or a value that cannot be changed.
type settingParams struct {
	DefaultBranchProtection          *entity.ProtectionLevel `param:"default_branch_protection"`
	SignupEnabled                    *bool                   `param:"signup_enabled"`
	RequirePersonalAccessTokenExpiry *bool                   `param:"require_personal_access_token_expiry"`
	DeletionAdjournedPeriod          *int64                  `param:"deletion_adjourned_period"`
	MaxPersonalAccessTokenLifetime   *int64                  `param:"max_personal_access_token_lifetime"`
}

// check refuses another value of a setting of the configuration.
func (p settingParams) check(is ConfiguredSettings) error {
	switch {
	case differs(p.SignupEnabled, is.SignupEnabled):
		return errConfigured("signup_enabled")
	case differs(p.RequirePersonalAccessTokenExpiry, is.RequirePersonalAccessTokenExpiry):
		return errConfigured("require_personal_access_token_expiry")
	case differs(p.DeletionAdjournedPeriod, is.DeletionAdjournedPeriod):
		return errConfigured("deletion_adjourned_period")
	case p.MaxPersonalAccessTokenLifetime != nil && (is.MaxPersonalAccessTokenLifetime == nil || differs(p.MaxPersonalAccessTokenLifetime, *is.MaxPersonalAccessTokenLifetime)):
		return errConfigured("max_personal_access_token_lifetime")
	}
	return nil
}

func differs[T comparable](given *T, is T) bool { return given != nil && *given != is }

func errConfigured(name string) error {
	return domain.Refuse(domain.Unprocessable, "%s is set by configuration", name)
}

// settings answers GET /application/settings.
func (a *API) settings(c *call.Call) (any, error) {
	set, err := a.useCases.Settings.Show(c.Context(), c.Caller)
	return a.settingsOf(set), err
}

// updateSettings answers PUT /application/settings.
func (a *API) updateSettings(c *call.Call) (any, error) {
	var in settingParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	given, err := c.Remembered(remembered.Settings)
	if err != nil {
		return nil, err
	}
	if lifetime := a.instance.Settings.MaxPersonalAccessTokenLifetime; lifetime != nil && c.Given("max_personal_access_token_lifetime") && in.MaxPersonalAccessTokenLifetime == nil {
		return nil, errConfigured("max_personal_access_token_lifetime")
	}
	if err := in.check(a.instance.Settings); err != nil {
		return nil, err
	}
	set, err := a.useCases.Settings.Change(c.Context(), c.Caller, func(s *instance.Settings) {
		if c.Given("default_branch_protection") {
			s.DefaultBranchProtection = nil
			if level := in.DefaultBranchProtection; level != nil {
				s.DefaultBranchProtection = new(source.BranchProtection(*level))
			}
		}
		s.Remembered = s.Remembered.With(given)
		for name, value := range given {
			if value == nil { // as it was before it was ever set
				s.Remembered = s.Remembered.Without(name)
			}
		}
	})
	return a.settingsOf(set), err
}

func (a *API) settingsOf(set instance.Settings) settings {
	level := a.instance.DefaultBranchProtection
	call.Set(&level, set.DefaultBranchProtection)
	value := func(name string) any { return remembered.Settings.Value(set.Remembered, name) }
	return settings{
		ID: 1, DefaultBranchProtection: int64(level), ConfiguredSettings: a.instance.Settings,
		rememberedSettings: rememberedSettings{
			DefaultProjectVisibility: value("default_project_visibility"), DefaultGroupVisibility: value("default_group_visibility"),
			DefaultSnippetVisibility: value("default_snippet_visibility"), DefaultProjectsLimit: value("default_projects_limit"),
			DefaultBranchName: value("default_branch_name"), DefaultCIConfigPath: value("default_ci_config_path"),
			AfterSignOutPath: value("after_sign_out_path"), HomePageURL: value("home_page_url"), HelpPageText: value("help_page_text"),
			HelpPageSupportURL: value("help_page_support_url"), GravatarEnabled: value("gravatar_enabled"),
			MaxAttachmentSize: value("max_attachment_size"), SessionExpireDelay: value("session_expire_delay"),
		},
	}
}
