package people

import (
	"html"
	"net/http"
	"slices"

	"gatehouse/adapters/httpapi/params"
	"gatehouse/adapters/httpapi/rest/call"
	"gatehouse/application/accounts"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
)

// userDetailRoutes show what belongs to users.
var userDetailRoutes = []route{
	{Route: call.Route{
		Method: http.MethodGet, Path: "/users/:id/memberships", Name: "listUserMemberships", Summary: "List the direct memberships of a user",
		Who: call.Administrators, Params: membershipsParams{}, List: true, Answer: []userMembership{},
	}, Handle: (*API).userMemberships},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/users/:id/associations_count", Name: "countUserAssociations", Summary: "Count what a user is a member of",
		Who: call.SignedIn, Answer: associationsCount{},
	}, Handle: (*API).associationsCount},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/users/:id/status", Name: "getUserStatus", Summary: "Show the status that a user has set",
		Who: call.SignedIn, Answer: userStatus{},
	}, Handle: (*API).userStatus},
	{Route: call.Route{
		Method: http.MethodGet, Path: "/user/status", Name: "getOwnStatus", Summary: "Show the status that the caller has set",
		Who: call.SignedIn, Answer: userStatus{},
	}, Handle: (*API).ownStatus},
	{Route: call.Route{
		Method: http.MethodPut, Path: "/user/status", Name: "setOwnStatus", Summary: "Set the status of the caller",
		Who: call.SignedIn, Params: statusParams{}, Remembered: remembered.UserStatus, Answer: userStatus{},
	}, Handle: (*API).setStatus},
	{Route: call.Route{
		Method: http.MethodPatch, Path: "/user/status", Name: "updateOwnStatus", Summary: "Change the status of the caller",
		Who: call.SignedIn, Params: statusParams{}, Remembered: remembered.UserStatus, Answer: userStatus{},
	}, Handle: (*API).setStatus},
}

type membershipsParams struct {
	Type membershipKind `param:"type"`
}

// membershipKind is what a membership is in; empty for both.
type membershipKind accounts.MembershipKind

// Words are the words that it takes.
func (membershipKind) Words() []string { return call.Texts(accounts.MembershipKinds) }

// ReadParam implements params.Reader. Letter case counts.
func (m *membershipKind) ReadParam(value any) (problem string) {
	text, _ := value.(string)
	if !slices.Contains(m.Words(), text) {
		return params.NoValidValue
	}
	*m = membershipKind(text)
	return ""
}

// userMembership is a direct membership of a user.
type userMembership struct {
	SourceID    int64          `json:"source_id"`
	SourceName  string         `json:"source_name"`
	SourceType  membershipKind `json:"source_type"`
	AccessLevel int64          `json:"access_level"`
}

// userMemberships answers GET /users/:id/memberships.
func (a *API) userMemberships(c *call.Call) (any, error) {
	var in membershipsParams
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	page, err := c.Page()
	if err != nil {
		return nil, err
	}
	memberships, err := a.useCases.Accounts.Memberships(c.Context(), c.Caller, identity.UserID(c.Number("id")), accounts.MembershipKind(in.Type), page)
	if err != nil {
		return nil, err
	}
	return call.AnswerList(c, page, memberships, nil, func(m accounts.Membership) userMembership {
		return userMembership{max(int64(m.In.Group), int64(m.In.Project)), m.Name, membershipKind(m.Of()), int64(m.Role)}
	})
}

// associationsCount counts what a user has to do with.
type associationsCount struct {
	Groups        int64 `json:"groups_count"`
	Projects      int64 `json:"projects_count"`
	Issues        int64 `json:"issues_count"`
	MergeRequests int64 `json:"merge_requests_count"`
}

// associationsCount answers GET /users/:id/associations_count.
func (a *API) associationsCount(c *call.Call) (any, error) {
	count, err := a.useCases.Accounts.Associations(c.Context(), c.Caller, identity.UserID(c.Number("id")))
	if err != nil {
		return nil, err
	}
	return associationsCount{Groups: count.Groups, Projects: count.Projects}, nil
}

// userStatus is the status that a user has set.
type userStatus struct {
	Emoji         any     `json:"emoji"`
	Message       any     `json:"message"`
	Availability  any     `json:"availability"`
	MessageHTML   string  `json:"message_html"`
	ClearStatusAt *string `json:"clear_status_at" api:"date-time,null"`
}

// Remembered says which members are remembered.
func (userStatus) Remembered() remembered.Table { return remembered.UserStatus }

func newUserStatus(v accounts.View) userStatus {
	value := func(name string) any { return remembered.Users.Value(v.Settings, remembered.StatusPrefix+name) }
	out := userStatus{Emoji: value("emoji"), Message: value("message"), Availability: value("availability")}
	if text, ok := out.Message.(string); ok {
		out.MessageHTML = html.EscapeString(text)
	}
	return out
}

// userStatus answers GET /users/:id/status.
func (a *API) userStatus(c *call.Call) (any, error) {
	view, err := a.useCases.Accounts.View(c.Context(), c.Caller, c.User("id"))
	if err != nil {
		return nil, err
	}
	return newUserStatus(view), nil
}

// ownStatus answers GET /user/status.
func (a *API) ownStatus(c *call.Call) (any, error) {
	view, err := a.useCases.Accounts.View(c.Context(), c.Caller, identity.Claim{Kind: identity.ByUser, ID: int64(c.Caller.ID)})
	if err != nil {
		return nil, err
	}
	return newUserStatus(view), nil
}

// statusParams are the parameters of a status that are not kept.
type statusParams struct {
	ClearStatusAfter clearingDelay `param:"clear_status_after" api:"no-effect"`
}

// clearingDelay is how long a status is to last. It has no effect.
type clearingDelay string

// Words are the words that it takes.
func (clearingDelay) Words() []string {
	return []string{"30_minutes", "3_hours", "8_hours", "1_day", "3_days", "7_days", "30_days"}
}

// ReadParam implements params.Reader.
func (d *clearingDelay) ReadParam(value any) (problem string) {
	word, problem := params.Word(value, d.Words())
	*d = clearingDelay(word)
	return problem
}

// setStatus answers PUT /user/status, which clears what is absent, and PATCH, which leaves
// it.
func (a *API) setStatus(c *call.Call) (any, error) {
	if err := c.Decode(&statusParams{}); err != nil {
		return nil, err
	}
	given, err := c.Remembered(remembered.UserStatus)
	if err != nil {
		return nil, err
	}
	for _, p := range remembered.UserStatus {
		if !c.Given(p.Name) && c.Route.Method == http.MethodPut {
			given[p.Name] = p.Default
		}
	}
	view, err := a.useCases.Accounts.UpdateStatus(c.Context(), c.Caller, given)
	if err != nil {
		return nil, err
	}
	return newUserStatus(view), nil
}
