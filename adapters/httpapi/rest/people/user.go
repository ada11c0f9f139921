package people

import (
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/application/accounts"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
)

// publicUser is a user as those who have signed in see them.
type publicUser struct {
	entity.BasicUser
	CreatedAt       *string `json:"created_at" api:"date-time,null"`
	Bio             any     `json:"bio"`
	Location        any     `json:"location"`
	LinkedIn        any     `json:"linkedin"`
	Twitter         any     `json:"twitter"`
	Discord         any     `json:"discord"`
	GitHub          any     `json:"github"`
	WebsiteURL      any     `json:"website_url"`
	JobTitle        any     `json:"job_title"`
	Pronouns        any     `json:"pronouns"`
	Organization    any     `json:"organization"`
	Bot             bool    `json:"bot"`
	WorkInformation *string `json:"work_information"`
	LocalTime       *string `json:"local_time"`
	Followers       int64   `json:"followers"`
	Following       int64   `json:"following"`
	IsFollowed      bool    `json:"is_followed"`
}

// Remembered says which members are remembered, here and where the struct is embedded.
func (publicUser) Remembered() remembered.Table { return remembered.UserParameters }

// ownUser is a user as they see themselves.
type ownUser struct {
	publicUser
	LastSignInAt     *string        `json:"last_sign_in_at" api:"date-time,null"`
	ConfirmedAt      *string        `json:"confirmed_at" api:"date-time,null"`
	LastActivityOn   *string        `json:"last_activity_on" api:"date,null"`
	Email            string         `json:"email"`
	ThemeID          any            `json:"theme_id"`
	ColorSchemeID    any            `json:"color_scheme_id"`
	ProjectsLimit    int64          `json:"projects_limit"`
	CurrentSignInAt  *string        `json:"current_sign_in_at" api:"date-time,null"`
	Identities       []userIdentity `json:"identities"`
	CanCreateGroup   bool           `json:"can_create_group"`
	CanCreateProject bool           `json:"can_create_project"`
	TwoFactorEnabled bool           `json:"two_factor_enabled"`
	External         bool           `json:"external"`
	PrivateProfile   any            `json:"private_profile"`
	CommitEmail      string         `json:"commit_email"`
}

// userIdentity is a remembered identity of another service.
type userIdentity struct {
	Provider       any    `json:"provider"`
	ExternUID      any    `json:"extern_uid"`
	SAMLProviderID *int64 `json:"saml_provider_id"`
}

// Remembered says which members are remembered.
func (userIdentity) Remembered() remembered.Table { return remembered.UserParameters }

// adminUser is a user as administrators see them.
type adminUser struct {
	ownUser
	IsAdmin              bool              `json:"is_admin"`
	Note                 *string           `json:"note"`
	NamespaceID          int64             `json:"namespace_id"`
	CreatedBy            *entity.BasicUser `json:"created_by"`
	EmailResetOfferedAt  *string           `json:"email_reset_offered_at" api:"date-time,null"`
	UsingLicenseSeat     bool              `json:"using_license_seat"`
	IsAuditor            bool              `json:"is_auditor"`
	ProvisionedByGroupID *int64            `json:"provisioned_by_group_id"`
	EnterpriseGroupID    *int64            `json:"enterprise_group_id"`
	CurrentSignInIP      *string           `json:"current_sign_in_ip"`
	LastSignInIP         *string           `json:"last_sign_in_ip"`
	SignInCount          int64             `json:"sign_in_count"`
	HighestRole          int64             `json:"highest_role"`
}

func (a *API) publicUser(v accounts.View) publicUser {
	setting := func(name string) any { return remembered.Users.Value(v.Settings, name) }
	return publicUser{
		BasicUser: a.instance.BasicUser(v.User), CreatedAt: entity.MomentOrNull(v.CreatedAt),
		Bio: setting("bio"), Location: setting("location"), LinkedIn: setting("linkedin"), Twitter: setting("twitter"),
		Discord: setting("discord"), GitHub: setting("github"), WebsiteURL: setting("website_url"), JobTitle: setting("job_title"),
		Pronouns: setting("pronouns"), Organization: setting("organization"),
		Bot: v.Type == identity.ProjectBot || v.Type == identity.ServiceAccount,
	}
}

func (a *API) ownUser(v accounts.View) ownUser {
	setting := func(name string) any { return remembered.Users.Value(v.Settings, name) }
	out := ownUser{
		publicUser: a.publicUser(v), LastActivityOn: entity.DayOrNull(v.LastActivityOn), Email: v.Email,
		ThemeID: setting("theme_id"), ColorSchemeID: setting("color_scheme_id"), ProjectsLimit: v.ProjectsLimit,
		Identities: []userIdentity{}, CanCreateGroup: v.CanCreateGroup && !v.External, CanCreateProject: v.ProjectsLimit > 0,
		TwoFactorEnabled: v.TwoFactor, External: v.External, PrivateProfile: setting("private_profile"), CommitEmail: v.Email,
	}
	if v.EmailConfirmed {
		out.ConfirmedAt = out.CreatedAt
	}
	if own, ok := setting("commit_email").(string); ok && own != "" {
		out.CommitEmail = own
	}
	if uid := setting("extern_uid"); uid != nil {
		out.Identities = append(out.Identities, userIdentity{Provider: setting("provider"), ExternUID: uid})
	}
	return out
}

func (a *API) adminUser(v accounts.View) adminUser {
	out := adminUser{
		ownUser: a.ownUser(v), IsAdmin: v.Admin, Note: entity.TextOrNull(v.Note), NamespaceID: int64(v.Namespace), HighestRole: int64(v.HighestRole),
	}
	if v.Creator.Known() {
		creator := a.instance.BasicUser(v.Creator)
		out.CreatedBy = &creator
	}
	return out
}
