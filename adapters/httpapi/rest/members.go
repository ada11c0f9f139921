package rest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"gatehouse/adapters/httpapi/params"
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
		{Route{
			Method: http.MethodGet, Path: prefix + "/members", Name: "list" + name + "Members", Summary: "List the direct members of " + of,
			Who: SignedIn, Params: memberFilter{}, List: true, Answer: member{},
		}, inPath(kind, (*API).directMembers)},
		{Route{
			Method: http.MethodGet, Path: prefix + "/members/all", Name: "listAll" + name + "Members",
			Summary: "List the members of " + of + ", those of groups above and of shares among them",
			Who:     SignedIn, Params: memberFilter{}, List: true, Answer: member{},
		}, inPath(kind, (*API).allMembers)},
		{Route{
			Method: http.MethodGet, Path: prefix + "/members/:user_id", Name: "get" + name + "Member", Summary: "Show a direct member of " + of,
			Who: SignedIn, Answer: member{},
		}, inPath(kind, (*API).directMember)},
		{Route{
			Method: http.MethodGet, Path: prefix + "/members/all/:user_id", Name: "getAny" + name + "Member",
			Summary: "Show a member of " + of + ", by whatever membership",
			Who:     SignedIn, Answer: member{},
		}, inPath(kind, (*API).anyMember)},
		{Route{
			Method: http.MethodPost, Path: prefix + "/members", Name: "add" + name + "Member", Summary: "Add members to " + of,
			Who: SignedIn, Params: newMemberParams{}, Status: http.StatusCreated, Answer: []any{member{}, memberStatus{}},
		}, inPath(kind, (*API).addMember)},
		{Route{
			Method: http.MethodPut, Path: prefix + "/members/:user_id", Name: "update" + name + "Member", Summary: "Change a direct member of " + of,
			Who: SignedIn, Params: memberParams{}, Answer: member{},
		}, inPath(kind, (*API).updateMember)},
		{Route{
			Method: http.MethodDelete, Path: prefix + "/members/:user_id", Name: "remove" + name + "Member", Summary: "Remove a direct member of " + of,
			Who: SignedIn, Params: removeMemberParams{}, Status: http.StatusNoContent,
		}, inPath(kind, (*API).removeMember)},
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

// inPath returns the handler of a route that is about the group or project in its path.
func inPath(kind rights.Kind, handle func(*API, *call, rights.Ref) (any, error)) func(*API, *call) (any, error) {
	return func(a *API, c *call) (any, error) { return handle(a, c, c.ref(kind, "id")) }
}

// ref returns the group or project that a parameter of the path names, by number or by full
// path. A text that is neither names none.
func (c *call) ref(kind rights.Kind, name string) rights.Ref {
	text := c.gin.Param(name)
	switch {
	case isDigits(text):
		return rights.Ref{Kind: kind, ID: c.number(name)}
	case source.IsPath(text):
		return rights.Ref{Kind: kind, Path: text}
	default:
		return rights.Ref{Kind: kind}
	}
}

func isDigits(text string) bool {
	return text != "" && !slices.ContainsFunc([]byte(text), func(c byte) bool { return c < '0' || c > '9' })
}

// memberFilter are the parameters of lists of members.
type memberFilter struct {
	Query     string `param:"query"`
	UserIDs   ids    `param:"user_ids" api:"[]integer,string"`
	SkipUsers ids    `param:"skip_users" api:"[]integer,string"`
}

// directMembers answers GET …/members.
func (a *API) directMembers(c *call, on rights.Ref) (any, error) { return a.members(c, on, false) }

// allMembers answers GET …/members/all.
func (a *API) allMembers(c *call, on rights.Ref) (any, error) { return a.members(c, on, true) }

func (a *API) members(c *call, on rights.Ref, inherited bool) (any, error) {
	var in memberFilter
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	page, err := c.page()
	if err != nil {
		return nil, err
	}
	f := members.Filter{Inherited: inherited, Search: in.Query, Users: in.UserIDs.users(), Skip: in.SkipUsers.users()}
	l, err := a.useCases.Members.List(c.context(), c.caller, on, f, page)
	if err != nil {
		return nil, err
	}
	return listed(a, c, page, l, memberPosition, a.member)
}

func memberPosition(v members.View) application.Position {
	return application.Position{ID: int64(v.User.ID)}
}

// directMember answers GET …/members/:user_id.
func (a *API) directMember(c *call, on rights.Ref) (any, error) { return a.oneMember(c, on, false) }

// anyMember answers GET …/members/all/:user_id.
func (a *API) anyMember(c *call, on rights.Ref) (any, error) { return a.oneMember(c, on, true) }

func (a *API) oneMember(c *call, on rights.Ref, inherited bool) (any, error) {
	view, err := a.useCases.Members.View(c.context(), c.caller, on, c.userID(), inherited)
	if err != nil {
		return nil, err
	}
	return a.member(view), nil
}

// userID returns the number of the user in the path; 0 for any other text.
func (c *call) userID() identity.UserID { return identity.UserID(c.number("user_id")) }

// newMemberParams are the parameters of new members.
type newMemberParams struct {
	UserID      names       `param:"user_id" api:"integer,string,[]integer"`
	Username    names       `param:"username" api:"string,[]string"`
	AccessLevel memberLevel `param:"access_level,required"`
	ExpiresAt   expiry      `param:"expires_at" api:"string,null"`
}

// who returns the users who are to be members.
func (p newMemberParams) who() ([]identity.Claim, error) {
	switch {
	case p.UserID != nil && p.Username != nil:
		return nil, exclusive("user_id", "username")
	case p.UserID == nil && p.Username == nil:
		return nil, atLeastOne("user_id", "username")
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
		return nil, badRequest{domain.Refuse(domain.Invalid, "Too many users specified (limit is %d)", maxNewMembers)}
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
func (a *API) addMember(c *call, on rights.Ref) (any, error) {
	var in newMemberParams
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	who, err := in.who()
	if err != nil {
		return nil, err
	}
	grant := members.Grant{Role: source.Role(in.AccessLevel), ExpiresAt: in.ExpiresAt.day}
	if len(who) == 1 {
		view, err := a.useCases.Members.Add(c.context(), c.caller, on, who[0], grant)
		if err != nil {
			return nil, err
		}
		return a.member(view), nil
	}
	refused, err := a.useCases.Members.AddAll(c.context(), c.caller, on, who, grant)
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
func (a *API) updateMember(c *call, on rights.Ref) (any, error) {
	var in memberParams
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var expiresAt *time.Time
	if c.values.Given("expires_at") {
		expiresAt = &in.ExpiresAt.day
	}
	view, err := a.useCases.Members.Update(c.context(), c.caller, on, c.userID(), source.Role(in.AccessLevel), expiresAt)
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
func (a *API) removeMember(c *call, on rights.Ref) (any, error) {
	var in removeMemberParams
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	removal := members.Removal{KeepBelow: in.SkipSubresources, UnmodifiedSince: c.unmodifiedSince()}
	if err := a.useCases.Members.Remove(c.context(), c.caller, on, c.userID(), removal); err != nil {
		return nil, err
	}
	return c.noContent()
}

// member is a member of a group or project.
type member struct {
	basicUser
	AccessLevel     int64      `json:"access_level"`
	CreatedAt       *string    `json:"created_at" api:"date-time,null"`
	CreatedBy       *basicUser `json:"created_by"`
	ExpiresAt       *string    `json:"expires_at" api:"date,null"`
	MembershipState string     `json:"membership_state"`
	// Email is null for those who are no owners.
	Email *string `json:"email"`
}

func (a *API) member(v members.View) member {
	out := member{
		basicUser: a.basicUser(v.User), AccessLevel: int64(v.Role), CreatedAt: momentOrNull(v.CreatedAt), ExpiresAt: dayOrNull(v.ExpiresAt),
		MembershipState: "active", Email: textOrNull(v.User.Email),
	}
	if v.Creator.Known() {
		out.CreatedBy = new(a.basicUser(v.Creator))
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

// names is a parameter of several texts: an array, or one text with commas. Numbers are
// texts too.
type names []string

// ReadParam implements params.Reader.
func (n *names) ReadParam(value any) (problem string) {
	list, isList := value.([]any)
	if !isList {
		text, problem := params.Text(value)
		if problem != "" {
			return problem
		}
		for part := range strings.SplitSeq(text, ",") {
			list = append(list, part)
		}
	}
	*n = names{}
	for _, element := range list {
		text, problem := params.Text(element)
		if problem != "" {
			return problem
		}
		if text = strings.TrimSpace(text); text != "" {
			*n = append(*n, text)
		}
	}
	return ""
}

// ids is a parameter of several numbers of rows, as names has several texts.
type ids []int64

// ReadParam implements params.Reader.
func (n *ids) ReadParam(value any) (problem string) {
	var texts names
	if problem := texts.ReadParam(value); problem != "" {
		return problem
	}
	*n = ids{}
	for _, text := range texts {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return params.IsInvalid
		}
		*n = append(*n, id)
	}
	return ""
}

// users returns the numbers as those of users; nil if they were not given.
func (n ids) users() (users []identity.UserID) {
	if n != nil {
		users = []identity.UserID{}
	}
	for _, id := range n {
		users = append(users, identity.UserID(id))
	}
	return users
}
