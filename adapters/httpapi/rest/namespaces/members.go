package namespaces

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/adapters/httpapi/rest/entity"
	"gatehouse/application"
	"gatehouse/application/members"
	"gatehouse/domain"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
)

// memberRoutes manage the members of groups and of projects.
var memberRoutes = slices.Concat(membersOf(rights.Group, "/groups/:id", "Group", "a group"), membersOf(rights.Project, "/projects/:id", "Project", "a project"))

// membersOf returns the routes for the members of groups, or of projects.
func membersOf(kind rights.Kind, prefix, name, of string) []route {
	return []route{
		{Route: call.Route{
			Method: http.MethodGet, Path: prefix + "/members", Name: "list" + name + "Members", Summary: "List the direct members of " + of,
			Who: call.SignedIn, Params: memberFilter{}, List: true, Answer: member{},
		}, Handle: call.InPath(kind, (*API).directMembers)},
		{Route: call.Route{
			Method: http.MethodGet, Path: prefix + "/members/all", Name: "listAll" + name + "Members",
			Summary: "List the members of " + of + ", those of groups above and of shares among them",
			Who:     call.SignedIn, Params: memberFilter{}, List: true, Answer: member{},
		}, Handle: call.InPath(kind, (*API).allMembers)},
		{Route: call.Route{
			Method: http.MethodGet, Path: prefix + "/members/:user_id", Name: "get" + name + "Member", Summary: "Show a direct member of " + of,
			Who: call.SignedIn, Answer: member{},
		}, Handle: call.InPath(kind, (*API).directMember)},
		{Route: call.Route{
			Method: http.MethodGet, Path: prefix + "/members/all/:user_id", Name: "getAny" + name + "Member",
			Summary: "Show a member of " + of + ", by whatever membership",
			Who:     call.SignedIn, Answer: member{},
		}, Handle: call.InPath(kind, (*API).anyMember)},
		{Route: call.Route{
			Method: http.MethodPost, Path: prefix + "/members", Name: "add" + name + "Member", Summary: "Add members to " + of,
			Who: call.SignedIn, Params: newMemberParams{}, Status: http.StatusCreated, Answer: []any{member{}, memberStatus{}},
		}, Handle: call.InPath(kind, (*API).addMember)},
		{Route: call.Route{
			Method: http.MethodPut, Path: prefix + "/members/:user_id", Name: "update" + name + "Member", Summary: "Change a direct member of " + of,
			Who: call.SignedIn, Params: memberParams{}, Answer: member{},
		}, Handle: call.InPath(kind, (*API).updateMember)},
		{Route: call.Route{
			Method: http.MethodDelete, Path: prefix + "/members/:user_id", Name: "remove" + name + "Member", Summary: "Remove a direct member of " + of,
			Who: call.SignedIn, Params: removeMemberParams{}, Status: http.StatusNoContent,
		}, Handle: call.InPath(kind, (*API).removeMember)},
	}
}

// memberLevel is the role of a member, of which only members of groups have Minimal.
type memberLevel int64

// Words are the levels that it takes, in digits.
func (memberLevel) Words() []string {
	return levelsOf(func(r source.Role) bool { return r == source.Minimal || rights.IsMemberRole(r) })
}

// levelsOf returns the roles that a parameter takes, in digits.
func levelsOf(takes func(source.Role) bool) (out []string) {
	for _, role := range source.Roles() {
		if takes(role) {
			out = append(out, strconv.FormatInt(int64(role), 10))
		}
	}
	return out
}

// memberFilter are the parameters of lists of members.
type memberFilter struct {
	Query     string   `param:"query"`
	UserIDs   call.IDs `param:"user_ids" api:"[]integer,string"`
	SkipUsers call.IDs `param:"skip_users" api:"[]integer,string"`
}

// directMembers answers GET …/members.
func (a *API) directMembers(c *call.Call, on rights.Ref) (any, error) { return a.members(c, on, false) }

// allMembers answers GET …/members/all.
func (a *API) allMembers(c *call.Call, on rights.Ref) (any, error) { return a.members(c, on, true) }

func (a *API) members(c *call.Call, on rights.Ref, inherited bool) (any, error) {
	var in memberFilter
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	page, err := c.Page()
	if err != nil {
		return nil, err
	}
	f := members.Filter{Inherited: inherited, Search: in.Query, Users: in.UserIDs.Users(), Skip: in.SkipUsers.Users()}
	l, err := a.useCases.Members.List(c.Context(), c.Caller, on, f, page)
	if err != nil {
		return nil, err
	}
	return call.AnswerList(c, page, l, memberPosition, a.member)
}

func memberPosition(v members.View) application.Position {
	return application.Position{ID: int64(v.User.ID)}
}

// directMember answers GET …/members/:user_id.
func (a *API) directMember(c *call.Call, on rights.Ref) (any, error) {
	return a.oneMember(c, on, false)
}

// anyMember answers GET …/members/all/:user_id.
func (a *API) anyMember(c *call.Call, on rights.Ref) (any, error) { return a.oneMember(c, on, true) }

func (a *API) oneMember(c *call.Call, on rights.Ref, inherited bool) (any, error) {
	view, err := a.useCases.Members.View(c.Context(), c.Caller, on, userID(c), inherited)
	if err != nil {
		return nil, err
	}
	return a.member(view), nil
}

// userID returns the number of the user in the path; 0 for any other text.
func userID(c *call.Call) identity.UserID { return identity.UserID(c.Number("user_id")) }

// newMemberParams are the parameters of new members.
type newMemberParams struct {
	UserID      call.Names  `param:"user_id" api:"integer,string,[]integer"`
	Username    call.Names  `param:"username" api:"string,[]string"`
	AccessLevel memberLevel `param:"access_level,required"`
	ExpiresAt   expiry      `param:"expires_at" api:"string,null"`
}

// who returns the users who are to be members.
func (p newMemberParams) who() ([]identity.Claim, error) {
	switch {
	case p.UserID != nil && p.Username != nil:
		return nil, call.Exclusive("user_id", "username")
	case p.UserID == nil && p.Username == nil:
		return nil, call.AtLeastOne("user_id", "username")
	}
	var claims []identity.Claim
	for _, text := range p.UserID {
		id, ok := identity.ParseID(text)
		if !ok {
			return nil, domain.Refuse(domain.Invalid, "user_id is invalid")
		}
		claims = append(claims, identity.Claim{Kind: identity.ByUser, ID: id})
	}
	for _, name := range p.Username {
		claims = append(claims, identity.ClaimName(name))
	}
	switch {
	case len(claims) == 0 && p.UserID != nil:
		return nil, domain.Refuse(domain.Invalid, "user_id is empty")
	case len(claims) == 0:
		return nil, domain.Refuse(domain.Invalid, "username is empty")
	case len(claims) > maxNewMembers:
		return nil, call.AsBadRequest(domain.Refuse(domain.Invalid, "Too many users specified (limit is %d)", maxNewMembers))
	}
	return claims, nil
}

// maxNewMembers is the most users who are added at once: GitLab's own.
const maxNewMembers = 100

// memberStatus answers for several new members. Message has the reasons by names of users,
// and is absent if there are none.
type memberStatus struct {
	Status  string            `json:"status"`
	Message map[string]string `json:"message,omitempty"`
}

// addMember answers POST …/members.
func (a *API) addMember(c *call.Call, on rights.Ref) (any, error) {
	var in newMemberParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	who, err := in.who()
	if err != nil {
		return nil, err
	}
	grant := members.Grant{Role: source.Role(in.AccessLevel), ExpiresAt: in.ExpiresAt.day}
	if len(who) == 1 {
		view, err := a.useCases.Members.Add(c.Context(), c.Caller, on, who[0], grant)
		if err != nil {
			return nil, err
		}
		return a.member(view), nil
	}
	refused, err := a.useCases.Members.AddAll(c.Context(), c.Caller, on, who, grant)
	if err != nil {
		return nil, err
	}
	out := memberStatus{Status: "success"}
	for name, why := range refused {
		if out.Message == nil {
			out = memberStatus{Status: "error", Message: map[string]string{}}
		}
		out.Message[name] = why.Error()
	}
	return out, nil
}

// memberParams are the parameters of a member that is changed.
type memberParams struct {
	AccessLevel memberLevel `param:"access_level,required"`
	ExpiresAt   expiry      `param:"expires_at" api:"string,null"`
}

// updateMember answers PUT …/members/:user_id.
func (a *API) updateMember(c *call.Call, on rights.Ref) (any, error) {
	var in memberParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var expiresAt *time.Time
	if c.Given("expires_at") {
		expiresAt = &in.ExpiresAt.day
	}
	view, err := a.useCases.Members.Update(c.Context(), c.Caller, on, userID(c), source.Role(in.AccessLevel), expiresAt)
	if err != nil {
		return nil, err
	}
	return a.member(view), nil
}

type removeMemberParams struct {
	SkipSubresources  bool `param:"skip_subresources"`
	UnassignIssuables bool `param:"unassign_issuables" api:"no-effect"`
}

// removeMember answers DELETE …/members/:user_id.
func (a *API) removeMember(c *call.Call, on rights.Ref) (any, error) {
	var in removeMemberParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	removal := members.Removal{KeepBelow: in.SkipSubresources, UnmodifiedSince: c.UnmodifiedSince()}
	if err := a.useCases.Members.Remove(c.Context(), c.Caller, on, userID(c), removal); err != nil {
		return nil, err
	}
	return c.NoContent()
}

// member is a member of a group or project.
type member struct {
	entity.BasicUser
	AccessLevel     int64             `json:"access_level"`
	CreatedAt       *string           `json:"created_at" api:"date-time,null"`
	CreatedBy       *entity.BasicUser `json:"created_by"`
	ExpiresAt       *string           `json:"expires_at" api:"date,null"`
	MembershipState string            `json:"membership_state"`
	// Email is null for those who are no owners.
	Email *string `json:"email"`
}

func (a *API) member(v members.View) member {
	out := member{
		BasicUser: a.instance.BasicUser(v.User), AccessLevel: int64(v.Role), CreatedAt: entity.MomentOrNull(v.CreatedAt), ExpiresAt: entity.DayOrNull(v.ExpiresAt),
		MembershipState: "active", Email: entity.TextOrNull(v.User.Email),
	}
	if v.Creator.Known() {
		out.CreatedBy = new(a.instance.BasicUser(v.Creator))
	}
	return out
}

// expiry is a parameter that is the day on which something ends: empty for never.
type expiry struct{ day time.Time }

// Explain says how it is written, with an example.
func (expiry) Explain() (text, example string) {
	return "A date, in any form that is not ambiguous; empty for no end.", "2021-06-13"
}

// ReadParam implements params.Reader.
func (e *expiry) ReadParam(value any) (problem string) {
	text, isText := value.(string)
	if isText && strings.TrimSpace(text) == "" {
		return ""
	}
	day, ok := params.ParseDate(text)
	if !ok {
		return params.IsInvalid
	}
	e.day = day.Time
	return ""
}
